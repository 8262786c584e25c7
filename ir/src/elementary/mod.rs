//! The definition of every operation that is not core, as a program over core operations.
//!
//! Each definition is written once, over an [`Algebra`]. On the [`Native`] algebra it computes numbers: that is what
//! [`evaluate`] does, and so what interpreters and constant folding do. On the algebra that emits kernel IR, in the
//! `expand` pass, the same program becomes instructions. All engines therefore compute the same bits.
//!
//! Invariants: a definition uses core operations only, and none that rounds beyond IEEE 754; what runs on every operand
//! is straight-line, free of table look-ups, of conversions between integers and floats and of shifts by variable
//! amounts; rare operands take a branch. `f32` is widened, computed and rounded once, except where the bit pattern
//! itself matters.
//!
//! Rejected: table-driven polynomials (shorter, but a look-up per lane is a gather), and a shared libm (neither the
//! same on every target, nor visible to fusion and vectorisation).

mod algebra;
mod arithmetic;
mod double;
mod exponential;
mod hyperbolic;
mod integer;
mod inverse_trigonometric;
mod logarithm;
mod native;
mod power;
mod reduction;
mod remainder;
mod root;
mod single;
mod trigonometric;

pub use algebra::{Algebra, DoubleAlgebra};
pub use native::Native;

use crate::scalar::evaluate_core;
use crate::{DType, Scalar, ScalarOp};

/// What [`DoubleAlgebra::shared`] is asked to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The reduction of an angle by quarter turns.
    QuarterTurns,
    /// The same, as far as a single needs it.
    QuarterTurnsOfSingle,
}

impl Key {
    /// A name that no operation has.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuarterTurns => "quarter turns",
            Self::QuarterTurnsOfSingle => "quarter turns of a single",
        }
    }
}

/// A definition with one operand.
type One<A> = fn(&A, <A as Algebra>::Float) -> <A as Algebra>::Float;
/// A definition with two operands.
type Two<A> = fn(&A, <A as Algebra>::Float, <A as Algebra>::Float) -> <A as Algebra>::Float;

/// How an operation on floats is defined.
pub enum Definition<A: DoubleAlgebra> {
    /// Backends implement it.
    Core,
    /// By [`on_bits`], in the operands' own width.
    Bits(Bits),
    /// On doubles.
    Unary(fn(&A, A::Float) -> A::Float),
    /// On doubles.
    Binary(fn(&A, A::Float, A::Float) -> A::Float),
}

/// An operation that is defined on floats of any width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the operations are")]
pub enum Bits {
    Sign,
    Maximum,
    Minimum,
    Copysign,
    Nextafter,
    IsNan,
    IsInf,
    IsFinite,
    Signbit,
}

/// How `op` is defined on floats of `dtype`.
#[must_use]
pub fn definition<A: DoubleAlgebra>(op: ScalarOp, dtype: DType) -> Definition<A> {
    use Definition::{Binary, Unary};
    let is_single = dtype == DType::F32;
    let unary = |double: One<A>, single: One<A>| Unary(if is_single { single } else { double });
    let binary = |double: Two<A>, single: Two<A>| Binary(if is_single { single } else { double });
    match op {
        ScalarOp::Sign => Definition::Bits(Bits::Sign),
        ScalarOp::Maximum => Definition::Bits(Bits::Maximum),
        ScalarOp::Minimum => Definition::Bits(Bits::Minimum),
        ScalarOp::Copysign => Definition::Bits(Bits::Copysign),
        ScalarOp::Nextafter => Definition::Bits(Bits::Nextafter),
        ScalarOp::IsNan => Definition::Bits(Bits::IsNan),
        ScalarOp::IsInf => Definition::Bits(Bits::IsInf),
        ScalarOp::IsFinite => Definition::Bits(Bits::IsFinite),
        ScalarOp::Signbit => Definition::Bits(Bits::Signbit),
        ScalarOp::FloorDivide => Binary(arithmetic::floor_divide),
        ScalarOp::Remainder => Binary(arithmetic::remainder),
        ScalarOp::Rsqrt => Unary(root::rsqrt),
        ScalarOp::Exp => unary(exponential::exp, single::exponential::exp),
        ScalarOp::Exp2 => unary(exponential::exp2, single::exponential::exp2),
        ScalarOp::Expm1 => unary(exponential::expm1, single::exponential::expm1),
        ScalarOp::Log => unary(logarithm::log, single::logarithm::log),
        ScalarOp::Log1p => Unary(logarithm::log1p),
        ScalarOp::Log2 => unary(logarithm::log2, single::logarithm::log2),
        ScalarOp::Log10 => unary(logarithm::log10, single::logarithm::log10),
        ScalarOp::Logaddexp => Binary(power::logaddexp),
        ScalarOp::Pow => Binary(power::pow),
        ScalarOp::Hypot => binary(power::hypot, single::hypot),
        ScalarOp::Sin => unary(trigonometric::sin, single::trigonometric::sin),
        ScalarOp::Cos => unary(trigonometric::cos, single::trigonometric::cos),
        ScalarOp::Tan => unary(trigonometric::tan, single::trigonometric::tan),
        ScalarOp::Asin => unary(inverse_trigonometric::asin, single::inverse_trigonometric::asin),
        ScalarOp::Acos => unary(inverse_trigonometric::acos, single::inverse_trigonometric::acos),
        ScalarOp::Atan => unary(inverse_trigonometric::atan, single::inverse_trigonometric::atan),
        ScalarOp::Atan2 => binary(inverse_trigonometric::atan2, single::inverse_trigonometric::atan2),
        ScalarOp::Sinh => unary(hyperbolic::sinh, single::hyperbolic::sinh),
        ScalarOp::Cosh => unary(hyperbolic::cosh, single::hyperbolic::cosh),
        ScalarOp::Tanh => unary(hyperbolic::tanh, single::hyperbolic::tanh),
        ScalarOp::Asinh => Unary(hyperbolic::asinh),
        ScalarOp::Acosh => Unary(hyperbolic::acosh),
        ScalarOp::Atanh => Unary(hyperbolic::atanh),
        ScalarOp::Add
        | ScalarOp::Subtract
        | ScalarOp::Multiply
        | ScalarOp::Divide
        | ScalarOp::Negative
        | ScalarOp::Abs
        | ScalarOp::Sqrt
        | ScalarOp::Fma
        | ScalarOp::Floor
        | ScalarOp::Ceil
        | ScalarOp::Trunc
        | ScalarOp::Round
        | ScalarOp::Equal
        | ScalarOp::NotEqual
        | ScalarOp::Less
        | ScalarOp::LessEqual
        | ScalarOp::Greater
        | ScalarOp::GreaterEqual
        | ScalarOp::And
        | ScalarOp::Or
        | ScalarOp::Xor
        | ScalarOp::Not
        | ScalarOp::ShiftLeft
        | ScalarOp::ShiftRight
        | ScalarOp::MultiplyHigh
        | ScalarOp::Select => Definition::Core,
    }
}

/// The result of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<Number, Bool> {
    /// A number of the operands' dtype.
    Number(Number),
    /// A truth value.
    Bool(Bool),
}

/// Defines an operation on floats of any width. `x` and `y` are the operands, the same one twice for a unary operation.
pub fn on_bits<A: Algebra>(a: &A, op: Bits, x: A::Float, y: A::Float) -> Outcome<A::Float, A::Bool> {
    match op {
        Bits::Sign => Outcome::Number(arithmetic::sign_of(a, x)),
        Bits::Maximum => Outcome::Number(arithmetic::maximum(a, x, y)),
        Bits::Minimum => Outcome::Number(arithmetic::minimum(a, x, y)),
        Bits::Copysign => Outcome::Number(arithmetic::copysign(a, x, y)),
        Bits::Nextafter => Outcome::Number(arithmetic::nextafter(a, x, y)),
        Bits::IsNan => Outcome::Bool(arithmetic::is_nan(a, x)),
        Bits::IsInf => Outcome::Bool(arithmetic::is_infinite(a, x)),
        Bits::IsFinite => Outcome::Bool(arithmetic::is_finite(a, x)),
        Bits::Signbit => Outcome::Bool(arithmetic::signbit(a, x)),
    }
}

/// Defines an operation on integers of `dtype` that is not core there. The operands are extended to 64 bits (the same
/// one twice for a unary operation); the low bits of the outcome are the result.
pub fn on_integers<A: DoubleAlgebra>(
    a: &A,
    dtype: DType,
    op: ScalarOp,
    x: A::Integer,
    y: A::Integer,
) -> Outcome<A::Integer, A::Bool> {
    let signed = dtype.is_signed_integer();
    if op == ScalarOp::Sign {
        Outcome::Number(integer::sign(a, x, signed))
    } else if op == ScalarOp::Pow {
        Outcome::Number(integer::pow(a, x, y, signed, u64::from(dtype.bits())))
    } else if matches!(op, ScalarOp::Floor | ScalarOp::Ceil | ScalarOp::Trunc | ScalarOp::Round) {
        Outcome::Number(x)
    } else if matches!(op, ScalarOp::IsNan | ScalarOp::IsInf | ScalarOp::IsFinite) {
        Outcome::Bool(a.truth(op == ScalarOp::IsFinite))
    } else {
        unreachable!("{op} is core on {dtype}, or takes floats only")
    }
}

/// Evaluates any operation on operands that it takes (see [`ScalarOp::result_dtype`]).
#[must_use]
pub fn evaluate(op: ScalarOp, operands: &[Scalar]) -> Scalar {
    if let Some(result) = evaluate_core(op, operands) {
        return result;
    }
    let x = operands[0];
    let y = operands.get(1).copied().unwrap_or(x);
    if x.dtype.is_float() { evaluate_float(op, x, y) } else { evaluate_integer(op, x, y) }
}

fn evaluate_float(op: ScalarOp, x: Scalar, y: Scalar) -> Scalar {
    let a = Native::<f64>::default();
    let dtype = x.dtype;
    match definition::<Native<f64>>(op, dtype) {
        Definition::Core => unreachable!("{op} is core on {dtype}"),
        Definition::Bits(op) if dtype == DType::F32 => {
            match on_bits(&Native::<f32>::default(), op, x.as_f32(), y.as_f32()) {
                Outcome::Number(value) => Scalar::f32(value),
                Outcome::Bool(value) => Scalar::bool(value),
            }
        }
        Definition::Bits(op) => match on_bits(&a, op, x.as_f64(), y.as_f64()) {
            Outcome::Number(value) => Scalar::f64(value),
            Outcome::Bool(value) => Scalar::bool(value),
        },
        Definition::Unary(define) => Scalar::from_f64(dtype, define(&a, x.as_f64())),
        Definition::Binary(define) => Scalar::from_f64(dtype, define(&a, x.as_f64(), y.as_f64())),
    }
}

fn evaluate_integer(op: ScalarOp, x: Scalar, y: Scalar) -> Scalar {
    match on_integers(&Native::<f64>::default(), x.dtype, op, x.as_i64() as u64, y.as_i64() as u64) {
        Outcome::Number(value) => Scalar::from_bits(x.dtype, value),
        Outcome::Bool(value) => Scalar::bool(value),
    }
}
