//! Concrete arrays, as lists of scalars.

use crate::graph::Constant;
use crate::{DType, Scalar};
use std::rc::Rc;

/// An array value. `elements` are row-major and as many as `shape` says.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) dtype: DType,
    pub(super) shape: Vec<u64>,
    pub(super) elements: Vec<Scalar>,
    /// Where each NaN began, of an array that has one, if [`super::origin`] is asked.
    pub(super) tags: Option<Rc<Array>>,
}

impl Array {
    pub(super) fn new(dtype: DType, shape: Vec<u64>, elements: Vec<Scalar>) -> Self {
        Self { dtype, shape, elements, tags: None }
    }

    pub(super) fn from_constant(constant: &Constant) -> Self {
        Self::new(constant.dtype, constant.shape.clone(), constant.elements().collect())
    }

    pub(super) fn to_constant(&self) -> Constant {
        Constant::from_scalars(self.dtype, self.shape.clone(), self.elements.iter().copied())
    }

    /// The array whose element at each index is `element(index)`.
    pub(super) fn from_fn(dtype: DType, shape: Vec<u64>, mut element: impl FnMut(&[u64]) -> Scalar) -> Self {
        let mut elements = Vec::new();
        if !shape.contains(&0) {
            let mut index = vec![0; shape.len()];
            loop {
                elements.push(element(&index));
                if !advance(&mut index, &shape) {
                    break;
                }
            }
        }
        Self::new(dtype, shape, elements)
    }

    /// The array of `element(e)` for each element `e`.
    pub(super) fn map(&self, dtype: DType, element: impl Fn(Scalar) -> Scalar) -> Self {
        Self::new(dtype, self.shape.clone(), self.elements.iter().map(|&scalar| element(scalar)).collect())
    }

    /// How many elements there are at an index of the leading axis, which is not of size 0.
    pub(super) fn slice_size(&self) -> usize {
        self.elements.len() / self.shape[0] as usize
    }

    /// The part at an index of the leading axis.
    pub(super) fn slice(&self, place: u64) -> Self {
        let (place, size) = (place as usize, self.slice_size());
        let elements = self.elements[place * size..(place + 1) * size].to_vec();
        let tags = self.tags.as_ref().map(|tags| Rc::new(tags.slice(place as u64)));
        Self { tags, ..Self::new(self.dtype, self.shape[1..].to_vec(), elements) }
    }

    /// The element at an index.
    pub(super) fn at(&self, index: &[u64]) -> Scalar {
        let position = index.iter().zip(&self.shape).fold(0, |position, (&index, &size)| position * size + index);
        self.elements[position as usize]
    }
}

/// Moves to the next index in row-major order; false after the last.
fn advance(index: &mut [u64], shape: &[u64]) -> bool {
    for axis in (0..shape.len()).rev() {
        index[axis] += 1;
        if index[axis] < shape[axis] {
            return true;
        }
        index[axis] = 0;
    }
    false
}
