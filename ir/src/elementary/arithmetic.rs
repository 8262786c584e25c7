//! Exact operations: signs, extremes, neighbours and classes of floats of either width, division with rounding down.

use super::double::{flip, sign};
use super::remainder::long_division;
use super::{Algebra, DoubleAlgebra};

pub(super) fn sign_of<A: Algebra>(a: &A, x: A::Float) -> A::Float {
    let zero = a.float(0.0);
    // Left over are zeros, which become +0, and NaN.
    let rest = a.select(a.equal(x, zero), zero, x);
    let negative = a.select(a.less(x, zero), a.float(-1.0), rest);
    a.select(a.less(zero, x), a.float(1.0), negative)
}

/// `x` if it is NaN or better, the merged bits if both are equal (as zeros may be with different signs), else `y`.
fn extreme<A: Algebra>(a: &A, x: A::Float, y: A::Float, better: A::Bool, merged: A::Integer) -> A::Float {
    let first = a.either(better, a.not_equal(x, x));
    a.select(first, x, a.select(a.equal(x, y), a.with_bits(merged), y))
}

pub(super) fn maximum<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    extreme(a, x, y, a.less(y, x), a.integer_and(a.bits(x), a.bits(y)))
}

pub(super) fn minimum<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    extreme(a, x, y, a.less(x, y), a.integer_or(a.bits(x), a.bits(y)))
}

pub(super) fn copysign<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let magnitude = a.integer_and(a.bits(x), a.integer(a.sign_bit() - 1));
    a.with_bits(a.integer_or(magnitude, sign(a, y)))
}

pub(super) fn nextafter<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let (zero, one) = (a.float(0.0), a.integer(1));
    let bits = a.bits(x);
    // Patterns count away from zero on either side of it.
    let positive = a.less(zero, x);
    let rising = a.less(x, y);
    let outwards = a.either(a.both(positive, rising), a.not(a.either(positive, rising)));
    let moved = a.integer_select(outwards, a.integer_add(bits, one), a.integer_subtract(bits, one));
    let smallest = a.integer_or(sign(a, y), one);
    let moved = a.with_bits(a.integer_select(a.equal(x, zero), smallest, moved));
    let missing = a.either(a.not_equal(x, x), a.not_equal(y, y));
    a.select(missing, a.add(x, y), a.select(a.equal(x, y), y, moved))
}

pub(super) fn is_nan<A: Algebra>(a: &A, x: A::Float) -> A::Bool {
    a.not_equal(x, x)
}

pub(super) fn is_infinite<A: Algebra>(a: &A, x: A::Float) -> A::Bool {
    a.equal(a.abs(x), a.float(f64::INFINITY))
}

pub(super) fn is_finite<A: Algebra>(a: &A, x: A::Float) -> A::Bool {
    a.less(a.abs(x), a.float(f64::INFINITY))
}

pub(super) fn signbit<A: Algebra>(a: &A, x: A::Float) -> A::Bool {
    a.not(a.integer_equal(sign(a, x), a.integer(0)))
}

/// The floor of the exact quotient, below 2^53; the rounded quotient above. The division may round up to an integer,
/// which shows in a remainder (exact, by fma) of the wrong sign.
pub(super) fn floor_divide<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let quotient = a.floor(a.divide(x, y));
    let rest = flip(a, a.fma(a.negative(quotient), y, x), sign(a, y));
    a.select(a.less(rest, a.float(0.0)), a.subtract(quotient, a.float(1.0)), quotient)
}

/// Mirrors both operands so that the divisor is positive. A quotient of 2^52 and more takes the long division.
pub(super) fn remainder<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let (mirror, divisor) = (sign(a, y), a.abs(y));
    let dividend = flip(a, x, mirror);
    let zero = a.float(0.0);
    let quotient = a.floor(a.divide(dividend, divisor));
    let finite = a.less(divisor, a.float(f64::INFINITY));
    let hot = a.both(finite, a.less(a.abs(quotient), a.float(4_503_599_627_370_496.0)));
    let [result] = a.branch(
        hot,
        |a| {
            let rest = a.fma(a.negative(quotient), divisor, dividend);
            [a.select(a.less(rest, zero), a.add(rest, divisor), rest)]
        },
        |a| {
            let rest = long_division(a, a.abs(dividend), divisor);
            let wrap = a.both(a.less(dividend, zero), a.less(zero, rest));
            let rest = a.select(wrap, a.subtract(divisor, rest), rest);
            // A finite dividend and an infinite divisor.
            let endless = a.select(a.less(dividend, zero), divisor, dividend);
            let fits = a.both(a.not(finite), a.less(a.abs(dividend), a.float(f64::INFINITY)));
            let fits = a.both(fits, a.equal(divisor, divisor));
            [a.select(fits, endless, rest)]
        },
    );
    // Adding +0 clears the sign of a zero.
    flip(a, a.add(result, zero), mirror)
}
