//! Exponential coordinates: the group's exponential and logarithm.
//!
//! With `K` the matrix of the cross product by the rotation vector, of length `theta`, the exponential of `(rho, v)`
//! translates by `V v`, `V = 1 + a K + b K^2`, `a = (1 - cos theta) / theta^2`, `b = (theta - sin theta) / theta^3`, and
//! the logarithm has the inverse of `V`, `1 - K / 2 + c K^2`, `c = (1 - theta / 2 cot(theta / 2)) / theta^2`. (Murray, Li
//! and Sastry, "A Mathematical Introduction to Robotic Manipulation", 1994, section A.2.) All three are smooth functions
//! of the squared angle: `a` is twice the square of `sin(theta / 2) / theta`, `b` a Taylor series where the angle is
//! below 1 and the closed form elsewhere, and `c`, of which angles up to pi are needed, one polynomial. They are long
//! enough for their second derivatives to be right to the last digits too.

use super::RigidTransform;
use super::matrix::{assemble, block_of};
use crate::Tensor;
use crate::spatial::Rotation;
use crate::spatial::component::{components, cross, dot, join, polynomial};
use crate::spatial::rotation::half_sine_and_cosine;
use crate::trace::located_at;
use std::panic::Location;

/// Taylor coefficients in `t` of `(sqrt(t) - sin(sqrt(t))) / sqrt(t)^3`: `(-1)^k / (2 k + 3)!`.
const SINE_REMAINDER: [f64; 10] = {
    let mut coefficients = [1.0 / 6.0; 10];
    let mut index = 1;
    while index < coefficients.len() {
        coefficients[index] = -coefficients[index - 1] / (((2 * index + 2) * (2 * index + 3)) as f64);
        index += 1;
    }
    coefficients
};

/// `(1 - sqrt(t) / 2 cot(sqrt(t) / 2)) / t` on [0, pi^2], interpolated at Chebyshev's nodes: relative errors of the
/// function and of its first three derivatives below 6e-17, 4e-17, 6e-15, 1e-12.
const COTANGENT_REMAINDER: [f64; 18] = [
    0.083_333_333_333_333_33,
    0.001_388_888_888_888_889,
    3.306_878_306_878_288e-5,
    8.267_195_767_203_782e-7,
    2.087_675_698_605_049_3e-8,
    5.284_190_163_718_392e-10,
    1.338_253_425_390_931e-11,
    3.389_694_727_859_475_6e-13,
    8.585_401_646_155_669e-15,
    2.177_101_480_343_485_8e-16,
    5.452_456_347_885_436e-18,
    1.503_351_301_299_600_6e-19,
    1.986_285_214_347_401_5e-21,
    2.547_726_806_919_864_6e-22,
    -1.053_589_212_165_100_5e-23,
    7.461_649_773_117_229e-25,
    -2.207_366_056_382_411_3e-26,
    4.473_051_152_813_407e-28,
];

impl RigidTransform {
    /// Of exponential coordinates `[..., 6]`: a rotation vector in radians, of any size, then the velocity at the
    /// origin, as a unit of time of that screw motion takes it. Of zero rotation vectors the velocity is the
    /// translation.
    #[track_caller]
    #[must_use]
    pub fn from_exp_coords(exp_coords: Tensor) -> Self {
        located_at(Location::caller(), || {
            let [x, y, z, velocity @ ..] = components::<6>("RigidTransform::from_exp_coords", exp_coords);
            let rotvec = [x, y, z];
            let (first, second) = exponential(dot(rotvec, rotvec));
            let once = cross(rotvec, velocity);
            let twice = cross(rotvec, once);
            let translation =
                std::array::from_fn(|index| second.fma(twice[index], first.fma(once[index], velocity[index])));
            assemble(block_of(Rotation::from_rotvec(join(rotvec))), translation)
        })
    }

    /// The exponential coordinates `[..., 6]`: the rotation vector, with angles in `[0, pi]`, and the velocity. At a
    /// half turn the rotation vector is that of [`rotation`](Self::rotation), and the derivative is that of its side.
    #[track_caller]
    #[must_use]
    pub fn as_exp_coords(self) -> Tensor {
        located_at(Location::caller(), || {
            let translation = self.entries("RigidTransform::as_exp_coords").1;
            let rotvec = components::<3>("RigidTransform::as_exp_coords", self.rotation().as_rotvec());
            let factor = polynomial(dot(rotvec, rotvec), &COTANGENT_REMAINDER, 13);
            let once = cross(rotvec, translation);
            let twice = cross(rotvec, once);
            let velocity = |index: usize| factor.fma(twice[index], once[index].fma(-0.5, translation[index]));
            join([rotvec[0], rotvec[1], rotvec[2], velocity(0), velocity(1), velocity(2)])
        })
    }
}

/// `a` and `b` of the squared angle.
fn exponential(squared: Tensor) -> (Tensor, Tensor) {
    let small = squared.less(1);
    let (sine, cosine) = half_sine_and_cosine(squared);
    let first = sine * (sine + sine);
    // What the series becomes of a large angle is not selected, nor is its derivative.
    let closed = (sine * cosine).fma(-2, 1) / small.select(1, squared);
    (first, small.select(polynomial(squared, &SINE_REMAINDER, 6), closed))
}
