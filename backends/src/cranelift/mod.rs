//! The default CPU backend: Cranelift, scalar or with 128-bit SIMD.
//!
//! The generated function is the program order of the kernel: Cranelift runs without its own optimiser, whose hoisting
//! of constants costs more than it gives on numeric code. What is done instead, here:
//!
//! - the innermost loop over independent iterations steps by two or four of them, one per SIMD lane (`loops`);
//! - what does not depend on a loop's index moves before the loop (`invariant`);
//! - loops whose iterations run in order carry their values in registers, and pointers that move along (`sequential`,
//!   `induction`);
//! - rows of small trailing axes are (de-)interleaved in registers (`interleave`);
//! - long rare sides of branches become routines of their own (`routine`);
//! - reductions keep the accumulators of [`rotrace_ir::reduce`] in lanes (`reduce`).
//!
//! Scalar and SIMD code give the same bits, because every SIMD lane computes what the scalar code computes.

mod active;
mod address;
mod block;
mod casts;
mod code;
mod constants;
mod entry;
mod induction;
mod interleave;
mod invariant;
mod isa;
mod loops;
mod machine;
mod memory;
mod partial;
mod reduce;
mod routine;
mod scalar;
mod sequential;
pub mod straight;
mod vector;
mod vector_casts;

use crate::{Artifact, CompileError, Processor};
use entry::{Role, Written};
use isa::Allocator;
use rotrace_ir::kernel::Kernel;

/// What is shown of the way to machine code, in order ([`Artifact::stages`]).
pub const STAGES: [&str; 1] = ["clif"];

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether to use vector instructions.
    pub simd: bool,
    /// Whether to keep the CLIF and the disassembly as text.
    pub keep_text: bool,
    /// Which processors the code is for.
    pub processor: Processor,
}

impl Default for Options {
    fn default() -> Self {
        Self { simd: true, keep_text: false, processor: Processor::Native }
    }
}

/// Compiles a verified kernel of core operations for this host, or another of its kind.
pub fn compile(kernel: &Kernel, options: &Options) -> Result<Artifact, CompileError> {
    let unsupported = |reason: String| CompileError::Unsupported { kernel: kernel.name.clone(), reason };
    invariant::check_core(kernel).map_err(unsupported)?;
    let allocator = Allocator::of(invariant::instruction_count(&kernel.body));
    let isa = |allocator| isa::of(options.processor, allocator);
    let main = isa(allocator).map_err(unsupported)?;
    let Written { function, constants, routines } = entry::write(kernel, main, Role::Entry { simd: options.simd });
    let emit = |function, isa| machine::emit(&kernel.name, function, isa, options.keep_text);
    let functions = if routines.is_empty() {
        vec![emit(function, main)?]
    } else {
        let quick = isa(Allocator::Quick).map_err(unsupported)?;
        let rest = || routines.into_iter().map(|routine| emit(routine, quick)).collect::<Vec<_>>();
        let (first, rest) = rayon::join(|| emit(function, main), rest);
        std::iter::once(first).chain(rest).collect::<Result<_, _>>()?
    };
    machine::link(functions, constants, options.keep_text).map_err(unsupported)
}
