//! The partial derivatives of every scalar operation.
//!
//! A partial is a chain of elementwise factors applied to a tangent or cotangent; such a diagonal map is its own
//! transpose, so that one table serves both modes. Quotients are written as divisions of the derivative (`Over`), which
//! rounds once where a multiplication by a reciprocal rounds twice.
//!
//! Where an operation is not differentiable:
//!
//! * `abs`, `copysign`, `hypot`, `atan2` at zero (the origin): 0.
//! * `maximum`, `minimum` at ties (+0 and -0 tie): one half to each operand. Where one operand is NaN: 0 to both.
//! * `sign`, roundings, `floor_divide`, the second operand of `copysign` and `nextafter`: 0.
//! * `remainder` at its jumps: the derivatives between them, 1 and `-floor_divide(x, y)`.
//! * `sqrt` at 0, `asin`, `acos` at -1 and 1, `acosh` at 1, `pow` at `x = 0` with `0 <= y < 1`, where the value is finite
//!   and the slope infinite: 0. So the norm of a zero vector has the gradient 0.
//! * `pow` with respect to `y` where `x <= 0`: 0.
//! * At a pole, where the value itself is infinite (`log` at 0, `atanh` at 1, division by 0), the derivative is too.

use super::emit::Emitter;
use rotrace_ir::graph::ValueId;
use rotrace_ir::scalar::ScalarOp;
use smallvec::{SmallVec, smallvec};
use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

/// A linear map of one array, elementwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// Multiplied by the value.
    Times(ValueId),
    /// Divided by the value.
    Over(ValueId),
    /// Sign changed.
    Negate,
    /// Kept where the condition holds, zero elsewhere, whatever was there.
    Where(ValueId),
    /// Kept where the condition does not hold, zero elsewhere.
    Unless(ValueId),
}

/// A partial derivative: factors applied in order. Empty is 1.
pub type Partial = SmallVec<[Factor; 3]>;

use Factor::{Negate, Over, Times, Unless, Where};

/// Applies a partial derivative to a tangent or cotangent.
pub(super) fn apply(e: &mut Emitter, partial: &[Factor], derivative: ValueId) -> ValueId {
    partial.iter().fold(derivative, |value, &factor| match factor {
        Times(coefficient) => e.multiply(value, coefficient),
        Over(divisor) => e.divide(value, divisor),
        Negate => e.scalar(ScalarOp::Negative, &[value]),
        Where(condition) => e.keep(condition, true, value),
        Unless(condition) => e.keep(condition, false, value),
    })
}

/// Applies a partial derivative and adds the outcome to what is there already, at once if the last factor allows.
pub(super) fn apply_onto(e: &mut Emitter, total: Option<ValueId>, partial: &[Factor], derivative: ValueId) -> ValueId {
    match (total, partial) {
        (Some(total), [first @ .., Times(coefficient)]) => {
            let value = apply(e, first, derivative);
            e.scalar(ScalarOp::Fma, &[value, *coefficient, total])
        }
        (Some(total), _) => {
            let value = apply(e, partial, derivative);
            e.add(total, value)
        }
        (None, _) => apply(e, partial, derivative),
    }
}

/// Whether the partial derivative with respect to an operand is zero everywhere.
#[must_use]
pub fn is_zero(op: ScalarOp, operand: usize) -> bool {
    use ScalarOp as S;
    match op {
        S::FloorDivide | S::Sign | S::Floor | S::Ceil | S::Trunc | S::Round => true,
        S::Copysign | S::Nextafter => operand == 1,
        // `bool` and integer results or operands.
        S::Equal | S::NotEqual | S::Less | S::LessEqual | S::Greater | S::GreaterEqual => true,
        S::IsNan | S::IsInf | S::IsFinite | S::Signbit => true,
        S::And | S::Or | S::Xor | S::Not | S::ShiftLeft | S::ShiftRight | S::MultiplyHigh => true,
        S::Select => operand == 0,
        S::Add
        | S::Subtract
        | S::Multiply
        | S::Divide
        | S::Remainder
        | S::Negative
        | S::Abs
        | S::Sqrt
        | S::Rsqrt
        | S::Fma => false,
        S::Maximum | S::Minimum => false,
        S::Exp | S::Exp2 | S::Expm1 | S::Log | S::Log1p | S::Log2 | S::Log10 | S::Logaddexp | S::Pow | S::Hypot => {
            false
        }
        S::Sin | S::Cos | S::Tan | S::Asin | S::Acos | S::Atan | S::Atan2 => false,
        S::Sinh | S::Cosh | S::Tanh | S::Asinh | S::Acosh | S::Atanh => false,
    }
}

/// The partial derivative of `z = op(v...)` with respect to operand `i`, for which [`is_zero`] does not hold.
pub(super) fn partial(e: &mut Emitter, op: ScalarOp, i: usize, v: &[ValueId], z: ValueId) -> Partial {
    use ScalarOp as S;
    let x = v[0];
    match (op, i) {
        (S::Add | S::Nextafter | S::Remainder, 0) | (S::Add, _) | (S::Subtract, 0) | (S::Fma, 2) => smallvec![],
        (S::Negative, _) | (S::Subtract, _) => smallvec![Negate],
        (S::Multiply | S::Fma, 0) => smallvec![Times(v[1])],
        (S::Multiply | S::Fma, _) => smallvec![Times(x)],
        (S::Divide, 0) => smallvec![Over(v[1])],
        (S::Divide, _) => smallvec![Over(v[1]), Times(z), Negate],
        (S::Remainder, _) => smallvec![Times(e.scalar(S::FloorDivide, v)), Negate],
        (S::Abs, _) => smallvec![Times(e.scalar(S::Sign, &[x]))],
        (S::Copysign, _) => smallvec![Times(copysign(e, x, v[1]))],
        (S::Select, 1) => smallvec![Where(x)],
        (S::Select, _) => smallvec![Unless(x)],
        (S::Maximum | S::Minimum, _) => extreme(e, op, v[i], v[1 - i]),
        (S::Sqrt, _) => sqrt(e, z),
        (S::Rsqrt, _) => rsqrt(e, z),
        (S::Exp, _) => smallvec![Times(z)],
        (S::Exp2, _) => smallvec![Times(z), Times(e.number(LN_2, x))],
        (S::Expm1, _) => smallvec![Times(e.scalar(S::Exp, &[x]))],
        (S::Log, _) => smallvec![Over(x)],
        (S::Log1p, _) => smallvec![Over(plus(e, 1.0, x))],
        (S::Log2, _) => smallvec![Over(x), Times(e.number(LOG2_E, x))],
        (S::Log10, _) => smallvec![Over(x), Times(e.number(LOG10_E, x))],
        (S::Logaddexp, _) => smallvec![Times(logaddexp(e, v[i], v[1 - i], z))],
        (S::Pow, 0) => pow_base(e, x, v[1]),
        (S::Pow, _) => pow_exponent(e, x, z),
        (S::Hypot, _) => hypot(e, v[i], z),
        (S::Sin, _) => smallvec![Times(e.scalar(S::Cos, &[x]))],
        (S::Cos, _) => smallvec![Times(e.scalar(S::Sin, &[x])), Negate],
        (S::Tan, _) => smallvec![Times(square_plus_one(e, z))],
        (S::Asin, _) => arc(e, x),
        (S::Acos, _) => arc(e, x).into_iter().chain([Negate]).collect(),
        (S::Atan, _) => smallvec![Over(square_plus_one(e, x))],
        (S::Atan2, 0) => angle(e, v[1], x),
        (S::Atan2, _) => angle(e, x, v[1]).into_iter().chain([Negate]).collect(),
        (S::Sinh, _) => smallvec![Times(e.scalar(S::Cosh, &[x]))],
        (S::Cosh, _) => smallvec![Times(e.scalar(S::Sinh, &[x]))],
        (S::Tanh, _) => smallvec![Times(one_minus_square(e, z))],
        (S::Asinh, _) => smallvec![Over(hypotenuse(e, x))],
        (S::Acosh, _) => acosh(e, x),
        (S::Atanh, _) => smallvec![Over(unit_gap(e, x))],
        (S::FloorDivide | S::Sign | S::Floor | S::Ceil | S::Trunc | S::Round | S::Nextafter, _)
        | (S::Equal | S::NotEqual | S::Less | S::LessEqual | S::Greater | S::GreaterEqual, _)
        | (S::IsNan | S::IsInf | S::IsFinite | S::Signbit, _)
        | (S::And | S::Or | S::Xor | S::Not | S::ShiftLeft | S::ShiftRight | S::MultiplyHigh, _) => {
            unreachable!("{op} has no derivative with respect to operand {i}")
        }
    }
}

fn plus(e: &mut Emitter, number: f64, x: ValueId) -> ValueId {
    let number = e.number(number, x);
    e.add(number, x)
}

/// `x == number`
fn is(e: &mut Emitter, x: ValueId, number: f64) -> ValueId {
    let number = e.number(number, x);
    e.scalar(ScalarOp::Equal, &[x, number])
}

/// `x` with 1 where the condition holds, so that what is divided by it there stays finite.
fn guarded(e: &mut Emitter, condition: ValueId, x: ValueId) -> ValueId {
    let one = e.number(1.0, x);
    e.select(condition, one, x)
}

/// `1 + x*x`
fn square_plus_one(e: &mut Emitter, x: ValueId) -> ValueId {
    let one = e.number(1.0, x);
    e.scalar(ScalarOp::Fma, &[x, x, one])
}

/// `1 - z*z`
fn one_minus_square(e: &mut Emitter, z: ValueId) -> ValueId {
    let (one, negative) = (e.number(1.0, z), e.scalar(ScalarOp::Negative, &[z]));
    e.scalar(ScalarOp::Fma, &[negative, z, one])
}

/// `1 - x*x` as `(1 - x) * (1 + x)`, which does not cancel near -1 and 1.
fn unit_gap(e: &mut Emitter, x: ValueId) -> ValueId {
    let one = e.number(1.0, x);
    let (below, above) = (e.scalar(ScalarOp::Subtract, &[one, x]), e.add(one, x));
    e.multiply(below, above)
}

/// `sqrt(1 + x*x)` without overflow.
fn hypotenuse(e: &mut Emitter, x: ValueId) -> ValueId {
    let one = e.number(1.0, x);
    e.scalar(ScalarOp::Hypot, &[x, one])
}

/// `sign(x) * copysign(1, y)`
fn copysign(e: &mut Emitter, x: ValueId, y: ValueId) -> ValueId {
    let one = e.number(1.0, y);
    let (sign, magnitude) = (e.scalar(ScalarOp::Copysign, &[one, y]), e.scalar(ScalarOp::Sign, &[x]));
    e.multiply(magnitude, sign)
}

fn extreme(e: &mut Emitter, op: ScalarOp, x: ValueId, y: ValueId) -> Partial {
    let wins = if op == ScalarOp::Maximum { ScalarOp::GreaterEqual } else { ScalarOp::LessEqual };
    let (wins, ties) = (e.scalar(wins, &[x, y]), e.scalar(ScalarOp::Equal, &[x, y]));
    let (half, one) = (e.number(0.5, x), e.number(1.0, x));
    smallvec![Where(wins), Times(e.select(ties, half, one))]
}

fn sqrt(e: &mut Emitter, z: ValueId) -> Partial {
    let zero = is(e, z, 0.0);
    let twice = e.add(z, z);
    smallvec![Unless(zero), Over(guarded(e, zero, twice))]
}

/// `-z*z*z / 2`
fn rsqrt(e: &mut Emitter, z: ValueId) -> Partial {
    let square = e.multiply(z, z);
    let half = e.number(-0.5, z);
    smallvec![Times(e.multiply(square, z)), Times(half)]
}

/// `1 / sqrt(1 - x*x)`
fn arc(e: &mut Emitter, x: ValueId) -> Partial {
    let gap = unit_gap(e, x);
    let zero = is(e, gap, 0.0);
    let safe = guarded(e, zero, gap);
    smallvec![Unless(zero), Over(e.scalar(ScalarOp::Sqrt, &[safe]))]
}

/// `1 / (sqrt(x - 1) * sqrt(x + 1))`, one root at a time against overflow.
fn acosh(e: &mut Emitter, x: ValueId) -> Partial {
    let (below, above) = (plus(e, -1.0, x), plus(e, 1.0, x));
    let zero = is(e, below, 0.0);
    let safe = guarded(e, zero, below);
    let roots = [safe, above].map(|root| e.scalar(ScalarOp::Sqrt, &[root]));
    smallvec![Unless(zero), Over(roots[0]), Over(roots[1])]
}

/// `x / z` for `z = hypot(x, y)`
fn hypot(e: &mut Emitter, x: ValueId, z: ValueId) -> Partial {
    let zero = is(e, z, 0.0);
    let safe = guarded(e, zero, z);
    smallvec![Unless(zero), Times(e.divide(x, safe))]
}

/// `x / (x*x + y*y)` without overflow or underflow.
fn angle(e: &mut Emitter, x: ValueId, y: ValueId) -> Partial {
    let radius = e.scalar(ScalarOp::Hypot, &[x, y]);
    let zero = is(e, radius, 0.0);
    let safe = guarded(e, zero, radius);
    smallvec![Unless(zero), Times(e.divide(x, safe)), Over(safe)]
}

/// `exp(x - z)`: the share of `exp(x)` in `exp(x) + exp(y)`. Infinite operands leave all to the larger, or half to each.
fn logaddexp(e: &mut Emitter, x: ValueId, y: ValueId, z: ValueId) -> ValueId {
    let (half, all, none) = (e.number(-LN_2, x), e.number(0.0, x), e.number(f64::NEG_INFINITY, x));
    let (ties, wins) = (e.scalar(ScalarOp::Equal, &[x, y]), e.scalar(ScalarOp::Equal, &[x, z]));
    let alone = e.select(wins, all, none);
    let infinite_share = e.select(ties, half, alone);
    let (infinite, share) = (e.scalar(ScalarOp::IsInf, &[z]), e.scalar(ScalarOp::Subtract, &[x, z]));
    let exponent = e.select(infinite, infinite_share, share);
    e.scalar(ScalarOp::Exp, &[exponent])
}

/// `y * x**(y - 1)`, guarded only where that is 0 or infinite at a finite value, so that its own derivatives are right.
fn pow_base(e: &mut Emitter, x: ValueId, y: ValueId) -> Partial {
    let (zero, one) = (e.number(0.0, y), e.number(1.0, y));
    let tests = [(ScalarOp::Equal, x, zero), (ScalarOp::GreaterEqual, y, zero), (ScalarOp::Less, y, one)];
    let [origin, above, below] = tests.map(|(op, a, b)| e.scalar(op, &[a, b]));
    let between = e.scalar(ScalarOp::And, &[above, below]);
    let steep = e.scalar(ScalarOp::And, &[origin, between]);
    let (base, exponent) = (guarded(e, steep, x), plus(e, -1.0, y));
    smallvec![Unless(steep), Times(e.scalar(ScalarOp::Pow, &[base, exponent])), Times(y)]
}

/// `z * log(x)`
fn pow_exponent(e: &mut Emitter, x: ValueId, z: ValueId) -> Partial {
    let zero = e.number(0.0, x);
    let outside = e.scalar(ScalarOp::LessEqual, &[x, zero]);
    let safe = guarded(e, outside, x);
    smallvec![Unless(outside), Times(e.scalar(ScalarOp::Log, &[safe])), Times(z)]
}
