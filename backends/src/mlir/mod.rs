//! The optimising CPU backend: MLIR and LLVM.
//!
//! A kernel becomes a module of MLIR's dialects `arith`, `math`, `scf` and `llvm`, which are converted to LLVM IR,
//! optimised for this processor, and written as an object file, whose sections become the artifact. What kernels mean is
//! kept bit for bit: no operation carries a fast-math flag, so LLVM neither contracts nor reassociates.
//!
//! `docs/decisions/0014-mlir.md` has the mapping, and what is still to be done.

mod block;
mod casts;
mod code;
mod entry;
mod exit;
mod foreign;
mod host;
mod memory;
mod object;
mod reduce;
mod scalar;

use crate::{Artifact, CompileError};
use melior::Context;
use melior::ir::operation::OperationLike;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::kernel::verify_core;
use std::cell::RefCell;
use std::rc::Rc;

/// What is shown of the way to machine code, in order ([`Artifact::stages`]): before any conversion, and after LLVM's
/// optimiser.
pub const STAGES: [&str; 2] = ["mlir", "llvm"];

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// Whether to keep the stages and the assembly as text.
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
    prepare();
    let _compiling = exit::Compiling::begin();
    translated(kernel, options)
}

/// Makes LLVM ready, once for a process: some 10 ms, which the first compilation takes otherwise. Who compiles in another
/// thread does this first, so that the process may end at any time.
pub fn prepare() {
    exit::prepare(|| {
        let kernel = parse_kernel(include_str!("rehearsal.rtk")).unwrap_or_else(|error| unreachable!("{error}"));
        // Whatever comes of it will come of the next compilation too, which says so.
        let _ = translated(&kernel, &Options::default());
    });
}

fn translated(kernel: &Kernel, options: &Options) -> Result<Artifact, CompileError> {
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
    let written = options.keep_text.then(|| module.as_operation().to_string());
    let with_reason = |reason| internal(format!("{reason}{}", said.borrow()));
    host::convert(&context, &mut module).map_err(with_reason)?;
    let object = host::object(&module, options.keep_text).map_err(with_reason)?;
    let linked = object::link(&object.bytes).map_err(internal)?;
    Ok(Artifact {
        code: linked.code,
        entry: linked.entry,
        constants: Vec::new(),
        stages: written.map(|mlir| STAGES.into_iter().zip([mlir, object.llvm]).collect()).unwrap_or_default(),
        disassembly: object.assembly,
    })
}
