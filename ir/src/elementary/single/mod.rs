//! Functions of `f32`, computed on doubles.
//!
//! Between a single's 24 bits and a double's 53 there is room: no second parts of numbers are carried, and polynomials are good
//! to about 2^-38, so that the one rounding at the end is the only error that counts. Operands that a single can have
//! overflow or vanish nowhere on the way. Functions that are not here are computed as for doubles.

mod exponential;
mod hyperbolic;
mod inverse_trigonometric;
mod logarithm;
mod trigonometric;

use super::{Algebra, Definition, DoubleAlgebra};
use crate::ScalarOp;

/// How an operation on singles is defined, where that is not as on doubles.
pub(super) fn definition<A: DoubleAlgebra>(op: ScalarOp) -> Option<Definition<A>> {
    use Definition::{Binary, Unary};
    Some(match op {
        ScalarOp::Exp => Unary(exponential::exp),
        ScalarOp::Exp2 => Unary(exponential::exp2),
        ScalarOp::Expm1 => Unary(exponential::expm1),
        ScalarOp::Log => Unary(logarithm::log),
        ScalarOp::Log2 => Unary(logarithm::log2),
        ScalarOp::Log10 => Unary(logarithm::log10),
        ScalarOp::Sin => Unary(trigonometric::sin),
        ScalarOp::Cos => Unary(trigonometric::cos),
        ScalarOp::Tan => Unary(trigonometric::tan),
        ScalarOp::Asin => Unary(inverse_trigonometric::asin),
        ScalarOp::Acos => Unary(inverse_trigonometric::acos),
        ScalarOp::Atan => Unary(inverse_trigonometric::atan),
        ScalarOp::Atan2 => Binary(inverse_trigonometric::atan2),
        ScalarOp::Sinh => Unary(hyperbolic::sinh),
        ScalarOp::Cosh => Unary(hyperbolic::cosh),
        ScalarOp::Tanh => Unary(hyperbolic::tanh),
        ScalarOp::Hypot => Binary(hypot),
        _ => return None,
    })
}

/// Squares of singles have room in a double.
fn hypot<A: Algebra>(a: &A, x: A::Float, y: A::Float) -> A::Float {
    let infinity = a.float(f64::INFINITY);
    let endless = a.either(a.equal(a.abs(x), infinity), a.equal(a.abs(y), infinity));
    a.select(endless, infinity, a.sqrt(a.fma(x, x, a.multiply(y, y))))
}
