//! Transforms as containers over their leading axes, with the methods of `Rotation`.

use super::RigidTransform;
use crate::spatial::component::checked;
use crate::spatial::leading::Container;
use crate::trace::located_at;
use crate::{Array, Dim, IntoShape, Shape, Tensor, concat};
use std::ops::RangeBounds;
use std::panic::Location;

impl RigidTransform {
    pub(super) fn container(self, name: &str) -> Container<'_> {
        Container::new(name, self.matrix, &[4, 4])
    }

    /// The sizes of the leading axes; empty for a single transform, outside the trace, or after a mistake.
    #[must_use]
    pub fn shape(self) -> Shape {
        let mut shape = self.matrix.shape();
        shape.truncate(shape.len().saturating_sub(2));
        shape
    }

    /// Whether there are no leading axes.
    #[must_use]
    pub fn is_single(self) -> bool {
        self.shape().is_empty()
    }

    /// The size of the first leading axis; a single transform has none.
    #[must_use]
    pub fn len(self) -> Option<Dim> {
        self.shape().first().copied()
    }

    /// The transforms at one index along a leading axis, which is dropped. A negative index counts from the end.
    #[track_caller]
    #[must_use]
    pub fn index(self, axis: i64, index: i64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("RigidTransform::index");
            Self { matrix: container.along(axis, |matrix, axis| matrix.index(axis, index)) }
        })
    }

    /// The transforms of a range along a leading axis, as [`Tensor::slice`].
    #[track_caller]
    #[must_use]
    pub fn slice(self, axis: i64, range: impl RangeBounds<i64>) -> Self {
        located_at(Location::caller(), || self.slice_step(axis, range, 1))
    }

    /// Every `step`-th of the transforms of a range along a leading axis, as [`Tensor::slice_step`].
    #[track_caller]
    #[must_use]
    pub fn slice_step(self, axis: i64, range: impl RangeBounds<i64>, step: u64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("RigidTransform::slice");
            Self { matrix: container.along(axis, |matrix, axis| matrix.slice_step(axis, range, step)) }
        })
    }

    /// The transforms in reverse order along a leading axis.
    #[track_caller]
    #[must_use]
    pub fn flip(self, axis: i64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("RigidTransform::flip");
            Self { matrix: container.along(axis, |matrix, axis| matrix.flip(axis)) }
        })
    }

    /// The transforms at constant indices along a leading axis of fixed size, in the order given; negative indices count
    /// from the end.
    #[track_caller]
    #[must_use]
    pub fn take(self, indices: &[i64], axis: i64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("RigidTransform::take");
            Self { matrix: container.along(axis, |matrix, axis| matrix.take(indices, axis)) }
        })
    }

    /// The transforms where a constant mask of `bool` is true, along one axis, which replaces the first axes: as many as
    /// the mask has, of the same fixed sizes.
    #[track_caller]
    #[must_use]
    pub fn take_where(self, mask: impl Into<Array>) -> Self {
        located_at(Location::caller(), || {
            let taken = self.container("RigidTransform::take_where").masked(&mask.into());
            Self { matrix: taken.map_or_else(|poison| poison, |(flat, places)| flat.take(&places, 0)) }
        })
    }

    /// These transforms with those at constant indices along a leading axis of fixed size replaced by `value`, whose
    /// leading axes are stretched to the shape that [`take`](Self::take) would give. Of several values for one index the
    /// last one stays.
    #[track_caller]
    #[must_use]
    pub fn set(self, indices: &[i64], axis: i64, value: Self) -> Self {
        located_at(Location::caller(), || {
            let value = checked("RigidTransform::set", value.matrix, &[4, 4]);
            Self { matrix: self.container("RigidTransform::set").replaced(indices, axis, value) }
        })
    }

    /// These transforms with those where a constant mask is true replaced by `value`, whose leading axes are stretched
    /// to the shape that [`take_where`](Self::take_where) would give.
    #[track_caller]
    #[must_use]
    pub fn set_where(self, mask: impl Into<Array>, value: Self) -> Self {
        located_at(Location::caller(), || match self.container("RigidTransform::set_where").masked(&mask.into()) {
            Ok((flat, places)) => Self { matrix: flat }.set(&places, 0, value).reshape(self.shape()),
            Err(matrix) => Self { matrix },
        })
    }

    /// The transforms along a leading axis of fixed size, one by one: what iterating over them is in SciPy.
    #[track_caller]
    #[must_use]
    pub fn unstack(self, axis: i64) -> Vec<Self> {
        located_at(Location::caller(), || {
            let mut count = 0;
            let container = self.container("RigidTransform::unstack");
            let matrix = container.along(axis, |matrix, axis| match matrix.shape()[axis as usize].as_fixed() {
                Some(size) => {
                    count = size as i64;
                    matrix
                }
                // Reported by indexing.
                None => matrix.index(axis, 0),
            });
            (0..count).map(|place| Self { matrix }.index(axis, place)).collect()
        })
    }

    /// All transforms, one after the other along their first axis; a single one counts as one of length 1. Their other
    /// sizes are equal.
    #[track_caller]
    #[must_use]
    pub fn concatenate(transforms: impl IntoIterator<Item = Self>) -> Self {
        located_at(Location::caller(), || {
            let expanded = |transform: Self| {
                let container = transform.container("RigidTransform::concatenate");
                if transform.is_single() { container.expanded(0) } else { transform.matrix }
            };
            let matrices: Vec<Tensor> = transforms.into_iter().map(expanded).collect();
            Self { matrix: concat(matrices, 0) }
        })
    }

    /// The same transforms in row-major order under other leading axes, as [`Tensor::reshape`].
    #[track_caller]
    #[must_use]
    pub fn reshape(self, shape: impl IntoShape) -> Self {
        located_at(Location::caller(), || Self { matrix: self.container("RigidTransform::reshape").reshaped(shape) })
    }

    /// Stretched to leading axes, aligned at the last of them.
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(self, shape: impl IntoShape) -> Self {
        located_at(Location::caller(), || Self {
            matrix: self.container("RigidTransform::broadcast_to").stretched(shape),
        })
    }

    /// With a new axis of size 1 at the place `axis` of the leading axes.
    #[track_caller]
    #[must_use]
    pub fn expand_dims(self, axis: i64) -> Self {
        located_at(Location::caller(), || Self { matrix: self.container("RigidTransform::expand_dims").expanded(axis) })
    }
}
