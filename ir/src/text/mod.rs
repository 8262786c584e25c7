//! The text form of both IRs: what is printed parses back to an equal function or kernel.
//!
//! * [`lexer`]: characters to tokens, and [`atoms`]: dims, shapes, types and literals; `constant`: concrete arrays.
//! * [`graph_parse`], `graph_attributes`, `graph_print`: the graph IR, specified in `docs/graph-ir.md`.
//! * `kernel_parse`, `kernel_print`, `plan_print`: kernels, specified in `docs/kernel-ir.md`, and plans, which only print.
//!
//! Invariants: parsing any text gives a function, a kernel or a [`ParseError`], without deep recursion, within memory
//! linear in the length of the text plus the fixed [`SPLAT_BUDGET`].

pub mod atoms;
mod constant;
mod graph_attributes;
pub mod graph_parse;
mod graph_print;
mod kernel_lexer;
mod kernel_parse;
mod kernel_parse_inst;
mod kernel_parse_size;
pub(crate) mod kernel_print;
pub mod lexer;
mod plan_print;

pub use constant::parse_constant;
pub use graph_parse::parse_function;
pub(crate) use kernel_lexer::{is_name, is_numbered, is_word};
pub use kernel_parse::parse_kernel;
pub use lexer::{ParseError, is_identifier};

/// The elements that all `splat` constants of one text may have together.
///
/// A splat is a short text for a large array, the only place where text could stand for unbounded memory. The printer
/// spends the same budget and spells out what exceeds it, so that its text always parses.
pub const SPLAT_BUDGET: u64 = 1 << 24;
