//! The text forms of both IRs: exact, canonical, and parsed back without trust.
//!
//! Parsers never panic: text that is cut, corrupted or nested without end gives a [`ParseError`], within memory linear
//! in the text.

mod kernel_lexer;
mod kernel_parse;
mod kernel_parse_inst;
pub(crate) mod kernel_print;
mod plan_print;

pub(crate) use kernel_lexer::{is_numbered, is_word};
pub use kernel_parse::parse_kernel;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// What was expected or is not allowed.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}
