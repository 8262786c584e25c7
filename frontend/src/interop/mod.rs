//! Conversions from and to the types of other libraries, each behind a feature of its name.
//!
//! A value becomes an array or object without leading axes, a slice one with one leading axis. Back, a single value
//! comes of what has no leading axes, a `Vec` of what has any, in row-major order. Element types are never converted.
//!
//! Tested by `cargo test -p rotrace --features nalgebra,glam`; the workspace's tests do not build these libraries.

#[cfg(feature = "glam")]
mod glam;
#[cfg(feature = "nalgebra")]
mod nalgebra;

#[cfg(any(feature = "glam", feature = "nalgebra"))]
mod convert;
