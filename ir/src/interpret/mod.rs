//! The oracle: what every program means, executed slowly and obviously.
//!
//! Every engine is tested against these interpreters, bit for bit. Nothing here is ever optimised.

pub mod graph;
pub mod kernel;
mod kernel_checks;
mod kernel_memory;
pub mod plan;
