//! Rotations of concrete arrays.

use super::container::container;
use super::leading::{Leading, everywhere};
use super::operation::Operation;
use super::power::power;
use super::table::{
    Setting, bound, concrete, constructors, cores, key, keyed, methods, operation, passed, product, refused,
    result_cores, taken, traced,
};
use crate::{Array, DType, Error, spatial};

/// Where the functions are that make a [`Rotation<Array>`](spatial::Rotation) of arrays.
///
/// They have the names of the traced ones, which are functions of [`spatial::Rotation`] itself, and mean the same.
#[derive(Debug)]
pub enum Rotation {}

constructors! { Rotation:
    /// Of quaternions `[..., 4]`, scalar-last, which are normalised; their sign is kept.
    fn from_quat(quat: Array[1]) -> Rotation[1] { spatial::Rotation::from_quat(quat) }
        else "a quaternion of length zero";

    /// Of quaternions `[..., 4]`, scalar-last, that have unit length already, which is not checked.
    fn from_unit_quat(quat: Array[1]) -> Rotation[1] { spatial::Rotation::from_unit_quat(quat) };

    /// Of matrices `[..., 3, 3]`: the nearest rotation if a matrix is not one.
    fn from_matrix(matrix: Array[2]) -> Rotation[1] { spatial::Rotation::from_matrix(matrix) }
        else "a matrix whose determinant is not positive (a left-handed or null coordinate frame)";

    /// Of matrices `[..., 3, 3]` that are rotations, which is not checked.
    fn from_matrix_assume_valid(matrix: Array[2]) -> Rotation[1] {
        spatial::Rotation::from_matrix_assume_valid(matrix)
    };

    /// Of rotation vectors `[..., 3]` in radians.
    fn from_rotvec(rotvec: Array[1]) -> Rotation[1] { spatial::Rotation::from_rotvec(rotvec) };

    /// Of rotation vectors `[..., 3]` whose length is the angle in degrees.
    fn from_rotvec_degrees(rotvec: Array[1]) -> Rotation[1] { spatial::Rotation::from_rotvec_degrees(rotvec) };
}

impl Rotation {
    /// The rotation that changes nothing, over the given leading axes.
    ///
    /// # Errors
    /// If the array would not fit in memory, or the element type is not a float.
    pub fn identity(dtype: DType, shape: &[usize]) -> Result<spatial::Rotation<Array>, Error> {
        everywhere(dtype, shape, &[4], &[0.0, 0.0, 0.0, 1.0]).map(spatial::Rotation::from_parts)
    }
}

methods! { Rotation[1] as rotation:
    /// The quaternions `[..., 4]`, scalar-last; with `canonical`, those of `q` and `-q` with positive `w`.
    fn as_quat(canonical: bool) -> Array[1] { rotation.as_quat(canonical) };

    /// The matrices `[..., 3, 3]`.
    fn as_matrix() -> Array[2] { rotation.as_matrix() };

    /// The rotation vectors `[..., 3]` in radians, with angles in `[0, pi]`.
    fn as_rotvec() -> Array[1] { rotation.as_rotvec() };

    /// The rotation vectors `[..., 3]` with angles in degrees, in `[0, 180]`.
    fn as_rotvec_degrees() -> Array[1] { rotation.as_rotvec_degrees() };

    /// The vectors `[..., 3]` rotated; leading axes broadcast with the rotations'.
    fn apply(vectors: Array[1]) -> Array[1] { rotation.apply(vectors) };

    /// The vectors `[..., 3]` rotated by the inverse rotations.
    fn apply_inverse(vectors: Array[1]) -> Array[1] { rotation.apply_inverse(vectors) };

    /// The inverse rotations; the sign of `w` is kept.
    fn inv() -> Rotation[1] { rotation.inv() };

    /// The angles `[...]` in radians, in `[0, pi]`.
    fn magnitude() -> Array[0] { rotation.magnitude() };
}

product!(Rotation[1] * Rotation[1] -> Rotation[1]);
power!(Rotation[1]);
container!(Rotation 1);
