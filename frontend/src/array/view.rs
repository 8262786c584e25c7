//! Borrowed array data, to call a compiled function on memory that is not an [`Array`].

use super::{Array, Element, count};
use crate::{DType, Error};

/// A borrowed array argument.
#[derive(Clone, Copy, Debug)]
pub struct ArrayView<'a> {
    dtype: DType,
    shape: &'a [usize],
    bytes: &'a [u8],
}

impl<'a> ArrayView<'a> {
    /// `data` in row-major order under `shape`.
    ///
    /// # Errors
    /// If the sizes do not multiply to the number of elements.
    pub fn of<T: Element>(data: &'a [T], shape: &'a [usize]) -> Result<Self, Error> {
        check(data.len(), shape)?;
        Ok(Self { dtype: T::DTYPE, shape, bytes: bytemuck::cast_slice(data) })
    }

    #[inline]
    pub(crate) fn view(&self) -> rotrace_runtime::View<'a> {
        rotrace_runtime::View { dtype: self.dtype, shape: self.shape, bytes: self.bytes }
    }
}

impl<'a> From<&'a Array> for ArrayView<'a> {
    fn from(array: &'a Array) -> Self {
        Self { dtype: array.dtype(), shape: array.shape(), bytes: array.bytes() }
    }
}

/// A borrowed array to write a result to.
#[derive(Debug)]
pub struct ArrayViewMut<'a> {
    dtype: DType,
    shape: &'a [usize],
    bytes: &'a mut [u8],
}

impl<'a> ArrayViewMut<'a> {
    /// `data` in row-major order under `shape`. There is none of `bool`: use an [`Array`] for such a result.
    ///
    /// # Errors
    /// If the sizes do not multiply to the number of elements.
    pub fn of<T: Element + bytemuck::AnyBitPattern>(data: &'a mut [T], shape: &'a [usize]) -> Result<Self, Error> {
        check(data.len(), shape)?;
        Ok(Self { dtype: T::DTYPE, shape, bytes: bytemuck::cast_slice_mut(data) })
    }

    #[inline]
    pub(crate) fn view_mut(&mut self) -> rotrace_runtime::ViewMut<'_> {
        rotrace_runtime::ViewMut { dtype: self.dtype, shape: self.shape, bytes: self.bytes }
    }
}

fn check(length: usize, shape: &[usize]) -> Result<(), Error> {
    if count(shape) == Some(length) {
        Ok(())
    } else {
        Err(Error::Array(format!("a view of shape {shape:?} cannot show {length} elements")))
    }
}
