//! Rotrace's passes: graph to graph, and graph to kernels.
//!
//! Invariants: a pass reads and writes IR and nothing else; it does no IO, does not depend on hash order, and changes no
//! bit of any result.

#![forbid(unsafe_code)]

pub mod expand;
pub mod lower;
