//! The oracle: what every program means, executed slowly and obviously.
//!
//! Every engine is tested against these interpreters, bit for bit. Nothing here is ever optimised.

pub mod graph;
mod kernel;
mod kernel_memory;
mod plan;

pub use kernel::{run_kernel, run_kernel_checked, run_verified_kernel};
pub use kernel_memory::Memory;
pub use plan::run_plan;

/// Why a kernel or plan could not be run on its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterpretError {
    /// It is not well formed.
    #[error("not well formed: {0}")]
    Invalid(crate::verify::Diagnostic),
    /// The arguments do not fit it.
    #[error("{0}")]
    Arguments(String),
    /// It did something that its specification forbids.
    #[error("{0}")]
    Execution(String),
}
