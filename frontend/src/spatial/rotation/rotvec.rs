//! Rotation vectors: the axis times the angle in radians.
//!
//! Both directions are smooth functions of a squared length, written so that no derivative meets a division by zero.
//! From a vector: a Taylor series where it is short, the closed form elsewhere. To a vector: one polynomial, of the
//! square of tan(theta / 8), which stays below 0.172 for all angles up to pi. The polynomials are long enough for their
//! second derivatives to be right to the last digits too.

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

/// `atan(sqrt(r)) / sqrt(r)` on [0, 0.1725], interpolated at Chebyshev's nodes: relative errors of the function and of
/// its first three derivatives below 4e-18, 8e-17, 4e-16, 1e-13.
const ARC_TANGENT: [f64; 15] = [
    1.0,
    -0.333_333_333_333_333_3,
    0.199_999_999_999_999_93,
    -0.142_857_142_857_129_64,
    0.111_111_111_109_923_39,
    -0.090_909_090_844_688_05,
    0.076_923_074_639_139_03,
    -0.066_666_610_982_960_88,
    0.058_822_566_757_906_45,
    -0.052_619_569_058_622_09,
    0.047_510_191_200_739_09,
    -0.042_763_938_194_100_86,
    0.036_655_691_553_485_65,
    -0.026_174_036_798_108_622,
    0.011_026_325_762_912_475,
];

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
pub(in crate::spatial) fn half_sine_and_cosine(squared: Tensor) -> (Tensor, Tensor) {
    let small = squared.less(1);
    // What the series become of a large angle is not selected, nor are their derivatives.
    let angle = small.select(1, squared).sqrt();
    let half = angle * 0.5;
    let sine = small.select(polynomial(squared, &SINE, 6), half.sin() / angle);
    let cosine = small.select(polynomial(squared, &COSINE, 6), half.cos());
    (sine, cosine)
}

/// `theta / sin(theta / 2)` of a unit quaternion with `w >= 0`, from its vector part's squared length and `w`.
///
/// With `c = cos(theta / 4)`, `tan(theta / 8)` is `sin(theta / 2)` times `h = 1 / (2 c (c + 1))`, and that angle is
/// small enough for one polynomial.
fn angle_over_sine(squared: Tensor, w: Tensor) -> Tensor {
    let cosine = w.fma(0.5, 0.5).sqrt();
    let factor = cosine.full_like(0.5) / cosine.fma(cosine, cosine);
    polynomial(squared * (factor * factor), &ARC_TANGENT, 10) * (factor * 8)
}
