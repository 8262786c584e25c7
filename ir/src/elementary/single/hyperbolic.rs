//! `sinh`, `cosh`, `tanh`: of `u = e^|x| - 1`, or `e^2|x| - 1`, by their formulas.

use super::super::DoubleAlgebra;
use super::super::double::{flip, sign};
use super::exponential::minus_one;

/// From here on, `sinh` and `cosh` of a single are infinite.
const ENDLESS: f64 = 100.0;
/// From here on, `tanh` of a single is 1.
const FLAT: f64 = 10.0;

/// The magnitude, but not above a limit.
#[inline(always)]
fn limited<A: DoubleAlgebra>(a: &A, x: A::Float, limit: f64) -> A::Float {
    let (magnitude, limit) = (a.abs(x), a.float(limit));
    a.select(a.less(limit, magnitude), limit, magnitude)
}

pub(in super::super) fn sinh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let u = minus_one(a, limited(a, x, ENDLESS));
    let twice = a.add(u, a.divide(u, a.add(u, a.float(1.0))));
    flip(a, a.multiply(twice, a.float(0.5)), sign(a, x))
}

pub(in super::super) fn cosh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let power = a.add(minus_one(a, limited(a, x, ENDLESS)), a.float(1.0));
    let twice = a.add(power, a.divide(a.float(1.0), power));
    a.multiply(twice, a.float(0.5))
}

pub(in super::super) fn tanh<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let magnitude = limited(a, x, FLAT);
    let u = minus_one(a, a.add(magnitude, magnitude));
    flip(a, a.divide(u, a.add(u, a.float(2.0))), sign(a, x))
}
