//! Dual quaternions.

use super::RigidTransform;
use super::matrix::{assemble, block_of};
use crate::Tensor;
use crate::implementations::operate;
use crate::implementations::operation::{AsDualQuat, FromDualQuat};
use crate::spatial::Rotation;
use crate::spatial::component::{components, cross, dot, join};
use std::panic::Location;

impl RigidTransform {
    /// Of dual quaternions `[..., 8]`: the real part, then the dual part, each scalar-last. They are normalised: both
    /// parts are divided by the length of the real one, and what of the dual part is parallel to the real part, which
    /// belongs to no transform, has no effect. A real part of 0 counts as the identity, and its derivative as 0.
    #[track_caller]
    #[must_use]
    pub fn from_dual_quat(dual_quat: Tensor) -> Self {
        operate::<FromDualQuat>(Location::caller(), dual_quat, |dual_quat| {
            let [x, y, z, w, dual @ ..] = components::<8>("RigidTransform::from_dual_quat", dual_quat);
            let none = dot([x, y, z, w], [x, y, z, w]).equal(0);
            let [x, y, z] = [x, y, z].map(|component| none.select(0, component));
            let w = none.select(1, w);
            let scale = dot([x, y, z, w], [x, y, z, w]).sqrt().reciprocal();
            let real @ [x, y, z, w] = [x, y, z, w].map(|component| component * scale);
            // The vector part of 2 dual conj(real).
            let [a, b, c, d] = dual.map(|component| component * (scale + scale));
            let turned = cross([x, y, z], [a, b, c]);
            let translation = [(x, a, turned[0]), (y, b, turned[1]), (z, c, turned[2])]
                .map(|(real, dual, turned)| w.fma(dual, (-d).fma(real, turned)));
            assemble(block_of(Rotation::from_unit_quat(join(real))), translation)
        })
    }

    /// The unit dual quaternions `[..., 8]`: the real part, which is [`rotation`](Self::rotation)'s quaternion, then the
    /// dual part `(t, 0) real / 2`, each scalar-last.
    #[track_caller]
    #[must_use]
    pub fn as_dual_quat(self) -> Tensor {
        operate::<AsDualQuat>(Location::caller(), self, |_| {
            let half = self.entries("RigidTransform::as_dual_quat").1.map(|component| component * 0.5);
            let [x, y, z, w] = components::<4>("RigidTransform::as_dual_quat", self.rotation().as_quat(false));
            let turned = cross(half, [x, y, z]);
            let [a, b, c]: [Tensor; 3] = std::array::from_fn(|index| half[index].fma(w, turned[index]));
            join([x, y, z, w, a, b, c, -dot(half, [x, y, z])])
        })
    }
}
