//! The operations that can be implemented anew.

use super::Operation;
use crate::Tensor;
use crate::spatial::{RigidTransform, Rotation};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident: $arguments:ty => $results:ty, $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl super::Sealed for $name {}

        impl Operation for $name {
            type In = $arguments;
            type Out = $results;
            const NAME: &'static str = $text;
        }
    )*};
}

operations! {
    /// [`Rotation::from_quat`].
    FromQuat: Tensor => Rotation, "Rotation::from_quat";
    /// [`Rotation::from_matrix`].
    FromMatrix: Tensor => Rotation, "Rotation::from_matrix";
    /// [`Rotation::from_rotvec`].
    FromRotvec: Tensor => Rotation, "Rotation::from_rotvec";
    /// [`Rotation::from_mrp`].
    FromMrp: Tensor => Rotation, "Rotation::from_mrp";
    /// [`Rotation::as_matrix`].
    AsMatrix: Rotation => Tensor, "Rotation::as_matrix";
    /// [`Rotation::as_rotvec`].
    AsRotvec: Rotation => Tensor, "Rotation::as_rotvec";
    /// [`Rotation::as_mrp`].
    AsMrp: Rotation => Tensor, "Rotation::as_mrp";
    /// [`Rotation::apply`], on a tensor.
    Apply: (Rotation, Tensor) => Tensor, "Rotation::apply";
    /// [`Rotation::apply_inverse`], on a tensor.
    ApplyInverse: (Rotation, Tensor) => Tensor, "Rotation::apply_inverse";
    /// The product of two rotations.
    Multiply: (Rotation, Rotation) => Rotation, "Rotation product";
    /// [`Rotation::inv`].
    Inverse: Rotation => Rotation, "Rotation::inv";
    /// [`Rotation::magnitude`].
    Magnitude: Rotation => Tensor, "Rotation::magnitude";
    /// [`RigidTransform::from_exp_coords`].
    FromExpCoords: Tensor => RigidTransform, "RigidTransform::from_exp_coords";
    /// [`RigidTransform::as_exp_coords`].
    AsExpCoords: RigidTransform => Tensor, "RigidTransform::as_exp_coords";
    /// [`RigidTransform::apply`], on a tensor.
    TransformApply: (RigidTransform, Tensor) => Tensor, "RigidTransform::apply";
    /// The product of two rigid transforms.
    TransformMultiply: (RigidTransform, RigidTransform) => RigidTransform, "RigidTransform product";
}
