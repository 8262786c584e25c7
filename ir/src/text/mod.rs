//! The text form of both IRs: what is printed parses back to an equal function.
//!
//! * [`lexer`]: characters to tokens, shared.
//! * [`atoms`]: dims, shapes, types and literals, shared.
//! * [`graph_parse`], [`graph_print`]: the graph IR, specified in `docs/graph-ir.md`.
//!
//! Invariants: parsing any text gives a function or a [`ParseError`]. Nothing recurses, so nesting cannot exhaust the
//! stack, and memory is linear in the length of the text plus the fixed [`SPLAT_BUDGET`].

pub mod atoms;
pub mod graph_parse;
mod graph_print;
pub mod lexer;

pub use graph_parse::parse_function;
pub use lexer::{ParseError, is_identifier};

/// The elements that all `splat` constants of one text may have together.
///
/// A splat is a short text for a large array, the only place where text could stand for unbounded memory. The printer
/// spends the same budget and spells out what exceeds it, so that its text always parses.
pub const SPLAT_BUDGET: u64 = 1 << 24;
