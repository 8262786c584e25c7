//! The optimising CPU backend: MLIR and LLVM.
//!
//! A kernel becomes a module of MLIR's dialects `arith`, `math`, `scf` and `llvm`, which are converted to LLVM IR,
//! optimised for this processor, and written as an object file, whose sections become the artifact. What kernels mean is
//! kept bit for bit: no operation carries a fast-math flag, so LLVM neither contracts nor reassociates.
//!
//! `docs/decisions/0014-mlir.md` has the mapping, and what is still to be done.

mod access;
mod block;
mod casts;
mod code;
mod entry;
mod foreign;
mod host;
mod lanes;
mod lockstep;
mod memory;
mod object;
mod reduce;
mod rows;
mod scalar;
mod transpose;
mod varying;
mod wide_memory;

use crate::{Artifact, CompileError};
use melior::Context;
use melior::ir::operation::OperationLike;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::verify::kernel::verify_core;
use std::cell::RefCell;
use std::rc::Rc;

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// Whether to keep LLVM IR and assembly as text.
    pub keep_text: bool,
}

/// Compiles a verified kernel of core operations for this host.
pub fn compile(kernel: &Kernel, options: &Options) -> Result<Artifact, CompileError> {
    if !cfg!(target_arch = "x86_64") {
        let reason = "objects are put together for x86-64 only".to_owned();
        return Err(CompileError::Unsupported { kernel: kernel.name.clone(), reason });
    }
    if let Some(problem) = verify_core(kernel).into_iter().next() {
        return Err(CompileError::Unsupported { kernel: kernel.name.clone(), reason: problem.to_string() });
    }
    let internal = |reason| CompileError::Internal { kernel: kernel.name.clone(), reason };
    let context = Context::new_with_threading(false);
    foreign::load_dialects(&context);
    let said = Rc::new(RefCell::new(String::new()));
    let heard = Rc::clone(&said);
    context.attach_diagnostic_handler(move |diagnostic| {
        heard.borrow_mut().push_str(&format!("; {diagnostic}"));
        true
    });
    let mut module = entry::write(&context, kernel);
    if !module.as_operation().verify() {
        return Err(internal(format!("not well formed{}", said.borrow())));
    }
    let with_reason = |reason| internal(format!("{reason}{}", said.borrow()));
    host::convert(&context, &mut module).map_err(with_reason)?;
    let object = host::object(&module, options.keep_text).map_err(with_reason)?;
    let linked = object::link(&object.bytes).map_err(internal)?;
    Ok(Artifact {
        code: linked.code,
        entry: linked.entry,
        constants: Vec::new(),
        clif: object.llvm,
        disassembly: object.assembly,
    })
}
