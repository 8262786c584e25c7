//! Dims, shapes and array types.
//!
//! A dim is a number, or a *named dimension* of the function plus a constant: `3`, `n`, `n-1`. The constant is what lets
//! a slice `x[1:]` over a named dimension keep an exact size, and it is the only arithmetic there is: anything else
//! (products, two names in one dim) would need a solver to decide equality, and equality must be plain `==`.

use crate::DType;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A named dimension: an index into the owning function's `dims`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DimId(pub u32);

/// The size of one axis: `constant`, or the named dimension's size plus `constant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dim {
    /// The named dimension, if the size is not a plain number.
    pub name: Option<DimId>,
    /// The number, or what is added to the named size.
    pub constant: i64,
}

impl Dim {
    /// A number.
    #[must_use]
    pub const fn fixed(size: u64) -> Self {
        Self { name: None, constant: size as i64 }
    }

    /// A named dimension.
    #[must_use]
    pub const fn named(name: DimId) -> Self {
        Self { name: Some(name), constant: 0 }
    }

    /// The number, if this is one.
    #[must_use]
    pub const fn as_fixed(self) -> Option<u64> {
        match self.name {
            None => Some(self.constant as u64),
            Some(_) => None,
        }
    }

    /// Whether this is the number 1, the size that broadcasts.
    #[must_use]
    pub const fn is_one(self) -> bool {
        self.name.is_none() && self.constant == 1
    }

    /// This dim with `delta` added; `None` on overflow.
    #[must_use]
    pub fn plus(self, delta: i64) -> Option<Self> {
        Some(Self { constant: self.constant.checked_add(delta)?, ..self })
    }

    /// The size for given sizes of the named dimensions; `None` if it would be negative or overflow.
    #[must_use]
    pub fn size(self, dims: &[u64]) -> Option<u64> {
        let base = match self.name {
            None => 0,
            Some(name) => i64::try_from(*dims.get(name.0 as usize)?).ok()?,
        };
        u64::try_from(base.checked_add(self.constant)?).ok()
    }

    /// The text form, given the function's dimension names: `3`, `n`, `n-1`, `n+2`.
    #[must_use]
    pub fn display(self, names: &[String]) -> String {
        let Some(name) = self.name else { return self.constant.to_string() };
        let name = names.get(name.0 as usize).map_or("?", String::as_str);
        match self.constant {
            0 => name.to_owned(),
            positive if positive > 0 => format!("{name}+{positive}"),
            negative => format!("{name}{negative}"),
        }
    }
}

impl From<u64> for Dim {
    fn from(size: u64) -> Self {
        Self::fixed(size)
    }
}

/// The most axes that an array may have.
pub const MAX_RANK: usize = 64;

/// The dims of an array, outermost first.
pub type Shape = SmallVec<[Dim; 4]>;

/// The type of an array value: `dtype[dim, ...]`.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Type {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: Shape,
}

impl Clone for Type {
    fn clone(&self) -> Self {
        self.with_dtype(self.dtype)
    }
}

impl Type {
    /// A type of the given dtype and shape.
    #[must_use]
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Self {
        Self { dtype, shape: shape.into() }
    }

    /// A 0-d array.
    #[must_use]
    pub fn scalar(dtype: DType) -> Self {
        Self { dtype, shape: Shape::new() }
    }

    /// The number of axes.
    #[must_use]
    #[inline]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The same shape with another dtype.
    #[must_use]
    pub fn with_dtype(&self, dtype: DType) -> Self {
        // At once: a `SmallVec` clones itself element by element.
        Self { dtype, shape: Shape::from_slice(&self.shape) }
    }

    /// The text form, given the function's dimension names: `f64[n, 3]`.
    #[must_use]
    pub fn display(&self, names: &[String]) -> String {
        format!("{}{}", self.dtype, display_shape(&self.shape, names))
    }
}

/// The text form of a shape: `[n, 3]`.
#[must_use]
pub fn display_shape(shape: &[Dim], names: &[String]) -> String {
    let dims: Vec<_> = shape.iter().map(|dim| dim.display(names)).collect();
    format!("[{}]", dims.join(", "))
}

/// The number of elements of a shape for given sizes of the named dimensions; `None` on overflow or a negative size.
#[must_use]
pub fn element_count(shape: &[Dim], dims: &[u64]) -> Option<u64> {
    let (mut product, mut empty) = (Some(1_u64), false);
    for dim in shape {
        let size = dim.size(dims)?;
        empty |= size == 0;
        product = product.and_then(|product| product.checked_mul(size));
    }
    // A zero anywhere makes the product zero, however large the rest.
    if empty { Some(0) } else { product }
}

/// The number of elements of a shape without named dimensions.
#[must_use]
pub fn fixed_element_count(shape: &[Dim]) -> Option<u64> {
    if shape.iter().any(|dim| dim.name.is_some()) { None } else { element_count(shape, &[]) }
}
