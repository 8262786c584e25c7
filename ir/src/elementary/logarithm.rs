//! `log`, `log2`, `log10`, `log1p`.
//!
//! `x = 2^k (1 + f)` with `1 + f` in `[sqrt(1/2), sqrt(2))`, then, with `s = f / (2 + f)`,
//! `log(1 + f) = f - f^2/2 + s (f^2/2 + s^2 G(s^2))`. The first two terms are carried in two doubles.

use super::double::{Double, MIN_NORMAL, ONE_BITS, polynomial, product, quick_sum, sum};
use super::{Algebra, DoubleAlgebra};

/// The pattern of sqrt(1/2), rounded down.
const ROOT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
/// `ln 2`; the first part has 42 bits, so that `k` times it is exact.
pub(super) const LN2: [f64; 2] = [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14];
/// `log10 2`, likewise.
const LOG10_2: [f64; 2] = [0.301_029_995_663_952_83, 2.836_339_455_104_496_4e-14];
const INVERSE_LN2: Double<f64> = Double { high: std::f64::consts::LOG2_E, low: 2.035_527_374_093_103_3e-17 };
const INVERSE_LN10: Double<f64> = Double { high: std::f64::consts::LOG10_E, low: 1.098_319_650_216_765e-17 };
/// The largest subnormal number.
const BELOW_NORMAL: f64 = f64::from_bits(0x000f_ffff_ffff_ffff);
const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_54: f64 = 18_014_398_509_481_984.0;

/// `(log((1+s)/(1-s)) - 2s) / s^3`, `z = s^2`, on [0.0, 0.02945], degree 6: relative error below 2^-50.9.
const LOG: [f64; 7] = [
    0.666_666_666_666_667,
    0.399_999_999_998_992_4,
    0.285_714_286_260_958_9,
    0.222_222_111_151_441_6,
    0.181_828_905_566_956_02,
    0.153_316_740_301_678_6,
    0.146_170_375_487_916_5,
];

/// A positive number as `2^k * mantissa`.
pub(super) struct Split<A: Algebra> {
    pub k: A::Float,
    pub mantissa: A::Float,
    /// `k + 1023`.
    pub biased: A::Integer,
}

/// Splits a normal positive `x`; `bias` is 1023, plus whatever `x` was scaled up by.
#[inline(always)]
pub(super) fn split<A: DoubleAlgebra>(a: &A, x: A::Float, bias: A::Float) -> Split<A> {
    let shifted = a.integer_add(a.bits(x), a.integer(ONE_BITS - ROOT_HALF_BITS));
    let biased = a.shift_right(shifted, 52);
    // The pattern of 2^52 with a small integer in its low bits is 2^52 plus that integer.
    let exponent = a.with_bits(a.integer_or(biased, a.integer(0x4330_0000_0000_0000)));
    let fraction = a.integer_and(shifted, a.integer(0x000f_ffff_ffff_ffff));
    let mantissa = a.with_bits(a.integer_add(fraction, a.integer(ROOT_HALF_BITS)));
    Split { k: a.subtract(exponent, bias), mantissa, biased }
}

/// Splits a normal positive `x`.
#[inline(always)]
pub(super) fn split_normal<A: DoubleAlgebra>(a: &A, x: A::Float) -> Split<A> {
    split(a, x, a.float(TWO_52 + 1023.0))
}

/// Splits any positive `x`.
#[inline(always)]
pub(super) fn split_any<A: DoubleAlgebra>(a: &A, x: A::Float) -> Split<A> {
    let tiny = a.less(x, a.float(MIN_NORMAL));
    let scaled = a.select(tiny, a.multiply(x, a.float(TWO_54)), x);
    split(a, scaled, a.select(tiny, a.float(TWO_52 + 1077.0), a.float(TWO_52 + 1023.0)))
}

/// `log(1 + f)`.
#[inline(always)]
fn near_one<A: DoubleAlgebra>(a: &A, f: A::Float) -> Double<A::Float> {
    near_one_of_sum(a, f, None)
}

/// `log(1 + f + low)` for a `low` far below `f` or 1.
#[inline(always)]
fn near_one_of_sum<A: DoubleAlgebra>(a: &A, f: A::Float, low: Option<A::Float>) -> Double<A::Float> {
    let s = a.divide(f, a.add(f, a.float(2.0)));
    let z = a.multiply(s, s);
    let series = a.multiply(z, polynomial(a, z, a.multiply(z, z), &LOG));
    let square = a.multiply(f, f);
    let high = a.fma(square, a.float(-0.5), f);
    let lost = a.fma(square, a.float(-0.5), a.subtract(f, high));
    let rest = a.fma(s, a.fma(square, a.float(0.5), series), lost);
    let rest = match low {
        None => rest,
        Some(low) => {
            // low / (1 + f), where 1 / (1 + f) = (1 - s) / (1 + s), about 1 - 2s + 2s^2.
            let slope = a.fma(a.subtract(z, s), a.float(2.0), a.float(1.0));
            a.fma(low, slope, rest)
        }
    };
    Double { high, low: rest }
}

/// `k ln 2 + value`.
#[inline(always)]
fn add_exponent<A: DoubleAlgebra>(a: &A, k: A::Float, unit: [f64; 2], value: Double<A::Float>) -> Double<A::Float> {
    let high = a.fma(k, a.float(unit[0]), value.high);
    let error = a.add(a.fma(k, a.float(unit[0]), a.negative(high)), value.high);
    Double { high, low: a.add(error, a.fma(k, a.float(unit[1]), value.low)) }
}

/// `value / ln(base)`.
#[inline(always)]
fn rebase<A: DoubleAlgebra>(a: &A, value: Double<A::Float>, factor: Double<f64>) -> Double<A::Float> {
    let exact = product(a, value.high, a.float(factor.high));
    let cross = a.fma(value.high, a.float(factor.low), a.multiply(value.low, a.float(factor.high)));
    Double { high: exact.high, low: a.add(exact.low, cross) }
}

/// What to do for any `x`: split a number, and add what turns its logarithm into that of 0, infinity, NaN or a negative
/// number.
#[inline(always)]
fn split_with_end<A: DoubleAlgebra>(a: &A, x: A::Float) -> (Split<A>, A::Float) {
    let bias = TWO_52 + 1023.0;
    let normal = a.both(a.less(a.float(BELOW_NORMAL), x), a.less(x, a.float(f64::INFINITY)));
    let [x, bias, end] = a.branch(
        normal,
        |a| [x, a.float(bias), a.float(0.0)],
        |a| [a.multiply(x, a.float(TWO_54)), a.float(bias + 54.0), at_ends(a, x)],
    );
    (split(a, x, bias), end)
}

/// What a logarithm is where it is not a number, and 0 elsewhere.
#[inline(always)]
pub(super) fn at_ends<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (zero, infinity) = (a.float(0.0), a.float(f64::INFINITY));
    let positive = a.select(a.less(zero, x), zero, a.float(f64::NAN));
    let above = a.select(a.equal(x, infinity), infinity, positive);
    a.select(a.equal(x, zero), a.float(f64::NEG_INFINITY), above)
}

#[inline(always)]
fn finish<A: DoubleAlgebra>(a: &A, value: Double<A::Float>, end: A::Float) -> A::Float {
    a.add(a.add(value.high, value.low), end)
}

/// The natural logarithm of the sum `x`, plus `extra ln 2`, for a normal, finite, positive `x`.
#[inline(always)]
pub(super) fn of_sum<A: DoubleAlgebra>(a: &A, x: Double<A::Float>, extra: A::Float) -> Double<A::Float> {
    let split = split_normal(a, x.high);
    let unit = a.integer_subtract(a.integer(2046), split.biased);
    let low = a.multiply(x.low, a.with_bits(a.shift_left(unit, 52)));
    let value = near_one_of_sum(a, a.subtract(split.mantissa, a.float(1.0)), Some(low));
    add_exponent(a, a.add(split.k, extra), LN2, value)
}

/// `log(1 + w)` for `-1 < w < 2^60`, accurate near 0 too.
#[inline(always)]
pub(super) fn of_one_plus<A: DoubleAlgebra>(a: &A, w: Double<A::Float>) -> Double<A::Float> {
    let one = a.float(1.0);
    let whole = sum(a, one, w.high);
    let split = split_normal(a, whole.high);
    let unit = a.integer_subtract(a.integer(2046), split.biased);
    let low = a.multiply(a.add(whole.low, w.low), a.with_bits(a.shift_left(unit, 52)));
    // Without an exponent, `w` itself is what follows the 1: nothing is lost to the sum.
    let near = a.equal(split.k, a.float(0.0));
    let f = a.select(near, w.high, a.subtract(split.mantissa, one));
    let low = a.select(near, w.low, low);
    add_exponent(a, split.k, LN2, near_one_of_sum(a, f, Some(low)))
}

pub(super) fn log<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (split, end) = split_with_end(a, x);
    let value = near_one(a, a.subtract(split.mantissa, a.float(1.0)));
    finish(a, add_exponent(a, split.k, LN2, value), end)
}

pub(super) fn log2<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (split, end) = split_with_end(a, x);
    let value = rebase(a, near_one(a, a.subtract(split.mantissa, a.float(1.0))), INVERSE_LN2);
    let whole = quick_sum(a, split.k, value.high);
    finish(a, Double { high: whole.high, low: a.add(whole.low, value.low) }, end)
}

pub(super) fn log10<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (split, end) = split_with_end(a, x);
    let value = rebase(a, near_one(a, a.subtract(split.mantissa, a.float(1.0))), INVERSE_LN10);
    finish(a, add_exponent(a, split.k, LOG10_2, value), end)
}

pub(super) fn log1p<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let value = of_one_plus(a, Double { high: x, low: a.float(0.0) });
    let value = a.add(value.high, value.low);
    // From 2^60 on, log(1 + x) rounds as log(x) does.
    let hot = a.both(a.less(a.float(-1.0), x), a.less(x, a.float(1_152_921_504_606_846_976.0)));
    let [result] = a.branch(
        hot,
        |_| [value],
        |a| {
            let end = a.select(a.equal(x, a.float(-1.0)), a.float(f64::NEG_INFINITY), a.float(f64::NAN));
            let large = of_sum(a, Double { high: x, low: a.float(0.0) }, a.float(0.0));
            let large = a.select(a.equal(x, a.float(f64::INFINITY)), x, a.add(large.high, large.low));
            [a.select(a.less(a.float(0.0), x), large, end)]
        },
    );
    a.select(a.equal(x, a.float(0.0)), x, result)
}
