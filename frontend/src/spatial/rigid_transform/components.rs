//! Rotation and translation.

use super::RigidTransform;
use super::matrix::{assemble, block_of, tensor_of};
use crate::Tensor;
use crate::implementations::operate;
use crate::implementations::operation::{FromComponents, TransformRotation};
use crate::spatial::Rotation;
use crate::spatial::component::{components, join};
use crate::trace::located_at;
use std::panic::Location;

impl RigidTransform {
    /// Rotations without translation.
    #[track_caller]
    #[must_use]
    pub fn from_rotation(rotation: Rotation) -> Self {
        located_at(Location::caller(), || {
            let block = block_of(rotation);
            assemble(block, [block[0][0].zeros_like(); 3])
        })
    }

    /// Translations `[..., 3]` without rotation.
    #[track_caller]
    #[must_use]
    pub fn from_translation(translation: Tensor) -> Self {
        located_at(Location::caller(), || {
            let translation = components::<3>("RigidTransform::from_translation", translation);
            let [zero, one] = [0, 1].map(|value| translation[0].full_like(value));
            let block = std::array::from_fn(|row| std::array::from_fn(|column| if row == column { one } else { zero }));
            assemble(block, translation)
        })
    }

    /// Rotations followed by translations `[..., 3]`; leading axes broadcast.
    #[track_caller]
    #[must_use]
    pub fn from_components(translation: Tensor, rotation: Rotation) -> Self {
        operate::<FromComponents>(Location::caller(), (translation, rotation), |_| {
            assemble(block_of(rotation), components::<3>("RigidTransform::from_components", translation))
        })
    }

    /// The inverse of [`from_components`](Self::from_components).
    #[track_caller]
    #[must_use]
    pub fn as_components(self) -> (Tensor, Rotation) {
        located_at(Location::caller(), || (self.translation(), self.rotation()))
    }

    /// The translations `[..., 3]`.
    #[track_caller]
    #[must_use]
    pub fn translation(self) -> Tensor {
        located_at(Location::caller(), || join(self.entries("RigidTransform::translation").1))
    }

    /// The rotations. The sign of the quaternion makes its component of the largest magnitude positive, the first of
    /// equal ones.
    #[track_caller]
    #[must_use]
    pub fn rotation(self) -> Rotation {
        operate::<TransformRotation>(Location::caller(), self, |_| {
            Rotation::from_matrix_assume_valid(tensor_of(self.entries("RigidTransform::rotation").0))
        })
    }
}
