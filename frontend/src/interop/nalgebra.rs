//! `nalgebra`: unit quaternions, rotation matrices, vectors and matrices, of `f32` and `f64`.
//!
//! Its matrices are stored by columns; as arrays they have the usual order, rows outermost. A `Rotation3` goes through
//! its unit quaternion.

use super::convert::{Holder, array, conversions, count, elements, single};
use crate::spatial::Rotation;
use crate::{Array, Error};
use nalgebra::{Matrix3, Quaternion, Rotation3, UnitQuaternion, Vector3};

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
            Array: Vector3<$number>, $number[3], |vector| vector.into(), |numbers| numbers.into();
            Array: Matrix3<$number>, $number[3, 3],
                |matrix| std::array::from_fn(|place| matrix[(place / 3, place % 3)]),
                |rows| Matrix3::from_row_slice(&rows);
        }
    )*};
}

both!(f32 f64);
