//! Memory on a device, and pinned memory of the host.

use super::gpu::{Gpu, failed};
use crate::Error;
use cudarc::driver::{CudaSlice, DevicePtr, PinnedHostSlice};

/// Bytes on a device.
pub(crate) struct Memory {
    /// On whose stream it was made.
    gpu: Gpu,
    slice: CudaSlice<u8>,
    bytes: usize,
}

impl Memory {
    /// So many bytes, with anything in them.
    pub(crate) fn new(gpu: &Gpu, bytes: usize) -> Result<Self, Error> {
        let pages = bytes.max(1);
        // SAFETY: memory is overwritten before it is read: by a transfer, or by kernels that write all of their results.
        let slice = unsafe { gpu.stream.alloc::<u8>(pages) }.map_err(|error| match gpu.memory() {
            Ok((free, all)) if free < pages => {
                Error::Device(format!("out of memory: {bytes} bytes are needed, of {all} are {free} free"))
            }
            _ => failed(error),
        })?;
        Ok(Self { gpu: gpu.clone(), slice, bytes })
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Its address on the device.
    pub(super) fn address(&self) -> *mut u8 {
        let (address, _) = self.slice.device_ptr(&self.gpu.stream);
        std::ptr::without_provenance_mut(address as usize)
    }

    /// Copies from the host, and waits until that is done.
    pub(crate) fn upload(&mut self, from: &[u8]) -> Result<(), Error> {
        if from.is_empty() {
            return Ok(());
        }
        self.gpu.stream.memcpy_htod(from, &mut self.slice).map_err(failed)?;
        self.gpu.synchronize()
    }

    /// Schedules zeros.
    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        self.gpu.stream.memset_zeros(&mut self.slice).map_err(failed)
    }

    /// Copies to the host, after all work on the memory.
    pub(crate) fn download(&self, to: &mut [u8]) -> Result<(), Error> {
        if to.is_empty() {
            return Ok(());
        }
        let source = self.slice.slice(..to.len());
        self.gpu.stream.memcpy_dtoh(&source, to).map_err(failed)?;
        self.gpu.synchronize()
    }

    /// Schedules a copy from pinned memory.
    pub(crate) fn upload_pinned(&mut self, from: &Pinned) -> Result<(), Error> {
        self.gpu.stream.memcpy_htod(&from.memory, &mut self.slice).map_err(failed)
    }

    /// Schedules a copy to pinned memory.
    pub(crate) fn download_pinned(&self, to: &mut Pinned) -> Result<(), Error> {
        let source = self.slice.slice(..to.memory.len());
        self.gpu.stream.memcpy_dtoh(&source, &mut to.memory).map_err(failed)
    }

    /// A copy, on any device.
    pub(crate) fn copied_to(&self, gpu: &Gpu) -> Result<Self, Error> {
        let mut copy = Self::new(gpu, self.bytes)?;
        let mut copying = || gpu.stream.memcpy_dtod(&self.slice, &mut copy.slice).map_err(failed);
        if gpu.same_card(&self.gpu) {
            gpu.between(&[&self.gpu], &mut copying)?;
        } else {
            copying()?;
            // Streams of two devices do not order what one of them frees.
            gpu.synchronize()?;
        }
        Ok(copy)
    }
}

/// Memory of the host that the device reaches by itself: transfers are scheduled like kernels, and twice as fast.
pub(crate) struct Pinned {
    memory: PinnedHostSlice<u8>,
}

impl Pinned {
    /// So many zeros.
    pub(crate) fn new(gpu: &Gpu, bytes: usize) -> Result<Self, Error> {
        // SAFETY: filled right below.
        let mut memory = unsafe { gpu.card.context.alloc_pinned_with_flags::<u8>(bytes.max(1), 0) }.map_err(failed)?;
        memory.as_mut_slice().map_err(failed)?.fill(0);
        Ok(Self { memory })
    }

    /// The bytes, after transfers that have been scheduled.
    pub(crate) fn bytes(&self) -> Result<&[u8], Error> {
        self.memory.as_slice().map_err(failed)
    }

    /// As [`bytes`](Self::bytes), to write.
    pub(crate) fn bytes_mut(&mut self) -> Result<&mut [u8], Error> {
        self.memory.as_mut_slice().map_err(failed)
    }
}
