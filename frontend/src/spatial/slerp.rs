//! [`Slerp`]: spherical linear interpolation.

use super::Rotation;
use super::component::{components, join};
use super::knots::{Ownership, Segment, checked_times, ends, increase, starts, wanted_times};
use crate::implementations::operate;
use crate::implementations::operation::SlerpAt;
use crate::trace::{located_as, located_at};
use crate::{IntoTensor, Tensor, Tree, concat};
use std::panic::Location;

/// Rotations between rotations given at increasing times, by turning about a fixed axis at a constant rate from each to
/// the next, on the shorter way (`scipy.spatial.transform.Slerp`).
///
/// ```
/// use rotrace::spatial::{Rotation, Slerp};
/// use rotrace::{Array, Tensor, trace};
///
/// let f = trace(|(times, rotations, at): (Tensor, Rotation, Tensor)| Slerp::new(times, rotations).at(at).as_rotvec());
/// let f = f.compile("f64[2], f64[2, 4], f64[n]")?;
/// let half_turn = Rotation::from_parts(Array::from([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]]));
/// let quarter = f.call(&(Array::from([0.0, 2.0]), half_turn, Array::from([1.0])))?;
/// assert!((quarter.as_slice::<f64>()?[2] - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
/// # Ok::<(), rotrace::Error>(())
/// ```
///
/// Its cost per time is proportional to the number of knots, which may be a named dimension: about 0.05 us for 10 knots,
/// 0.2 us for 100.
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct Slerp<T = Tensor> {
    times: T,
    timedelta: T,
    rotations: Rotation<T>,
    rotvecs: T,
}

impl Slerp {
    /// Of times `[..., k]` and as many rotations `[..., k]`, two or more. Leading axes are those of independent curves.
    ///
    /// If the times of a curve do not increase strictly, or one is NaN, all that is interpolated on it is NaN.
    #[track_caller]
    #[must_use]
    pub fn new(times: impl IntoTensor, rotations: Rotation) -> Self {
        let times = times.into_operand();
        located_as(Location::caller(), "Slerp::new", || {
            let times = checked_times("Slerp::new", times, rotations);
            let quats = rotations.into_parts();
            let [before, after] = [quats.slice(-2, ..-1), quats.slice(-2, 1..)].map(Rotation::from_parts);
            let rotvecs = (before.inv() * after).as_rotvec();
            Self { times, timedelta: ends(times) - starts(times), rotations: before, rotvecs }
        })
    }

    /// The rotations at times `[..., m...]`: the curves' leading axes, which broadcast, and any further ones. A single
    /// curve takes times of any shape.
    ///
    /// The interval is closed; outside it, and at NaN, the rotation is NaN. At a knot the derivative is that of the
    /// segment before it, at the first that of the first segment; between two equal rotations it is finite like
    /// everywhere else. A knot's quaternion may come back with the other sign. Where two neighbours are half a turn
    /// apart, the way is that of [`Rotation::as_rotvec`], and so is the derivative.
    #[track_caller]
    #[must_use]
    pub fn at(self, times: impl IntoTensor) -> Rotation {
        let times = located_at(Location::caller(), || wanted_times(times, self.times));
        operate::<SlerpAt>(Location::caller(), (self, times), |_| {
            let segment = Segment::of(times, self.times, Ownership::Before);
            let [earliest, latest] = [self.times.min(-1), self.times.max(-1)].map(|time| segment.spread(time));
            let within = times.greater_equal(earliest).logical_and(times.less_equal(latest));
            let valid = within.logical_and(segment.spread(increase(self.times)));
            let [start, duration] = [starts(self.times), self.timedelta].map(|tensor| tensor.expand_dims(-1));
            let data = concat([start, duration, self.rotations.into_parts(), self.rotvecs], -1);
            let [start, duration, qx, qy, qz, qw, x, y, z] = components::<9>("Slerp::at", segment.pick(data));
            // No NaN and no division by zero, here or in a derivative, where the knots do not increase or nothing is picked.
            let part = valid.select(times - start, 0) / valid.select(duration, 1);
            let turn = Rotation::from_rotvec(join([x, y, z].map(|component| component * part)));
            let rotation = Rotation::from_parts(join([qx, qy, qz, valid.select(qw, 1)])) * turn;
            Rotation::from_parts(valid.expand_dims(-1).select(rotation.into_parts(), f64::NAN))
        })
    }
}

impl<T> Slerp<T> {
    /// The times of the knots, `[..., k]`.
    pub const fn times(&self) -> &T {
        &self.times
    }

    /// How long each segment lasts, `[..., k - 1]`.
    pub const fn timedelta(&self) -> &T {
        &self.timedelta
    }

    /// The rotation at the start of each segment, `[..., k - 1]`.
    pub const fn rotations(&self) -> &Rotation<T> {
        &self.rotations
    }

    /// By which rotation vector each segment turns, `[..., k - 1, 3]`.
    pub const fn rotvecs(&self) -> &T {
        &self.rotvecs
    }
}
