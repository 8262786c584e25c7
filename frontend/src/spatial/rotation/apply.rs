//! Rotating vectors.

use super::Rotation;
use crate::spatial::component::{components, cross, join};
use crate::trace::located_at;
use crate::{IntoTensor, Tensor, constant};
use std::panic::Location;

impl Rotation {
    /// The vectors `[..., 3]` rotated; leading axes broadcast with the rotations'.
    #[track_caller]
    #[must_use]
    pub fn apply(self, vectors: impl IntoTensor) -> Tensor {
        let vectors = vectors.into_operand();
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::apply", self.quat);
            rotate([x, y, z], w, components::<3>("Rotation::apply", constant(vectors)))
        })
    }

    /// The vectors `[..., 3]` rotated by the inverse rotations.
    #[track_caller]
    #[must_use]
    pub fn apply_inverse(self, vectors: impl IntoTensor) -> Tensor {
        let vectors = vectors.into_operand();
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::apply_inverse", self.quat);
            rotate([x, y, z], -w, components::<3>("Rotation::apply_inverse", constant(vectors)))
        })
    }
}

/// `v + w t + q x t` with `t = 2 q x v`: the product `q v q*` for a unit quaternion, without forming the matrix.
/// (The inverse is the quaternion with `w` negated, as that is minus the conjugate.)
fn rotate(axis: [Tensor; 3], w: Tensor, vector: [Tensor; 3]) -> Tensor {
    let twice = cross(axis, vector).map(|component| component + component);
    let turned = cross(axis, twice);
    join(std::array::from_fn::<_, 3, _>(|index| w.fma(twice[index], vector[index]) + turned[index]))
}
