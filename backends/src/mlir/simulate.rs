//! Kernels of threads on the host: the module that becomes PTX, with a thread's number and its team supplied by whoever runs
//! it. So the mapping of grids onto threads is tested where there is no GPU.

use super::grid;
use super::threads::Side;
use super::{Options, Writing};
use crate::mapping::Mapping;
use crate::{Artifact, CompileError};
use rotrace_ir::kernel::Kernel;

/// Compiles one mapping of a kernel for this host.
///
/// The artifact's entry runs what one thread does: `constants` points to its [`super::Crew`], `end` is the number of iterations,
/// and `start` means nothing. Of scratch, a buffer has its elements for every thread.
///
/// # Errors
/// As [`super::compile`].
pub fn compile(kernel: &Kernel, mapping: Mapping, options: &Options) -> Result<Artifact, CompileError> {
    let write = |context| grid::write(context, kernel, &[mapping], Side::Host);
    Writing::begin(kernel)?.artifact(write, mapping.name(), options)
}
