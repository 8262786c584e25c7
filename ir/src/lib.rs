//! The two intermediate representations of Rotrace, as plain public data.
//!
//! * [`graph`]: what the user meant. Pure SSA over arrays whose dims are numbers or names.
//! * [`kernel`]: the narrow waist. Loops over buffers with scalar SSA inside; what every backend reads.
//! * [`scalar`]: the one table of scalar operations that both share.
//! * [`text`]: the form of both that prints and parses back.
//! * [`verify`]: what is well formed.
//! * [`interpret`]: what it means, the oracle of every test.
//! * [`plan`]: a compiled function as a list of kernels over planned buffers.
//!
//! Invariants: nothing here knows a pass, a target, a device, a file or the environment, and there is no `unsafe`.

#![forbid(unsafe_code)]

pub mod dim;
pub mod dtype;
pub mod elementary;
pub mod graph;
pub mod interpret;
pub mod kernel;
pub mod plan;
pub mod reduce;
pub mod scalar;
pub mod text;
pub mod verify;

pub use dim::{Dim, DimId, Shape, Type};
pub use dtype::{DType, Scalar};
pub use scalar::ScalarOp;
