//! What operations take besides tensors: arrays, which become constants, and weakly typed numbers.

use crate::trace::Mistake;
use crate::{Array, DType, Element, Tensor};
use rotrace_ir::Scalar;

/// A Rust number whose element type is decided by the operands beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weak {
    /// Goes with floats.
    Float(f64),
    /// Goes with floats, and with the integers that can hold it.
    Integer(i128),
    /// Goes with `bool`.
    Bool(bool),
}

impl Weak {
    /// The element type where nothing else decides: `f64`, `i64` or `bool`.
    #[must_use]
    pub const fn default_dtype(self) -> DType {
        match self {
            Self::Float(_) => DType::F64,
            Self::Integer(_) => DType::I64,
            Self::Bool(_) => DType::Bool,
        }
    }

    pub(crate) fn to_dtype(self, dtype: DType) -> Result<Scalar, Mistake> {
        match self {
            Self::Float(value) if dtype.is_float() => Ok(Scalar::from_f64(dtype, value)),
            Self::Float(value) => Err(Mistake::new(format!("the number {value:?} does not go with {dtype}"))),
            Self::Bool(value) if dtype == DType::Bool => Ok(Scalar::bool(value)),
            Self::Bool(value) => Err(Mistake::new(format!("`{value}` does not go with {dtype}"))),
            Self::Integer(value) => match dtype {
                DType::F32 => Ok(Scalar::f32(value as f32)),
                DType::F64 => Ok(Scalar::f64(value as f64)),
                DType::Bool => Err(Mistake::new(format!("the number {value} does not go with bool"))),
                _ => {
                    let scalar = Scalar::from_bits(dtype, value as u64);
                    let held = if dtype.is_signed_integer() { scalar.as_i64().into() } else { scalar.bits.into() };
                    if value == held {
                        Ok(scalar)
                    } else {
                        Err(Mistake::new(format!("the number {value} is out of range for {dtype}")))
                    }
                }
            },
        }
    }
}

/// An operand of an operation.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A traced value.
    Tensor(Tensor),
    /// A constant.
    Array(Array),
    /// A number.
    Weak(Weak),
}

/// What an operation takes as an operand: a [`Tensor`], an [`Array`] or `&Array` (a constant of the function), a Rust
/// array such as `[1.0, 2.0]` (likewise), or a number (weakly typed).
pub trait IntoTensor {
    /// The operand.
    fn into_operand(self) -> Operand;
}

impl IntoTensor for Operand {
    fn into_operand(self) -> Operand {
        self
    }
}

impl IntoTensor for Tensor {
    fn into_operand(self) -> Operand {
        Operand::Tensor(self)
    }
}

impl IntoTensor for &Tensor {
    fn into_operand(self) -> Operand {
        Operand::Tensor(*self)
    }
}

impl IntoTensor for Array {
    fn into_operand(self) -> Operand {
        Operand::Array(self)
    }
}

impl IntoTensor for &Array {
    fn into_operand(self) -> Operand {
        Operand::Array(self.clone())
    }
}

impl<T: Element, const N: usize> IntoTensor for [T; N] {
    fn into_operand(self) -> Operand {
        Operand::Array(self.into())
    }
}

impl<T: Element, const M: usize, const N: usize> IntoTensor for [[T; N]; M] {
    fn into_operand(self) -> Operand {
        Operand::Array(self.into())
    }
}

macro_rules! number {
    ($($variant:ident: $($ty:ty)*;)*) => {$($(
        impl IntoTensor for $ty {
            fn into_operand(self) -> Operand {
                Operand::Weak(Weak::$variant(self as _))
            }
        }
    )*)*};
}

number! {
    Float: f32 f64;
    Integer: i8 i16 i32 i64 isize u8 u16 u32 u64 usize;
    Bool: bool;
}
