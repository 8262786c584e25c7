//! Code that LLVM makes.

use rotrace_backends::mlir::{self, Options};
use rotrace_backends::{Artifact, CompileError, Ptx};
use rotrace_ir::kernel::Kernel;

/// Code for this processor.
pub(crate) fn artifact(kernel: &Kernel, keep_text: bool) -> Result<Artifact, CompileError> {
    mlir::compile(kernel, &Options { keep_text })
}

/// Code for GPUs of a compute capability and above.
pub(crate) fn ptx(kernel: &Kernel, capability: u32) -> Result<Ptx, CompileError> {
    mlir::ptx::compile(kernel, capability, &Options::default())
}
