//! Rotations and rigid transforms as containers over their leading axes.
//!
//! Where SciPy has one indexing operator for the first axis, here are methods for any axis, named as those of
//! [`Tensor`]. Values do not change: setting elements gives new objects. Indices and masks are constants.

use super::leading::Leading;
use crate::trace::located_at;
use crate::{Array, Dim, IntoShape, Shape, Tensor, concat};
use std::ops::RangeBounds;
use std::panic::Location;

/// What a class holds: one tensor, with some sizes at the end.
pub(super) trait Layout: Copy {
    /// The name of the class, for messages.
    const CLASS: &'static str;
    /// The trailing sizes, those of one element.
    const CORE: &'static [usize];

    fn of(tensor: Tensor) -> Self;

    fn tensor(self) -> Tensor;

    /// The leading axes, and the operation that is done with them.
    fn along(self, operation: &str, change: impl FnOnce(Leading<'_>) -> Tensor) -> Self {
        let name = format!("{}::{operation}", Self::CLASS);
        Self::of(change(Leading::new(&name, self.tensor(), Self::CORE)))
    }
}

/// Objects over leading axes: [`Rotation`](super::Rotation) and [`RigidTransform`](super::RigidTransform).
///
/// ```
/// use rotrace::spatial::{Container, Rotation};
/// use rotrace::{Array, trace};
/// let last = trace(|x| Rotation::from_rotvec(x).index(0, -1).as_rotvec()).compile("f64[2, 3]")?;
/// let vectors = Array::from([[0.0, 0.0, 1.0], [0.5, 0.0, 0.0]]);
/// assert!((last.call(&vectors)?.as_slice::<f64>()?[0] - 0.5).abs() < 1e-15);
/// # Ok::<(), rotrace::Error>(())
/// ```
///
/// Objects over arrays have the same methods themselves, with a `Result`.
#[expect(private_bounds, reason = "nobody else implements it")]
#[expect(clippy::len_without_is_empty, reason = "a size may be a name")]
pub trait Container: Layout {
    /// The sizes of the leading axes; empty for a single element, outside the trace, or after a mistake.
    #[must_use]
    fn shape(self) -> Shape {
        let mut shape = self.tensor().shape();
        shape.truncate(shape.len().saturating_sub(Self::CORE.len()));
        shape
    }

    /// Whether there are no leading axes.
    #[must_use]
    fn is_single(self) -> bool {
        self.shape().is_empty()
    }

    /// The size of the first leading axis; a single element has none.
    #[must_use]
    fn len(self) -> Option<Dim> {
        self.shape().first().copied()
    }

    /// What is at one index along a leading axis, which is dropped. A negative index counts from the end.
    #[track_caller]
    #[must_use]
    fn index(self, axis: i64, index: i64) -> Self {
        located_at(Location::caller(), || {
            self.along("index", |leading| leading.along(axis, |tensor, axis| tensor.index(axis, index)))
        })
    }

    /// A range along a leading axis, as [`Tensor::slice`].
    #[track_caller]
    #[must_use]
    fn slice(self, axis: i64, range: impl RangeBounds<i64>) -> Self {
        located_at(Location::caller(), || self.slice_step(axis, range, 1))
    }

    /// Every `step`-th of a range along a leading axis, as [`Tensor::slice_step`].
    #[track_caller]
    #[must_use]
    fn slice_step(self, axis: i64, range: impl RangeBounds<i64>, step: u64) -> Self {
        located_at(Location::caller(), || {
            self.along("slice", |leading| leading.along(axis, |tensor, axis| tensor.slice_step(axis, range, step)))
        })
    }

    /// All in reverse order along a leading axis.
    #[track_caller]
    #[must_use]
    fn flip(self, axis: i64) -> Self {
        located_at(Location::caller(), || {
            self.along("flip", |leading| leading.along(axis, |tensor, axis| tensor.flip(axis)))
        })
    }

    /// What is at constant indices along a leading axis of fixed size, in the order given; negative indices count from
    /// the end.
    #[track_caller]
    #[must_use]
    fn take(self, indices: &[i64], axis: i64) -> Self {
        located_at(Location::caller(), || {
            self.along("take", |leading| leading.along(axis, |tensor, axis| tensor.take(indices, axis)))
        })
    }

    /// What is where a constant mask of `bool` is true, along one axis, which replaces the first axes: as many as the mask
    /// has, of the same fixed sizes.
    #[track_caller]
    #[must_use]
    fn take_where(self, mask: impl Into<Array>) -> Self {
        located_at(Location::caller(), || {
            self.along("take_where", |leading| {
                leading.masked(&mask.into()).map_or_else(|poison| poison, |(flat, places)| flat.take(&places, 0))
            })
        })
    }

    /// These with what is at constant indices along a leading axis of fixed size replaced by `value`, whose leading axes
    /// are stretched to the shape that [`take`](Self::take) would give. Of several for one index the last one stays.
    #[track_caller]
    #[must_use]
    fn set(self, indices: &[i64], axis: i64, value: Self) -> Self {
        located_at(Location::caller(), || {
            let value = value.along("set", |leading| leading.tensor()).tensor();
            self.along("set", |leading| leading.replaced(indices, axis, value))
        })
    }

    /// These with what is where a constant mask is true replaced by `value`, whose leading axes are stretched to the shape
    /// that [`take_where`](Self::take_where) would give.
    #[track_caller]
    #[must_use]
    fn set_where(self, mask: impl Into<Array>, value: Self) -> Self {
        located_at(Location::caller(), || {
            self.along("set_where", |leading| match leading.masked(&mask.into()) {
                Ok((flat, places)) => Self::of(flat).set(&places, 0, value).reshape(self.shape()).tensor(),
                Err(poison) => poison,
            })
        })
    }

    /// All along a leading axis of fixed size, one by one: what iterating over them is in SciPy.
    #[track_caller]
    #[must_use]
    fn unstack(self, axis: i64) -> Vec<Self> {
        located_at(Location::caller(), || {
            let mut count = 0;
            let counted = self.along("unstack", |leading| {
                leading.along(axis, |tensor, axis| match tensor.shape()[axis as usize].as_fixed() {
                    Some(size) => {
                        count = size as i64;
                        tensor
                    }
                    // Reported by indexing.
                    None => tensor.index(axis, 0),
                })
            });
            (0..count).map(|place| counted.index(axis, place)).collect()
        })
    }

    /// All, one after the other along their first axis; a single element counts as one of length 1. Their other sizes are
    /// equal.
    #[track_caller]
    #[must_use]
    fn concatenate(all: impl IntoIterator<Item = Self>) -> Self {
        located_at(Location::caller(), || {
            let mut tensors: Vec<Tensor> = Vec::new();
            for one in all {
                let expanded = one.along("concatenate", |leading| {
                    let tensor = if one.is_single() { leading.expanded(0) } else { leading.tensor() };
                    tensors.first().map_or(tensor, |&first| leading.alike(first, tensor))
                });
                tensors.push(expanded.tensor());
            }
            Self::of(concat(tensors, 0))
        })
    }

    /// The same elements in row-major order under other leading axes, as [`Tensor::reshape`].
    #[track_caller]
    #[must_use]
    fn reshape(self, shape: impl IntoShape) -> Self {
        located_at(Location::caller(), || self.along("reshape", |leading| leading.reshaped(shape)))
    }

    /// Stretched to leading axes, aligned at the last of them.
    #[track_caller]
    #[must_use]
    fn broadcast_to(self, shape: impl IntoShape) -> Self {
        located_at(Location::caller(), || self.along("broadcast_to", |leading| leading.stretched(shape)))
    }

    /// With a new axis of size 1 at the place `axis` of the leading axes.
    #[track_caller]
    #[must_use]
    fn expand_dims(self, axis: i64) -> Self {
        located_at(Location::caller(), || self.along("expand_dims", |leading| leading.expanded(axis)))
    }
}
