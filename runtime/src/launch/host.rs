//! This computer as what runs the steps of a plan.

use super::frame::Frame;
use super::kernel::{Kernel, Threads};
use super::machine::{Launched, Machine};
use super::matmul::{Matmul, OnHost};
use super::native::Native;
use crate::Error;
use crate::bind::Sizes;
use crate::code::Code;
use rotrace_ir::kernel;
use std::sync::Arc;

impl Machine for Code {
    type Settings = Threads;
    type Kernel = Kernel;
    type Matmul = OnHost;
    type Constant = Arc<[u8]>;

    fn kernel(threads: &Threads, kernel: &kernel::Kernel, launched: Launched<'_>) -> Kernel {
        Kernel::new(kernel, launched, *threads)
    }

    fn matmul(threads: &Threads, matmul: Matmul) -> Result<OnHost, Error> {
        Ok(OnHost { matmul, threads: *threads })
    }

    fn constant(_: &Threads, data: &Arc<[u8]>) -> Result<Arc<[u8]>, Error> {
        Ok(Arc::clone(data))
    }

    #[inline]
    fn address(constant: &Arc<[u8]>) -> *mut u8 {
        constant.as_ptr().cast_mut()
    }

    #[inline]
    fn bytes(kernel: &Kernel, sizes: &Sizes) -> Option<u64> {
        kernel.bytes(sizes)
    }

    #[inline]
    fn place(kernel: &Kernel, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        kernel.place(frame, base, sizes);
    }

    #[inline]
    fn number(kernel: &Kernel, frame: &mut Frame<'_>, sizes: &Sizes) {
        kernel.number(frame, sizes);
    }

    #[inline(always)]
    fn launch(&self, kernel: &Kernel, frame: &Frame<'_>, sizes: &Sizes) -> Result<(), Error> {
        kernel.run(frame, self, sizes);
        Ok(())
    }

    #[inline]
    fn multiply(&self, matmul: &OnHost, frame: &Frame<'_>, sizes: &Sizes) -> Result<(), Error> {
        matmul.run(frame, sizes);
        Ok(())
    }

    #[inline]
    fn copy(&self, from: *mut u8, to: *mut u8, bytes: usize) -> Result<(), Error> {
        // SAFETY: by the frame's invariant both hold so many bytes and, being read and written by one step, do not
        // overlap.
        unsafe { std::ptr::copy_nonoverlapping(from, to, bytes) }
        Ok(())
    }

    #[inline]
    fn read<const BYTES: usize>(&self, from: *mut u8) -> Result<[u8; BYTES], Error> {
        // SAFETY: by the frame's invariant the buffer holds so many bytes, which a step before has written.
        Ok(unsafe { from.cast::<[u8; BYTES]>().read_unaligned() })
    }

    #[inline]
    fn native(&self, native: &Native, frame: &Frame<'_>) -> Result<(), Error> {
        native.run(frame)
    }
}
