//! Calls of a plan on a GPU.

use super::gpu::{Gpu, failed};
use super::memory::Memory;
use super::program::Program;
use crate::bind::Sizes;
use crate::device::{Device, Place};
use crate::launch::frame::{Extents, Frame};
use crate::launch::{Call, Layout};
use crate::{Error, Natives};
use rotrace_backends::Ptx;
use rotrace_ir::plan::Plan;

/// A plan's layout with its code on a GPU.
pub(crate) struct Launcher {
    layout: Layout<Program>,
    program: Program,
    /// What the program was loaded from, for files.
    kernels: Vec<Ptx>,
}

/// Memory of the host for a frame.
pub(super) struct FrameMemory(Vec<u64>);

impl FrameMemory {
    pub(super) fn new(extents: Extents) -> Self {
        Self(vec![0; extents.bytes().div_ceil(8) as usize])
    }

    pub(super) fn frame(&mut self, extents: Extents) -> Frame<'_> {
        // SAFETY: words are aligned for pointers, there are as many as `new` was told, and the frame borrows them.
        unsafe { Frame::new(self.0.as_mut_ptr().cast(), extents) }
    }
}

impl Launcher {
    /// Loads a verified plan's kernels, which come in their order.
    pub(crate) fn new(
        gpu: &Gpu,
        plan: &Plan,
        natives: &Natives,
        memory_limit: Option<u64>,
        kernels: Vec<Ptx>,
    ) -> Result<Self, Error> {
        let layout = Layout::new(plan, natives, gpu, memory_limit)?;
        Ok(Self { layout, program: Program::new(gpu, &kernels)?, kernels })
    }

    pub(super) fn layout(&self) -> &Layout<Program> {
        &self.layout
    }

    /// Bytes of temporaries that a call of these sizes needs.
    pub(crate) fn temporary_bytes(&self, sizes: &Sizes) -> Result<u64, Error> {
        self.layout.temporary_bytes(sizes)
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.program.gpu
    }

    pub(crate) fn kernels(&self) -> &[Ptx] {
        &self.kernels
    }

    pub(crate) fn device(&self) -> Device {
        Device(Place::Gpu(self.program.gpu.clone()))
    }

    /// Schedules the plan. Arrays are on this GPU and fit the signature for these sizes; results are overwritten.
    pub(crate) fn run(&self, inputs: &[&Memory], outputs: &[&Memory], sizes: &Sizes) -> Result<(), Error> {
        let temporaries = self.temporaries(sizes)?;
        let mut memory = FrameMemory::new(self.layout.extents());
        let mut frame = memory.frame(self.layout.extents());
        self.place(&mut frame, &temporaries, (inputs, outputs), sizes);
        self.schedule(&mut frame, (inputs, outputs), sizes)
    }

    pub(super) fn temporaries(&self, sizes: &Sizes) -> Result<Memory, Error> {
        let bytes = self.layout.permitted_bytes(sizes)?;
        let bytes = usize::try_from(bytes).map_err(|_| Error::OutOfMemory(bytes))?;
        Memory::new(&self.program.gpu, bytes)
    }

    /// Writes the pointers and numbers that are known from the start.
    pub(super) fn place(
        &self,
        frame: &mut Frame<'_>,
        temporaries: &Memory,
        (inputs, outputs): (&[&Memory], &[&Memory]),
        sizes: &Sizes,
    ) {
        let address = |memory: &&Memory| memory.address();
        self.layout.place(frame, temporaries.address(), sizes);
        self.layout.point(frame, inputs.iter().map(address), outputs.iter().map(address));
    }

    /// Schedules the steps.
    pub(super) fn schedule(
        &self,
        frame: &mut Frame<'_>,
        (inputs, outputs): (&[&Memory], &[&Memory]),
        sizes: &Sizes,
    ) -> Result<(), Error> {
        self.program.gpu.card.context.bind_to_thread().map_err(failed)?;
        let owners: Vec<&Gpu> = inputs.iter().chain(outputs).map(|memory| memory.gpu()).collect();
        let call = Call { machine: &self.program, sizes };
        self.program.gpu.between(&owners, || self.layout.run(frame, &call))
    }
}
