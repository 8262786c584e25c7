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
mod crowd;
mod entry;
mod exit;
mod foreign;
mod grid;
mod host;
mod lanes;
mod lockstep;
mod memory;
mod object;
mod places;
pub mod ptx;
mod reduce;
mod rows;
mod scalar;
pub mod simulate;
mod team;
mod threads;
mod tile;
mod transpose;
mod varying;
mod wide_memory;

use crate::{Artifact, CompileError, Processor};
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::OperationLike;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::kernel::verify_core;
use std::cell::RefCell;
use std::rc::Rc;
pub use threads::Crew;

/// What is shown of the way to machine code, in order ([`Artifact::stages`]): before any conversion, and after LLVM's
/// optimiser.
pub const STAGES: [&str; 2] = ["mlir", "llvm"];

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// Whether to keep the stages and the assembly as text.
    pub keep_text: bool,
    /// Which processors the code is for, where it is for any.
    pub processor: Processor,
}

/// Compiles a verified kernel of core operations for this host, or another of its kind.
pub fn compile(kernel: &Kernel, options: &Options) -> Result<Artifact, CompileError> {
    let write = |context| entry::write(context, kernel, options.processor);
    Writing::begin(kernel)?.artifact(write, entry::ENTRY, options)
}

/// Makes LLVM ready, once for a process: some 10 ms, which the first compilation takes otherwise. Who compiles in another
/// thread does this first, so that the process may end at any time.
pub fn prepare() {
    exit::prepare(|| {
        let kernel = parse_kernel(include_str!("rehearsal.rtk")).unwrap_or_else(|error| unreachable!("{error}"));
        // Whatever comes of it will come of the next compilation too, which says so.
        let writing = Writing::new(&kernel, None);
        let write = |context| entry::write(context, &kernel, Processor::Native);
        let _ = writing.artifact(write, entry::ENTRY, &Options::default());
    });
}

/// A kernel on its way through MLIR.
struct Writing<'k> {
    kernel: &'k Kernel,
    context: Context,
    /// What MLIR has said.
    said: Rc<RefCell<String>>,
    /// Dropped last: until then LLVM is in use.
    _compiling: Option<exit::Compiling>,
}

impl<'k> Writing<'k> {
    /// For a kernel of core operations alone.
    fn begin(kernel: &'k Kernel) -> Result<Self, CompileError> {
        if let Some(problem) = verify_core(kernel).into_iter().next() {
            return Err(CompileError::Unsupported { kernel: kernel.name.clone(), reason: problem.to_string() });
        }
        prepare();
        Ok(Self::new(kernel, Some(exit::Compiling::begin())))
    }

    fn new(kernel: &'k Kernel, compiling: Option<exit::Compiling>) -> Self {
        let context = Context::new_with_threading(false);
        foreign::load_dialects(&context);
        let said = Rc::new(RefCell::new(String::new()));
        let heard = Rc::clone(&said);
        context.attach_diagnostic_handler(move |diagnostic| {
            heard.borrow_mut().push_str(&format!("; {diagnostic}"));
            true
        });
        Self { kernel, context, said, _compiling: compiling }
    }

    /// What `write` writes, in the dialect that is LLVM IR; and as it was written, if text is asked for.
    fn module<'c>(
        &'c self,
        write: impl FnOnce(&'c Context) -> Module<'c>,
        options: &Options,
    ) -> Result<(Module<'c>, String), CompileError> {
        let mut module = write(&self.context);
        if !module.as_operation().verify() {
            return Err(self.internal("not well formed".to_owned()));
        }
        let written = if options.keep_text { module.as_operation().to_string() } else { String::new() };
        host::convert(&self.context, &mut module).map_err(|reason| self.internal(reason))?;
        Ok((module, written))
    }

    /// The code of what `write` writes.
    fn artifact<'c>(
        &'c self,
        write: impl FnOnce(&'c Context) -> Module<'c>,
        entry: &str,
        options: &Options,
    ) -> Result<Artifact, CompileError> {
        if !cfg!(target_arch = "x86_64") {
            let reason = "objects are put together for x86-64 only".to_owned();
            return Err(CompileError::Unsupported { kernel: self.kernel.name.clone(), reason });
        }
        let (module, mlir) = self.module(write, options)?;
        let object = host::object(&module, options).map_err(|reason| self.internal(reason))?;
        let linked = object::link(&object.bytes, entry).map_err(|reason| self.internal(reason))?;
        let stages = if options.keep_text { STAGES.into_iter().zip([mlir, object.llvm]).collect() } else { Vec::new() };
        let (code, entry) = (linked.code, linked.entry);
        Ok(Artifact { code, entry, constants: Vec::new(), stages, disassembly: object.assembly })
    }

    fn internal(&self, reason: String) -> CompileError {
        CompileError::Internal { kernel: self.kernel.name.clone(), reason: format!("{reason}{}", self.said.borrow()) }
    }
}
