//! `sin`, `cos`, `tan`.
//!
//! `|x| = n pi/2 + r` with `|r| <= pi/4` in two doubles ([`super::reduction`]), then polynomials for the sine and the
//! cosine of `r`; `n mod 4` picks one and its sign. All three functions of one operand share everything but the choice.

use super::double::{Double, flip, polynomial, product, quick_sum, quotient, sign};
use super::reduction::reduce;
use super::{Algebra, DoubleAlgebra, Key};

/// `(sin r - r) / r^3, z = r^2` on[0.0, 0.6172], degree 5: relative error below 2^-52.2.
const SIN: [f64; 6] = [
    -0.166_666_666_666_666_66,
    0.008_333_333_333_330_941,
    -0.000_198_412_698_367_483_52,
    2.755_731_609_725_143e-06,
    -2.505_113_074_050_304_5e-08,
    1.591_804_974_248_529_7e-10,
];

/// `(cos r - 1 + r^2/2) / r^4, z = r^2` on[0.0, 0.6172], degree 5: relative error below 2^-54.0.
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
    let half = product(a, high, a.multiply(high, a.float(0.5)));
    // sin(r + low) = sin r + low cos r, where cos r = 1 - r^2/2 is enough.
    let low_sine = a.fma(a.negative(low), half.high, low);
    let cubic = a.multiply(polynomial(a, z, fourth, &SIN), z);
    let sine = Double { high, low: a.fma(cubic, high, low_sine) };
    // cos(r + low) = cos r - low sin r, where sin r = r is enough.
    let first = quick_sum(a, a.float(1.0), a.negative(half.high));
    let rest = a.subtract(first.low, a.fma(high, low, half.low));
    let cosine = Double { high: first.high, low: a.fma(polynomial(a, z, fourth, &COS), fourth, rest) };
    Angle { quarters: a.bits(rounder), sine, cosine }
}

#[inline(always)]
fn is_odd<A: DoubleAlgebra>(a: &A, quarters: A::Integer) -> A::Bool {
    a.not(a.integer_equal(a.integer_and(quarters, a.integer(1)), a.integer(0)))
}

/// The sign bit where the second half turn begins.
#[inline(always)]
fn half_turn<A: DoubleAlgebra>(a: &A, quarters: A::Integer) -> A::Integer {
    a.shift_left(a.integer_and(quarters, a.integer(2)), 62)
}

pub(super) fn sin<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let angle = angle(a, x);
    let sine = a.add(angle.sine.high, angle.sine.low);
    let cosine = a.add(angle.cosine.high, angle.cosine.low);
    let value = a.select(is_odd(a, angle.quarters), cosine, sine);
    flip(a, value, a.integer_xor(half_turn(a, angle.quarters), sign(a, x)))
}

pub(super) fn cos<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let angle = angle(a, x);
    let sine = a.add(angle.sine.high, angle.sine.low);
    let cosine = a.add(angle.cosine.high, angle.cosine.low);
    let value = a.select(is_odd(a, angle.quarters), sine, cosine);
    flip(a, value, half_turn(a, a.integer_add(angle.quarters, a.integer(1))))
}

pub(super) fn tan<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Angle { quarters, sine, cosine } = angle(a, x);
    let odd = is_odd(a, quarters);
    let choose = |y: Double<A::Float>, z: Double<A::Float>| Double {
        high: a.select(odd, y.high, z.high),
        low: a.select(odd, y.low, z.low),
    };
    let sine = quick_sum(a, sine.high, sine.low);
    let cosine = quick_sum(a, cosine.high, cosine.low);
    let value = quotient(a, choose(cosine, sine), choose(sine, cosine));
    // An odd number of quarter turns gives -cos/sin.
    let turned = a.shift_left(quarters, 63);
    flip(a, a.add(value.high, value.low), a.integer_xor(turned, sign(a, x)))
}
