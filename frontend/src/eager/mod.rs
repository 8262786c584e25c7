//! Operations on concrete arrays, without a trace and a compilation in the user's program.
//!
//! Each is the traced operation of the same name, which is compiled when it is first called with arguments of their
//! types; the program is kept for the rest of the process and serves all batch sizes.
//!
//! ```
//! use rotrace::{Array, eager};
//! let turn = eager::Rotation::from_rotvec([0.0, 0.0, std::f64::consts::FRAC_PI_2])?;
//! let tilt = eager::Rotation::from_rotvec([[0.1, 0.0, 0.0], [0.2, 0.0, 0.0]])?;
//! let both = (&turn * &tilt)?;
//! let points = both.apply([1.0, 2.0, 3.0])?;
//! assert_eq!(points.shape(), [2, 3]);
//!
//! let error = eager::Rotation::from_quat([[0.0, 0.0, 0.0, 1.0], [0.0; 4]]).unwrap_err();
//! assert!(error.to_string().ends_with("Rotation::from_quat: a quaternion of length zero at [1]"));
//! # Ok::<(), rotrace::Error>(())
//! ```
//!
//! * What makes an object is a function of its namespace in this module ([`Rotation`], [`RigidTransform`], [`Slerp`],
//!   [`RotationSpline`]); what works on one is a method of the object over arrays
//!   ([`spatial::Rotation<Array>`](crate::spatial::Rotation)). The functions cannot be the class's own:
//!   `Rotation::from_rotvec(x)` would not say which of two is meant.
//! * Leading axes broadcast, element types do not: `f32` and `f64` are not mixed.
//! * Data that an operation has no result for, such as a zero quaternion, is an [`Error::Value`](crate::Error::Value)
//!   that names the first such element. An element with an infinity or a NaN gives NaN without an error. Operations that
//!   take several elements together, as means do, give NaN without an error if there is a NaN among all of them.
//! * A call costs the call of the compiled function, and 150 to 200 ns to find it (`docs/records/eager.md`). The first
//!   call with arguments of their types costs the compilation, some milliseconds.
//! * Objects are containers over their leading axes (`index`, `slice`, `take`, `set`, ...). These are not compiled.
//! * [`jit`] does the same for a function of the user's.
//!
//! To add an operation, add its line to the table of its class, as `table.rs` describes. A class needs a file with its
//! namespace and its tables. What does not fit a table calls `Operation` itself, as the product of rotations does.

mod angles;
mod cache;
mod container;
mod interpolation;
mod jit;
mod leading;
mod operation;
mod power;
mod rigid_transform;
mod rotation;
mod statistics;
mod table;
mod tangent;

pub use interpolation::{RotationSpline, Slerp};
pub use jit::{Jit, jit};
pub use rigid_transform::RigidTransform;
pub use rotation::Rotation;
