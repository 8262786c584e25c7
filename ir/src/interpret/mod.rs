//! The oracle: what every program means, computed slowly and obviously.
//!
//! Every engine is tested against these interpreters, bit for bit.

pub mod kernel;
mod kernel_memory;
pub mod plan;
