//! Rotrace's benchmarks: what the two binaries share.
//!
//! * `worker` speaks a line protocol by which a driver sets several systems side by side on the same inputs.
//! * `measure` needs no driver: it sets compiled handles beside hand-written Rust and beside the memory's bandwidth.
//!
//! Both take their functions from [`workloads`], compiled with named dimensions only, and call them without allocation
//! on memory placed as [`memory`] says.

pub mod memory;
pub mod prepared;
pub mod timing;
pub mod workloads;

pub use prepared::{Bench, Data, Number, Prepared, Workload};
