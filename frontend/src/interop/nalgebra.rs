//! `nalgebra`: unit quaternions, rotation matrices, isometries, vectors and matrices, of `f32` and `f64`.
//!
//! Its matrices are stored by columns; as arrays they have the usual order, rows outermost. A `Rotation3` goes through
//! its unit quaternion.

use super::convert::{Holder, array, conversions, count, elements, single};
use crate::spatial::{RigidTransform, Rotation};
use crate::{Array, Error};
use nalgebra::{Isometry3, Matrix3, Quaternion, Rotation3, UnitQuaternion, Vector3};

/// As it is: the quaternions of rotations have unit length.
fn unit<T: nalgebra::RealField + Copy>([x, y, z, w]: [T; 4]) -> UnitQuaternion<T> {
    UnitQuaternion::new_unchecked(Quaternion::new(w, x, y, z))
}

fn scalar_last<T: nalgebra::RealField + Copy>(quat: UnitQuaternion<T>) -> [T; 4] {
    [quat.i, quat.j, quat.k, quat.w]
}

macro_rules! both {
    ($($number:ident)*) => {$(
        conversions! {
            Rotation<Array>: UnitQuaternion<$number>, $number[4], scalar_last, unit;
            Rotation<Array>: Rotation3<$number>, $number[4],
                |rotation| scalar_last(UnitQuaternion::from_rotation_matrix(&rotation)),
                |quat| unit(quat).to_rotation_matrix();
            RigidTransform<Array>: Isometry3<$number>, $number[4, 4],
                |isometry| {
                    let matrix = isometry.to_homogeneous();
                    std::array::from_fn(|place| matrix[(place / 4, place % 4)])
                },
                |[xx, xy, xz, x, yx, yy, yz, y, zx, zy, zz, z, ..]| {
                    let matrix = Matrix3::new(xx, xy, xz, yx, yy, yz, zx, zy, zz);
                    let rotation = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(matrix));
                    Isometry3::from_parts(Vector3::new(x, y, z).into(), rotation)
                };
            Array: Vector3<$number>, $number[3], |vector| vector.into(), |numbers| numbers.into();
            Array: Matrix3<$number>, $number[3, 3],
                |matrix| std::array::from_fn(|place| matrix[(place / 3, place % 3)]),
                |rows| Matrix3::from_row_slice(&rows);
        }
    )*};
}

both!(f32 f64);
