//! The remainder of a division whose quotient has more bits than a double.

use super::DoubleAlgebra;
use super::double::{ONE_BITS, ROUNDER};

/// Quotient bits a step yields: few enough that rounding the quotient leaves a remainder that is exact.
const STEP: f64 = 50.0;
/// Steps that cover every difference of exponents, 2098.
const STEPS: u64 = 42;
const TWO_54: f64 = 18_014_398_509_481_984.0;

/// A positive number as mantissa in `[1, 2)` and exponent.
fn normalize<A: DoubleAlgebra>(a: &A, x: A::Float) -> (A::Float, A::Float) {
    let tiny = a.less(x, a.float(f64::MIN_POSITIVE));
    let bits = a.bits(a.select(tiny, a.multiply(x, a.float(TWO_54)), x));
    let fraction = a.integer_and(bits, a.integer(0x000f_ffff_ffff_ffff));
    let mantissa = a.with_bits(a.integer_or(fraction, a.integer(ONE_BITS)));
    let exponent = a.subtract(a.nearest(a.shift_right(bits, 52)), a.float(1023.0));
    (mantissa, a.select(tiny, a.subtract(exponent, a.float(54.0)), exponent))
}

/// `2^k` for a whole `|k| <= 1022`.
fn power_of_two<A: DoubleAlgebra>(a: &A, k: A::Float) -> A::Float {
    let bits = a.shift_left(a.bits(a.add(k, a.float(ROUNDER))), 52);
    a.with_bits(a.integer_add(bits, a.integer(ONE_BITS)))
}

/// `x` modulo `y` for positive `x` and `y`, exact; NaN if `x` is infinite, `y` is 0, or either is NaN.
///
/// Long division in base 2^50, from the mantissas: each step replaces the rest `r` by `r 2^50 - q m`, with `q` rounded to
/// nearest, so that `|r|` stays below `3/4 m` and is a multiple of the last place of `m`, hence exact.
pub(super) fn long_division<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let (zero, step) = (a.float(0.0), a.float(STEP));
    let ((first, high), (divisor, low)) = (normalize(a, x), normalize(a, y));
    let distance = a.subtract(high, low);
    let ([rest, _], []) = a.repeat(STEPS, ([first, distance], []), |a, [rest, left], []| {
        let taken = a.select(a.less(left, step), left, step);
        let taken = a.select(a.less(taken, zero), zero, taken);
        let rest = a.multiply(rest, power_of_two(a, taken));
        let quotient = a.round(a.divide(rest, divisor));
        ([a.fma(a.negative(quotient), divisor, rest), a.subtract(left, taken)], [])
    });
    let rest = a.select(a.less(rest, zero), a.add(rest, divisor), rest);
    // 2^low in two factors, each of them normal.
    let half = a.trunc(a.multiply(low, a.float(0.5)));
    let value = a.multiply(a.multiply(rest, power_of_two(a, half)), power_of_two(a, a.subtract(low, half)));
    let value = a.select(a.less(x, y), x, value);
    let invalid = a.either(a.not(a.less(x, a.float(f64::INFINITY))), a.not(a.less(zero, y)));
    a.select(invalid, a.float(f64::NAN), value)
}
