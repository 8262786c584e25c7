//! GPUs without the feature `cuda`: there are none, as the types say.

use crate::bind::Sizes;
use crate::{Device, Error, Natives};
use rotrace_backends::Ptx;
use rotrace_ir::plan::Plan;
use std::time::Duration;

/// A GPU that cannot be had.
#[derive(Clone)]
pub(crate) enum Gpu {}

pub(crate) enum Event {}
pub(crate) enum Launcher {}
pub(crate) enum Memory {}
pub(crate) enum Pinned {}
pub(crate) enum Prepared {}

pub(crate) fn open(ordinal: usize) -> Result<Gpu, Error> {
    Err(Error::Device(format!("GPU {ordinal} was not looked for, as the feature `cuda` is off")))
}

impl Gpu {
    pub(crate) fn with_new_stream(&self) -> Result<Self, Error> {
        match *self {}
    }

    pub(crate) fn ordinal(&self) -> usize {
        match *self {}
    }

    pub(crate) fn name(&self) -> &str {
        match *self {}
    }

    pub(crate) fn capability(&self) -> u32 {
        match *self {}
    }

    pub(crate) fn has_library(&self) -> Result<bool, Error> {
        match *self {}
    }

    pub(crate) fn memory(&self) -> Result<(usize, usize), Error> {
        match *self {}
    }

    pub(crate) fn driver_version(&self) -> Result<i32, Error> {
        match *self {}
    }

    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn record(&self) -> Result<Event, Error> {
        match *self {}
    }

    pub(crate) fn wait(&self, _: &Event) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn same_stream(&self, _: &Self) -> bool {
        match *self {}
    }

    pub(crate) fn same_card(&self, _: &Self) -> bool {
        match *self {}
    }
}

impl Event {
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn until(&self, _: &Self) -> Result<Duration, Error> {
        match *self {}
    }
}

impl Memory {
    pub(crate) fn new(gpu: &Gpu, _: usize) -> Result<Self, Error> {
        match *gpu {}
    }

    pub(crate) fn bytes(&self) -> usize {
        match *self {}
    }

    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn upload(&mut self, _: &[u8]) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn download(&self, _: &mut [u8]) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn upload_pinned(&mut self, _: &Pinned) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn download_pinned(&self, _: &mut Pinned) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn copied_to(&self, _: &Gpu) -> Result<Self, Error> {
        match *self {}
    }
}

impl Pinned {
    pub(crate) fn new(gpu: &Gpu, _: usize) -> Result<Self, Error> {
        match *gpu {}
    }

    pub(crate) fn bytes(&self) -> Result<&[u8], Error> {
        match *self {}
    }

    pub(crate) fn bytes_mut(&mut self) -> Result<&mut [u8], Error> {
        match *self {}
    }
}

impl Launcher {
    pub(crate) fn new(gpu: &Gpu, _: &Plan, _: &Natives, _: Option<u64>, _: Vec<Ptx>) -> Result<Self, Error> {
        match *gpu {}
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        match *self {}
    }

    pub(crate) fn kernels(&self) -> &[Ptx] {
        match *self {}
    }

    pub(crate) fn device(&self) -> Device {
        match *self {}
    }

    pub(crate) fn temporary_bytes(&self, _: &Sizes) -> Result<u64, Error> {
        match *self {}
    }

    pub(crate) fn run(&self, _: &[&Memory], _: &[&Memory], _: &Sizes) -> Result<(), Error> {
        match *self {}
    }
}

impl Prepared {
    pub(crate) fn new(launcher: &Launcher, _: (&[&Memory], &[&Memory]), _: &Sizes) -> Result<Self, Error> {
        match *launcher {}
    }

    pub(crate) fn is_graph(&self) -> bool {
        match *self {}
    }

    pub(crate) fn launch(&mut self, _: &Launcher, _: &[&Memory], _: &[&Memory]) -> Result<(), Error> {
        match *self {}
    }
}
