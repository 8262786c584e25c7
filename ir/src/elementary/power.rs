//! `pow`, `hypot`, `logaddexp`.
//!
//! `pow` needs the logarithm to about 2^-68: with `s = f / (2 + f)` in two doubles, the first three terms of
//! `2 (s + s^3/3 + s^5/5 + ...)` are summed in two doubles and the others in one.

use super::DoubleAlgebra;
use super::double::{Double, MIN_NORMAL, multiply, polynomial, product, quick_sum, quotient, scale, scale_far, sign};
use super::exponential::{near_one, reduce};
use super::logarithm::{LN2, of_one_plus, split_any};

const THIRD: Double<f64> = Double { high: 0.333_333_333_333_333_3, low: 1.850_371_707_708_594e-17 };
const FIFTH: Double<f64> = Double { high: 0.2, low: -1.110_223_024_625_156_6e-17 };
const HUGE: f64 = 3.273_390_607_896_142e150; // 2^500
const TINY: f64 = 3.054_936_363_499_605e-151; // 2^-500
const UP: f64 = 4.149_515_568_880_993e180; // 2^600
const DOWN: f64 = 2.409_919_865_102_884e-181; // 2^-600

/// `(atanh(s)/s - 1 - z/3 - z^2/5) / z^3, z = s^2` on[0.0, 0.02945], degree 6: relative error below 2^-50.0.
const POW_LOG: [f64; 7] = [
    0.142_857_142_857_143,
    0.111_111_111_110_702_49,
    0.090_909_091_130_778_64,
    0.076_923_031_883_984_83,
    0.066_671_014_712_444_16,
    0.058_608_911_516_936_986,
    0.057_833_636_359_978_74,
];

/// `constant + x`, for an `x` below the constant.
#[inline(always)]
fn add_to<A: DoubleAlgebra>(a: &A, constant: Double<f64>, x: Double<A::Float>) -> Double<A::Float> {
    let first = quick_sum(a, a.float(constant.high), x.high);
    Double { high: first.high, low: a.add(first.low, a.add(x.low, a.float(constant.low))) }
}

/// The natural logarithm of a positive `x`.
#[inline(always)]
fn precise_log<A: DoubleAlgebra>(a: &A, x: A::Float) -> Double<A::Float> {
    let split = split_any(a, x);
    let f = a.subtract(split.mantissa, a.float(1.0));
    let s = quotient(a, Double { high: f, low: a.float(0.0) }, quick_sum(a, a.float(2.0), f));
    let z = multiply(a, s, s);
    let tail = polynomial(a, z.high, a.multiply(z.high, z.high), &POW_LOG);
    let tail = Double { high: a.multiply(z.high, tail), low: a.float(0.0) };
    let fifth = add_to(a, FIFTH, tail);
    let third = add_to(a, THIRD, multiply(a, z, fifth));
    let cubic = multiply(a, s, multiply(a, z, third));
    let half = quick_sum(a, s.high, cubic.high);
    let half = Double { high: half.high, low: a.add(half.low, a.add(s.low, cubic.low)) };
    let two = a.float(2.0);
    let value = a.multiply(half.high, two);
    let high = a.fma(split.k, a.float(LN2[0]), value);
    let error = a.add(a.fma(split.k, a.float(LN2[0]), a.negative(high)), value);
    let low = a.fma(split.k, a.float(LN2[1]), a.multiply(half.low, two));
    quick_sum(a, high, a.add(error, low))
}

pub(super) fn pow<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let base = a.abs(x);
    let log = precise_log(a, base);
    let exact = product(a, y, log.high);
    let exponent = Double { high: exact.high, low: a.fma(y, log.low, exact.low) };
    let reduced = reduce(a, exponent);
    let power = near_one(a, reduced.r);
    let value = a.add(power.high, power.low);
    let normal = a.both(a.less(x, a.float(f64::INFINITY)), a.not(a.not_at_least(x, a.float(MIN_NORMAL))));
    let hot = a.both(normal, a.less(a.abs(exponent.high), a.float(708.0)));
    let [result] = a.branch(
        hot,
        |a| [scale(a, value, reduced.rounder)],
        |a| {
            let end = a.select(a.less(exponent.high, a.float(0.0)), a.float(0.0), a.float(f64::INFINITY));
            let moderate = a.less(a.abs(exponent.high), a.float(750.0));
            [pow_rare(a, x, y, a.select(moderate, scale_far(a, value, reduced.k), end))]
        },
    );
    result
}

/// `pow` for any operands, given the power of `|x|` where that is neither 0 nor infinite, nor is 1 with an infinite `y`.
#[inline(always)]
fn pow_rare<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float, magnitude: A::Float) -> A::Float {
    let (zero, one, infinity) = (a.float(0.0), a.float(1.0), a.float(f64::INFINITY));
    let base = a.abs(x);
    let whole = a.equal(a.trunc(y), y);
    let half = a.multiply(y, a.float(0.5));
    let odd = a.both(whole, a.not_equal(a.trunc(half), half));
    let falling = a.less(y, zero);
    let at_zero = a.select(falling, infinity, zero);
    let at_infinity = a.select(falling, zero, infinity);
    let result = a.select(a.equal(base, zero), at_zero, magnitude);
    let result = a.select(a.equal(base, infinity), at_infinity, result);
    // (+-1)^(+-infinity) is 1, the only case left where the logarithm says nothing.
    let result = a.select(a.equal(base, one), one, result);
    let root = a.both(a.less(x, zero), a.both(a.less(base, infinity), a.not(whole)));
    let result = a.select(root, a.float(f64::NAN), result);
    let negated = a.with_bits(a.integer_xor(a.bits(result), sign(a, x)));
    let result = a.select(odd, negated, result);
    let sum = a.add(x, y);
    let missing = a.either(a.not_equal(x, x), a.not_equal(y, y));
    let result = a.select(missing, sum, result);
    a.select(a.either(a.equal(y, zero), a.equal(x, one)), one, result)
}

/// `sqrt(large^2 + small^2)` where nothing overflows; the squares and the root in two doubles.
#[inline(always)]
fn root_of_squares<A: DoubleAlgebra>(a: &A, large: A::Float, small: A::Float) -> A::Float {
    let (square, other) = (product(a, large, large), product(a, small, small));
    let sum = quick_sum(a, square.high, other.high);
    let low = a.add(sum.low, a.add(square.low, other.low));
    let root = a.sqrt(sum.high);
    let rest = a.add(a.fma(a.negative(root), root, sum.high), low);
    a.add(root, a.divide(rest, a.add(root, root)))
}

pub(super) fn hypot<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let (x, y) = (a.abs(x), a.abs(y));
    let swap = a.less(x, y);
    let (large, small) = (a.select(swap, y, x), a.select(swap, x, y));
    let hot = a.both(a.less(a.float(TINY), large), a.less(large, a.float(HUGE)));
    let [result] = a.branch(
        hot,
        |a| [root_of_squares(a, large, small)],
        |a| {
            let shrink = a.less(a.float(1.0), large);
            let there = a.select(shrink, a.float(DOWN), a.float(UP));
            let back = a.select(shrink, a.float(UP), a.float(DOWN));
            let value = root_of_squares(a, a.multiply(large, there), a.multiply(small, there));
            let value = a.multiply(value, back);
            let value = a.select(a.equal(large, a.float(0.0)), small, value);
            let infinity = a.float(f64::INFINITY);
            [a.select(a.either(a.equal(x, infinity), a.equal(y, infinity)), infinity, value)]
        },
    );
    result
}

/// `max(x, y) + log1p(exp(-|x - y|))`.
pub(super) fn logaddexp<A: DoubleAlgebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let largest = a.select(a.less(x, y), y, x);
    let zero = a.float(0.0);
    // Equal infinities differ by nothing.
    let distance = a.select(a.equal(x, y), zero, a.negative(a.abs(a.subtract(x, y))));
    let distance = a.select(a.less(distance, a.float(-700.0)), a.float(-700.0), distance);
    let reduced = reduce(a, Double { high: distance, low: zero });
    let power = near_one(a, reduced.r);
    let unit = scale(a, a.float(1.0), reduced.rounder);
    let power = Double { high: a.multiply(power.high, unit), low: a.multiply(power.low, unit) };
    let value = of_one_plus(a, power);
    a.add(largest, a.add(value.high, value.low))
}
