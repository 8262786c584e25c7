//! Rotations and rigid transforms in three dimensions, with the conventions of `scipy.spatial.transform`.
//!
//! * Rotations are active and right-handed, and act on column vectors: `(p * q).apply(v) == p.apply(q.apply(v))`.
//! * Quaternions are scalar-last: `[x, y, z, w]` is a rotation by `theta` about the unit vector `u` for
//!   `[u * sin(theta / 2), cos(theta / 2)]`.
//! * Any number of leading axes, which broadcast; `f32` and `f64`. [`Container`] has what is done with the axes themselves.
//! * Derivatives of every order are finite and right at every valid rotation: functions of an angle are computed as
//!   functions of its square, by a series near zero.
//! * Bad data gives NaN for that rotation and no other; bad shapes are mistakes of the trace.

mod component;
mod container;
mod eigenvector;
mod knots;
mod leading;
mod rigid_transform;
mod rotation;
mod rotation_spline;
mod slerp;

pub(crate) use component::epsilon;
pub use container::Container;
pub use rigid_transform::RigidTransform;
pub(crate) use rotation::TOLERANCE;
pub use rotation::{Alignment, Order, Reduced, Rotation};
pub use rotation_spline::RotationSpline;
pub use slerp::Slerp;
