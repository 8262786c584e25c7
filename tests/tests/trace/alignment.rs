//! Aligning vectors, and its derivatives where there is no best rotation, or more than one, or the closed form has a seam.

use crate::rotations::{close, run};
use crate::statistics::{array, check_derivatives, derivatives, pseudo};
use rotrace::spatial::{Alignment, Rotation};
use rotrace::{Array, Tensor, constant, trace};
use std::f64::consts::FRAC_PI_2;

/// Pairs whose matrix `sum a b^T` has the given singular values, the last one with the sign of the determinant.
fn pairs(singular: [f64; 3]) -> (Array, Array) {
    let turn = |seed: usize| run(array(&[3], pseudo(3, seed)), |x| Rotation::from_rotvec(x).as_matrix());
    let (u, v) = (turn(1), turn(5));
    let column = |matrix: &[f64], index: usize, scale: f64| [0, 1, 2].map(|row| matrix[3 * row + index] * scale);
    let a = (0..3).flat_map(|index| column(&u, index, singular[index])).collect();
    let b = (0..3).flat_map(|index| column(&v, index, 1.0)).collect();
    (array(&[3, 3], a), array(&[3, 3], b))
}

fn align(a: &Array, b: &Array) -> Alignment<Array> {
    let f = trace(|(a, b): (Tensor, Tensor)| Rotation::align_vectors(a, b));
    f.compile("f64[n, 3], f64[n, 3]").unwrap().call(&(a.clone(), b.clone())).unwrap()
}

#[test]
fn alignment_is_best_for_any_singular_values() {
    for singular in [
        [1.0, 1.0, 1.0],
        [1.0, 0.5, 0.25],
        [1.0, 0.5, 0.0],
        [1.0, 0.5, -0.25],
        [1.0, 0.5, -0.5],
        [1.0, 0.5, -0.5 + 1e-9],
        [1.0, 1e-5, 0.0],
        [1.0, 1e-9, 1e-9],
        [1.0, 1e-15, 0.0],
        [1.0, 0.0, 0.0],
        [1.0, 1.0, -1.0],
        [1.0, 1.0, -1.0 + 1e-6],
        [0.0, 0.0, 0.0],
        [1e-200, 1e-200, 1e-201],
        [1e150, 1e149, 1e149],
    ] {
        let (a, b) = pairs(singular);
        let Alignment { rotation, rssd, .. } = align(&a, &b);
        let turned = trace(|(q, b): (Rotation, Tensor)| q.apply(b)).compile("f64[4], f64[3, 3]").unwrap();
        let turned = turned.call(&(rotation, b)).unwrap();
        let product: f64 =
            a.as_slice::<f64>().unwrap().iter().zip(turned.as_slice::<f64>().unwrap()).map(|(a, b)| a * b).sum();
        let best = singular.iter().sum::<f64>();
        // Where three eigenvalues nearly coincide, they are found to a third of the digits only, and what is lost for the
        // product is the square of the angle.
        let tolerance = if singular == [1.0, 1.0, -1.0 + 1e-6] { 1e-10 } else { 4e-15 };
        assert!((product - best).abs() <= tolerance * singular[0], "{singular:?}: {product:e} {best:e}");
        if (1e-100..1e100).contains(&singular[0]) {
            let squared = singular.iter().map(|value| (value - 1.0).powi(2)).sum::<f64>();
            close(&[rssd.as_slice::<f64>().unwrap()[0].powi(2)], &[squared], 5.0 * tolerance);
        }
    }
}

#[test]
fn every_alignment_has_finite_derivatives() {
    let everything = |(a, b): (Tensor, Tensor)| {
        let Alignment { rotation, rssd, sensitivity } = Rotation::align_vectors(a, b);
        (rotation.as_quat(false), rssd, sensitivity)
    };
    let f = trace(everything).vjp().compile("f64[n, 3], f64[n, 3], f64[4], f64, f64[3, 3]").unwrap();
    let cotangents = (Array::from([1.0, -0.5, 0.25, 2.0]), Array::from(1.0), Array::zeros(&[3, 3]).unwrap());
    let same = Array::from([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0], [4.0, 0.0, 0.5]]);
    let opposite = Array::from([[-1.0, -2.0, -3.0], [0.0, -1.0, 0.0], [-4.0, 0.0, -0.5]]);
    let zero = Array::zeros(&[3, 3]).unwrap();
    let single = |x: [f64; 3]| Array::from([x]);
    for (a, b) in [
        pairs([1.0, 1.0, 1.0]),
        pairs([1.0, 0.0, 0.0]),
        pairs([1.0, 0.5, -0.5]),
        pairs([1.0, 1.0, -1.0]),
        (same.clone(), same.clone()),
        (same.clone(), opposite),
        (same, zero.clone()),
        (zero.clone(), zero),
        (Array::zeros(&[0, 3]).unwrap(), Array::zeros(&[0, 3]).unwrap()),
        (single([1.0, 0.0, 0.0]), single([2.0, 0.0, 0.0])),
        (single([1.0, 2.0, 0.5]), single([-1.0, -2.0, -0.5])),
        (single([0.0, 0.0, 0.0]), single([1.0, 0.0, 0.0])),
    ] {
        let (_, (by_a, by_b)) = f.call(&((a.clone(), b.clone()), cotangents.clone())).unwrap();
        for gradient in [by_a, by_b] {
            let gradient = gradient.to_vec::<f64>().unwrap();
            assert!(gradient.iter().all(|x| x.is_finite()), "{a:?} {b:?}: {gradient:?}");
        }
        let (along, other) = (array(a.shape(), pseudo(a.len(), 3)), b.clone());
        let quat = move |a| Rotation::align_vectors(a, other).rotation.as_quat(false);
        let [_, slope, curvature] = derivatives(quat, &a, &along);
        assert!(slope.iter().chain(&curvature).all(|x| x.is_finite()), "{a:?} {b:?}: {slope:?} {curvature:?}");
    }
}

#[test]
fn derivatives_of_alignments() {
    let b = || constant(array(&[4, 3], pseudo(12, 3)));
    let (a, along) = (array(&[4, 3], pseudo(12, 8)), array(&[4, 3], pseudo(12, 4)));
    check_derivatives(move |a| Rotation::align_vectors(a, b()).rotation.as_quat(false), &a, &along, 1e-8);
    check_derivatives(move |a| Rotation::align_vectors(a, b()).rssd, &a, &along, 1e-8);
    check_derivatives(move |a| Rotation::align_vectors(a, b()).sensitivity, &a, &along, 1e-6);
    let infinite = [0.5, f64::INFINITY, 2.0, 1.0];
    let bound = move |a| Rotation::align_weighted_vectors(a, b(), infinite).rotation.as_quat(false);
    check_derivatives(bound, &a, &along, 1e-8);
    // Equal and orthonormal frames, where singular vectors are not defined.
    let frame = || Array::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let of_frame = move |a| Rotation::align_vectors(a, frame()).rotation.as_rotvec();
    check_derivatives(of_frame, &frame(), &array(&[3, 3], pseudo(9, 4)), 1e-8);
    // One pair, at acute and obtuse angles, and at a right one, where two formulas meet.
    for b in [[1.0, 2.0, 3.0], [-1.0, -2.0, 2.9], [-1.0, -2.0, -2.9], [2.0, -1.0, 0.0]] {
        let single = move |a| Rotation::align_vectors(a, b).rotation.as_quat(true);
        check_derivatives(single, &Array::from([1.0, 2.0, 3.0]), &Array::from([0.5, -1.0, 0.25]), 1e-7);
    }
}

#[test]
fn one_pair_is_aligned_exactly_however_opposite() {
    let a = [3.0, 2.0, 1.0];
    for off in [0.0, 1e-16, 1e-12, 1e-10, 1e-8, 1e-4, 1.0] {
        let b = [-3.0, -2.0 + off, -1.0 - 2.0 * off];
        let f = move |b| Rotation::align_vectors(a, b).rotation.apply(b);
        let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let got = run(b, f);
        let scale = length(&got) / length(&a);
        close(&got, &a.map(|x| x * scale), 1e-15);
        // In a batch of unknown size a single pair is one, too.
        let Alignment { rotation, sensitivity, .. } = align(&Array::from([a]), &Array::from([b]));
        close(
            rotation.into_parts().as_slice().unwrap(),
            &run(b, move |b| Rotation::align_vectors(a, b).rotation.as_quat(false)),
            1e-15,
        );
        assert!(sensitivity.as_slice::<f64>().unwrap().iter().all(|x| x.is_nan()));
    }
    let half = run([1.0, 0.0, 0.0], |b| Rotation::align_vectors([0.0, 2.0, 0.0], b).rotation.as_rotvec());
    close(&half, &[0.0, 0.0, FRAC_PI_2], 1e-15);
    let none = run([0.0, 0.0, 0.0], |b| Rotation::align_vectors(a, b).rotation.as_quat(false));
    assert!(none.iter().all(|x| x.is_nan()));
}

#[test]
fn alignments_of_nothing_and_of_bad_arguments() {
    let none = Array::zeros(&[0, 3]).unwrap();
    let Alignment { rotation, rssd, .. } = align(&none, &none);
    assert_eq!((rotation.into_parts(), rssd), (Array::from([0.0, 0.0, 0.0, 1.0]), Array::from(0.0)));
    let text = |f: fn(Tensor) -> Alignment, ty: &str| trace(f).lower(ty).map(|_| ()).unwrap_err().to_string();
    let shapes = text(|a| Rotation::align_vectors(a, a.expand_dims(0)), "f64[2, 3]");
    assert!(
        shapes.contains("takes two arrays of one shape, [n, 3] or [3], got f64[2, 3] and f64[1, 2, 3]"),
        "{shapes}"
    );
    assert!(text(|a| Rotation::align_vectors(a, a), "f64[2, 2, 3]").contains("[n, 3] or [3]"));
    assert!(text(|a| Rotation::align_vectors(a, a), "f64[2, 4]").contains("[..., 3]"));
    let weights = text(|a| Rotation::align_weighted_vectors(a, a, [1.0, 2.0, 3.0]), "f64[2, 3]");
    assert!(weights.contains("one weight for each pair along one axis, got f64[3]"), "{weights}");
    let (a, b) = pairs([1.0, 0.5, 0.25]);
    let f = trace(|(a, b, w): (Tensor, Tensor, Tensor)| Rotation::align_weighted_vectors(a, b, w).rssd);
    let f = f.compile("f64[n, 3], f64[n, 3], f64[n]").unwrap();
    for weights in
        [[1.0, -1.0, 1.0], [f64::INFINITY, f64::INFINITY, 1.0], [1.0, f64::NAN, 1.0], [1.0, f64::NEG_INFINITY, 0.0]]
    {
        assert!(f.call(&(a.clone(), b.clone(), Array::from(weights))).unwrap().as_slice::<f64>().unwrap()[0].is_nan());
    }
}

#[test]
fn an_infinite_weight_is_the_limit_of_large_ones() {
    let everything = trace(|(a, b, w): (Tensor, Tensor, Tensor)| {
        let Alignment { rotation, rssd, sensitivity } = Rotation::align_weighted_vectors(a, b, w);
        (rotation.as_quat(false), rssd, sensitivity)
    });
    let gradients = everything.vjp().compile("f64[2, 3], f64[2, 3], f64[2], f64[4], f64, f64[3, 3]").unwrap();
    let cotangents = (Array::from([1.0, -0.5, 0.25, 2.0]), Array::from(1.0), array(&[3, 3], vec![1.0; 9]));
    let (a, b) = (array(&[2, 3], pseudo(6, 3)), array(&[2, 3], pseudo(6, 8)));
    for weights in [[f64::INFINITY, 1.0], [f64::INFINITY, 0.0], [f64::INFINITY; 2], [0.0; 2], [-1.0, 1.0]] {
        let arguments = (a.clone(), b.clone(), Array::from(weights));
        let (values, (by_a, by_b, by_weights)) = gradients.call(&(arguments, cotangents.clone())).unwrap();
        assert!(values.2.as_slice::<f64>().unwrap().iter().all(|x| x.is_nan()));
        for gradient in [by_a, by_b, by_weights] {
            assert!(gradient.as_slice::<f64>().unwrap().iter().all(|x| x.is_finite()), "{weights:?}: {gradient:?}");
        }
        if weights == [0.0; 2] {
            assert_eq!((values.0, values.1), (Array::from([0.0, 0.0, 0.0, 1.0]), Array::from(0.0)));
        }
    }
    let (a, b) = (array(&[4, 3], pseudo(12, 3)), array(&[4, 3], pseudo(12, 8)));
    let f = trace(|(a, b, w): (Tensor, Tensor, Tensor)| Rotation::align_weighted_vectors(a, b, w).rotation.as_matrix());
    let f = f.compile("f64[n, 3], f64[n, 3], f64[n]").unwrap();
    let of = |weight: f64| {
        f.call(&(a.clone(), b.clone(), Array::from([1.0, weight, 0.5, 2.0]))).unwrap().to_vec::<f64>().unwrap()
    };
    close(&of(1e8), &of(f64::INFINITY), 1e-6);
}

#[test]
fn single_precision() {
    let f = trace(|(a, b): (Tensor, Tensor)| Rotation::align_vectors(a, b).rotation)
        .compile("f32[n, 3], f32[n, 3]")
        .unwrap();
    let narrow = |array: &Array| {
        let data = array.as_slice::<f64>().unwrap().iter().map(|&x| x as f32).collect();
        Array::from_vec(array.shape(), data).unwrap()
    };
    for singular in [[1.0, 0.5, 0.25], [1.0, 0.5, -0.4], [1.0, 0.01, 0.0], [1e-25, 1e-25, 1e-26]] {
        let (a, b) = pairs(singular);
        let got = f.call(&(narrow(&a), narrow(&b))).unwrap().into_parts();
        let wanted = align(&a, &b).rotation.into_parts();
        for (got, wanted) in got.as_slice::<f32>().unwrap().iter().zip(wanted.as_slice::<f64>().unwrap()) {
            assert!((f64::from(*got) - wanted).abs() < 1e-5, "{singular:?}: {got} {wanted}");
        }
    }
}
