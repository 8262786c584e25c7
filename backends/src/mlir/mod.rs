//! The optimising backend: MLIR and LLVM.
//!
//! A kernel becomes a module of MLIR's dialects `arith`, `math`, `scf` and `llvm`, which are converted to LLVM IR and
//! optimised for a target. For this processor an object file is written, whose sections become the [`Artifact`]
//! ([`compile`]); for NVIDIA's GPUs, PTX ([`ptx`]). What kernels mean is
//! kept bit for bit: no operation carries a fast-math flag, so LLVM neither contracts nor reassociates.
//!
//! `docs/decisions/0014-mlir.md` has the mapping, and what is still to be done.

mod access;
mod along;
mod block;
mod casts;
mod code;
mod entry;
mod foreign;
mod grid;
mod host;
mod lanes;
mod lockstep;
mod memory;
mod object;
pub mod ptx;
mod reduce;
mod rows;
mod scalar;
pub mod simulate;
mod team;
mod threads;
mod transpose;
mod varying;
mod wide_memory;

use crate::{Artifact, CompileError};
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::OperationLike;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::verify::kernel::verify_core;
use std::cell::RefCell;
use std::rc::Rc;
pub use threads::Crew;

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// Whether to keep LLVM IR and assembly as text.
    pub keep_text: bool,
}

/// Compiles a verified kernel of core operations for this host.
pub fn compile(kernel: &Kernel, options: &Options) -> Result<Artifact, CompileError> {
    let writing = Writing::new(kernel)?;
    let module = writing.module(|context| entry::write(context, kernel))?;
    writing.artifact(&module, entry::ENTRY, options)
}

/// A kernel on its way through MLIR.
struct Writing<'k> {
    kernel: &'k Kernel,
    context: Context,
    /// What MLIR has said.
    said: Rc<RefCell<String>>,
}

impl<'k> Writing<'k> {
    fn new(kernel: &'k Kernel) -> Result<Self, CompileError> {
        if let Some(problem) = verify_core(kernel).into_iter().next() {
            return Err(CompileError::Unsupported { kernel: kernel.name.clone(), reason: problem.to_string() });
        }
        let context = Context::new_with_threading(false);
        foreign::load_dialects(&context);
        let said = Rc::new(RefCell::new(String::new()));
        let heard = Rc::clone(&said);
        context.attach_diagnostic_handler(move |diagnostic| {
            heard.borrow_mut().push_str(&format!("; {diagnostic}"));
            true
        });
        Ok(Self { kernel, context, said })
    }

    /// What `write` writes, in the dialect that is LLVM IR.
    fn module<'c>(&'c self, write: impl FnOnce(&'c Context) -> Module<'c>) -> Result<Module<'c>, CompileError> {
        let mut module = write(&self.context);
        if !module.as_operation().verify() {
            return Err(self.internal("not well formed".to_owned()));
        }
        host::convert(&self.context, &mut module).map_err(|reason| self.internal(reason))?;
        Ok(module)
    }

    /// The code of a module with an entry, for this host.
    fn artifact(&self, module: &Module, entry: &str, options: &Options) -> Result<Artifact, CompileError> {
        if !cfg!(target_arch = "x86_64") {
            let reason = "objects are put together for x86-64 only".to_owned();
            return Err(CompileError::Unsupported { kernel: self.kernel.name.clone(), reason });
        }
        let object = host::object(module, options.keep_text).map_err(|reason| self.internal(reason))?;
        let linked = object::link(&object.bytes, entry).map_err(|reason| self.internal(reason))?;
        Ok(Artifact {
            code: linked.code,
            entry: linked.entry,
            constants: Vec::new(),
            clif: object.llvm,
            disassembly: object.assembly,
        })
    }

    fn internal(&self, reason: String) -> CompileError {
        CompileError::Internal { kernel: self.kernel.name.clone(), reason: format!("{reason}{}", self.said.borrow()) }
    }
}
