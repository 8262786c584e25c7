//! Davenport angles: turns about any axes of which neighbours are at right angles.
//!
//! From a quaternion, after a turn about the second axis that brings the third into the place it has for symmetric Euler
//! angles, see [`super::angles`]. The axes are differentiated like everything else.

use super::Rotation;
use super::angles::{DEGREES, Halves, Order, RADIANS, by_precision, single_angle, wrap};
use super::group::hamilton;
use crate::implementations::operate;
use crate::implementations::operation::{AsDavenport, FromDavenport, IsGimbalLockedAbout};
use crate::spatial::component::{checked, components, dot, join};
use crate::trace::{Mistake, located_at, record};
use crate::{IntoTensor, Tensor, constant};
use std::panic::Location;

/// The largest cosine between neighbouring axes that counts as a right angle: SciPy's for `f64`. `f32` does not hold
/// axes that precisely.
const RIGHT: [f64; 2] = [1e-7, 1e-6];

/// The largest sine of the angle from the first to the third axis that is rounding: those axes are parallel.
const PARALLEL: [f64; 2] = [1e-15, 5e-7];

type Vector = [Tensor; 3];

impl Rotation {
    /// Of Davenport angles `[..., k]` in radians about `k` = 1, 2 or 3 axes `[..., k, 3]` of any length; leading axes
    /// broadcast. One axis may be `[3]`, and one angle `[]`.
    ///
    /// Neighbouring axes are at right angles, the first and third at any angle; the rotation is NaN where the cosine
    /// between neighbours is 1e-7 (`f32`: 1e-6) or more, or an axis is zero. Smooth in angles and axes.
    ///
    /// ```
    /// use rotrace::spatial::{Order, Rotation};
    /// use rotrace::{Array, trace};
    ///
    /// let axes = Array::from([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.6, 0.0, 0.8]]);
    /// let turns = trace(|x| Rotation::from_davenport(axes, Order::Intrinsic, x)).compile("f64[n, 3]")?;
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_davenport(axes: impl IntoTensor, order: Order, angles: Tensor) -> Self {
        let axes = located_at(Location::caller(), || constant(axes));
        operate::<FromDavenport>(Location::caller(), (axes, order, angles), |_| {
            let name = "Rotation::from_davenport";
            let shape = axes.shape();
            let count = shape.len().checked_sub(2).and_then(|place| shape[place].as_fixed());
            let quat = match (shape.len(), count) {
                (0 | 1, _) => turns([components::<3>(name, axes)], single_angle(name, angles), order),
                (_, Some(1)) => turns(rows::<1>(name, axes), single_angle(name, angles), order),
                (_, Some(2)) => turns(rows::<2>(name, axes), components::<2>(name, angles), order),
                (_, Some(3)) => turns(rows::<3>(name, axes), components::<3>(name, angles), order),
                _ => wrong_count(name, axes),
            };
            Self { quat }
        })
    }

    /// Of Davenport angles in degrees, otherwise as [`from_davenport`](Self::from_davenport).
    #[track_caller]
    #[must_use]
    pub fn from_davenport_degrees(axes: impl IntoTensor, order: Order, angles: Tensor) -> Self {
        located_at(Location::caller(), || Self::from_davenport(axes, order, angles * RADIANS))
    }

    /// The Davenport angles `[..., 3]` in radians about three axes `[..., 3, 3]`; leading axes broadcast. NaN where
    /// [`from_davenport`](Self::from_davenport) would be.
    ///
    /// The first and the third angle are in `[-pi, pi]`. With the signed angle `lambda` from the first to the third axis
    /// about the second (for intrinsic turns, from the third to the first), the second is in `[-lambda, pi - lambda]`,
    /// or in `[-lambda - pi, -lambda]` for a negative `lambda`, brought into `[-pi, pi]`. Axes that are parallel but
    /// for rounding have the `lambda` 0 or pi.
    ///
    /// Where the second angle is within 1e-7 (`f32`: 1e-6) of its bounds there is gimbal lock, with the angles and
    /// derivatives that [`as_euler`](Self::as_euler) has there.
    #[track_caller]
    #[must_use]
    pub fn as_davenport(self, axes: impl IntoTensor, order: Order) -> Tensor {
        let axes = located_at(Location::caller(), || constant(axes));
        operate::<AsDavenport>(Location::caller(), (self, axes, order), |_| {
            let name = "Rotation::as_davenport";
            let frame = Frame::new(rows::<3>(name, axes), order);
            let halves = frame.halves(components::<4>(name, self.quat));
            let [first, third] = halves.outer(order);
            let middle = halves.middle() - frame.angle;
            let angles = [first, wrap(frame.negative.select(-middle, middle)), third];
            join(angles.map(|angle| frame.right.select(angle, f64::NAN)))
        })
    }

    /// The Davenport angles in degrees, otherwise as [`as_davenport`](Self::as_davenport).
    #[track_caller]
    #[must_use]
    pub fn as_davenport_degrees(self, axes: impl IntoTensor, order: Order) -> Tensor {
        located_at(Location::caller(), || self.as_davenport(axes, order) * DEGREES)
    }

    /// Whether the first and third Davenport angles are not determined each by itself, `bool[...]`: where
    /// [`as_davenport`](Self::as_davenport) sets the third to 0.
    #[track_caller]
    #[must_use]
    pub fn is_gimbal_locked_about(self, axes: impl IntoTensor, order: Order) -> Tensor {
        let axes = located_at(Location::caller(), || constant(axes));
        operate::<IsGimbalLockedAbout>(Location::caller(), (self, axes, order), |_| {
            let name = "Rotation::is_gimbal_locked_about";
            let frame = Frame::new(rows::<3>(name, axes), order);
            let locked = frame.halves(components::<4>(name, self.quat)).is_locked();
            locked.logical_and(frame.right)
        })
    }
}

/// The rows of matrices `[..., N, 3]`.
fn rows<const N: usize>(name: &str, axes: Tensor) -> [Vector; N] {
    let axes = checked(name, axes, &[N, 3]);
    std::array::from_fn(|index| components::<3>(name, axes.index(-2, index as i64)))
}

/// What there is instead of a result for more than three axes, or none.
fn wrong_count(name: &str, axes: Tensor) -> Tensor {
    record(Location::caller(), |recorder| {
        let id = recorder.resolve(axes)?;
        let operands = vec![recorder.display(id)];
        let message = format!("{name} takes axes [3] or [..., k, 3] with k = 1, 2 or 3, got {}", operands[0]);
        Err(Mistake { message, operands })
    })
}

/// The product of turns about axes.
fn turns<const N: usize>(axes: [Vector; N], angles: [Tensor; N], order: Order) -> Tensor {
    let axes = axes.map(unit);
    let quats = std::array::from_fn::<_, N, _>(|index| turn(axes[index], angles[index] * 0.5));
    let mut product = quats[0];
    for &quat in &quats[1..] {
        product = match order {
            Order::Extrinsic => hamilton(quat, product),
            Order::Intrinsic => hamilton(product, quat),
        };
    }
    for pair in axes.windows(2) {
        let right = are_right_angled(pair[0], pair[1]);
        product = product.map(|component| right.select(component, f64::NAN));
    }
    join(product)
}

/// The quaternion of a turn about a unit vector by twice an angle.
fn turn(axis: Vector, half: Tensor) -> [Tensor; 4] {
    let sine = half.sin();
    let [x, y, z] = axis.map(|component| component * sine);
    [x, y, z, half.cos()]
}

fn unit(vector: Vector) -> Vector {
    let length = dot(vector, vector).sqrt();
    vector.map(|component| component / length)
}

/// Whether unit vectors are at right angles.
fn are_right_angled(first: Vector, second: Vector) -> Tensor {
    let cosine = dot(first, second);
    cosine.abs().less(by_precision(cosine, RIGHT))
}

/// Three axes, ready for taking angles.
struct Frame {
    /// At right angles and right-handed: the first axis of turns about fixed axes, the second, and their product.
    basis: [Vector; 3],
    /// The angle about the second axis from the first to the third, in `[0, pi]`.
    angle: Tensor,
    /// Whether the second axis has been reversed for that.
    negative: Tensor,
    /// Whether neighbouring axes are at right angles.
    right: Tensor,
}

impl Frame {
    fn new(axes: [Vector; 3], order: Order) -> Self {
        let axes = axes.map(unit);
        let [first, second, third] = match order {
            Order::Extrinsic => axes,
            Order::Intrinsic => [axes[2], axes[1], axes[0]],
        };
        let normal = cross(first, second);
        let sine = dot(third, normal);
        let negative = sine.less(-by_precision(sine, PARALLEL));
        let reversed = |component: Tensor| negative.select(-component, component);
        let angle = reversed(sine).atan2(dot(third, first));
        let right = are_right_angled(first, second).logical_and(are_right_angled(second, third));
        Self { basis: [first, second.map(reversed), normal.map(reversed)], angle, negative, right }
    }

    fn halves(&self, quat: [Tensor; 4]) -> Halves {
        let [x, y, z, w] = hamilton(turn(self.basis[1], self.angle * 0.5), quat);
        let [first, second, normal] = self.basis.map(|axis| dot([x, y, z], axis));
        Halves::new([w, first, second, normal])
    }
}

fn cross(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|index| {
        let (next, last) = ((index + 1) % 3, (index + 2) % 3);
        a[next].fma(b[last], -(a[last] * b[next]))
    })
}
