//! What is well formed, as numbered constraints.
//!
//! A verifier collects every violation instead of stopping at the first, and looks before it indexes: it takes any data
//! whatever and never panics. The constraints are listed in the specification of each IR, and each has a negative test
//! that bears its name.

pub mod graph;
pub mod kernel;
mod kernel_inst;
pub mod plan;
mod plan_step;

use std::fmt;

/// One violated constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The constraint's name, such as `F3` or `K7`.
    pub constraint: &'static str,
    /// What is wrong, and with what.
    pub message: String,
    /// The user's source line as `file:line:column`, or the kernel's instruction, if known.
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
