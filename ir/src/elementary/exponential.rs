//! `exp`, `exp2`, `expm1`.
//!
//! `x = k ln 2 + r` with `|r| <= ln 2 / 2`, then `e^r = 1 + r + r^2 P(r)` with `1 + r` and `r` itself carried in two
//! doubles, which leaves little more than the error of the last rounding. `2^k` is added to the exponent field; results
//! near and beyond the ends of the range take a branch.

use super::DoubleAlgebra;
use super::double::{Double, ONE_BITS, ROUNDER, polynomial, product, quick_sum, scale, scale_far};

const LN2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17];

/// `(e^r - 1 - r) / r^2`: 1/2, then `(e^r - 1 - r - r^2/2) / r^3` on[-0.3469, 0.34691], degree 9: relative error below 2^-52.8.
const EXP: [f64; 11] = [
    0.5,
    0.166_666_666_666_666_69,
    0.041_666_666_666_666_664,
    0.008_333_333_333_330_039,
    0.001_388_888_888_888_649_3,
    0.000_198_412_698_631_658_57,
    2.480_158_731_737_749_7e-05,
    2.755_726_828_574_570_5e-06,
    2.755_728_265_157_954e-07,
    2.510_046_830_824_667_5e-08,
    2.091_137_617_744_047_3e-09,
];

/// A reduced argument: `x = k ln 2 + r.high + r.low`.
pub(super) struct Reduced<Float> {
    /// `k + ROUNDER`.
    pub rounder: Float,
    pub k: Float,
    pub r: Double<Float>,
}

/// Reduces `x.high + x.low`. The subtraction of `k * LN2[0]` is exact: both sides are multiples of 2^-54 and the result
/// is below 1/2.
#[inline(always)]
pub(super) fn reduce<A: DoubleAlgebra>(a: &A, x: Double<A::Float>) -> Reduced<A::Float> {
    let rounder = a.fma(x.high, a.float(std::f64::consts::LOG2_E), a.float(ROUNDER));
    let k = a.subtract(rounder, a.float(ROUNDER));
    let minus = a.negative(k);
    let rest = a.fma(minus, a.float(LN2[0]), x.high);
    let small = a.fma(minus, a.float(LN2[1]), x.low);
    Reduced { rounder, k, r: quick_sum(a, rest, small) }
}

/// `e^r - 1 - r.high`.
#[inline(always)]
pub(super) fn tail<A: DoubleAlgebra>(a: &A, r: Double<A::Float>) -> A::Float {
    let square = a.multiply(r.high, r.high);
    a.fma(square, polynomial(a, r.high, square, &EXP), a.fma(r.low, r.high, r.low))
}

/// `e^r` for a reduced `r`.
#[inline(always)]
pub(super) fn near_one<A: DoubleAlgebra>(a: &A, r: Double<A::Float>) -> Double<A::Float> {
    let first = quick_sum(a, a.float(1.0), r.high);
    Double { high: first.high, low: a.add(first.low, tail(a, r)) }
}

/// `e^r 2^k` where the result may be subnormal, zero or infinite: beyond `limit` it is zero or infinite by the sign of
/// `x`, and NaN if `x` is.
#[inline(always)]
pub(super) fn far<A: DoubleAlgebra>(a: &A, x: A::Float, value: A::Float, k: A::Float, limit: f64) -> A::Float {
    let infinity = a.add(x, a.float(f64::INFINITY));
    let end = a.select(a.less(x, a.float(0.0)), a.float(0.0), infinity);
    a.select(a.less(a.abs(x), a.float(limit)), scale_far(a, value, k), end)
}

#[inline(always)]
fn finish<A: DoubleAlgebra>(a: &A, x: A::Float, reduced: &Reduced<A::Float>, near: f64, limit: f64) -> A::Float {
    let power = near_one(a, reduced.r);
    let value = a.add(power.high, power.low);
    let hot = a.less(a.abs(x), a.float(near));
    let [result] = a.branch(hot, |a| [scale(a, value, reduced.rounder)], |a| [far(a, x, value, reduced.k, limit)]);
    result
}

pub(super) fn exp<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    finish(a, x, &reduce(a, Double { high: x, low: a.float(0.0) }), 708.0, 750.0)
}

pub(super) fn exp2<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let rounder = a.add(x, a.float(ROUNDER));
    let k = a.subtract(rounder, a.float(ROUNDER));
    let fraction = a.subtract(x, k);
    let r = product(a, fraction, a.float(LN2[0]));
    let r = Double { high: r.high, low: a.fma(fraction, a.float(LN2[1]), r.low) };
    finish(a, x, &Reduced { rounder, k, r }, 1021.0, 1080.0)
}

/// `(e^x - 1) 2^-k` for `|x| < 708`.
#[inline(always)]
pub(super) fn minus_one<A: DoubleAlgebra>(a: &A, reduced: &Reduced<A::Float>) -> Double<A::Float> {
    let one = a.float(1.0);
    let unit = a.shift_left(a.bits(reduced.rounder), 52);
    let unit = a.with_bits(a.integer_subtract(a.integer(ONE_BITS), unit));
    let rest = quick_sum(a, one, a.negative(unit));
    let first = quick_sum(a, rest.high, reduced.r.high);
    let low = a.add(first.low, a.add(rest.low, tail(a, reduced.r)));
    quick_sum(a, first.high, low)
}

pub(super) fn expm1<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let reduced = reduce(a, Double { high: x, low: a.float(0.0) });
    let value = minus_one(a, &reduced).high;
    let hot = a.less(a.abs(x), a.float(708.0));
    let [result] = a.branch(
        hot,
        |a| [a.multiply(value, scale(a, a.float(1.0), reduced.rounder))],
        |a| {
            let power = near_one(a, reduced.r);
            let large = far(a, x, a.add(power.high, power.low), reduced.k, 750.0);
            [a.select(a.less(x, a.float(0.0)), a.float(-1.0), large)]
        },
    );
    a.select(a.equal(x, a.float(0.0)), x, result)
}
