//! The element types of arrays, and their storage.

use crate::DType;
use bytemuck::{CheckedBitPattern, NoUninit};
use rotrace_ir::Scalar;

/// Elements in a `Vec` of their own type, so that a user's `Vec` is taken over without a copy and is always aligned.
#[derive(Clone, Debug)]
pub enum Storage {
    /// One byte each, 0 or 1.
    Bool(Vec<u8>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// From how many bytes on an allocation is tried out before it is made. Below, asking would cost more than it saves: a
/// process that cannot have a mebibyte is at its end.
const PROBED: usize = 1 << 20;

/// Evaluates `$body` with `$elements` bound to the vector of whichever variant `$storage` is.
macro_rules! with_elements {
    ($storage:expr, $elements:ident => $body:expr) => {
        match $storage {
            Storage::Bool($elements) => $body,
            Storage::I8($elements) => $body,
            Storage::I16($elements) => $body,
            Storage::I32($elements) => $body,
            Storage::I64($elements) => $body,
            Storage::U8($elements) => $body,
            Storage::U16($elements) => $body,
            Storage::U32($elements) => $body,
            Storage::U64($elements) => $body,
            Storage::F32($elements) => $body,
            Storage::F64($elements) => $body,
        }
    };
}

impl Storage {
    /// Zeros; `None` if there is no memory for them.
    pub(crate) fn zeros(dtype: DType, count: usize) -> Option<Self> {
        if count.checked_mul(dtype.size())? >= PROBED {
            // `vec!` of zeros is cheap, because the system has zeroed pages ready, but aborts where there is no memory.
            Vec::<u8>::new().try_reserve_exact(count * dtype.size()).ok()?;
        }
        Some(match dtype {
            DType::Bool => Self::Bool(vec![0; count]),
            DType::I8 => Self::I8(vec![0; count]),
            DType::I16 => Self::I16(vec![0; count]),
            DType::I32 => Self::I32(vec![0; count]),
            DType::I64 => Self::I64(vec![0; count]),
            DType::U8 => Self::U8(vec![0; count]),
            DType::U16 => Self::U16(vec![0; count]),
            DType::U32 => Self::U32(vec![0; count]),
            DType::U64 => Self::U64(vec![0; count]),
            DType::F32 => Self::F32(vec![0.0; count]),
            DType::F64 => Self::F64(vec![0.0; count]),
        })
    }

    pub(crate) fn dtype(&self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::I8(_) => DType::I8,
            Self::I16(_) => DType::I16,
            Self::I32(_) => DType::I32,
            Self::I64(_) => DType::I64,
            Self::U8(_) => DType::U8,
            Self::U16(_) => DType::U16,
            Self::U32(_) => DType::U32,
            Self::U64(_) => DType::U64,
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        with_elements!(self, elements => bytemuck::cast_slice(elements))
    }

    /// For `bool`, bytes other than 0 and 1 must not be written.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        with_elements!(self, elements => bytemuck::cast_slice_mut(elements))
    }
}

mod sealed {
    use super::Storage;

    pub trait Sealed: Sized {
        fn store(elements: Vec<Self>) -> Storage;
    }
}

use sealed::Sealed;

/// A Rust type that arrays hold: `bool`, the integers of 8 to 64 bits, `f32` and `f64`.
pub trait Element: Sealed + Copy + Default + PartialEq + CheckedBitPattern + NoUninit + std::fmt::Debug {
    /// The element type that stands for it in arrays.
    const DTYPE: DType;

    /// The value as a [`Scalar`].
    fn scalar(self) -> Scalar;
}

macro_rules! element {
    ($($ty:ident $variant:ident $self:ident => $bits:expr;)*) => {$(
        impl Sealed for $ty {
            fn store(elements: Vec<Self>) -> Storage {
                Storage::$variant(elements)
            }
        }

        impl Element for $ty {
            const DTYPE: DType = DType::$variant;

            fn scalar($self) -> Scalar {
                Scalar::from_bits(Self::DTYPE, $bits)
            }
        }
    )*};
}

element! {
    i8 I8 self => self as u64;
    i16 I16 self => self as u64;
    i32 I32 self => self as u64;
    i64 I64 self => self as u64;
    u8 U8 self => u64::from(self);
    u16 U16 self => u64::from(self);
    u32 U32 self => u64::from(self);
    u64 U64 self => self;
    f32 F32 self => u64::from(self.to_bits());
    f64 F64 self => self.to_bits();
}

impl Sealed for bool {
    fn store(elements: Vec<Self>) -> Storage {
        Storage::Bool(elements.into_iter().map(u8::from).collect())
    }
}

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    fn scalar(self) -> Scalar {
        Scalar::bool(self)
    }
}
