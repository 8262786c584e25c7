//! `rsqrt`, the reciprocal of the square root.
//!
//! Its main use is to bring vectors to unit length that have it but for rounding errors: products of unit quaternions.
//! There a division and a square root would take most of the time, and two terms of the series are exact to the last
//! digit.

use super::DoubleAlgebra;

/// Within this distance from 1 the series' next term, `5/16 e^3`, is below 2^-61.
const NEAR: f64 = 1.0 / 1_048_576.0;

/// Below this, residuals of the square root may not be floats.
const TINY: f64 = 1e-270;
const SCALE: f64 = 1_267_650_600_228_229_401_496_703_205_376.0; // 2^100

pub(super) fn rsqrt<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let excess = a.subtract(x, a.float(1.0));
    let near = a.less(a.abs(excess), a.float(NEAR));
    let [result] = a.branch(
        near,
        |a| [a.fma(excess, a.fma(excess, a.float(0.375), a.float(-0.5)), a.float(1.0))],
        |a| {
            let tiny = a.less(x, a.float(TINY));
            let scaled = a.multiply(x, a.float(SCALE * SCALE));
            let result = refined(a, a.select(tiny, scaled, x));
            [a.select(tiny, a.multiply(result, a.float(SCALE)), result)]
        },
    );
    result
}

/// The rounded root's rounded reciprocal, with both roundings' residuals (exact, by fma) taken back.
fn refined<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let root = a.sqrt(x);
    let rough = a.divide(a.float(1.0), root);
    let minus = a.negative(root);
    let (of_root, of_reciprocal) = (a.fma(minus, root, x), a.fma(minus, rough, a.float(1.0)));
    let half = a.multiply(rough, a.float(-0.5));
    let correction = a.fma(a.multiply(of_root, rough), half, of_reciprocal);
    let result = a.fma(rough, correction, rough);
    // Residuals of zero and infinity are none.
    a.select(a.equal(result, result), result, rough)
}
