//! `glam`: quaternions, affine maps that are rigid, vectors and matrices, of `f32` and `f64`.
//!
//! Its matrices are stored by columns; as arrays they have the usual order, rows outermost. Its quaternions stand for
//! rotations if they have unit length, and its affine maps for rigid transforms if they neither scale nor shear, which is not
//! checked.

use super::convert::{Holder, array, conversions, count, elements, single};
use crate::spatial::{RigidTransform, Rotation};
use crate::{Array, Error};
use glam::{Affine3A, DAffine3, DMat3, DMat4, DQuat, DVec3, Mat3, Mat4, Quat, Vec3};

conversions! {
    Rotation<Array>: DQuat, f64[4], |quat| quat.to_array(), DQuat::from_array;
    Rotation<Array>: Quat, f32[4], |quat| quat.to_array(), Quat::from_array;
    RigidTransform<Array>: DAffine3, f64[4, 4],
        |affine| DMat4::from(affine).transpose().to_cols_array(),
        |rows| DAffine3::from_mat4(DMat4::from_cols_array(&rows).transpose());
    RigidTransform<Array>: Affine3A, f32[4, 4],
        |affine| Mat4::from(affine).transpose().to_cols_array(),
        |rows| Affine3A::from_mat4(Mat4::from_cols_array(&rows).transpose());
    Array: DVec3, f64[3], |vector| vector.to_array(), DVec3::from_array;
    Array: Vec3, f32[3], |vector| vector.to_array(), Vec3::from_array;
    Array: DMat3, f64[3, 3], |matrix| matrix.transpose().to_cols_array(), |rows| DMat3::from_cols_array(&rows).transpose();
    Array: Mat3, f32[3, 3], |matrix| matrix.transpose().to_cols_array(), |rows| Mat3::from_cols_array(&rows).transpose();
}
