//! `log`, `log2`, `log10`: `x = 2^k (1 + f)` with `1 + f` in `[sqrt(1/2), sqrt(2))`, then
//! `log(1 + f) = f - f^2/2 + f^3 P(f)`.

use super::super::DoubleAlgebra;
use super::super::double::polynomial;
use super::super::logarithm::{at_ends, split_normal};
use std::f64::consts::{LN_2, LOG2_E, LOG10_2, LOG10_E};

/// `(log(1 + f) - f + f^2/2) / f^3` on [-0.2929, 0.4143], degree 12: relative error below 2^-34.4.
const LOG: [f64; 13] = [
    0.333_333_333_322_373_1,
    -0.250_000_000_314_267_8,
    0.200_000_008_010_647_9,
    -0.166_666_603_151_289_4,
    0.142_856_164_323_855_6,
    -0.125_003_121_305_972_1,
    0.111_155_700_334_637_76,
    -0.099_960_456_640_061_65,
    0.089_990_345_606_338_98,
    -0.082_853_828_490_233_16,
    0.085_274_888_217_664_16,
    -0.084_349_619_570_587_33,
    0.045_338_909_218_666_75,
];

/// `k` and `log(1 + f)` to the unit of the base, summed up; what a logarithm of no positive number is.
#[inline(always)]
fn logarithm<A: DoubleAlgebra>(a: &A, x: A::Float, exponent: f64, unit: f64) -> A::Float {
    // The smallest singles are normal doubles.
    let split = split_normal(a, x);
    let f = a.subtract(split.mantissa, a.float(1.0));
    let square = a.multiply(f, f);
    let series = a.multiply(square, polynomial(a, f, square, &LOG));
    let value = a.fma(series, f, a.fma(square, a.float(-0.5), f));
    let value = if unit == 1.0 { value } else { a.multiply(value, a.float(unit)) };
    let value = a.fma(split.k, a.float(exponent), value);
    let positive = a.both(a.less(a.float(0.0), x), a.less(x, a.float(f64::INFINITY)));
    let [result] = a.branch(positive, |_| [value], |a| [at_ends(a, x)]);
    result
}

pub(in super::super) fn log<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    logarithm(a, x, LN_2, 1.0)
}

pub(in super::super) fn log2<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    logarithm(a, x, 1.0, LOG2_E)
}

pub(in super::super) fn log10<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    logarithm(a, x, LOG10_2, LOG10_E)
}
