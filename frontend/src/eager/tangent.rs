//! Steps of rotations and rigid transforms over arrays: what [`Manifold`] has for traced ones.

use super::operation::Operation;
use super::table::{
    Setting, bound, concrete, cores, key, keyed, methods, operation, passed, refused, result_cores, taken, traced,
};
use crate::{Manifold, Side};

methods! { Rotation[1] as rotation:
    /// The rotations after steps `[..., 3]` on the right, `r * exp(step)`: rotation vectors in radians. Leading axes
    /// broadcast.
    fn retract(step: Array[1]) -> Rotation[1] { rotation.retract(step) };

    /// The rotations after steps on a side.
    fn retract_on(side: Side, step: Array[1]) -> Rotation[1] { rotation.retract_on(side, step) };

    /// The steps `[..., 3]` on the right that lead from these rotations to others.
    fn local(other: Rotation[1]) -> Array[1] { rotation.local(other) };

    /// The steps on a side that lead from these rotations to others.
    fn local_on(side: Side, other: Rotation[1]) -> Array[1] { rotation.local_on(side, other) };
}

methods! { RigidTransform[2] as transform:
    /// The transforms after steps `[..., 6]` on the right, `t * exp(step)`: exponential coordinates. Leading axes
    /// broadcast.
    fn retract(step: Array[1]) -> RigidTransform[2] { transform.retract(step) };

    /// The transforms after steps on a side.
    fn retract_on(side: Side, step: Array[1]) -> RigidTransform[2] { transform.retract_on(side, step) };

    /// The steps `[..., 6]` on the right that lead from these transforms to others.
    fn local(other: RigidTransform[2]) -> Array[1] { transform.local(other) };

    /// The steps on a side that lead from these transforms to others.
    fn local_on(side: Side, other: RigidTransform[2]) -> Array[1] { transform.local_on(side, other) };
}
