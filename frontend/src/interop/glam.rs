//! `glam`: quaternions, vectors and matrices, of `f32` and `f64`.
//!
//! Its matrices are stored by columns; as arrays they have the usual order, rows outermost. Its quaternions stand for
//! rotations if they have unit length, which is not checked.

use super::convert::{Holder, array, conversions, count, elements, single};
use crate::spatial::Rotation;
use crate::{Array, Error};
use glam::{DMat3, DQuat, DVec3, Mat3, Quat, Vec3};

conversions! {
    Rotation<Array>: DQuat, f64[4], |quat| quat.to_array(), DQuat::from_array;
    Rotation<Array>: Quat, f32[4], |quat| quat.to_array(), Quat::from_array;
    Array: DVec3, f64[3], |vector| vector.to_array(), DVec3::from_array;
    Array: Vec3, f32[3], |vector| vector.to_array(), Vec3::from_array;
    Array: DMat3, f64[3, 3], |matrix| matrix.transpose().to_cols_array(), |rows| DMat3::from_cols_array(&rows).transpose();
    Array: Mat3, f32[3, 3], |matrix| matrix.transpose().to_cols_array(), |rows| Mat3::from_cols_array(&rows).transpose();
}
