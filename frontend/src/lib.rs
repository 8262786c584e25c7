//! Rotrace: an array compiler for Rust with rotations and rigid transforms at its heart.
//!
//! Write an ordinary closure over traced arrays, differentiate it, compile it to machine code, and call the handle with
//! any batch size:
//!
//! ```
//! use rotrace::{Array, spatial::Rotation, trace};
//!
//! let p = Array::from([1.0, 2.0, 3.0]);
//! let rotate = trace(|x| Rotation::from_rotvec(x).apply(p));
//!
//! // `n` is a named dimension: one handle serves every batch size.
//! let f = rotate.compile("f64[n, 3]")?;
//! let rotated = f.call(&Array::from([[0.0, 0.0, 1.5], [0.3, 0.0, 0.0]]))?;
//! assert_eq!(rotated.shape(), [2, 3]);
//!
//! // Reverse mode: the arguments with a cotangent of the result, to the result with the cotangent of the argument.
//! let df = rotate.vjp().compile("f64[n, 3], f64[n, 3]")?;
//! let x = Array::from([[0.0, 0.0, 0.0]]);
//! let (value, gradient) = df.call(&(x, Array::from([[1.0, 1.0, 1.0]])))?;
//! # Ok::<(), rotrace::Error>(())
//! ```
//!
//! * [`Tensor`] is a traced array, with the Python array API's operations as methods; [`Array`] is concrete data.
//! * [`trace`] makes a [`Traced`] function, which [`Traced::grad`] and its like transform and [`Traced::compile`]
//!   compiles for types such as `"f64[n, 3], f64[3]"`.
//! * [`Traced::vmap`] maps a function of one row over all rows, along any axes; [`Traced::jacobian`], [`Traced::hessian`] and their
//!   like are made of it and of derivatives.
//! * Arguments and results are [`Tree`]s: tuples, arrays, vectors, options, structs with `#[derive(Tree)]`.
//! * [`Traced::tangent`] differentiates with respect to steps on a [`Manifold`]: 3 numbers for a rotation, 6 for a rigid transform.
//! * [`native`] makes a plain Rust function an operation, with a derivative by a rule.
//! * [`Compiled::save`] writes a compiled function to a file, and [`Compiled::load`] reads it.
//! * [`optimize`] has optimisers, one step as one handle; [`linear`] small linear equations.
//! * [`spatial`] has rotations and rigid transforms, with the conventions of `scipy.spatial.transform`.
//!
//! [`Options::device`] says where a function runs: on the processor, or on a GPU ([`Device::cuda`]), whose arrays
//! [`Compiled::call_on_device`] takes.
//!
//! [`eager`] has the spatial operations on arrays, compiled behind the scenes. The features `nalgebra` and `glam` convert
//! from and to the types of these libraries, by `From` and `TryFrom`.
//!
//! A mistake, such as shapes that do not fit, makes the trace inert and comes back as the [`Error`] of
//! [`Traced::lower`] or [`Traced::compile`], with the line of your source that made it.

#![forbid(unsafe_code)]

// The derive macro names this crate by its public name, also in here.
extern crate self as rotrace;

mod array;
mod compiled;
pub mod eager;
mod error;
pub mod implementations;
mod interop;
pub mod linear;
mod manifold;
mod native;
mod on_device;
pub mod optimize;
mod rows;
mod saved;
mod signature;
pub mod spatial;
mod tensor;
mod trace;
mod tree;

pub use array::{Array, ArrayView, ArrayViewMut, Element};
pub use compiled::{Compiled, With};
pub use error::Error;
pub use manifold::{Manifold, Side, Tangential};
pub use native::{Failure, native, native_function};
pub use on_device::Prepared;
pub use rotrace_derive::{Manifold, Tree};
pub use rotrace_ir::graph::Checkpoint;
pub use rotrace_ir::interpret::graph::{LoopStep, LoopValue, NanOrigin};
pub use rotrace_ir::{DType, Dim, Shape};
pub use rotrace_runtime::{
    Background, CObject, Device, DeviceArray, Engine, Event, Executable, ExportError, FileError, NativeFunction,
    Natives, Options, PinnedBytes, Processor, Report, Saved,
};
pub use signature::{Signature, Specification};
pub use tensor::{
    IntoAxes, IntoShape, IntoTensor, Operand, Tensor, Weak, concat, constant, eye, full, ones, stack, where_, zeros,
};
pub use trace::{
    Differentiable, Length, Lowered, MappedAxes, Scan, Sparsity, Traced, While, checkpoint, cond, fori, scan, switch,
    trace, while_loop,
};
pub use tree::{Leaf, Leaves, Tree};
