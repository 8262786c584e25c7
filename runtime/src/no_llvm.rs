//! Code that LLVM would make: without the feature `mlir` there is none.

use rotrace_backends::{Artifact, CompileError, Processor, Ptx};
use rotrace_ir::kernel::Kernel;

pub(crate) const STAGES: &[&str] = &[];
pub(crate) const GPU_STAGES: &[&str] = &[];

pub(crate) fn prepare() {}

pub(crate) fn artifact(kernel: &Kernel, _: Processor, _: bool) -> Result<Artifact, CompileError> {
    Err(off(kernel))
}

pub(crate) fn ptx(kernel: &Kernel, _: u32) -> Result<Ptx, CompileError> {
    Err(off(kernel))
}

pub(crate) fn shown(kernel: &Kernel, _: u32) -> Result<Artifact, CompileError> {
    Err(off(kernel))
}

fn off(kernel: &Kernel) -> CompileError {
    let reason = "the feature `mlir` is off".to_owned();
    CompileError::Unsupported { kernel: kernel.name.clone(), reason }
}
