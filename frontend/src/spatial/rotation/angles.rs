//! Angles of three successive turns, of the second about an axis at right angles to the others.
//!
//! Bernardes and Viollet, "Quaternion to Euler angles conversion: a direct, general and computationally efficient
//! method", PLoS ONE 17 (2022): four numbers `a`, `b`, `c`, `d`, linear in the quaternion, are
//! `cos(mid / 2) * (cos(hs), sin(hs))` and `sin(mid / 2) * (cos(hd), sin(hd))` but for a common factor. The middle
//! angle is `mid` but for a constant, and the outer ones are `hs - hd` and `hs + hd`.
//!
//! Where `mid` is 0 or pi (gimbal lock), one of the two pairs is zero and its direction is free; the direction chosen
//! makes the third angle 0. The pair is replaced before its angle is taken, so that nothing near its singularity is
//! computed there, nor differentiated.

use crate::spatial::component::{checked, components};
use crate::trace::{Mistake, record};
use crate::{DType, Tensor, where_};
use std::f64::consts::{PI, TAU};
use std::panic::Location;

/// Whether successive turns are about the axes of the world or of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// About axes that stay fixed: each turn is applied after, that is to the left of, those before it.
    Extrinsic,
    /// About axes that turn along: each turn is applied to the right of those before it.
    Intrinsic,
}

/// Half of the largest `mid`, or `pi - mid`, at which there is gimbal lock: SciPy's for `f64`. `f32` does not resolve
/// that: rounded quaternions have angles that differ by 1e-7 and more.
const LOCKED: [f64; 2] = [5e-8, 5e-7];

/// The square of the length of a pair that counts as 0: of one that is rounding. The length has a kink there, whose
/// direction would be arbitrary.
const VANISHED: [f64; 2] = [1e-30, 4e-14];

/// The numbers `a`, `b`, `c`, `d` of rotations.
#[derive(Clone, Copy)]
pub(super) struct Halves {
    sum: Pair,
    difference: Pair,
}

/// Two coordinates and the sum of their squares.
#[derive(Clone, Copy)]
struct Pair {
    x: Tensor,
    y: Tensor,
    squared: Tensor,
}

impl Pair {
    fn new(x: Tensor, y: Tensor) -> Self {
        Self { x, y, squared: x.fma(x, y * y) }
    }

    /// Whether it is as good as zero beside the other.
    fn is_locked(self, other: Self) -> Tensor {
        let ratio = by_precision(self.x, LOCKED);
        self.squared.less_equal(other.squared * (ratio * ratio))
    }

    /// Its direction, 0 where `free` holds.
    fn angle(self, free: Tensor) -> Tensor {
        free.select(0, self.y).atan2(free.select(1, self.x))
    }

    /// Its length; 0, and so are its derivatives, where it is rounding.
    fn length(self) -> Tensor {
        let none = self.squared.less(by_precision(self.x, VANISHED));
        none.select(0, none.select(1, self.squared).sqrt())
    }
}

impl Halves {
    pub(super) fn new([a, b, c, d]: [Tensor; 4]) -> Self {
        Self { sum: Pair::new(a, b), difference: Pair::new(c, d) }
    }

    /// Whether there is gimbal lock.
    pub(super) fn is_locked(self) -> Tensor {
        self.difference.is_locked(self.sum).logical_or(self.sum.is_locked(self.difference))
    }

    /// The angles about the first and the third axis, in the order in which they are given, each in `[-2 pi, 2 pi]`.
    pub(super) fn outer(self, order: Order) -> [Tensor; 2] {
        let low = self.difference.is_locked(self.sum);
        let high = self.sum.is_locked(self.difference);
        let (sum, difference) = (self.sum.angle(high), self.difference.angle(low));
        let turned = |angle: Tensor| match order {
            Order::Extrinsic => -angle,
            Order::Intrinsic => angle,
        };
        // At a lock, exactly what makes the third angle 0.
        let (sum, difference) = (high.select(turned(difference), sum), low.select(turned(sum), difference));
        [sum + turned(difference), sum - turned(difference)]
    }

    /// `cos(mid / 2)` and `sin(mid / 2)` times a common factor, neither negative. The derivative of one that is 0, where
    /// it has a kink, is taken as 0.
    pub(super) fn radii(self) -> [Tensor; 2] {
        [self.sum.length(), self.difference.length()]
    }

    /// The angle `mid`, in `[0, pi]`, with the derivative of its [`radii`](Self::radii).
    pub(super) fn middle(self) -> Tensor {
        let [cosine, sine] = self.radii();
        let half = sine.atan2(cosine);
        half + half
    }
}

/// One turn more or less, to bring an angle in `[-3 pi, 3 pi]` into `[-pi, pi]`.
pub(super) fn wrap(angle: Tensor) -> Tensor {
    let below = where_(angle.less(-PI), angle + TAU, angle);
    where_(angle.greater(PI), angle - TAU, below)
}

/// The one of two numbers, for `f64` and for `f32`, that goes with a tensor.
pub(super) fn by_precision(tensor: Tensor, [double, single]: [f64; 2]) -> f64 {
    if tensor.dtype() == Some(DType::F32) { single } else { double }
}

/// Angles in degrees as radians, and back.
pub(super) const RADIANS: f64 = PI / 180.0;
pub(super) const DEGREES: f64 = 180.0 / PI;

/// The one angle of `[..., 1]` or `[]`.
pub(super) fn single_angle(name: &str, angles: Tensor) -> [Tensor; 1] {
    if angles.ndim() == 0 { [checked(name, angles, &[])] } else { components::<1>(name, angles) }
}

/// What an operation gives instead of a result after the user's mistake.
pub(super) fn mistaken(message: String) -> Tensor {
    record(Location::caller(), |_| Err(Mistake::new(message)))
}
