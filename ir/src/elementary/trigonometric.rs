//! `sin`, `cos`, `tan`.
//!
//! `|x| = n pi/2 + r` with `|r| <= pi/4` in two doubles ([`super::reduction`]), then polynomials for the sine and the
//! cosine of `r`; `n mod 4` picks one and its sign. All three functions of one operand share everything but the choice.

use super::double::{Double, flip, polynomial, quick_sum, quotient, sign};
use super::reduction::reduce;
use super::{Algebra, DoubleAlgebra, Key};

/// `(sin r - r) / r^3`, `z = r^2`, on [0.0, 0.6172], degree 6: relative error below 2^-54.0.
const SIN: [f64; 7] = [
    -0.166_666_666_666_666_66,
    0.008_333_333_333_333_331,
    -0.000_198_412_698_412_650_52,
    2.755_731_921_932_863_4e-06,
    -2.505_210_622_879_051e-08,
    1.605_853_103_949_209e-10,
    -7.586_662_967_321_083e-13,
];

/// `(cos r - 1 + r^2/2) / r^4`, `z = r^2`, on [0.0, 0.6172], degree 5: relative error below 2^-54.0.
const COS: [f64; 6] = [
    0.041_666_666_666_666_664,
    -0.001_388_888_888_888_739_3,
    2.480_158_729_875_929_2e-05,
    -2.755_731_726_841_358e-07,
    2.087_614_557_744_195_4e-09,
    -1.138_258_265_823_403_4e-11,
];

/// A reduced angle with its sine and cosine.
struct Angle<A: Algebra> {
    /// The number of quarter turns in its low two bits.
    quarters: A::Integer,
    sine: Double<A::Float>,
    cosine: Double<A::Float>,
}

#[inline(always)]
fn angle<A: DoubleAlgebra>(a: &A, x: A::Float) -> Angle<A> {
    let magnitude = a.abs(x);
    let [rounder, high, low] = a.shared(Key::QuarterTurns, magnitude, |a| reduce(a, magnitude));
    let z = a.multiply(high, high);
    let fourth = a.multiply(z, z);
    // 1 - z/2, and what its rounding loses. What the rounding of z loses is a quarter of a unit in the last place.
    let (one, minus_half) = (a.float(1.0), a.float(-0.5));
    let first = a.fma(z, minus_half, one);
    let lost = a.fma(z, minus_half, a.subtract(one, first));
    // sin(r + low) = sin r + low cos r, where cos r = 1 - r^2/2 is enough.
    let cubic = a.multiply(polynomial(a, z, fourth, &SIN), z);
    let sine = Double { high, low: a.fma(cubic, high, a.multiply(low, first)) };
    // cos(r + low) = cos r - low sin r, where sin r = r is enough.
    let rest = a.fma(a.negative(high), low, lost);
    let cosine = Double { high: first, low: a.fma(polynomial(a, z, fourth, &COS), fourth, rest) };
    Angle { quarters: a.bits(rounder), sine, cosine }
}

#[inline(always)]
pub(super) fn is_even<A: DoubleAlgebra>(a: &A, quarters: A::Integer) -> A::Bool {
    a.integer_equal(a.integer_and(quarters, a.integer(1)), a.integer(0))
}

/// The sign bit where the second half turn begins.
#[inline(always)]
pub(super) fn half_turn<A: DoubleAlgebra>(a: &A, quarters: A::Integer) -> A::Integer {
    a.shift_left(a.integer_and(quarters, a.integer(2)), 62)
}

pub(super) fn sin<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let angle = angle(a, x);
    let sine = a.add(angle.sine.high, angle.sine.low);
    let cosine = a.add(angle.cosine.high, angle.cosine.low);
    let value = a.select(is_even(a, angle.quarters), sine, cosine);
    flip(a, value, a.integer_xor(half_turn(a, angle.quarters), sign(a, x)))
}

pub(super) fn cos<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let angle = angle(a, x);
    let sine = a.add(angle.sine.high, angle.sine.low);
    let cosine = a.add(angle.cosine.high, angle.cosine.low);
    let value = a.select(is_even(a, angle.quarters), cosine, sine);
    flip(a, value, half_turn(a, a.integer_add(angle.quarters, a.integer(1))))
}

pub(super) fn tan<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Angle { quarters, sine, cosine } = angle(a, x);
    let even = is_even(a, quarters);
    let choose = |y: Double<A::Float>, z: Double<A::Float>| Double {
        high: a.select(even, y.high, z.high),
        low: a.select(even, y.low, z.low),
    };
    let sine = quick_sum(a, sine.high, sine.low);
    let cosine = quick_sum(a, cosine.high, cosine.low);
    let value = quotient(a, choose(sine, cosine), choose(cosine, sine));
    // An odd number of quarter turns gives -cos/sin.
    let turned = a.shift_left(quarters, 63);
    flip(a, a.add(value.high, value.low), a.integer_xor(turned, sign(a, x)))
}
