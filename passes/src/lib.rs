//! Rotrace's passes: graph to graph, and graph to kernels.
//!
//! * [`optimize`]: exact rewrites of the graph, and [`pipeline`], the visible list of them.
//! * [`differentiate`]: forward and reverse derivatives as graphs.
//! * [`batch`]: a function of one row as a function of all rows.
//! * [`lower`]: fusion of a graph into a plan of kernels.
//! * [`expand`]: kernels in terms of the operations that backends implement.
//!
//! Invariants: a pass reads and writes IR and nothing else; it does no IO, does not depend on hash order, and changes no
//! bit of any result.

#![forbid(unsafe_code)]

pub mod batch;
pub mod differentiate;
pub mod expand;
pub mod lower;
pub mod optimize;
pub mod pipeline;
