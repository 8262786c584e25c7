//! Conversions from and to `nalgebra` and `glam`, which need both features.

use glam::{Affine3A, DAffine3, DMat3, DQuat, DVec3, Mat3, Quat, Vec3};
use nalgebra::{Isometry3, Matrix3, Point3, Rotation3, UnitQuaternion, Vector3};
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Array, eager};

const X: [f64; 3] = [0.3, -2.0, 1.0];
const V: [f64; 3] = [1.0, 2.0, 3.0];

fn close(got: &[f64], wanted: &[f64]) {
    let near = |(got, wanted): (&f64, &f64)| (got - wanted).abs() <= 4e-15;
    assert!(got.len() == wanted.len() && got.iter().zip(wanted).all(near), "{got:?} is not {wanted:?}");
}

fn turned() -> Vec<f64> {
    eager::Rotation::from_rotvec(X).unwrap().apply(V).unwrap().to_vec().unwrap()
}

#[test]
fn nalgebra_rotations_turn_vectors_alike() {
    let unit = UnitQuaternion::from_scaled_axis(Vector3::from(X));
    close((unit * Vector3::from(V)).as_slice(), &turned());
    close(Rotation::from(unit).apply(Vector3::from(V)).unwrap().as_slice().unwrap(), &turned());
    let matrix = Rotation3::from_scaled_axis(Vector3::from(X));
    close(Rotation::from(matrix).apply(V).unwrap().as_slice().unwrap(), &turned());
    let rotation = eager::Rotation::from_rotvec(X).unwrap();
    close((UnitQuaternion::<f64>::try_from(&rotation).unwrap() * Vector3::from(V)).as_slice(), &turned());
    close((Rotation3::<f64>::try_from(&rotation).unwrap() * Vector3::from(V)).as_slice(), &turned());
    let single = UnitQuaternion::from_scaled_axis(Vector3::new(0.0_f32, 0.0, 1.0));
    assert_eq!(UnitQuaternion::<f32>::try_from(&Rotation::from(single)).unwrap(), single);
}

#[test]
fn glam_rotations_turn_vectors_alike() {
    let quat = DQuat::from_scaled_axis(DVec3::from(X));
    close(&(quat * DVec3::from(V)).to_array(), &turned());
    close(Rotation::from(quat).apply(DVec3::from(V)).unwrap().as_slice().unwrap(), &turned());
    let rotation = eager::Rotation::from_rotvec(X).unwrap();
    close(&(DQuat::try_from(&rotation).unwrap() * DVec3::from(V)).to_array(), &turned());
    let matrix = rotation.as_matrix().unwrap();
    close(&(DMat3::try_from(&matrix).unwrap() * DVec3::from(V)).to_array(), &turned());
    assert_eq!(Array::from(DMat3::try_from(&matrix).unwrap()), matrix);
    let single = Quat::from_xyzw(0.0, 0.6, 0.0, 0.8);
    assert_eq!(Quat::try_from(&Rotation::from(single)).unwrap(), single);
    let matrix = Mat3::from_quat(single);
    let rows = Array::from(matrix);
    assert_eq!(rows.as_slice::<f32>().unwrap()[2], matrix.z_axis.x);
    assert_eq!(Mat3::try_from(&rows).unwrap(), matrix);
}

#[test]
fn slices_have_one_leading_axis() {
    let quats = [UnitQuaternion::identity(), UnitQuaternion::from_scaled_axis(Vector3::from(X))];
    let rotations = Rotation::from(quats.as_slice());
    assert_eq!(rotations.as_matrix().unwrap().shape(), [2, 3, 3]);
    assert_eq!(Vec::<UnitQuaternion<f64>>::try_from(&rotations).unwrap(), quats);
    let matrices = rotations.as_matrix().unwrap();
    let found = Vec::<Matrix3<f64>>::try_from(&matrices).unwrap();
    assert_eq!(Array::from(found.as_slice()), matrices);
    close((found[1] * Vector3::from(V)).as_slice(), &turned());
    let points = Array::from([[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
    assert_eq!(Vec::<Vec3>::try_from(&points).unwrap()[1], Vec3::new(4.0, 5.0, 6.0));
    assert_eq!(Array::from(Vec::<Vector3<f32>>::try_from(&points).unwrap().as_slice()).shape(), [2, 3]);
    assert_eq!(Array::from([].as_slice() as &[DVec3]).shape(), [0, 3]);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let text = |error: rotrace::Error| error.to_string();
    let two = eager::Rotation::from_rotvec([X, X]).unwrap();
    assert_eq!(text(DQuat::try_from(&two).unwrap_err()), "a conversion wants an array of shape [4], got [2, 4]");
    assert_eq!(
        text(Quat::try_from(&eager::Rotation::from_rotvec(X).unwrap()).unwrap_err()),
        "the array holds f64, not f32"
    );
    let matrices = Vec::<Matrix3<f64>>::try_from(&Array::from(V));
    assert_eq!(text(matrices.unwrap_err()), "a conversion wants an array of shape [..., 3, 3], got [3]");
}

#[test]
fn rigid_transforms_move_points_alike() {
    let translation = [0.5, -1.0, 2.0];
    let transform =
        eager::RigidTransform::from_components(translation, eager::Rotation::from_rotvec(X).unwrap()).unwrap();
    let moved: Vec<f64> = transform.apply(V).unwrap().to_vec().unwrap();
    let isometry = Isometry3::new(Vector3::from(translation), Vector3::from(X));
    close((isometry * Point3::from(V)).coords.as_slice(), &moved);
    close(RigidTransform::from(isometry).apply(V).unwrap().as_slice().unwrap(), &moved);
    close((Isometry3::<f64>::try_from(&transform).unwrap() * Point3::from(V)).coords.as_slice(), &moved);
    let affine = DAffine3::try_from(&transform).unwrap();
    close(&affine.transform_point3(DVec3::from(V)).to_array(), &moved);
    assert_eq!(RigidTransform::from(affine), transform);
    let single = Affine3A::from_translation(Vec3::new(1.0, 2.0, 3.0));
    assert_eq!(Affine3A::try_from(&RigidTransform::from(single)).unwrap(), single);
    assert_eq!(Vec::<DAffine3>::try_from(&RigidTransform::from([affine; 2].as_slice())).unwrap(), [affine; 2]);
}
