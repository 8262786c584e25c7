//! Rotations as containers over their leading axes.
//!
//! Where SciPy has one indexing operator for the first axis, here are methods for any axis, named as those of
//! [`Tensor`]. Values do not change: setting elements gives new rotations. Indices and masks are constants.

use super::Rotation;
use crate::spatial::component::checked;
use crate::spatial::leading::Container;
use crate::trace::located_at;
use crate::{Array, Dim, IntoShape, Shape, Tensor, concat};
use std::ops::RangeBounds;
use std::panic::Location;

impl Rotation {
    pub(super) fn container(self, name: &str) -> Container<'_> {
        Container::new(name, self.quat, &[4])
    }

    /// The sizes of the leading axes; empty for a single rotation, outside the trace, or after a mistake.
    #[must_use]
    pub fn shape(self) -> Shape {
        let mut shape = self.quat.shape();
        shape.pop();
        shape
    }

    /// Whether there are no leading axes.
    #[must_use]
    pub fn is_single(self) -> bool {
        self.shape().is_empty()
    }

    /// The size of the first leading axis; a single rotation has none.
    #[must_use]
    pub fn len(self) -> Option<Dim> {
        self.shape().first().copied()
    }

    /// The rotations at one index along a leading axis, which is dropped. A negative index counts from the end.
    ///
    /// ```
    /// use rotrace::{Array, spatial::Rotation, trace};
    /// let last = trace(|x| Rotation::from_rotvec(x).index(0, -1).as_rotvec()).compile("f64[2, 3]")?;
    /// let vectors = Array::from([[0.0, 0.0, 1.0], [0.5, 0.0, 0.0]]);
    /// assert!((last.call(&vectors)?.as_slice::<f64>()?[0] - 0.5).abs() < 1e-15);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn index(self, axis: i64, index: i64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("Rotation::index");
            Self { quat: container.along(axis, |quat, axis| quat.index(axis, index)) }
        })
    }

    /// The rotations of a range along a leading axis, as [`Tensor::slice`].
    #[track_caller]
    #[must_use]
    pub fn slice(self, axis: i64, range: impl RangeBounds<i64>) -> Self {
        located_at(Location::caller(), || self.slice_step(axis, range, 1))
    }

    /// Every `step`-th of the rotations of a range along a leading axis, as [`Tensor::slice_step`].
    #[track_caller]
    #[must_use]
    pub fn slice_step(self, axis: i64, range: impl RangeBounds<i64>, step: u64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("Rotation::slice");
            Self { quat: container.along(axis, |quat, axis| quat.slice_step(axis, range, step)) }
        })
    }

    /// The rotations in reverse order along a leading axis.
    #[track_caller]
    #[must_use]
    pub fn flip(self, axis: i64) -> Self {
        located_at(Location::caller(), || Self {
            quat: self.container("Rotation::flip").along(axis, |quat, axis| quat.flip(axis)),
        })
    }

    /// The rotations at constant indices along a leading axis of fixed size, in the order given; negative indices count
    /// from the end.
    #[track_caller]
    #[must_use]
    pub fn take(self, indices: &[i64], axis: i64) -> Self {
        located_at(Location::caller(), || {
            let container = self.container("Rotation::take");
            Self { quat: container.along(axis, |quat, axis| quat.take(indices, axis)) }
        })
    }

    /// The rotations where a constant mask of `bool` is true, along one axis, which replaces the first axes: as many as
    /// the mask has, of the same fixed sizes.
    #[track_caller]
    #[must_use]
    pub fn take_where(self, mask: impl Into<Array>) -> Self {
        located_at(Location::caller(), || {
            let taken = self.container("Rotation::take_where").masked(&mask.into());
            Self { quat: taken.map_or_else(|poison| poison, |(flat, places)| flat.take(&places, 0)) }
        })
    }

    /// These rotations with those at constant indices along a leading axis of fixed size replaced by `value`, whose
    /// leading axes are stretched to the shape that [`take`](Self::take) would give. Of several values for one index the
    /// last one stays.
    #[track_caller]
    #[must_use]
    pub fn set(self, indices: &[i64], axis: i64, value: Self) -> Self {
        located_at(Location::caller(), || {
            let value = checked("Rotation::set", value.quat, &[4]);
            Self { quat: self.container("Rotation::set").replaced(indices, axis, value) }
        })
    }

    /// These rotations with those where a constant mask is true replaced by `value`, whose leading axes are stretched to
    /// the shape that [`take_where`](Self::take_where) would give.
    #[track_caller]
    #[must_use]
    pub fn set_where(self, mask: impl Into<Array>, value: Self) -> Self {
        located_at(Location::caller(), || match self.container("Rotation::set_where").masked(&mask.into()) {
            Ok((flat, places)) => Self { quat: flat }.set(&places, 0, value).reshape(self.shape()),
            Err(quat) => Self { quat },
        })
    }

    /// The rotations along a leading axis of fixed size, one by one: what iterating over them is in SciPy.
    #[track_caller]
    #[must_use]
    pub fn unstack(self, axis: i64) -> Vec<Self> {
        located_at(Location::caller(), || {
            let mut count = 0;
            let container = self.container("Rotation::unstack");
            let quat = container.along(axis, |quat, axis| match quat.shape()[axis as usize].as_fixed() {
                Some(size) => {
                    count = size as i64;
                    quat
                }
                // Reported by indexing.
                None => quat.index(axis, 0),
            });
            (0..count).map(|place| Self { quat }.index(axis, place)).collect()
        })
    }

    /// All rotations, one after the other along their first axis; a single one counts as one of length 1. Their other
    /// sizes are equal.
    #[track_caller]
    #[must_use]
    pub fn concatenate(rotations: impl IntoIterator<Item = Self>) -> Self {
        located_at(Location::caller(), || {
            let quats: Vec<Tensor> = rotations
                .into_iter()
                .map(|rotation| {
                    let container = rotation.container("Rotation::concatenate");
                    if rotation.is_single() { container.expanded(0) } else { rotation.quat }
                })
                .collect();
            Self { quat: concat(quats, 0) }
        })
    }

    /// The same rotations in row-major order under other leading axes, as [`Tensor::reshape`].
    #[track_caller]
    #[must_use]
    pub fn reshape(self, shape: impl IntoShape) -> Self {
        located_at(Location::caller(), || Self { quat: self.container("Rotation::reshape").reshaped(shape) })
    }

    /// Stretched to leading axes, aligned at the last of them.
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(self, shape: impl IntoShape) -> Self {
        located_at(Location::caller(), || Self { quat: self.container("Rotation::broadcast_to").stretched(shape) })
    }

    /// With a new axis of size 1 at the place `axis` of the leading axes.
    #[track_caller]
    #[must_use]
    pub fn expand_dims(self, axis: i64) -> Self {
        located_at(Location::caller(), || Self { quat: self.container("Rotation::expand_dims").expanded(axis) })
    }
}
