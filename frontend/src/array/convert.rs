//! Conversions from and to scalars, Rust arrays, vectors and `ndarray`.

use super::{Array, Element};
use ndarray::Dimension;

impl<T: Element> From<T> for Array {
    /// A 0-d array.
    fn from(value: T) -> Self {
        Self::new(&[], T::store(vec![value]))
    }
}

impl From<&Self> for Array {
    /// Shares the elements.
    fn from(array: &Self) -> Self {
        array.clone()
    }
}

impl<T: Element> From<Vec<T>> for Array {
    /// A 1-d array over the vector's memory.
    fn from(data: Vec<T>) -> Self {
        Self::new(&[data.len()], T::store(data))
    }
}

impl<T: Element> From<&[T]> for Array {
    /// A 1-d array with a copy of the elements.
    fn from(data: &[T]) -> Self {
        data.to_vec().into()
    }
}

impl<T: Element, const N: usize> From<[T; N]> for Array {
    fn from(data: [T; N]) -> Self {
        data.to_vec().into()
    }
}

impl<T: Element, const M: usize, const N: usize> From<[[T; N]; M]> for Array {
    fn from(data: [[T; N]; M]) -> Self {
        Self::new(&[M, N], T::store(data.as_flattened().to_vec()))
    }
}

impl<T: Element, const L: usize, const M: usize, const N: usize> From<[[[T; N]; M]; L]> for Array {
    fn from(data: [[[T; N]; M]; L]) -> Self {
        Self::new(&[L, M, N], T::store(data.as_flattened().as_flattened().to_vec()))
    }
}

impl<T: Element, const N: usize> From<Vec<[T; N]>> for Array {
    /// A 2-d array: one row per element of the vector. Copies.
    fn from(data: Vec<[T; N]>) -> Self {
        Self::new(&[data.len(), N], T::store(data.as_flattened().to_vec()))
    }
}

impl<T: Element, const N: usize> From<&[[T; N]]> for Array {
    /// A 2-d array: one row per element of the slice. Copies.
    fn from(data: &[[T; N]]) -> Self {
        Self::new(&[data.len(), N], T::store(data.as_flattened().to_vec()))
    }
}

impl<T: Element, D: Dimension> From<ndarray::Array<T, D>> for Array {
    /// Takes over the memory of an array in standard layout; copies any other into row-major order.
    fn from(array: ndarray::Array<T, D>) -> Self {
        let shape = array.shape().to_vec();
        let data = if array.is_standard_layout() {
            let count = array.len();
            let (mut data, offset) = array.into_raw_vec_and_offset();
            // An array that was sliced keeps the rest of its memory.
            data.truncate(offset.unwrap_or(0) + count);
            data.drain(..offset.unwrap_or(0));
            data
        } else {
            array.iter().copied().collect()
        };
        Self::new(&shape, T::store(data))
    }
}
