//! Angles of three successive turns, of the second about an axis at right angles to the others.
//!
//! Bernardes and Viollet, "Quaternion to Euler angles conversion: a direct, general and computationally efficient
//! method", PLoS ONE 17 (2022): four numbers `a`, `b`, `c`, `d`, linear in the quaternion, are
//! `cos(mid / 2) * (cos(hs), sin(hs))` and `sin(mid / 2) * (cos(hd), sin(hd))` but for a common factor. The middle
//! angle is `mid` but for a constant, and the outer ones are `hs - hd` and `hs + hd`: the directions of the products of
//! `a + i b` with `c - i d` and `c + i d`, whose length is known. So is that of the point in the direction `mid`, and an
//! angle is less work if the length is known ([`direction`]).
//!
//! Where `mid` is 0 or pi (gimbal lock), one of the two pairs is zero and its direction is free; the direction chosen
//! makes the third angle 0. The pair is replaced before the angles are taken, so that nothing near its singularity is
//! computed there, nor differentiated.

use crate::spatial::component::{checked, components, polynomial};
use crate::trace::{Mistake, record, trace};
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

/// The product of the squared lengths of both pairs, one of which is near 1 then, that counts as 0: one that is rounding.
/// Its root has a kink there, whose direction would be arbitrary.
const VANISHED: [f64; 2] = [1e-30, 4e-14];

/// `(atan t - t) / t^3`, `z = t^2`, on [0, 0.1716], interpolated at Chebyshev's nodes: relative error below 2^-52.7.
const ARC_TANGENT: [f64; 11] = [
    -0.333_333_333_333_333_3,
    0.199_999_999_999_955_13,
    -0.142_857_142_846_651_8,
    0.111_111_110_151_467_14,
    -0.090_909_045_736_690_6,
    0.076_921_830_873_420_26,
    -0.066_645_099_898_180_45,
    0.058_581_362_519_061_465,
    -0.050_853_834_888_428_31,
    0.039_229_744_536_612_23,
    -0.019_174_543_572_021_332,
];

/// The angle of a point at a known distance from the origin, in `[-pi, pi]`: that of `y.atan2(x)` to a few units in the
/// last place, and its derivative. No coordinate is near the ends of the range of floats.
fn direction(x: Tensor, y: Tensor, length: Tensor) -> Tensor {
    with_slope([x, y, length], |[x, y, length]| {
        let acute = acute_direction(x.abs(), y, length);
        x.less(0).select(y.full_like(PI).copysign(y) - acute, acute)
    })
}

/// The same of a point whose `x` is not negative.
fn right_direction(x: Tensor, y: Tensor, length: Tensor) -> Tensor {
    with_slope([x, y, length], |[x, y, length]| acute_direction(x, y, length))
}

/// The tangent of half of the angle is `y / (length + x)`; that of its half is found in the same way, and is small enough
/// for one polynomial.
fn acute_direction(x: Tensor, y: Tensor, length: Tensor) -> Tensor {
    let near = length + x;
    let tangent = y / (near + near.fma(near, y * y).sqrt());
    let (squared, whole) = (tangent * tangent, tangent * 4);
    polynomial(squared, &ARC_TANGENT, 8).fma(whole * squared, whole)
}

/// An angle with the derivative that it has: that of the formula is longer, and less precise.
fn with_slope(point: [Tensor; 3], angle: fn([Tensor; 3]) -> Tensor) -> Tensor {
    let slope =
        |[x, y, _]: [Tensor; 3], [along_x, along_y, _]: [Tensor; 3]| x.fma(along_y, -(y * along_x)) / x.fma(x, y * y);
    trace(angle).custom_jvp(slope).call_traced(point)
}

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

    /// Another one where `condition` holds.
    fn or(self, condition: Tensor, other: Self) -> [Tensor; 2] {
        [condition.select(other.x, self.x), condition.select(other.y, self.y)]
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

    /// The angles about the first and the third axis, in the order in which they are given, each in `[-pi, pi]`.
    pub(super) fn outer(self, order: Order) -> [Tensor; 2] {
        let turned = match order {
            Order::Extrinsic => Pair { y: -self.difference.y, ..self.difference },
            Order::Intrinsic => self.difference,
        };
        let low = self.difference.is_locked(self.sum);
        let high = self.sum.is_locked(self.difference);
        // Of equal pairs the quotient is real and the third angle 0.
        let ([a, b], [c, d]) = (self.sum.or(high, turned), turned.or(low, self.sum));
        let length = low.select(self.sum.squared, high.select(self.difference.squared, self.mixed()));
        let [ac, ad, bc, bd] = [a * c, a * d, b * c, b * d];
        let third = direction(ac + bd, bc - ad, length);
        [direction(ac - bd, bc + ad, length), low.logical_or(high).select(0, third)]
    }

    /// Half of the sine of `mid` times [`Self::whole`]. Its derivative where it is 0 and has a kink is taken as 0.
    pub(super) fn mixed(self) -> Tensor {
        let product = self.sum.squared * self.difference.squared;
        let none = product.less(by_precision(product, VANISHED));
        none.select(0, none.select(1, product).sqrt())
    }

    /// The square of the common factor.
    fn whole(self) -> Tensor {
        self.sum.squared + self.difference.squared
    }

    /// The angle `mid`, in `[0, pi]`, with the derivative of [`Self::mixed`].
    pub(super) fn middle(self) -> Tensor {
        direction((self.sum.squared - self.difference.squared) * 0.5, self.mixed(), self.whole() * 0.5)
    }

    /// The angle `mid` less a right one, precise near 0, from half the difference of the squares of both pairs.
    pub(super) fn middle_less_right_angle(self, half_difference: Tensor) -> Tensor {
        right_direction(self.mixed(), half_difference, self.whole() * 0.5)
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
