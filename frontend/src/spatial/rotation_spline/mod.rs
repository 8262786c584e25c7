//! [`RotationSpline`]: interpolation with continuous angular rate and acceleration.
//!
//! After Markley and Crassidis and SciPy: on each segment the rotation vector from the segment's start is a cubic
//! polynomial in time, and the angular rates at the knots make the acceleration continuous.
//!
//! * `rates`: the rates at the knots, by Newton's method;
//! * `tridiagonal`: the linear equations of its steps;
//! * `body`: from rotation vectors and their rates to angular rates and accelerations;
//! * this file: the spline's segments, and what is asked of them.

mod body;
mod rates;
mod tridiagonal;

use super::Rotation;
use super::component::{checked, components, join};
use super::knots::{Ownership, Segment, checked_times, ends, increase, starts, wanted_times};
use crate::implementations::operate;
use crate::implementations::operation::{SplineAccelerationAt, SplineAt, SplineRateAt};
use crate::trace::{Mistake, located_as, located_at, record};
use crate::{Dim, IntoTensor, Tensor, Tree, concat, stack};
use std::panic::Location;

/// Components of a vector.
type Vector = [Tensor; 3];

/// Rotations between rotations given at increasing times, with continuous angular rate and acceleration
/// (`scipy.spatial.transform.RotationSpline`).
///
/// ```
/// use rotrace::spatial::{Rotation, RotationSpline};
/// use rotrace::{Tensor, trace};
///
/// let f = trace(|(rotations, at): (Rotation, Tensor)| {
///     let spline = RotationSpline::new([0.0, 1.0, 2.5, 4.0], rotations);
///     (spline.at(at), spline.angular_rate_at(at), spline.angular_acceleration_at(at))
/// });
/// assert!(f.lower("f64[4, 4], f64[n]").is_ok());
/// ```
///
/// The equations for the rates of `k` knots are unrolled: a program grows by about 1250 operations per knot, which take 5
/// to 10 ms to compile, with derivatives in reverse mode 20 to 40 ms. That is sensible up to about 100 knots. They are
/// solved once for a curve, not for each time. The cost per time is proportional to `k` as well, but small: about 0.05 us
/// for 10 knots, 0.5 us for 100.
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct RotationSpline<T = Tensor> {
    times: T,
    rotations: Rotation<T>,
    coefficients: T,
}

/// What is known of the segments in which some times lie.
struct Piece {
    /// The time since the segment's start.
    elapsed: Tensor,
    /// The rotation there.
    start: Rotation,
    /// Coefficients of the rotation vector from there: of the cube, the square, and the time itself.
    coefficients: [Vector; 3],
    /// Whether the knots increase.
    valid: Tensor,
}

impl RotationSpline {
    /// Of times `[..., k]` and as many rotations `[..., k]`, two or more, whose number is fixed. Leading axes are those
    /// of independent curves. The angular rates at both ends are the mean rates of the end segments; with two rotations
    /// the rate is constant.
    ///
    /// If the times of a curve do not increase strictly, or one is NaN, all that is interpolated on it is NaN.
    /// Derivatives are those of the solved equations; where two neighbours are half a turn apart, the way is that of
    /// [`Rotation::as_rotvec`], and so is the derivative.
    ///
    /// Unlike SciPy's, the iteration converges (to rounding; derivatives too) for neighbours up to half a turn apart
    /// and segments whose durations differ by a factor of 10, or up to 1 radian and by a factor of 100.
    #[track_caller]
    #[must_use]
    pub fn new(times: impl IntoTensor, rotations: Rotation) -> Self {
        let times = times.into_operand();
        located_as(Location::caller(), "RotationSpline::new", || {
            let quats = with_fixed_count(rotations);
            let times = checked_times("RotationSpline::new", times, Rotation::from_parts(quats));
            let [before, after] = [quats.slice(-2, ..-1), quats.slice(-2, 1..)].map(Rotation::from_parts);
            let rotvecs = components::<3>("RotationSpline::new", (before.inv() * after).as_rotvec());
            let durations = ends(times) - starts(times);
            let coefficients = coefficients(rotvecs, durations).map(join);
            Self { times, rotations, coefficients: stack(coefficients, -2) }
        })
    }

    /// The rotations at times `[..., m...]`: the curves' leading axes, which broadcast, and any further ones. A single
    /// curve takes times of any shape.
    ///
    /// Before the first knot and behind the last, the polynomials of the end segments continue. A time that is NaN gives
    /// NaN.
    #[track_caller]
    #[must_use]
    pub fn at(self, times: impl IntoTensor) -> Rotation {
        let times = located_at(Location::caller(), || wanted_times(times, self.times));
        operate::<SplineAt>(Location::caller(), (self, times), |_| {
            let piece = self.piece(times, Ownership::Behind);
            let rotation = piece.start * Rotation::from_rotvec(join(piece.vector()));
            Rotation::from_parts(piece.masked(rotation.into_parts()))
        })
    }

    /// The angular rates `[..., m..., 3]` at times as for [`at`](Self::at), in radians per unit of time, about the axes
    /// of the rotated frame.
    #[track_caller]
    #[must_use]
    pub fn angular_rate_at(self, times: impl IntoTensor) -> Tensor {
        let times = located_at(Location::caller(), || wanted_times(times, self.times));
        operate::<SplineRateAt>(Location::caller(), (self, times), |_| {
            let piece = self.piece(times, Ownership::Behind);
            piece.masked(join(body::angular_rate(piece.vector(), piece.rate())))
        })
    }

    /// The derivatives `[..., m..., 3]` of the angular rates by time, at times as for [`at`](Self::at).
    ///
    /// They are continuous, but have a kink at each knot between two segments: there the derivative is the mean of those
    /// of both sides.
    #[track_caller]
    #[must_use]
    pub fn angular_acceleration_at(self, times: impl IntoTensor) -> Tensor {
        let times = located_at(Location::caller(), || wanted_times(times, self.times));
        operate::<SplineAccelerationAt>(Location::caller(), (self, times), |_| {
            let [before, behind] = [Ownership::Before, Ownership::Behind].map(|ownership| {
                let piece = self.piece(times, ownership);
                piece.masked(join(body::angular_acceleration(piece.vector(), piece.rate(), piece.acceleration())))
            });
            (before + behind) * 0.5
        })
    }

    fn piece(self, times: Tensor, ownership: Ownership) -> Piece {
        let segment = Segment::of(times, self.times, ownership);
        let start = starts(self.times).expand_dims(-1);
        let quats = self.rotations.into_parts().slice(-2, ..-1);
        let data = concat([start, quats, self.coefficients.reshape_last(2, [9])], -1);
        let [start, x, y, z, w, a, b, c, d, e, f, g, h, i] = components::<14>("RotationSpline", segment.pick(data));
        Piece {
            elapsed: times - start,
            start: Rotation::from_parts(join([x, y, z, w])),
            coefficients: [[a, b, c], [d, e, f], [g, h, i]],
            valid: segment.spread(increase(self.times)),
        }
    }
}

impl<T> RotationSpline<T> {
    /// The times of the knots, `[..., k]`.
    pub const fn times(&self) -> &T {
        &self.times
    }

    /// The rotations at the knots, `[..., k]`.
    pub const fn rotations(&self) -> &Rotation<T> {
        &self.rotations
    }

    /// The polynomials of the segments, `[..., k - 1, 3, 3]`: for each the coefficient vectors of the cube, the square
    /// and the first power of the time since its start. Their sum is the rotation vector from the rotation there.
    pub const fn coefficients(&self) -> &T {
        &self.coefficients
    }
}

impl Piece {
    /// The rotation vector from the segment's start.
    fn vector(&self) -> Vector {
        self.each(|u, [a, b, c]| a.fma(u, b).fma(u, c) * u)
    }

    /// The derivative of [`Self::vector`] by time.
    fn rate(&self) -> Vector {
        self.each(|u, [a, b, c]| (a * 3).fma(u, b + b).fma(u, c))
    }

    /// The derivative of [`Self::rate`].
    fn acceleration(&self) -> Vector {
        self.each(|u, [a, b, _]| (a * 6).fma(u, b + b))
    }

    fn each(&self, polynomial: impl Fn(Tensor, [Tensor; 3]) -> Tensor) -> Vector {
        let [cubes, squares, firsts] = self.coefficients;
        std::array::from_fn(|axis| polynomial(self.elapsed, [cubes[axis], squares[axis], firsts[axis]]))
    }

    /// NaN where the knots do not increase.
    fn masked(&self, result: Tensor) -> Tensor {
        self.valid.expand_dims(-1).select(result, f64::NAN)
    }
}

/// The coefficients of the segments' polynomials, from their rotation vectors and durations, `[..., k - 1]`.
fn coefficients(rotvecs: Vector, durations: Tensor) -> [Vector; 3] {
    let rates = rates::at_knots(rotvecs, durations);
    let each = |coefficient: &dyn Fn([Tensor; 3]) -> Tensor| -> Vector {
        std::array::from_fn(|axis| coefficient([rates.mean[axis], rates.start[axis], rates.end[axis]]))
    };
    [
        each(&|[mean, start, end]| (start + end - (mean + mean)) / (durations * durations)),
        each(&|[mean, start, end]| (mean * 3 - (start + start) - end) / durations),
        rates.start,
    ]
}

/// The quaternions, if their number along the last leading axis is known.
fn with_fixed_count(rotations: Rotation) -> Tensor {
    let quats = checked("RotationSpline::new", rotations.into_parts(), &[4]);
    record(Location::caller(), |recorder| {
        let id = recorder.resolve(quats)?;
        let ty = recorder.ty(id);
        match ty.shape.iter().nth_back(1) {
            Some(Dim { name: Some(_), .. }) => {
                let operands = vec![recorder.display(id)];
                let message = format!("RotationSpline::new takes a fixed number of rotations, got {}", operands[0]);
                Err(Mistake { message, operands })
            }
            Some(Dim { name: None, .. }) | None => Ok(id),
        }
    })
}
