//! Powers of objects over arrays.
//!
//! A number as an exponent is an argument of the program, not a part of it: otherwise each number would be compiled. The
//! exponents 0, 1 and -1, of which traced powers have programs of their own, have them here too.

use crate::{Array, DType, Error};

/// An exponent.
pub(super) enum Exponent {
    /// 0, 1 or -1.
    Whole(i8),
    /// Any others, in the element type of the object.
    Numbers(Array),
}

impl Exponent {
    /// Of an array. A single number takes the element type of the object.
    pub(super) fn of(exponent: Array, dtype: DType) -> Result<Self, Error> {
        if !exponent.shape().is_empty() {
            return Ok(Self::Numbers(exponent));
        }
        let number = match exponent.dtype() {
            DType::F64 => exponent.as_slice::<f64>()?[0],
            DType::F32 => f64::from(exponent.as_slice::<f32>()?[0]),
            DType::I32 => f64::from(exponent.as_slice::<i32>()?[0]),
            DType::I64 => exponent.as_slice::<i64>()?[0] as f64,
            DType::Bool | DType::I8 | DType::I16 | DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
                return Err(Error::Array(format!("an exponent is a float, i32 or i64, not {}", exponent.dtype())));
            }
        };
        Ok(match [0, 1, -1].into_iter().find(|&whole| f64::from(whole) == number) {
            Some(whole) => Self::Whole(whole),
            None => Self::Numbers(Array::of_floats(dtype, &[], &[number])?),
        })
    }
}

macro_rules! power {
    ($class:ident $core:tt) => {
        impl crate::spatial::$class<crate::Array> {
            /// The powers by a number, or by what else the traced `pow` takes, of the same element type. A new number needs
            /// no new program.
            ///
            /// # Errors
            /// If the exponents do not fit.
            #[track_caller]
            pub fn pow(&self, exponent: impl Into<crate::Array>) -> Result<Self, crate::Error> {
                let dtype = self.clone().into_parts().dtype();
                let object = self;
                match super::power::Exponent::of(exponent.into(), dtype)? {
                    super::power::Exponent::Whole(exponent) => operation!(
                        $class::pow(object: $class $core, exponent: i8) -> $class $core { object.pow(exponent) }
                    ),
                    super::power::Exponent::Numbers(exponent) => operation!(
                        $class::pow(object: $class $core, exponent: Array [0]) -> $class $core { object.pow(exponent) }
                    ),
                }
            }
        }
    };
}

pub(super) use power;
