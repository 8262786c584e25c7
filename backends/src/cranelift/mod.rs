//! The default CPU backend: Cranelift, scalar or with 128-bit SIMD.
//!
//! The generated function is the program order of the kernel: Cranelift runs without its own optimiser, whose hoisting
//! of constants costs more than it gives on numeric code. What is done instead, here:
//!
//! - the innermost loop over independent iterations steps by two or four of them, one per SIMD lane (`loops`);
//! - what does not depend on a loop's index moves before the loop (`invariant`);
//! - rows of small trailing axes are (de-)interleaved in registers (`interleave`);
//! - reductions keep the accumulators of [`rotrace_ir::reduce`] in lanes (`reduce`).
//!
//! Scalar and SIMD code give the same bits, because every SIMD lane computes what the scalar code computes.

mod address;
mod block;
mod casts;
mod code;
mod constants;
mod entry;
mod interleave;
mod invariant;
mod isa;
mod loops;
mod memory;
mod reduce;
mod scalar;
mod vector;
mod vector_casts;

use crate::{Artifact, CompileError};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{Function, UserFuncName};
use cranelift_codegen::{CodegenError, Context};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use rotrace_ir::kernel::Kernel;

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether to use vector instructions.
    pub simd: bool,
    /// Whether to keep the CLIF and the disassembly as text.
    pub keep_text: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { simd: true, keep_text: false }
    }
}

/// Compiles a verified kernel of core operations for this host.
pub fn compile(kernel: &Kernel, options: &Options) -> Result<Artifact, CompileError> {
    let unsupported = |reason: String| CompileError::Unsupported { kernel: kernel.name.clone(), reason };
    invariant::check_core(kernel).map_err(unsupported)?;
    let isa = isa::host(invariant::instruction_count(&kernel.body)).map_err(unsupported)?;

    let mut context = Context::new();
    context.func = Function::with_name_signature(UserFuncName::user(0, 0), entry::signature(isa.default_call_conv()));
    context.set_disasm(options.keep_text);
    let mut frontend = FunctionBuilderContext::new();
    let builder = FunctionBuilder::new(&mut context.func, &mut frontend);
    let constants = entry::function(kernel, builder, isa, options.simd);

    let clif = if options.keep_text { context.func.display().to_string() } else { String::new() };
    let compiled = context.compile(isa, &mut ControlPlane::default()).map_err(|error| match error.inner {
        CodegenError::Verifier(errors) => {
            CompileError::Internal { kernel: kernel.name.clone(), reason: errors.to_string() }
        }
        beyond => unsupported(beyond.to_string()),
    })?;
    if let Some(relocation) = compiled.buffer.relocs().first() {
        return Err(unsupported(format!("it would call a library routine ({:?})", relocation.target)));
    }
    let code = compiled.buffer.data().to_vec();
    let disassembly = if options.keep_text { isa::disassemble(isa, compiled) } else { String::new() };
    Ok(Artifact { code, entry: 0, constants, clif, disassembly })
}
