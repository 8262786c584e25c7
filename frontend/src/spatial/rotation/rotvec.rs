//! Rotation vectors: the axis times the angle in radians.
//!
//! Both directions are functions of a squared length: a Taylor series where it is small, the closed form elsewhere,
//! each with an argument replaced where it is not used, so that no derivative of the unused one is infinite. The series
//! are long enough for their second derivatives to be right to the last digits too.

use super::Rotation;
use super::quat::is_flipped;
use crate::spatial::component::{components, dot, join, polynomial};
use crate::trace::located_at;
use crate::{Tensor, where_};
use std::panic::Location;

/// Taylor coefficients in `t` of `sin(sqrt(t) / 2) / sqrt(t)`: `(-1)^k / (2 * 4^k * (2 k + 1)!)`.
const SINE: [f64; 9] = half_angle(1, 0.5);

/// Taylor coefficients in `t` of `cos(sqrt(t) / 2)`: `(-1)^k / (4^k * (2 k)!)`.
const COSINE: [f64; 9] = half_angle(0, 1.0);

const fn half_angle(first: usize, leading: f64) -> [f64; 9] {
    let mut coefficients = [leading; 9];
    let mut index = 1;
    while index < coefficients.len() {
        let place = 2 * index + first;
        coefficients[index] = -coefficients[index - 1] / ((4 * place * (place - 1)) as f64);
        index += 1;
    }
    coefficients
}

/// Taylor coefficients in `r` of `atan(sqrt(r)) / sqrt(r)`: `(-1)^k / (2 k + 1)`.
const ARC_TANGENT: [f64; 15] = {
    let mut coefficients = [1.0; 15];
    let mut index = 1;
    while index < coefficients.len() {
        let sign = if index % 2 == 0 { 1.0 } else { -1.0 };
        coefficients[index] = sign / ((2 * index + 1) as f64);
        index += 1;
    }
    coefficients
};

impl Rotation {
    /// Of rotation vectors `[..., 3]` in radians. Angles of any size; the quaternion's `w` is negative for angles
    /// between pi and 3 pi.
    #[track_caller]
    #[must_use]
    pub fn from_rotvec(rotvec: Tensor) -> Self {
        located_at(Location::caller(), || {
            let vector = components::<3>("Rotation::from_rotvec", rotvec);
            let (factor, w) = half_sine_and_cosine(dot(vector, vector));
            let [x, y, z] = vector.map(|component| component * factor);
            Self { quat: join([x, y, z, w]) }
        })
    }

    /// Of rotation vectors `[..., 3]` whose length is the angle in degrees.
    #[track_caller]
    #[must_use]
    pub fn from_rotvec_degrees(rotvec: Tensor) -> Self {
        located_at(Location::caller(), || Self::from_rotvec(rotvec * (std::f64::consts::PI / 180.0)))
    }

    /// The rotation vectors `[..., 3]` in radians, with angles in `[0, pi]`. At exactly pi the axis is that of the
    /// canonical quaternion, and the derivative is that of its side.
    #[track_caller]
    #[must_use]
    pub fn as_rotvec(self) -> Tensor {
        located_at(Location::caller(), || {
            let quat @ [x, y, z, w] = components::<4>("Rotation::as_rotvec", self.quat);
            let sign = where_(is_flipped(quat), w.full_like(-1), 1);
            let factor = sign * angle_over_sine(dot([x, y, z], [x, y, z]), w * sign);
            join([x * factor, y * factor, z * factor])
        })
    }

    /// The rotation vectors `[..., 3]` with angles in degrees, in `[0, 180]`.
    #[track_caller]
    #[must_use]
    pub fn as_rotvec_degrees(self) -> Tensor {
        located_at(Location::caller(), || self.as_rotvec() * (180.0 / std::f64::consts::PI))
    }
}

/// `sin(theta / 2) / theta` and `cos(theta / 2)` of the squared angle.
fn half_sine_and_cosine(squared: Tensor) -> (Tensor, Tensor) {
    let small = squared.less(1);
    let near = small.select(squared, 0);
    let angle = small.select(1, squared).sqrt();
    let half = angle * 0.5;
    let sine = small.select(polynomial(near, &SINE, 6), half.sin() / angle);
    let cosine = small.select(polynomial(near, &COSINE, 6), half.cos());
    (sine, cosine)
}

/// `theta / sin(theta / 2)` of a quaternion with `w >= 0`, from its vector part's squared length and `w`:
/// `2 atan2(v, w) / v`, by a series in `v^2 / w^2` below 1/16.
fn angle_over_sine(squared: Tensor, w: Tensor) -> Tensor {
    let small = (squared * 16).less(w * w);
    let inverse = small.select(w, 1).reciprocal();
    let ratio = small.select(squared, 0) * (inverse * inverse);
    let near = polynomial(ratio, &ARC_TANGENT, 8) * inverse;
    let length = small.select(1, squared).sqrt();
    let far = length.atan2(w) / length;
    let half = small.select(near, far);
    half + half
}
