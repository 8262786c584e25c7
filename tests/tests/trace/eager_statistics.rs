//! Means, comparison, reduction, alignment, groups and random rotations of arrays.

use rotrace::eager::{RigidTransform, Rotation};
use rotrace::{Array, DType, Error, spatial};
use std::f64::consts::{FRAC_PI_2, PI};

/// What is wrong with data, and where.
#[track_caller]
fn problem<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, Vec<usize>) {
    match result.unwrap_err() {
        Error::Value { message, row, location } => {
            assert!(location.file().ends_with("eager_statistics.rs"), "{location}");
            (message, row)
        }
        other => panic!("{other}"),
    }
}

fn about_z(angles: &[f64]) -> spatial::Rotation<Array> {
    let vectors = angles.iter().flat_map(|&angle| [0.0, 0.0, angle]).collect();
    Rotation::from_rotvec(Array::from_vec(&[angles.len(), 3], vectors).unwrap()).unwrap()
}

#[track_caller]
fn has_angles(rotation: &spatial::Rotation<Array>, shape: &[usize], wanted: &[f64]) {
    let vectors = rotation.as_rotvec().unwrap();
    assert_eq!(rotation.shape(), shape);
    let vectors = vectors.as_slice::<f64>().unwrap().chunks_exact(3);
    assert_eq!(vectors.len(), wanted.len());
    for (vector, wanted) in vectors.zip(wanted) {
        assert!((vector[2] - wanted).abs() < 4e-15, "{vector:?}, not {wanted}");
    }
}

fn pairs(angles: [f64; 4]) -> spatial::Rotation<Array> {
    spatial::Rotation::from_parts(about_z(&angles).into_parts().reshape(&[2, 2, 4]).unwrap())
}

#[test]
fn means_along_axes() {
    let rotations = pairs([0.1, 0.3, 0.5, 0.9]);
    has_angles(&rotations.mean(1).unwrap(), &[2], &[0.2, 0.7]);
    has_angles(&rotations.mean([0]).unwrap(), &[2], &[0.3, 0.6]);
    assert_eq!(rotations.mean([-1, 0]).unwrap(), rotations.mean(()).unwrap());
    assert_eq!(rotations.mean(()).unwrap().shape(), [0; 0]);
    has_angles(&rotations.weighted_mean([[0.0, 1.0], [2.0, 0.0]], 1).unwrap(), &[2], &[0.3, 0.5]);
    has_angles(&rotations.weighted_mean([1.0, 0.0], -1).unwrap(), &[2], &[0.1, 0.5]);
    assert!(rotations.mean(2).unwrap_err().to_string().contains("axis 2"));
    assert!(rotations.weighted_mean([1.0_f32, 1.0], 1).is_err());
    let error = rotations.weighted_mean([1.0; 3], 1).unwrap_err().to_string();
    assert!(error.contains('3') && error.contains('2'), "{error}");
}

#[test]
fn means_that_are_refused() {
    let none = Rotation::from_quat(Array::zeros(&[0, 4]).unwrap()).unwrap();
    let no_mean = "Rotation::mean: no rotations, which have no mean";
    assert_eq!(problem(none.mean(())), (no_mean.into(), vec![]));
    let none = Rotation::from_quat(Array::zeros(&[0, 3, 4]).unwrap()).unwrap();
    assert_eq!(problem(none.mean(0)), (format!("{no_mean} at [0]"), vec![0]));
    assert_eq!(none.mean(1).unwrap().shape(), [0]);
    let rotations = pairs([0.1, 0.3, 0.5, 0.9]);
    let refused = "Rotation::weighted_mean: no rotations, or weights that are negative or infinite at [1]";
    for bad in [-1.0, f64::INFINITY] {
        assert_eq!(problem(rotations.weighted_mean([[1.0, 1.0], [bad, 2.0]], 1)), (refused.into(), vec![1]));
    }
    // What is not a number stays so, wherever it is.
    for axis in [0, 1] {
        let mean = rotations.weighted_mean([f64::NAN, 1.0], axis).unwrap().into_parts();
        assert!(mean.as_slice::<f64>().unwrap()[..4].iter().all(|component| component.is_nan()));
    }
    let transforms = RigidTransform::from_components([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], about_z(&[0.2, 0.4])).unwrap();
    assert_eq!(transforms.mean(0).unwrap().translation().unwrap(), Array::from([2.0, 2.0, 2.0]));
    has_angles(&transforms.mean(()).unwrap().rotation().unwrap(), &[], &[0.3]);
    assert_eq!(transforms.weighted_mean([1.0, 0.0], 0).unwrap().translation().unwrap(), Array::from([1.0, 2.0, 3.0]));
    for bad in [[-1.0, 2.0], [0.0, 0.0]] {
        let (message, _) = problem(transforms.weighted_mean(bad, 0));
        let text = "no transforms, or weights that are negative, infinite, or all zero";
        assert_eq!(message, format!("RigidTransform::weighted_mean: {text}"));
    }
    let none = RigidTransform::identity(DType::F64, &[0]).unwrap();
    assert_eq!(problem(none.mean(())).0, "RigidTransform::mean: no transforms, which have no mean");
}

#[test]
fn comparison_within_a_tolerance() {
    let (rotations, other) = (about_z(&[0.1, 0.2, 0.3]), about_z(&[0.2]));
    assert_eq!(rotations.approx_equal(&other, None).unwrap(), Array::from([false, true, false]));
    assert_eq!(rotations.approx_equal(&other, Some(0.11)).unwrap(), Array::from([true; 3]));
    assert_eq!(rotations.approx_equal_degrees(other, 1.0).unwrap(), Array::from([false, true, false]));
    assert!(rotations.approx_equal(about_z(&[0.1, 0.2]), None).is_err());
    let single = Rotation::from_rotvec([0.0_f32, 0.0, 0.1]).unwrap();
    assert_eq!(single.approx_equal(single.inv().unwrap(), Some(0.25)).unwrap(), Array::from(true));
    assert!(single.approx_equal(rotations, None).is_err());
}

#[test]
fn reduction_by_either_side() {
    let group = Rotation::create_group(DType::F64, "C4", "z").unwrap();
    has_angles(&group, &[4], &[0.0, FRAC_PI_2, PI, -FRAC_PI_2]);
    let rotations = about_z(&[0.1, 0.2 - FRAC_PI_2, 3.0]);
    let angles = [0.1, 0.2, 3.0 - PI];
    let indices = Array::from([0_i64, 1, 2]);
    let reduced = rotations.reduce(Some(&group), None).unwrap();
    has_angles(&reduced.rotation, &[3], &angles);
    assert_eq!((reduced.left, reduced.right), (Some(indices.clone()), None));
    let reduced = rotations.reduce(None, Some(&group)).unwrap();
    has_angles(&reduced.rotation, &[3], &angles);
    assert_eq!((reduced.left, reduced.right), (None, Some(indices)));
    let reduced = rotations.reduce(Some(&group), Some(&group)).unwrap();
    has_angles(&reduced.rotation, &[3], &angles);
    assert_eq!(reduced.left.unwrap().shape(), [3]);
    assert_eq!(rotations.reduce(None, None).unwrap().rotation, rotations);
    let none = Rotation::identity(DType::F64, &[0]).unwrap();
    assert_eq!(problem(rotations.reduce(Some(&none), None)).0, "Rotation::reduce: a side without rotations at [0]");
    assert!(rotations.reduce(None, Some(&pairs([0.0; 4]))).is_err());
}

#[test]
fn alignment_of_vectors() {
    let b = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 2.0]];
    let rotation = Rotation::from_rotvec([0.3, -1.0, 0.5]).unwrap();
    let a = rotation.apply(b).unwrap();
    let aligned = Rotation::align_vectors(&a, b).unwrap();
    assert_eq!(aligned.rotation.approx_equal(&rotation, Some(1e-14)).unwrap(), Array::from(true));
    assert!(aligned.rssd.as_slice::<f64>().unwrap()[0] < 1e-14);
    assert!(aligned.sensitivity.as_slice::<f64>().unwrap().iter().all(|entry| entry.is_finite()));
    let exact = Rotation::align_weighted_vectors(&a, b, [1.0, f64::INFINITY, 0.5]).unwrap();
    assert_eq!(exact.rotation.approx_equal(&rotation, Some(1e-14)).unwrap(), Array::from(true));
    assert!(exact.sensitivity.as_slice::<f64>().unwrap()[0].is_nan());
    // A single pair has the same rotation with an axis and without.
    let single = Rotation::align_vectors([1.0, 2.0, 3.0], [0.0, 1.0, 0.5]).unwrap();
    let along = Rotation::align_vectors([[1.0, 2.0, 3.0]], [[0.0, 1.0, 0.5]]).unwrap();
    assert_eq!((single.rotation, single.rssd), (along.rotation, along.rssd));
    let identity = Rotation::align_vectors(Array::zeros(&[0, 3]).unwrap(), Array::zeros(&[0, 3]).unwrap()).unwrap();
    has_angles(&identity.rotation, &[], &[0.0]);
}

#[test]
fn alignments_that_are_refused() {
    let b = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0; 3]];
    let text = "Rotation::align_weighted_vectors: weights that are negative or several infinite ones, a pair to be \
        aligned exactly with a vector of length zero, or vectors that are not finite";
    for weights in [[1.0, -1.0, 1.0], [f64::INFINITY, 1.0, f64::INFINITY], [1.0, 1.0, f64::INFINITY]] {
        assert_eq!(problem(Rotation::align_weighted_vectors(b, b, weights)), (text.into(), vec![]));
    }
    assert!(Rotation::align_weighted_vectors(b, b, [1.0, f64::NAN, 1.0]).is_ok());
    assert!(Rotation::align_weighted_vectors(b, b, [1.0, 1.0]).is_err());
    let text = "Rotation::align_vectors: a single pair with a vector of length zero, or vectors that are not finite";
    assert_eq!(problem(Rotation::align_vectors([0.0; 3], [0.0, 1.0, 0.0])).0, text);
    assert_eq!(problem(Rotation::align_vectors([[0.0, 1.0, 0.0]], [[0.0; 3]])).0, text);
    assert!(Rotation::align_vectors(b, [[1.0, 0.0, 0.0]]).is_err());
}

#[test]
fn groups_and_random_rotations() {
    assert_eq!(Rotation::create_group(DType::F32, "I", "Z").unwrap().into_parts().dtype(), DType::F32);
    for (group, axis) in [("C0", "Z"), ("I2", "Z"), ("C3", "w"), ("", "Z")] {
        let error = Rotation::create_group(DType::F64, group, axis).unwrap_err();
        assert!(error.location().unwrap().file().ends_with("eager_statistics.rs"), "{error}");
    }
    let random = |shape: &[usize]| Rotation::random(DType::F64, 7, shape).unwrap();
    let several = random(&[5, 3]);
    assert_eq!(several.slice(0, ..2).unwrap().slice(1, ..2).unwrap(), random(&[2, 2]));
    assert_eq!(several.slice(0, ..1).unwrap(), random(&[1, 3]));
    assert_eq!((random(&[]).shape(), random(&[0, 2]).shape()), (&[][..], &[0, 2][..]));
    assert_ne!(several, Rotation::random(DType::F64, 8, &[5, 3]).unwrap());
    let mean = random(&[4096]).as_matrix().unwrap();
    let entries = mean.as_slice::<f64>().unwrap();
    assert!((0..9).all(|entry| entries.iter().skip(entry).step_by(9).sum::<f64>().abs() / 4096.0 < 0.05));
    assert!(Rotation::random(DType::I32, 0, &[2]).is_err());
    assert!(Rotation::random(DType::F64, 0, &[usize::MAX, 2]).is_err());
}
