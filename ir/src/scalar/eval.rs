//! The exact meaning of the core operations, on single values.
//!
//! This is the reference: slow, obvious, one arm per operation.

use super::ScalarOp;
use crate::{DType, Scalar};

/// Evaluates a core operation on operands of the right number and dtypes; `None` if the operation is not core there.
#[must_use]
pub fn evaluate_core(op: ScalarOp, operands: &[Scalar]) -> Option<Scalar> {
    let x = *operands.first()?;
    if op == ScalarOp::Select {
        return Some(if x.as_bool() { operands[1] } else { operands[2] });
    }
    if !op.is_core(x.dtype) {
        return None;
    }
    Some(match x.dtype {
        DType::F64 => float64(op, operands),
        DType::F32 => float32(op, operands),
        _ => integer(op, x, operands.get(1).copied().unwrap_or(x)),
    })
}

macro_rules! float_arms {
    ($name:ident, $float:ty, $wrap:path, $read:expr) => {
        fn $name(op: ScalarOp, operands: &[Scalar]) -> Scalar {
            let read = $read;
            let x: $float = read(operands[0]);
            let y: $float = operands.get(1).map_or(x, |&y| read(y));
            match op {
                ScalarOp::Add => $wrap(x + y),
                ScalarOp::Subtract => $wrap(x - y),
                ScalarOp::Multiply => $wrap(x * y),
                ScalarOp::Divide => $wrap(x / y),
                ScalarOp::Negative => $wrap(-x),
                ScalarOp::Abs => $wrap(x.abs()),
                ScalarOp::Sqrt => $wrap(x.sqrt()),
                ScalarOp::Fma => $wrap(x.mul_add(y, read(operands[2]))),
                ScalarOp::Floor => $wrap(x.floor()),
                ScalarOp::Ceil => $wrap(x.ceil()),
                ScalarOp::Trunc => $wrap(x.trunc()),
                ScalarOp::Round => $wrap(x.round_ties_even()),
                ScalarOp::Equal => Scalar::bool(x == y),
                ScalarOp::NotEqual => Scalar::bool(x != y),
                ScalarOp::Less => Scalar::bool(x < y),
                ScalarOp::LessEqual => Scalar::bool(x <= y),
                ScalarOp::Greater => Scalar::bool(x > y),
                ScalarOp::GreaterEqual => Scalar::bool(x >= y),
                other => unreachable!("{other} is not a core operation on floats"),
            }
        }
    };
}

float_arms!(float64, f64, Scalar::f64, |value: Scalar| f64::from_bits(value.bits));
float_arms!(float32, f32, Scalar::f32, Scalar::as_f32);

/// Integers and `bool`. Everything is computed on 64-bit values and cut to the dtype's width, which is what wrapping means.
fn integer(op: ScalarOp, x: Scalar, y: Scalar) -> Scalar {
    let dtype = x.dtype;
    let (a, b) = (x.as_i64(), y.as_i64());
    let unsigned = !dtype.is_signed_integer();
    let less = if unsigned { x.bits < y.bits } else { a < b };
    let number = |value: i64| Scalar::from_bits(dtype, value as u64);
    match op {
        ScalarOp::Add => number(a.wrapping_add(b)),
        ScalarOp::Subtract => number(a.wrapping_sub(b)),
        ScalarOp::Multiply => number(a.wrapping_mul(b)),
        ScalarOp::FloorDivide | ScalarOp::Remainder => division(op, x, y),
        ScalarOp::Negative => number(a.wrapping_neg()),
        ScalarOp::Abs => number(if unsigned { a } else { a.wrapping_abs() }),
        ScalarOp::Maximum => {
            if less {
                y
            } else {
                x
            }
        }
        ScalarOp::Minimum => {
            if less {
                x
            } else {
                y
            }
        }
        ScalarOp::Equal => Scalar::bool(x.bits == y.bits),
        ScalarOp::NotEqual => Scalar::bool(x.bits != y.bits),
        ScalarOp::Less => Scalar::bool(less),
        ScalarOp::LessEqual => Scalar::bool(less || x.bits == y.bits),
        ScalarOp::Greater => Scalar::bool(!less && x.bits != y.bits),
        ScalarOp::GreaterEqual => Scalar::bool(!less),
        ScalarOp::And => number(a & b),
        ScalarOp::Or => number(a | b),
        ScalarOp::Xor => number(a ^ b),
        ScalarOp::Not => number(!a),
        ScalarOp::ShiftLeft => number(if y.bits < u64::from(dtype.bits()) { a << b } else { 0 }),
        ScalarOp::ShiftRight => shift_right(x, y),
        ScalarOp::MultiplyHigh => number(((u128::from(x.bits) * u128::from(y.bits)) >> 64) as i64),
        other => unreachable!("{other} is not a core operation on integers"),
    }
}

fn division(op: ScalarOp, x: Scalar, y: Scalar) -> Scalar {
    let quotient = op == ScalarOp::FloorDivide;
    if y.bits == 0 {
        return Scalar::from_bits(x.dtype, 0);
    }
    if !x.dtype.is_signed_integer() {
        return Scalar::from_bits(x.dtype, if quotient { x.bits / y.bits } else { x.bits % y.bits });
    }
    let (a, b) = (x.as_i64(), y.as_i64());
    let remainder = a.wrapping_rem(b);
    let adjust = remainder != 0 && (remainder < 0) != (b < 0);
    let result = match (quotient, adjust) {
        (true, false) => a.wrapping_div(b),
        (true, true) => a.wrapping_div(b) - 1,
        (false, false) => remainder,
        (false, true) => remainder + b,
    };
    Scalar::from_bits(x.dtype, result as u64)
}

fn shift_right(x: Scalar, y: Scalar) -> Scalar {
    let width = u64::from(x.dtype.bits());
    let bits = match (x.dtype.is_signed_integer(), y.bits < width) {
        (true, true) => (x.as_i64() >> y.bits) as u64,
        (true, false) => (x.as_i64() >> 63) as u64,
        (false, true) => x.bits >> y.bits,
        (false, false) => 0,
    };
    Scalar::from_bits(x.dtype, bits)
}
