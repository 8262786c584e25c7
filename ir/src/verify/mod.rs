//! What makes both IRs well formed: numbered constraints, each cited at its check and in a negative test.
//!
//! Verifiers collect every violation instead of stopping at the first, and never panic, whatever they are given.

mod kernel;
mod kernel_inst;
mod plan;

pub use kernel::{verify_core, verify_kernel};
pub use plan::verify_plan;

use std::fmt;

/// A violated constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The constraint's number, such as `K7`.
    pub constraint: &'static str,
    /// What is wrong.
    pub message: String,
    /// The instruction or line it stands in, if it stands in one.
    pub location: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.constraint, self.message)?;
        match &self.location {
            Some(location) => write!(f, ", in `{location}`"),
            None => Ok(()),
        }
    }
}
