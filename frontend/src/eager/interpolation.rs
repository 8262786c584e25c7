//! Interpolation between rotations of concrete arrays.
//!
//! The number of knots is a part of the program; the number of times at which a curve is evaluated is not.

use super::operation::Operation;
use super::table::{
    bound, concrete, constructors, cores, key, keyed, methods, operation, passed, refused, result_cores, taken, traced,
};
use crate::{Array, spatial};

/// Where the function is that makes a [`Slerp<Array>`](spatial::Slerp) of arrays.
#[derive(Debug)]
pub enum Slerp {}

/// Where the function is that makes a [`RotationSpline<Array>`](spatial::RotationSpline) of arrays.
#[derive(Debug)]
pub enum RotationSpline {}

constructors! { Slerp:
    /// Of times `[..., k]` and as many rotations `[..., k]`, two or more. Whether the times increase is seen when the
    /// curve is evaluated.
    #[expect(clippy::new_ret_no_self, reason = "a namespace has no objects of its own")]
    fn new(times: Array[1], rotations: Rotation[2]) -> Slerp[1, 1, 2, 2] { spatial::Slerp::new(times, rotations) };
}

methods! { Slerp[1, 1, 2, 2] as slerp:
    /// The rotations at times `[..., m...]`: the curves' leading axes, and any further ones.
    fn at(times: Array[0]) -> Rotation[1] { slerp.at(times) }
        else any "a time outside the knots' range, or knots whose times do not increase strictly";
}

constructors! { RotationSpline:
    /// Of times `[..., k]` and as many rotations `[..., k]`, two or more.
    #[expect(clippy::new_ret_no_self, reason = "a namespace has no objects of its own")]
    fn new(times: Array[1], rotations: Rotation[2]) -> RotationSpline[1, 2, 3] {
        spatial::RotationSpline::new(times, rotations)
    } else any "knots whose times do not increase strictly";
}

methods! { RotationSpline[1, 2, 3] as spline:
    /// The rotations at times `[..., m...]`: the curves' leading axes, and any further ones.
    fn at(times: Array[0]) -> Rotation[1] { spline.at(times) } else any "knots whose times do not increase strictly";

    /// The angular rates `[..., m..., 3]` in radians per unit of time, about the axes of the rotated frame.
    fn angular_rate_at(times: Array[0]) -> Array[1] { spline.angular_rate_at(times) }
        else any "knots whose times do not increase strictly";

    /// The derivatives `[..., m..., 3]` of the angular rates by time.
    fn angular_acceleration_at(times: Array[0]) -> Array[1] { spline.angular_acceleration_at(times) }
        else any "knots whose times do not increase strictly";
}

impl From<&Self> for spatial::Slerp<Array> {
    /// Shares the elements.
    fn from(curve: &Self) -> Self {
        curve.clone()
    }
}

impl From<&Self> for spatial::RotationSpline<Array> {
    /// Shares the elements.
    fn from(curve: &Self) -> Self {
        curve.clone()
    }
}
