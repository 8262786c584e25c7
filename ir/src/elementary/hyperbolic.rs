//! `sinh`, `cosh`, `tanh` from `e^|x| - 1` in two doubles, and their inverses from a logarithm in two doubles; the inverses
//! `asinh` and `atanh` have polynomials near 0, where the logarithm would lose the leading digits.

use super::DoubleAlgebra;
use super::double::{Double, flip, multiply, polynomial, product, quick_sum, quotient, scale, scale_far, sign, sum};
use super::exponential::{Reduced, minus_one, near_one, reduce};
use super::logarithm::{log, of_one_plus, of_sum};
use std::f64::consts::LN_2;

/// From here on, `sinh x` and `cosh x` are `e^x / 2`.
const LARGE: f64 = 40.0;
/// 2^59: from here on, `asinh x` and `acosh x` are `log 2x`.
const HUGE: f64 = 576_460_752_303_423_488.0;

/// `(asinh x - x) / x^3, z = x^2` on[0.0, 0.1369], degree 9: relative error below 2^-52.5.
const ASINH: [f64; 10] = [
    -0.166_666_666_666_666_66,
    0.074_999_999_999_973_5,
    -0.044_642_857_136_450_26,
    0.030_381_943_841_962_86,
    -0.022_372_130_223_592_194,
    0.017_351_966_289_308_6,
    -0.013_951_313_907_189_174,
    0.011_408_110_703_302_691,
    -0.008_817_051_070_119_087,
    0.004_747_528_940_576_398,
];

/// `(atanh x - x) / x^3, z = x^2` on[0.0, 0.0901], degree 9: relative error below 2^-54.0.
const ATANH: [f64; 10] = [
    0.333_333_333_333_333_3,
    0.200_000_000_000_009_95,
    0.142_857_142_853_502_68,
    0.111_111_111_626_198_02,
    0.090_909_053_982_562_22,
    0.076_924_592_615_436_48,
    0.066_628_972_949_462_67,
    0.059_399_043_821_737_58,
    0.047_404_960_361_193_606,
    0.072_870_562_300_997_67,
];

#[inline(always)]
fn scaled<A: DoubleAlgebra>(a: &A, x: Double<A::Float>, rounder: A::Float) -> Double<A::Float> {
    let unit = scale(a, a.float(1.0), rounder);
    Double { high: a.multiply(x.high, unit), low: a.multiply(x.low, unit) }
}

/// `e^x / 2` for an `x` of at least [`LARGE`]; infinity, and NaN for NaN.
#[inline(always)]
fn half_exp<A: DoubleAlgebra>(a: &A, x: A::Float, reduced: &Reduced<A::Float>) -> A::Float {
    let power = near_one(a, reduced.r);
    let value = scale_far(a, a.add(power.high, power.low), a.subtract(reduced.k, a.float(1.0)));
    a.select(a.less(x, a.float(750.0)), value, a.add(x, a.float(f64::INFINITY)))
}

pub(super) fn sinh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let magnitude = a.abs(x);
    let reduced = reduce(a, Double { high: magnitude, low: a.float(0.0) });
    let [result] = a.branch(
        a.less(magnitude, a.float(LARGE)),
        |a| {
            // (u + u / (1 + u)) / 2 for u = e^x - 1.
            let u = scaled(a, minus_one(a, &reduced), reduced.rounder);
            let whole = sum(a, a.float(1.0), u.high);
            let other = quotient(a, u, Double { high: whole.high, low: a.add(whole.low, u.low) });
            let both = quick_sum(a, u.high, other.high);
            let low = a.add(both.low, a.add(u.low, other.low));
            [a.multiply(a.add(both.high, low), a.float(0.5))]
        },
        |a| [half_exp(a, magnitude, &reduced)],
    );
    flip(a, result, sign(a, x))
}

pub(super) fn cosh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let magnitude = a.abs(x);
    let reduced = reduce(a, Double { high: magnitude, low: a.float(0.0) });
    let [result] = a.branch(
        a.less(magnitude, a.float(LARGE)),
        |a| {
            let power = scaled(a, near_one(a, reduced.r), reduced.rounder);
            let both = quick_sum(a, power.high, a.divide(a.float(1.0), power.high));
            [a.multiply(a.add(both.high, a.add(both.low, power.low)), a.float(0.5))]
        },
        |a| [half_exp(a, magnitude, &reduced)],
    );
    result
}

/// `u / (u + 2)` for `u = e^2|x| - 1`; from 20 on, that is 1.
pub(super) fn tanh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let magnitude = a.abs(x);
    let end = a.float(20.0);
    let magnitude = a.select(a.less(end, magnitude), end, magnitude);
    let reduced = reduce(a, Double { high: a.add(magnitude, magnitude), low: a.float(0.0) });
    let u = scaled(a, minus_one(a, &reduced), reduced.rounder);
    let whole = sum(a, a.float(2.0), u.high);
    let value = quotient(a, u, Double { high: whole.high, low: a.add(whole.low, u.low) });
    flip(a, a.add(value.high, value.low), sign(a, x))
}

/// The square root of a positive `x`, or of 0.
#[inline(always)]
fn root<A: DoubleAlgebra>(a: &A, x: Double<A::Float>) -> Double<A::Float> {
    let high = a.sqrt(x.high);
    let rest = a.add(a.fma(a.negative(high), high, x.high), x.low);
    // 1e-300 keeps 0/0 away and is nothing beside any other root here.
    Double { high, low: a.divide(rest, a.add(a.add(high, high), a.float(1.0e-300))) }
}

#[inline(always)]
fn odd_polynomial<A: DoubleAlgebra>(a: &A, x: A::Float, coefficients: &[f64]) -> A::Float {
    let z = a.multiply(x, x);
    let cubic = a.multiply(polynomial(a, z, a.multiply(z, z), coefficients), z);
    a.fma(cubic, x, x)
}

/// `log(x + sqrt(x^2 + 1))`.
pub(super) fn asinh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let magnitude = a.abs(x);
    let zero = a.float(0.0);
    let [result] = a.branch(
        a.less(magnitude, a.float(HUGE)),
        |a| {
            let near = odd_polynomial(a, magnitude, &ASINH);
            let square = product(a, magnitude, magnitude);
            let inner = sum(a, a.float(1.0), square.high);
            let root = root(a, Double { high: inner.high, low: a.add(inner.low, square.low) });
            let whole = quick_sum(a, root.high, magnitude);
            let value = of_sum(a, Double { high: whole.high, low: a.add(whole.low, root.low) }, zero);
            [a.select(a.less(magnitude, a.float(0.37)), near, a.add(value.high, value.low))]
        },
        |a| [a.add(log(a, magnitude), a.float(LN_2))],
    );
    flip(a, result, sign(a, x))
}

/// `log1p(t + sqrt(t (t + 2)))` for `t = x - 1`.
pub(super) fn acosh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let one = a.float(1.0);
    let outside = a.not_at_least(x, one);
    let hot = a.both(a.not(outside), a.less(x, a.float(HUGE)));
    let [result] = a.branch(
        hot,
        |a| {
            let t = quick_sum(a, x, a.float(-1.0));
            let root = root(a, multiply(a, t, quick_sum(a, x, one)));
            let whole = quick_sum(a, root.high, t.high);
            let low = a.add(whole.low, a.add(root.low, t.low));
            let value = of_one_plus(a, Double { high: whole.high, low });
            [a.add(value.high, value.low)]
        },
        |a| [a.select(outside, a.float(f64::NAN), a.add(log(a, x), a.float(LN_2)))],
    );
    result
}

/// `log((1 + x) / (1 - x)) / 2`.
pub(super) fn atanh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let magnitude = a.abs(x);
    let one = a.float(1.0);
    let [result] = a.branch(
        a.less(magnitude, one),
        |a| {
            let near = odd_polynomial(a, magnitude, &ATANH);
            let below = quick_sum(a, one, a.negative(magnitude));
            let value = of_sum(a, quotient(a, quick_sum(a, one, magnitude), below), a.float(0.0));
            let far = a.multiply(a.add(value.high, value.low), a.float(0.5));
            [a.select(a.less(magnitude, a.float(0.3)), near, far)]
        },
        |a| [a.select(a.equal(magnitude, one), a.float(f64::INFINITY), a.float(f64::NAN))],
    );
    flip(a, result, sign(a, x))
}
