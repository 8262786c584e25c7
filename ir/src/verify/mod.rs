//! What makes both IRs well formed: numbered constraints, each cited at its check and in a negative test.
//!
//! Verifiers collect every violation instead of stopping at the first, and never panic, whatever they are given.

pub mod kernel;
mod kernel_inst;
pub mod plan;

use std::fmt;

/// One violated constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The constraint's name, such as `K7`.
    pub constraint: &'static str,
    /// What is wrong, and with what.
    pub message: String,
    /// The instruction or source line it stands in, if known.
    pub location: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        write!(f, "{} [{}]", self.message, self.constraint)
    }
}

impl std::error::Error for Diagnostic {}
