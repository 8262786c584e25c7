//! Rotations of concrete arrays: Euler angles, Davenport angles and modified Rodrigues parameters.

use super::Rotation;
use super::operation::Operation;
use super::table::{
    Setting, bound, concrete, constructors, cores, key, keyed, methods, operation, passed, refused, result_cores,
    taken, traced,
};
use crate::spatial;
use crate::spatial::Order;

constructors! { Rotation:
    /// Of Euler angles `[..., k]` in radians about the `k` = 1, 2 or 3 axes of a sequence such as `"xyz"` (about fixed
    /// axes) or `"XYZ"` (about the axes of the body).
    fn from_euler(sequence: str, angles: Array[1]) -> Rotation[1] { spatial::Rotation::from_euler(sequence, angles) };

    /// Of Euler angles in degrees.
    fn from_euler_degrees(sequence: str, angles: Array[1]) -> Rotation[1] {
        spatial::Rotation::from_euler_degrees(sequence, angles)
    };

    /// Of Davenport angles `[..., k]` in radians about `k` = 1, 2 or 3 axes `[..., k, 3]` of any length.
    fn from_davenport(axes: Array[2], order: Order, angles: Array[1]) -> Rotation[1] {
        spatial::Rotation::from_davenport(axes, order, angles)
    } else "axes that are zero, or not at right angles to their neighbours";

    /// Of Davenport angles in degrees.
    fn from_davenport_degrees(axes: Array[2], order: Order, angles: Array[1]) -> Rotation[1] {
        spatial::Rotation::from_davenport_degrees(axes, order, angles)
    } else "axes that are zero, or not at right angles to their neighbours";

    /// Of modified Rodrigues parameters `[..., 3]`: the axis times the tangent of a quarter of the angle.
    fn from_mrp(mrp: Array[1]) -> Rotation[1] { spatial::Rotation::from_mrp(mrp) };
}

methods! { Rotation[1] as rotation:
    /// The Euler angles `[..., 3]` in radians about the three axes of a sequence.
    fn as_euler(sequence: str) -> Array[1] { rotation.as_euler(sequence) };

    /// The Euler angles in degrees.
    fn as_euler_degrees(sequence: str) -> Array[1] { rotation.as_euler_degrees(sequence) };

    /// Whether the first and third Euler angles are not determined each by itself, `bool[...]`.
    fn is_gimbal_locked(sequence: str) -> Array[0] { rotation.is_gimbal_locked(sequence) };

    /// The Davenport angles `[..., 3]` in radians about three axes `[..., 3, 3]`.
    fn as_davenport(axes: Array[2], order: Order) -> Array[1] { rotation.as_davenport(axes, order) }
        else "axes that are zero, or not at right angles to their neighbours";

    /// The Davenport angles in degrees.
    fn as_davenport_degrees(axes: Array[2], order: Order) -> Array[1] { rotation.as_davenport_degrees(axes, order) }
        else "axes that are zero, or not at right angles to their neighbours";

    /// Whether the first and third Davenport angles are not determined each by itself, `bool[...]`.
    fn is_gimbal_locked_about(axes: Array[2], order: Order) -> Array[0] {
        rotation.is_gimbal_locked_about(axes, order)
    };

    /// The modified Rodrigues parameters `[..., 3]`, of length 1 at most.
    fn as_mrp() -> Array[1] { rotation.as_mrp() };
}
