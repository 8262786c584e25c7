//! Transforming points.

use super::RigidTransform;
use super::matrix::transposed;
use crate::implementations::operate;
use crate::implementations::operation::{TransformApply, TransformApplyInverse};
use crate::spatial::component::{components, dot, join};
use crate::trace::located_at;
use crate::{IntoTensor, Tensor, constant};
use std::panic::Location;

impl RigidTransform {
    /// The points `[..., 3]` rotated, then translated: `R v + t`. Leading axes broadcast with the transforms'.
    #[track_caller]
    #[must_use]
    pub fn apply(self, points: impl IntoTensor) -> Tensor {
        let points = located_at(Location::caller(), || constant(points));
        operate::<TransformApply>(Location::caller(), (self, points), |_| {
            let (rows, translation) = self.entries("RigidTransform::apply");
            let [x, y, z] = components::<3>("RigidTransform::apply", points);
            let moved = |index: usize| {
                let [a, b, c] = rows[index];
                a.fma(x, b.fma(y, c.fma(z, translation[index])))
            };
            join([moved(0), moved(1), moved(2)])
        })
    }

    /// The points `[..., 3]` transformed by the inverses: `R^T (v - t)`.
    #[track_caller]
    #[must_use]
    pub fn apply_inverse(self, points: impl IntoTensor) -> Tensor {
        let points = located_at(Location::caller(), || constant(points));
        operate::<TransformApplyInverse>(Location::caller(), (self, points), |_| {
            let (rows, translation) = self.entries("RigidTransform::apply_inverse");
            let points = components::<3>("RigidTransform::apply_inverse", points);
            let moved = std::array::from_fn(|index| points[index] - translation[index]);
            join(transposed(rows).map(|column| dot(column, moved)))
        })
    }
}
