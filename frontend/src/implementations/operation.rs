//! The operations that can be implemented anew.
//!
//! What an operation takes is a tuple of what its method does: tensors where that takes anything that becomes one, an
//! [`Operand`] where a number is told apart, and options as they are. A form in degrees uses the one in radians.
//!
//! Missing are those that only move elements or hold them (containers, identities, translations).

use super::{Operation, Slot};
use crate::manifold::Side;
use crate::spatial::{Alignment, Order, Reduced, RigidTransform, Rotation, RotationSpline, Slerp};
use crate::{DType, Operand, Shape, Tensor};

macro_rules! operations {
    ($($(#[$doc:meta])* $slot:ident $name:ident: $arguments:ty => $results:ty, $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl super::Sealed for $name {
                fn slot(slots: &Slots) -> &Slot<Self> {
                    &slots.$slot
                }

                fn slot_mut(slots: &mut Slots) -> &mut Slot<Self> {
                    &mut slots.$slot
                }
            }

            impl Operation for $name {
                type In = $arguments;
                type Out = $results;
                const NAME: &'static str = $text;
            }
        )*

        /// A place for each operation's function.
        #[derive(Clone, Default)]
        pub(super) struct Slots {
            $($slot: Slot<$name>,)*
        }

        impl Slots {
            /// The names of the operations that have a function.
            pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
                [$(self.$slot.as_ref().map(|_| $name::NAME)),*].into_iter().flatten()
            }
        }
    };
}

operations! {
    /// [`Rotation::from_quat`].
    from_quat FromQuat: Tensor => Rotation, "Rotation::from_quat";
    /// [`Rotation::from_matrix`].
    from_matrix FromMatrix: Tensor => Rotation, "Rotation::from_matrix";
    /// [`Rotation::from_matrix_assume_valid`].
    from_matrix_assume_valid FromMatrixAssumeValid: Tensor => Rotation, "Rotation::from_matrix_assume_valid";
    /// [`Rotation::from_rotvec`].
    from_rotvec FromRotvec: Tensor => Rotation, "Rotation::from_rotvec";
    /// [`Rotation::from_mrp`].
    from_mrp FromMrp: Tensor => Rotation, "Rotation::from_mrp";
    /// [`Rotation::from_euler`], of a sequence and angles.
    from_euler FromEuler: (String, Tensor) => Rotation, "Rotation::from_euler";
    /// [`Rotation::from_davenport`], of axes, their order and angles.
    from_davenport FromDavenport: (Tensor, Order, Tensor) => Rotation, "Rotation::from_davenport";
    /// [`Rotation::as_quat`], canonical or not.
    as_quat AsQuat: (Rotation, bool) => Tensor, "Rotation::as_quat";
    /// [`Rotation::as_matrix`].
    as_matrix AsMatrix: Rotation => Tensor, "Rotation::as_matrix";
    /// [`Rotation::as_rotvec`].
    as_rotvec AsRotvec: Rotation => Tensor, "Rotation::as_rotvec";
    /// [`Rotation::as_mrp`].
    as_mrp AsMrp: Rotation => Tensor, "Rotation::as_mrp";
    /// [`Rotation::as_euler`], with a sequence.
    as_euler AsEuler: (Rotation, String) => Tensor, "Rotation::as_euler";
    /// [`Rotation::is_gimbal_locked`], with a sequence.
    is_gimbal_locked IsGimbalLocked: (Rotation, String) => Tensor, "Rotation::is_gimbal_locked";
    /// [`Rotation::as_davenport`], with axes and their order.
    as_davenport AsDavenport: (Rotation, Tensor, Order) => Tensor, "Rotation::as_davenport";
    /// [`Rotation::is_gimbal_locked_about`], with axes and their order.
    is_gimbal_locked_about IsGimbalLockedAbout: (Rotation, Tensor, Order) => Tensor, "Rotation::is_gimbal_locked_about";
    /// [`Rotation::apply`], on a tensor.
    apply Apply: (Rotation, Tensor) => Tensor, "Rotation::apply";
    /// [`Rotation::apply_inverse`], on a tensor.
    apply_inverse ApplyInverse: (Rotation, Tensor) => Tensor, "Rotation::apply_inverse";
    /// The product of two rotations.
    multiply Multiply: (Rotation, Rotation) => Rotation, "Rotation product";
    /// [`Rotation::inv`].
    inverse Inverse: Rotation => Rotation, "Rotation::inv";
    /// [`Rotation::magnitude`].
    magnitude Magnitude: Rotation => Tensor, "Rotation::magnitude";
    /// [`Rotation::approx_equal`], with a tolerance in radians.
    approx_equal ApproxEqual: (Rotation, Rotation, f64) => Tensor, "Rotation::approx_equal";
    /// [`Rotation::pow`], by a number, a tensor or an array.
    power Power: (Rotation, Operand) => Rotation, "Rotation::pow";
    /// [`Rotation::mean`], along the places of axes, which increase.
    mean Mean: (Rotation, Vec<i64>) => Rotation, "Rotation::mean";
    /// [`Rotation::weighted_mean`], with weights, along the places of axes, which increase.
    weighted_mean WeightedMean: (Rotation, Operand, Vec<i64>) => Rotation, "Rotation::weighted_mean";
    /// [`Rotation::reduce`], by the rotations on the left and on the right.
    reduce Reduce: (Rotation, Option<Rotation>, Option<Rotation>) => Reduced, "Rotation::reduce";
    /// [`Rotation::align_vectors`].
    align_vectors AlignVectors: (Tensor, Tensor) => Alignment, "Rotation::align_vectors";
    /// [`Rotation::align_weighted_vectors`].
    align_weighted_vectors AlignWeightedVectors: (Tensor, Tensor, Tensor) => Alignment, "Rotation::align_weighted_vectors";
    /// [`Rotation::random`], of an element type, a seed and a shape.
    random Random: (DType, Operand, Shape) => Rotation, "Rotation::random";
    /// [`Rotation`]'s [`retract_on`](crate::Manifold::retract_on), of a step on a side. The first derivative at the step 0
    /// has to be Rotrace's, which [`Traced::tangent`](crate::Traced::tangent) relies on.
    retract Retract: (Rotation, Side, Tensor) => Rotation, "Rotation::retract";
    /// [`Rotation`]'s [`local_on`](crate::Manifold::local_on), to another on a side.
    local Local: (Rotation, Side, Rotation) => Tensor, "Rotation::local";
    /// [`Slerp::at`].
    slerp_at SlerpAt: (Slerp, Tensor) => Rotation, "Slerp::at";
    /// [`RotationSpline::at`].
    spline_at SplineAt: (RotationSpline, Tensor) => Rotation, "RotationSpline::at";
    /// [`RotationSpline::angular_rate_at`].
    spline_rate_at SplineRateAt: (RotationSpline, Tensor) => Tensor, "RotationSpline::angular_rate_at";
    /// [`RotationSpline::angular_acceleration_at`].
    spline_acceleration_at SplineAccelerationAt: (RotationSpline, Tensor) => Tensor,
        "RotationSpline::angular_acceleration_at";
    /// [`RigidTransform::from_matrix`].
    transform_from_matrix TransformFromMatrix: Tensor => RigidTransform, "RigidTransform::from_matrix";
    /// [`RigidTransform::from_components`], of a translation and a rotation.
    from_components FromComponents: (Tensor, Rotation) => RigidTransform, "RigidTransform::from_components";
    /// [`RigidTransform::from_exp_coords`].
    from_exp_coords FromExpCoords: Tensor => RigidTransform, "RigidTransform::from_exp_coords";
    /// [`RigidTransform::from_dual_quat`].
    from_dual_quat FromDualQuat: Tensor => RigidTransform, "RigidTransform::from_dual_quat";
    /// [`RigidTransform::rotation`].
    transform_rotation TransformRotation: RigidTransform => Rotation, "RigidTransform::rotation";
    /// [`RigidTransform::as_exp_coords`].
    as_exp_coords AsExpCoords: RigidTransform => Tensor, "RigidTransform::as_exp_coords";
    /// [`RigidTransform::as_dual_quat`].
    as_dual_quat AsDualQuat: RigidTransform => Tensor, "RigidTransform::as_dual_quat";
    /// [`RigidTransform::apply`], on a tensor.
    transform_apply TransformApply: (RigidTransform, Tensor) => Tensor, "RigidTransform::apply";
    /// [`RigidTransform::apply_inverse`], on a tensor.
    transform_apply_inverse TransformApplyInverse: (RigidTransform, Tensor) => Tensor, "RigidTransform::apply_inverse";
    /// The product of two rigid transforms.
    transform_multiply TransformMultiply: (RigidTransform, RigidTransform) => RigidTransform, "RigidTransform product";
    /// The product of a rigid transform and a rotation.
    transform_multiply_rotation TransformMultiplyRotation: (RigidTransform, Rotation) => RigidTransform,
        "product of a RigidTransform and a Rotation";
    /// The product of a rotation and a rigid transform.
    rotation_multiply_transform RotationMultiplyTransform: (Rotation, RigidTransform) => RigidTransform,
        "product of a Rotation and a RigidTransform";
    /// [`RigidTransform::inv`].
    transform_inverse TransformInverse: RigidTransform => RigidTransform, "RigidTransform::inv";
    /// [`RigidTransform::pow`], by a number, a tensor or an array.
    transform_power TransformPower: (RigidTransform, Operand) => RigidTransform, "RigidTransform::pow";
    /// [`RigidTransform::mean`], along the places of axes, which increase.
    transform_mean TransformMean: (RigidTransform, Vec<i64>) => RigidTransform, "RigidTransform::mean";
    /// [`RigidTransform::weighted_mean`], with weights, along the places of axes, which increase.
    transform_weighted_mean TransformWeightedMean: (RigidTransform, Operand, Vec<i64>) => RigidTransform,
        "RigidTransform::weighted_mean";
    /// [`RigidTransform`]'s [`retract_on`](crate::Manifold::retract_on), of a step on a side. The first derivative at the
    /// step 0 has to be Rotrace's, which [`Traced::tangent`](crate::Traced::tangent) relies on.
    transform_retract TransformRetract: (RigidTransform, Side, Tensor) => RigidTransform, "RigidTransform::retract";
    /// [`RigidTransform`]'s [`local_on`](crate::Manifold::local_on), to another on a side.
    transform_local TransformLocal: (RigidTransform, Side, RigidTransform) => Tensor, "RigidTransform::local";
}
