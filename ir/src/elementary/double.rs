//! Sums of two doubles, and what else the families share.

use super::{Algebra, DoubleAlgebra};

/// 1.5 * 2^52: adding it rounds a number below 2^51 in magnitude to the nearest integer, which then stands in two's
/// complement in the low bits of the sum. Converts between floats and integers without a conversion instruction.
pub(super) const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The pattern of 1.0.
pub(super) const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;

/// The smallest normal double.
pub(super) const MIN_NORMAL: f64 = f64::MIN_POSITIVE;

/// The unevaluated sum `high + low`, with `low` much smaller.
#[derive(Clone, Copy)]
pub(super) struct Double<Float> {
    pub high: Float,
    pub low: Float,
}

/// `x + y` without error, if `|x| >= |y|`, or `x` is 0, or `x` is a multiple of the last place of `y`.
#[inline(always)]
pub(super) fn quick_sum<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> Double<A::Float> {
    let high = a.add(x, y);
    Double { high, low: a.add(a.subtract(x, high), y) }
}

/// `x + y` without error.
#[inline(always)]
pub(super) fn sum<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> Double<A::Float> {
    let high = a.add(x, y);
    let part = a.subtract(high, x);
    Double { high, low: a.add(a.subtract(x, a.subtract(high, part)), a.subtract(y, part)) }
}

/// `x * y` without error.
#[inline(always)]
pub(super) fn product<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> Double<A::Float> {
    let high = a.multiply(x, y);
    Double { high, low: a.fma(x, y, a.negative(high)) }
}

/// `x * y` to about 2^-104.
#[inline(always)]
pub(super) fn multiply<A: Algebra>(a: &A, x: Double<A::Float>, y: Double<A::Float>) -> Double<A::Float> {
    let exact = product(a, x.high, y.high);
    let cross = a.fma(x.high, y.low, a.multiply(x.low, y.high));
    Double { high: exact.high, low: a.add(exact.low, cross) }
}

/// `x / y` to about 2^-100, with one division.
#[inline(always)]
pub(super) fn quotient<A: Algebra>(a: &A, x: Double<A::Float>, y: Double<A::Float>) -> Double<A::Float> {
    let inverse = a.divide(a.float(1.0), y.high);
    let high = a.multiply(x.high, inverse);
    let minus = a.negative(high);
    let rest = a.fma(minus, y.low, a.add(a.fma(minus, y.high, x.high), x.low));
    Double { high, low: a.multiply(rest, inverse) }
}

/// A polynomial, lowest coefficient first: odd and even powers in two chains, so that neither is long.
#[inline(always)]
pub(super) fn polynomial<A: Algebra>(a: &A, x: A::Float, square: A::Float, coefficients: &[f64]) -> A::Float {
    let chain = |start: usize| {
        let mut powers = coefficients.iter().skip(start).step_by(2).rev();
        let first = a.float(*powers.next().expect("a polynomial has two coefficients"));
        powers.fold(first, |value, &coefficient| a.fma(value, square, a.float(coefficient)))
    };
    let odd = chain(1);
    a.fma(odd, x, chain(0))
}

/// The sign bit alone.
#[inline(always)]
pub(super) fn sign<A: Algebra>(a: &A, x: A::Float) -> A::Integer {
    a.integer_and(a.bits(x), a.integer(a.sign_bit()))
}

/// Flips the sign of `x` where `sign` has the sign bit.
#[inline(always)]
pub(super) fn flip<A: Algebra>(a: &A, x: A::Float, sign: A::Integer) -> A::Float {
    a.with_bits(a.integer_xor(a.bits(x), sign))
}

/// `x * 2^k` from `k + ROUNDER`, if `x` and the result are normal.
#[inline(always)]
pub(super) fn scale<A: DoubleAlgebra>(a: &A, x: A::Float, rounder: A::Float) -> A::Float {
    a.with_bits(a.integer_add(a.bits(x), a.shift_left(a.bits(rounder), 52)))
}

/// `x * 2^k` for `x` near 1 and any `|k| < 2000`, rounded once.
#[inline(always)]
pub(super) fn scale_far<A: DoubleAlgebra>(a: &A, x: A::Float, k: A::Float) -> A::Float {
    let rounder = a.float(ROUNDER);
    let first = a.fma(k, a.float(0.5), rounder);
    let second = a.add(a.subtract(k, a.subtract(first, rounder)), rounder);
    a.multiply(scale(a, x, first), scale(a, a.float(1.0), second))
}
