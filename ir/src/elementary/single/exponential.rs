//! `exp`, `exp2`, `expm1`: `x = k ln 2 + r` with `|r| <= ln 2 / 2`, then `e^r = 1 + r + r^2 P(r)`.

use super::super::DoubleAlgebra;
use super::super::double::{ROUNDER, polynomial, scale};
use std::f64::consts::{LN_2, LOG2_E};

/// `(e^r - 1 - r) / r^2` on [-0.3466, 0.34661], degree 7: relative error below 2^-39.9.
const EXP: [f64; 8] = [
    0.499_999_999_999_550_75,
    0.166_666_666_666_624_64,
    0.041_666_666_786_331_15,
    0.008_333_333_344_308_533,
    0.001_388_883_909_241_894_5,
    0.000_198_412_243_841_677_45,
    2.486_788_226_974_038e-05,
    2.761_768_619_854_264e-06,
];

/// Beyond, results of singles are at their ends.
const LIMIT: f64 = 200.0;

/// `x = k ln 2 + r`, as `k + ROUNDER` and `r`.
#[inline(always)]
fn reduce<A: DoubleAlgebra>(a: &A, x: A::Float) -> (A::Float, A::Float) {
    let rounder = a.fma(x, a.float(LOG2_E), a.float(ROUNDER));
    let minus = a.subtract(a.float(ROUNDER), rounder);
    (rounder, a.fma(minus, a.float(LN_2), x))
}

/// `e^r 2^k` from `k + ROUNDER`, for an operand `x` that these were made from.
#[inline(always)]
fn power<A: DoubleAlgebra>(a: &A, x: A::Float, (rounder, r): (A::Float, A::Float)) -> A::Float {
    let square = a.multiply(r, r);
    let value = a.fma(polynomial(a, r, square, &EXP), square, a.add(a.float(1.0), r));
    between_ends(a, x, scale(a, value, rounder), 0.0)
}

/// A value, or what its limits are on the left and on the right.
#[inline(always)]
fn between_ends<A: DoubleAlgebra>(a: &A, x: A::Float, value: A::Float, left: f64) -> A::Float {
    let infinity = a.add(x, a.float(f64::INFINITY));
    let end = a.select(a.less(x, a.float(0.0)), a.float(left), infinity);
    a.select(a.less(a.abs(x), a.float(LIMIT)), value, end)
}

pub(in super::super) fn exp<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    power(a, x, reduce(a, x))
}

pub(in super::super) fn exp2<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let rounder = a.add(x, a.float(ROUNDER));
    let fraction = a.subtract(x, a.subtract(rounder, a.float(ROUNDER)));
    power(a, x, (rounder, a.multiply(fraction, a.float(LN_2))))
}

/// `e^x - 1` for `|x| < LIMIT`: `2^k (e^r - 1)` and `2^k - 1`.
#[inline(always)]
pub(super) fn minus_one<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (rounder, r) = reduce(a, x);
    let square = a.multiply(r, r);
    let near = a.fma(polynomial(a, r, square, &EXP), square, r);
    let unit = scale(a, a.float(1.0), rounder);
    a.fma(near, unit, a.subtract(unit, a.float(1.0)))
}

pub(in super::super) fn expm1<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let value = between_ends(a, x, minus_one(a, x), -1.0);
    // With its sign.
    a.select(a.equal(x, a.float(0.0)), x, value)
}
