//! Random rotations.
//!
//! A counter, not a state: the bits of a rotation are a function of the seed and of its place along each leading axis.
//! They do not depend on sizes, so that a larger batch begins with a smaller one, nor on the engine or the number of
//! threads.

use super::Rotation;
use crate::implementations::operate;
use crate::implementations::operation::Random;
use crate::spatial::component::{join, refuse_arguments};
use crate::{DType, IntoShape, IntoTensor, Shape, Tensor, full, zeros};
use std::f64::consts::TAU;
use std::panic::Location;

/// The odd number next to 2^64 divided by the golden ratio: multiples of it are spread evenly.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rotation {
    /// Rotations over the given leading axes, uniformly distributed on the group and independent of each other. The seed
    /// is a number or a traced `u64` of shape `[]`.
    ///
    /// The streams are not SciPy's. Shoemake, "Uniform random rotations", Graphics Gems III (1992), from bits that are
    /// mixed as in Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    #[track_caller]
    #[must_use]
    pub fn random(dtype: DType, seed: impl IntoTensor, shape: impl IntoShape) -> Self {
        let arguments = (dtype, seed.into_operand(), shape.into_shape());
        operate::<Random>(Location::caller(), arguments, |(dtype, seed, shape)| {
            if !dtype.is_float() {
                let problem = format!("quaternions are floats, not {dtype}");
                return Self { quat: refuse_arguments("Rotation::random", &problem) };
            }
            let key = keys(full(DType::U64, (), seed), shape);
            let [radius, first, second] = [1, 2, 3].map(|draw| uniform(mixed(key + GOLDEN.wrapping_mul(draw)), dtype));
            let (outer, inner) = ((1.0_f64 - radius).sqrt(), radius.sqrt());
            let (first, second) = (first * TAU, second * TAU);
            let quat = [outer * first.sin(), outer * first.cos(), inner * second.sin(), inner * second.cos()];
            Self { quat: join(quat) }
        })
    }
}

/// Bits for each place: those of the seed, mixed with the place along one axis after the other.
fn keys(seed: Tensor, shape: Shape) -> Tensor {
    let rank = shape.len() as i64;
    let places = zeros(DType::U64, shape);
    (0..rank).fold(mixed(seed), |key, axis| mixed((places.iota(DType::U64, axis) + 1) * GOLDEN + key))
}

/// A bijection of 64 bits in which every bit of the argument changes half of those of the result.
fn mixed(bits: Tensor) -> Tensor {
    let bits = (bits ^ bits.bitwise_right_shift(30)) * 0xbf58_476d_1ce4_e5b9_u64;
    let bits = (bits ^ bits.bitwise_right_shift(27)) * 0x94d0_49bb_1331_11eb_u64;
    bits ^ bits.bitwise_right_shift(31)
}

/// A number in [0, 1) of the highest bits, as many as a float holds exactly.
fn uniform(bits: Tensor, dtype: DType) -> Tensor {
    let digits = if dtype == DType::F32 { f32::MANTISSA_DIGITS } else { f64::MANTISSA_DIGITS };
    let unit = f64::from(digits).exp2().recip();
    bits.bitwise_right_shift(64 - digits).astype(dtype) * unit
}
