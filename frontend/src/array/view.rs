//! Borrowed array data: to call a compiled function on memory that is not an [`Array`], and what native functions see.

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

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes, outermost first.
    #[must_use]
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// If `T` is not the element type.
    pub fn as_slice<T: Element>(&self) -> Result<&'a [T], Error> {
        check_type::<T>(self.dtype)?;
        bytemuck::checked::try_cast_slice(self.bytes).map_err(unreadable::<T>)
    }

    pub(crate) fn of_view(view: &rotrace_runtime::View<'a>) -> Self {
        Self { dtype: view.dtype, shape: view.shape, bytes: view.bytes }
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

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes, outermost first.
    #[must_use]
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The elements in row-major order, to write to.
    ///
    /// # Errors
    /// If `T` is not the element type.
    pub fn as_mut_slice<T: Element>(&mut self) -> Result<&mut [T], Error> {
        check_type::<T>(self.dtype)?;
        bytemuck::checked::try_cast_slice_mut(self.bytes).map_err(unreadable::<T>)
    }

    pub(crate) fn of_view<'v>(view: &'a mut rotrace_runtime::ViewMut<'v>) -> Self
    where
        'v: 'a,
    {
        Self { dtype: view.dtype, shape: view.shape, bytes: view.bytes }
    }

    #[inline]
    pub(crate) fn view_mut(&mut self) -> rotrace_runtime::ViewMut<'_> {
        rotrace_runtime::ViewMut { dtype: self.dtype, shape: self.shape, bytes: self.bytes }
    }
}

fn check_type<T: Element>(dtype: DType) -> Result<(), Error> {
    if dtype == T::DTYPE { Ok(()) } else { Err(Error::Array(format!("the elements are {dtype}, not {}", T::DTYPE))) }
}

fn unreadable<T: Element>(error: bytemuck::checked::CheckedCastError) -> Error {
    Error::Array(format!("the elements cannot be read as {}: {error}", T::DTYPE))
}

fn check(length: usize, shape: &[usize]) -> Result<(), Error> {
    if count(shape) == Some(length) {
        Ok(())
    } else {
        Err(Error::Array(format!("a view of shape {shape:?} cannot show {length} elements")))
    }
}
