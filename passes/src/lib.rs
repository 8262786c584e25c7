//! Rotrace's passes: graph to graph, and graph to kernels.
//!
//! * [`differentiate`]: forward and reverse derivatives as graphs.
//! * [`optimize`]: exact rewrites of the graph.
//!
//! Invariants: no pass does IO or depends on hash order, and none changes a bit of any result.

#![forbid(unsafe_code)]

pub mod differentiate;
pub mod optimize;
