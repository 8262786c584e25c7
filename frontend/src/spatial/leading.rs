//! The leading axes of what is stored with some sizes at the end, such as quaternions `[..., 4]`.
//!
//! The axes are counted without the trailing ones, and then the operation is one of arrays: for what
//! [`super::container`] offers, and for whatever else goes along leading axes.

use crate::spatial::component::{alike, checked, refuse};
use crate::{Array, Dim, IntoShape, Shape, Tensor, concat};

/// A tensor of a spatial type, and the operation that is done with it, for messages.
#[derive(Clone, Copy)]
pub(super) struct Leading<'a> {
    name: &'a str,
    tensor: Tensor,
    trailing: usize,
}

impl<'a> Leading<'a> {
    /// The tensor, if it has the trailing sizes; else a mistake is recorded and all that follows is inert.
    pub(super) fn new(name: &'a str, tensor: Tensor, trailing: &[usize]) -> Self {
        Self { name, tensor: checked(name, tensor, trailing), trailing: trailing.len() }
    }

    /// The tensor as it is.
    pub(super) fn tensor(self) -> Tensor {
        self.tensor
    }

    /// A tensor, if its element type is that of the first.
    pub(super) fn alike(self, first: Tensor, tensor: Tensor) -> Tensor {
        alike(self.name, first, tensor)
    }

    /// The sizes of the leading axes.
    pub(super) fn shape(self) -> Shape {
        let mut shape = self.tensor.shape();
        shape.truncate(shape.len().saturating_sub(self.trailing));
        shape
    }

    /// `operation` on the tensor and the place of an axis, which counts from the end of the leading ones if negative.
    pub(super) fn along(self, axis: i64, operation: impl FnOnce(Tensor, i64) -> Tensor) -> Tensor {
        match self.place(axis, self.shape().len()) {
            Ok(place) => operation(self.tensor, place),
            Err(poison) => poison,
        }
    }

    /// With an axis of size 1 more.
    pub(super) fn expanded(self, axis: i64) -> Tensor {
        match self.place(axis, self.shape().len() + 1) {
            Ok(place) => self.tensor.expand_dims(place),
            Err(poison) => poison,
        }
    }

    /// The places of axes, increasing and each once; all for `None`.
    pub(super) fn places(self, axes: Option<&[i64]>) -> Result<Vec<i64>, Tensor> {
        let rank = self.shape().len();
        let Some(axes) = axes else { return Ok((0..rank as i64).collect()) };
        let mut places = axes.iter().map(|&axis| self.place(axis, rank)).collect::<Result<Vec<_>, _>>()?;
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    fn place(self, axis: i64, rank: usize) -> Result<i64, Tensor> {
        let place = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
        place.filter(|place| (0..rank as i64).contains(place)).ok_or_else(|| match rank {
            0 => refuse(self.name, "a single element has no axes", self.tensor),
            _ => refuse(self.name, &format!("axis {axis} is out of bounds for {rank} leading axes"), self.tensor),
        })
    }

    /// Under another leading shape.
    pub(super) fn reshaped(self, leading: impl IntoShape) -> Tensor {
        self.tensor.reshape(self.whole(leading))
    }

    /// Stretched to a leading shape.
    pub(super) fn stretched(self, leading: impl IntoShape) -> Tensor {
        self.tensor.broadcast_to(self.whole(leading))
    }

    fn whole(self, leading: impl IntoShape) -> Shape {
        let mut shape = leading.into_shape();
        shape.extend(self.tensor.shape().into_iter().skip(self.shape().len()));
        shape
    }

    /// With the elements at constant indices along an axis replaced by those of `value`, which is stretched to their
    /// shape. Of several at one index the last one stays.
    pub(super) fn replaced(self, indices: &[i64], axis: i64, value: Tensor) -> Tensor {
        self.along(axis, |tensor, axis| {
            let Some(size) = tensor.shape()[axis as usize].as_fixed() else {
                return refuse(self.name, &format!("needs a fixed size at axis {axis}"), tensor);
            };
            let (size, value) = (size as i64, alike(self.name, tensor, value));
            let mut source: Vec<i64> = (0..size).collect();
            for (order, &index) in indices.iter().enumerate() {
                if !(-size..size).contains(&index) {
                    return refuse(self.name, &format!("index {index} is out of bounds for axis {axis}"), tensor);
                }
                source[index.rem_euclid(size) as usize] = size + order as i64;
            }
            let mut shape = tensor.shape();
            shape[axis as usize] = Dim::fixed(indices.len() as u64);
            concat([tensor, value.broadcast_to(shape)], axis).take(&source, axis)
        })
    }

    /// With the first axes, those of a constant mask, as one, and the places along it where the mask is true.
    pub(super) fn masked(self, mask: &Array) -> Result<(Tensor, Vec<i64>), Tensor> {
        let shape = self.shape();
        let (sizes, rest) = shape.split_at(mask.shape().len().min(shape.len()));
        let fits = sizes.iter().map(|dim| dim.as_fixed()).eq(mask.shape().iter().map(|&size| Some(size as u64)));
        let truths = mask.as_slice::<bool>().ok().filter(|_| fits && !mask.shape().is_empty());
        let Some(truths) = truths else {
            let problem = format!("a mask {}{:?} does not fit the first axes", mask.dtype(), mask.shape());
            return Err(refuse(self.name, &problem, self.tensor));
        };
        let places = (0_i64..).zip(truths).filter(|&(_, &truth)| truth).map(|(place, _)| place).collect();
        let flat: Shape = [Dim::fixed(truths.len() as u64)].into_iter().chain(rest.iter().copied()).collect();
        Ok((self.reshaped(flat), places))
    }
}
