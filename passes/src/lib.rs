//! Rotrace's passes: graph to graph, and graph to kernels.
//!
//! * [`differentiate`]: forward and reverse derivatives as graphs.
//! * [`optimize`]: exact rewrites of the graph, and [`pipeline`], the visible list of them.
//! * [`lower`]: fusion of a graph into kernels over planned buffers.
//! * [`expand`]: elementary functions in terms of core operations, in kernels.
//!
//! Invariants: a pass reads and writes IR and nothing else; it does no IO, does not depend on hash order, and changes no
//! bit of any result.

#![forbid(unsafe_code)]

pub mod differentiate;
pub mod optimize;
pub mod pipeline;

pub mod expand;
pub mod lower;
