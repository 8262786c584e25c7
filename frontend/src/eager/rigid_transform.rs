//! Rigid transforms of concrete arrays.

use super::container::container;
use super::leading::{Leading, everywhere};
use super::operation::Operation;
use super::power::power;
use super::table::{
    Setting, bound, concrete, constructors, cores, key, keyed, methods, operation, passed, product, refused,
    result_cores, taken, traced,
};
use crate::{Array, DType, Error, spatial};

/// Where the functions are that make a [`RigidTransform<Array>`](spatial::RigidTransform) of arrays and rotations.
///
/// They have the names of the traced ones, which are functions of [`spatial::RigidTransform`] itself, and mean the same.
#[derive(Debug)]
pub enum RigidTransform {}

constructors! { RigidTransform:
    /// Of homogeneous matrices `[..., 4, 4]`, whose upper left blocks become the nearest rotations.
    fn from_matrix(matrix: Array[2]) -> RigidTransform[2] { spatial::RigidTransform::from_matrix(matrix) }
        else "a matrix whose last row is not exactly 0 0 0 1, or whose rotation's determinant is not positive";

    /// Of homogeneous matrices `[..., 4, 4]` of rigid transforms, which is not checked.
    fn from_matrix_assume_valid(matrix: Array[2]) -> RigidTransform[2] {
        spatial::RigidTransform::from_matrix_assume_valid(matrix)
    };

    /// Rotations without translation.
    fn from_rotation(rotation: Rotation[1]) -> RigidTransform[2] { spatial::RigidTransform::from_rotation(rotation) };

    /// Translations `[..., 3]` without rotation.
    fn from_translation(translation: Array[1]) -> RigidTransform[2] {
        spatial::RigidTransform::from_translation(translation)
    };

    /// Rotations followed by translations `[..., 3]`; leading axes broadcast.
    fn from_components(translation: Array[1], rotation: Rotation[1]) -> RigidTransform[2] {
        spatial::RigidTransform::from_components(translation, rotation)
    };

    /// Of exponential coordinates `[..., 6]`: the rotation vector, then the translation's part.
    fn from_exp_coords(exp_coords: Array[1]) -> RigidTransform[2] {
        spatial::RigidTransform::from_exp_coords(exp_coords)
    };

    /// Of dual quaternions `[..., 8]`, each part scalar-last, which are normalised.
    fn from_dual_quat(dual_quat: Array[1]) -> RigidTransform[2] { spatial::RigidTransform::from_dual_quat(dual_quat) };
}

impl RigidTransform {
    /// The transform that changes nothing, over the given leading axes.
    ///
    /// # Errors
    /// If the array would not fit in memory, or the element type is not a float.
    pub fn identity(dtype: DType, shape: &[usize]) -> Result<spatial::RigidTransform<Array>, Error> {
        let identity = std::array::from_fn::<f64, 16, _>(|place| f64::from(place % 5 == 0));
        everywhere(dtype, shape, &[4, 4], &identity).map(spatial::RigidTransform::from_parts)
    }
}

methods! { RigidTransform[2] as transform:
    /// The homogeneous matrices `[..., 4, 4]`.
    fn as_matrix() -> Array[2] { transform.as_matrix() };

    /// The translations `[..., 3]` and the rotations.
    fn as_components() -> (Array[1], Rotation[1]) { transform.as_components() };

    /// The translations `[..., 3]`.
    fn translation() -> Array[1] { transform.translation() };

    /// The rotations. The quaternion's component of the largest magnitude is positive.
    fn rotation() -> Rotation[1] { transform.rotation() };

    /// The exponential coordinates `[..., 6]`: the rotation vector, then the translation's part.
    fn as_exp_coords() -> Array[1] { transform.as_exp_coords() };

    /// The dual quaternions `[..., 8]`, each part scalar-last.
    fn as_dual_quat() -> Array[1] { transform.as_dual_quat() };

    /// The points `[..., 3]` rotated, then translated; leading axes broadcast with the transforms'.
    fn apply(points: Array[1]) -> Array[1] { transform.apply(points) };

    /// The points `[..., 3]` transformed by the inverses.
    fn apply_inverse(points: Array[1]) -> Array[1] { transform.apply_inverse(points) };

    /// The inverse transforms.
    fn inv() -> RigidTransform[2] { transform.inv() };
}

product!(RigidTransform[2] * RigidTransform[2] -> RigidTransform[2]);
product!(RigidTransform[2] * Rotation[1] -> RigidTransform[2]);
product!(Rotation[1] * RigidTransform[2] -> RigidTransform[2]);
power!(RigidTransform[2]);
container!(RigidTransform 2);
