//! Operators: `+ - * / %`, the bitwise `& | ^`, and unary `-` and `!`.

use super::elementwise::elementwise;
use super::{IntoTensor, Operand};
use crate::{Array, Tensor};
use rotrace_ir::scalar::ScalarOp;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};
use std::panic::Location;

macro_rules! operator {
    ($($trait:ident $method:ident $op:ident: $($left:ty)*;)*) => {$(
        impl<R: IntoTensor> $trait<R> for Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                elementwise(Location::caller(), ScalarOp::$op, &[Operand::Tensor(self), other.into_operand()])
            }
        }

        $(impl $trait<Tensor> for $left {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                elementwise(Location::caller(), ScalarOp::$op, &[self.into_operand(), Operand::Tensor(other)])
            }
        })*
    )*};
}

operator! {
    Add add Add: f32 f64 i32 i64 u32 u64 Array &Array;
    Sub sub Subtract: f32 f64 i32 i64 u32 u64 Array &Array;
    Mul mul Multiply: f32 f64 i32 i64 u32 u64 Array &Array;
    Div div Divide: f32 f64 i32 i64 u32 u64 Array &Array;
    Rem rem Remainder: f32 f64 i32 i64 u32 u64 Array &Array;
    BitAnd bitand And: Array &Array;
    BitOr bitor Or: Array &Array;
    BitXor bitxor Xor: Array &Array;
}

impl Neg for Tensor {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        elementwise(Location::caller(), ScalarOp::Negative, &[Operand::Tensor(self)])
    }
}

impl Not for Tensor {
    type Output = Self;

    #[track_caller]
    fn not(self) -> Self {
        elementwise(Location::caller(), ScalarOp::Not, &[Operand::Tensor(self)])
    }
}
