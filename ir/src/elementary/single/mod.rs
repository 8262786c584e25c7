//! Functions of `f32`, computed on doubles.
//!
//! Between a single's 24 bits and a double's 53 there is room: no second parts of numbers are carried, and polynomials are good
//! to about 2^-38, so that the one rounding at the end is the only error that counts. Operands that a single can have
//! overflow or vanish nowhere on the way. Functions that are not here are computed as for doubles.

pub(super) mod exponential;
pub(super) mod hyperbolic;
pub(super) mod inverse_trigonometric;
pub(super) mod logarithm;
pub(super) mod trigonometric;

use super::Algebra;

/// Squares of singles have room in a double.
pub(super) fn hypot<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let infinity = a.float(f64::INFINITY);
    let endless = a.either(a.equal(a.abs(x), infinity), a.equal(a.abs(y), infinity));
    a.select(endless, infinity, a.sqrt(a.fma(x, x, a.multiply(y, y))))
}
