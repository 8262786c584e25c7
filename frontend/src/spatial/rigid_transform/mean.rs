//! Mean transforms: the mean rotation, and the mean translation.

use super::RigidTransform;
use super::matrix::{assemble, assemble_where, block_of};
use crate::spatial::component::{components, join};
use crate::trace::located_at;
use crate::{IntoAxes, IntoTensor, Tensor};
use std::panic::Location;

impl RigidTransform {
    /// The mean transforms along leading axes: `()` for all, one such as `-1`, or several; they are removed. The
    /// rotations' mean is [`Rotation::mean`](crate::spatial::Rotation::mean), that of the translations the average.
    #[track_caller]
    #[must_use]
    pub fn mean(self, axes: impl IntoAxes) -> Self {
        let axes = axes.into_axes();
        located_at(Location::caller(), || {
            let places = match self.container("RigidTransform::mean").places(axes.as_deref()) {
                Ok(places) => places,
                Err(matrix) => return Self { matrix },
            };
            let rotation = self.rotation().mean(places.as_slice());
            let translation = self.translation().mean(places.as_slice());
            assemble(block_of(rotation), components::<3>("RigidTransform::mean", translation))
        })
    }

    /// The mean transforms along leading axes, weighted: the rotations' as
    /// [`Rotation::weighted_mean`](crate::spatial::Rotation::weighted_mean), the translations' the weighted average.
    ///
    /// The weights broadcast to the transforms' leading shape and only their ratios matter. If one is negative or NaN, the
    /// mean that it belongs to is NaN; if all of them are zero, its translation is.
    #[track_caller]
    #[must_use]
    pub fn weighted_mean(self, weights: impl IntoTensor, axes: impl IntoAxes) -> Self {
        let (weights, axes) = (weights.into_operand(), axes.into_axes());
        located_at(Location::caller(), || {
            let name = "RigidTransform::weighted_mean";
            let places = match self.container(name).places(axes.as_deref()) {
                Ok(places) => places,
                Err(matrix) => return Self { matrix },
            };
            let [x, y, z] = components::<3>(name, self.translation());
            let weights = x.full_like(weights);
            let along = places.as_slice();
            let block = block_of(self.rotation().weighted_mean(weights, along));
            let sums = join([x * weights, y * weights, z * weights, weights]).sum(along);
            let [x, y, z, total] = components::<4>(name, sums);
            let least = if along.is_empty() { weights } else { weights.min(along) };
            assemble_where(least.greater_equal(0), block, [x, y, z].map(|sum: Tensor| sum / total))
        })
    }
}
