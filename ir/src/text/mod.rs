//! The text forms of both IRs: exact, canonical, and parsed back without trust.
//!
//! Parsers never panic: text that is cut, corrupted or nested without end gives a [`ParseError`], within memory linear
//! in the text.

mod kernel_lexer;
mod kernel_parse;
mod kernel_parse_inst;
mod kernel_parse_size;
pub(crate) mod kernel_print;
mod plan_print;

pub use kernel_lexer::ParseError;
pub(crate) use kernel_lexer::{is_name, is_numbered, is_word};
pub use kernel_parse::parse_kernel;
