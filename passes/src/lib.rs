//! Rotrace's passes.
//!
//! * [`mod@expand`]: replaces operations that are not core by their definitions.
//!
//! Invariants: a pass is a pure function of its input, changes no bit of any result, and does not depend on hash order.

#![forbid(unsafe_code)]

pub mod expand;

pub use expand::{emit, expand};
