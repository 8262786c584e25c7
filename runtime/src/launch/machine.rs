//! What runs the steps of a plan: the threads of this computer, or a device with memory of its own.

use super::frame::{Extents, Frame, Spot};
use super::matmul::Matmul;
use super::native::Native;
use crate::Error;
use crate::bind::Sizes;
use rotrace_ir::kernel;
use std::ops::Range;
use std::sync::Arc;

/// A machine with the code of a plan's kernels.
///
/// The pointers in a frame are the machine's: it alone reads and writes what they point to. Steps run one after the other, or as if
/// they did.
pub(crate) trait Machine: Sized {
    /// What a layout must know of the machine.
    type Settings: Clone;
    /// A step that launches a kernel.
    type Kernel;
    /// A step that multiplies matrices.
    type Matmul;
    /// Data of the program, in memory of the machine.
    type Constant;

    /// A step for a kernel.
    fn kernel(settings: &Self::Settings, kernel: &kernel::Kernel, launched: Launched<'_>) -> Self::Kernel;

    /// A step for products of matrices.
    fn matmul(settings: &Self::Settings, matmul: Matmul) -> Result<Self::Matmul, Error>;

    /// Brings data to the machine.
    fn constant(settings: &Self::Settings, data: &Arc<[u8]>) -> Result<Self::Constant, Error>;

    /// Where data is. It is only read.
    fn address(constant: &Self::Constant) -> *mut u8;

    /// Bytes of memory that a launch needs for itself; `None` on overflow.
    fn bytes(kernel: &Self::Kernel, sizes: &Sizes) -> Option<u64>;

    /// Gives a launch its memory.
    fn place(kernel: &Self::Kernel, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes);

    /// Writes the numbers of a launch that depend on the sizes alone.
    fn number(kernel: &Self::Kernel, frame: &mut Frame<'_>, sizes: &Sizes);

    /// Runs a kernel on all of its grid.
    fn launch(&self, kernel: &Self::Kernel, frame: &Frame<'_>, sizes: &Sizes) -> Result<(), Error>;

    /// Multiplies matrices.
    fn multiply(&self, matmul: &Self::Matmul, frame: &Frame<'_>, sizes: &Sizes) -> Result<(), Error>;

    /// Copies the bytes of one buffer to another of the same size.
    fn copy(&self, from: *mut u8, to: *mut u8, bytes: usize) -> Result<(), Error>;

    /// The first bytes of a buffer that a step before has written.
    fn read<const BYTES: usize>(&self, from: *mut u8) -> Result<[u8; BYTES], Error>;

    /// Calls a function of the user's.
    fn native(&self, native: &Native, frame: &Frame<'_>) -> Result<(), Error>;
}

/// Which kernel a step launches, and how.
pub(crate) struct Launched<'e> {
    /// Its number in the order of [`rotrace_ir::plan::Plan::kernels`].
    pub(crate) number: usize,
    /// Where the pointers to its buffers stand.
    pub(crate) arguments: Range<Spot>,
    /// Whether it runs at most once in a call.
    pub(crate) once: bool,
    pub(crate) extents: &'e mut Extents,
}
