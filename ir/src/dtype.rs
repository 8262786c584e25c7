//! Element types, and single values of them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DType {
    /// Truth value, stored as one byte that is 0 or 1.
    Bool,
    /// 8-bit signed integer.
    I8,
    /// 16-bit signed integer.
    I16,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// 8-bit unsigned integer.
    U8,
    /// 16-bit unsigned integer.
    U16,
    /// 32-bit unsigned integer.
    U32,
    /// 64-bit unsigned integer.
    U64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl DType {
    /// Every dtype, in promotion-table order.
    pub const ALL: [Self; 11] = [
        Self::Bool,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::F32,
        Self::F64,
    ];

    /// The name in the text form: `bool`, `i8` ... `f64`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bytes of one element in memory.
    #[must_use]
    #[inline]
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Bits of one element; 1 for `bool`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bool => 1,
            other => other.size() as u32 * 8,
        }
    }

    /// `f32` or `f64`.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// A signed integer.
    #[must_use]
    pub const fn is_signed_integer(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// An unsigned integer.
    #[must_use]
    pub const fn is_unsigned_integer(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// An integer of either signedness.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        self.is_signed_integer() || self.is_unsigned_integer()
    }

    /// The integer dtype of the same size that a bitcast gives: `i32` for `f32`, `i64` for `f64`.
    #[must_use]
    pub const fn bits_dtype(self) -> Option<Self> {
        match self {
            Self::F32 => Some(Self::I32),
            Self::F64 => Some(Self::I64),
            _ => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DType {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == text).ok_or_else(|| format!("unknown dtype `{text}`"))
    }
}

/// One value of some dtype.
///
/// `bits` holds the value's bit pattern in its low [`DType::bits`] bits, zero above: two's complement for integers,
/// IEEE 754 for floats, 0 or 1 for `bool`. Equality is equality of bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scalar {
    /// The type.
    pub dtype: DType,
    /// The bit pattern.
    pub bits: u64,
}

impl Scalar {
    /// A value from its bit pattern; bits above the dtype's width are dropped.
    #[must_use]
    pub const fn from_bits(dtype: DType, bits: u64) -> Self {
        let width = dtype.bits();
        let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
        Self { dtype, bits: bits & mask }
    }

    /// A truth value.
    #[must_use]
    pub const fn bool(value: bool) -> Self {
        Self { dtype: DType::Bool, bits: value as u64 }
    }

    /// A double.
    #[must_use]
    pub const fn f64(value: f64) -> Self {
        Self { dtype: DType::F64, bits: value.to_bits() }
    }

    /// A single.
    #[must_use]
    pub const fn f32(value: f32) -> Self {
        Self { dtype: DType::F32, bits: value.to_bits() as u64 }
    }

    /// A 64-bit signed integer.
    #[must_use]
    pub const fn i64(value: i64) -> Self {
        Self { dtype: DType::I64, bits: value as u64 }
    }

    /// `value` in `dtype`: rounded to nearest for floats, wrapped for integers, `value != 0` for `bool`.
    #[must_use]
    pub const fn from_i64(dtype: DType, value: i64) -> Self {
        match dtype {
            DType::Bool => Self::bool(value != 0),
            DType::F32 => Self::f32(value as f32),
            DType::F64 => Self::f64(value as f64),
            _ => Self::from_bits(dtype, value as u64),
        }
    }

    /// `value` in `dtype`: rounded for `f32`, saturated (NaN to 0) for integers, `value != 0` for `bool`.
    #[must_use]
    pub const fn from_f64(dtype: DType, value: f64) -> Self {
        match dtype {
            DType::Bool => Self::bool(value != 0.0),
            DType::F32 => Self::f32(value as f32),
            DType::F64 => Self::f64(value),
            DType::I8 => Self::from_bits(dtype, value as i8 as u64),
            DType::I16 => Self::from_bits(dtype, value as i16 as u64),
            DType::I32 => Self::from_bits(dtype, value as i32 as u64),
            DType::I64 => Self::from_bits(dtype, value as i64 as u64),
            DType::U8 => Self::from_bits(dtype, value as u8 as u64),
            DType::U16 => Self::from_bits(dtype, value as u16 as u64),
            DType::U32 => Self::from_bits(dtype, value as u32 as u64),
            DType::U64 => Self::from_bits(dtype, value as u64),
        }
    }

    /// The value as a truth value: whether any bit is set.
    #[must_use]
    pub const fn as_bool(self) -> bool {
        self.bits != 0
    }

    /// The low bits as a sign-extended (signed dtypes) or zero-extended (others) 64-bit integer.
    #[must_use]
    pub const fn as_i64(self) -> i64 {
        match self.dtype {
            DType::I8 => self.bits as i8 as i64,
            DType::I16 => self.bits as i16 as i64,
            DType::I32 => self.bits as i32 as i64,
            _ => self.bits as i64,
        }
    }

    /// The value as a double. Floats convert exactly, integers round to nearest.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        match self.dtype {
            DType::F64 => f64::from_bits(self.bits),
            DType::F32 => f32::from_bits(self.bits as u32) as f64,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => self.as_i64() as f64,
            DType::Bool | DType::U8 | DType::U16 | DType::U32 | DType::U64 => self.bits as f64,
        }
    }

    /// The value as a single. Only meaningful for `f32`.
    #[must_use]
    pub const fn as_f32(self) -> f32 {
        f32::from_bits(self.bits as u32)
    }

    /// Whether this is a float NaN.
    #[must_use]
    pub const fn is_nan(self) -> bool {
        self.dtype.is_float() && self.as_f64().is_nan()
    }

    /// Equality as engines are compared: same dtype, and same bits or both NaN.
    #[must_use]
    pub fn same(self, other: Self) -> bool {
        self == other || (self.dtype == other.dtype && self.is_nan() && other.is_nan())
    }

    /// Converts as the `cast` operation does: float to integer truncates and saturates with NaN to 0, integer to
    /// integer wraps, anything to `bool` is `!= 0` (NaN is true), integer to float rounds to nearest even once.
    #[must_use]
    pub const fn cast(self, to: DType) -> Self {
        match (self.dtype, to) {
            (from, DType::Bool) => {
                if from.is_float() {
                    Self::bool(self.as_f64() != 0.0)
                } else {
                    Self::bool(self.bits != 0)
                }
            }
            (DType::F32, DType::F32) => self,
            (DType::F32 | DType::F64, _) => Self::from_f64(to, self.as_f64()),
            (DType::U64, DType::F32) => Self::f32(self.bits as f32),
            (DType::U64, DType::F64) => Self::f64(self.bits as f64),
            _ => Self::from_i64(to, self.as_i64()),
        }
    }
}

impl fmt::Display for Scalar {
    /// The literal of the text form: shortest round-trip decimals, `inf`, `-inf`, `nan`, `true`, `false`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype {
            DType::Bool => write!(f, "{}", self.as_bool()),
            DType::F32 | DType::F64 if self.is_nan() => f.write_str("nan"),
            DType::F32 => write!(f, "{:?}", self.as_f32()),
            DType::F64 => write!(f, "{:?}", self.as_f64()),
            DType::U64 => write!(f, "{}", self.bits),
            _ => write!(f, "{}", self.as_i64()),
        }
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}{}", self.dtype)
    }
}
