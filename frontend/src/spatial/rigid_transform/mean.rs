//! Mean transforms: the mean rotation, and the mean translation.

use super::RigidTransform;
use super::matrix::{assemble, assemble_where, block_of};
use crate::implementations::operate;
use crate::implementations::operation::{TransformMean, TransformWeightedMean};
use crate::spatial::component::{components, join};
use crate::spatial::container::Layout;
use crate::spatial::leading::Leading;
use crate::trace::located_at;
use crate::{IntoAxes, IntoTensor, Operand, Tensor};
use std::panic::Location;

impl RigidTransform {
    /// The mean transforms along leading axes: `()` for all, one such as `-1`, or several; they are removed. The
    /// rotations' mean is [`Rotation::mean`](crate::spatial::Rotation::mean), that of the translations the average.
    #[track_caller]
    #[must_use]
    pub fn mean(self, axes: impl IntoAxes) -> Self {
        let (place, axes) = (Location::caller(), axes.into_axes());
        located_at(place, || {
            match Leading::new("RigidTransform::mean", self.matrix, Self::CORE).places(axes.as_deref()) {
                Ok(places) => operate::<TransformMean>(place, (self, places), |(_, places)| {
                    let rotation = self.rotation().mean(places.as_slice());
                    let translation = self.translation().mean(places.as_slice());
                    assemble(block_of(rotation), components::<3>("RigidTransform::mean", translation))
                }),
                Err(matrix) => Self { matrix },
            }
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
        let (place, name) = (Location::caller(), "RigidTransform::weighted_mean");
        let (weights, axes) = (weights.into_operand(), axes.into_axes());
        located_at(place, || match Leading::new(name, self.matrix, Self::CORE).places(axes.as_deref()) {
            Ok(places) => operate::<TransformWeightedMean>(place, (self, weights, places), |(_, weights, places)| {
                weighted_mean(name, self, weights, &places)
            }),
            Err(matrix) => Self { matrix },
        })
    }
}

fn weighted_mean(name: &str, transform: RigidTransform, weights: Operand, along: &[i64]) -> RigidTransform {
    let [x, y, z] = components::<3>(name, transform.translation());
    let weights = x.full_like(weights);
    let block = block_of(transform.rotation().weighted_mean(weights, along));
    let sums = join([x * weights, y * weights, z * weights, weights]).sum(along);
    let [x, y, z, total] = components::<4>(name, sums);
    let least = if along.is_empty() { weights } else { weights.min(along) };
    assemble_where(least.greater_equal(0), block, [x, y, z].map(|sum: Tensor| sum / total))
}
