//! Code that LLVM makes.

use rotrace_backends::mlir::{self, Options};
use rotrace_backends::{Artifact, CompileError, Processor, Ptx};
use rotrace_ir::kernel::Kernel;

/// What is shown of the way to machine code.
pub(crate) const STAGES: &[&str] = &mlir::STAGES;

/// As [`STAGES`], of the way to a GPU's.
pub(crate) const GPU_STAGES: &[&str] = &mlir::ptx::STAGES;

/// What has to be done once in a process before another thread makes code.
pub(crate) fn prepare() {
    mlir::prepare();
}

/// Code for processors.
pub(crate) fn artifact(kernel: &Kernel, processor: Processor, keep_text: bool) -> Result<Artifact, CompileError> {
    mlir::compile(kernel, &Options { keep_text, processor })
}

/// Code for GPUs of a compute capability and above.
pub(crate) fn ptx(kernel: &Kernel, capability: u32) -> Result<Ptx, CompileError> {
    mlir::ptx::compile(kernel, capability, &Options::default())
}

/// The stages of the way there, in an artifact without code.
pub(crate) fn shown(kernel: &Kernel, capability: u32) -> Result<Artifact, CompileError> {
    let ptx = mlir::ptx::compile(kernel, capability, &Options { keep_text: true, ..Options::default() })?;
    Ok(Artifact { stages: ptx.stages, disassembly: ptx.text, ..Artifact::default() })
}
