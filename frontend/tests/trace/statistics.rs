//! Means, alignment, reduction and powers of rotations, and their derivatives where those are hard.

use crate::rotations::{close, run};
use rotrace::spatial::{Alignment, Rotation};
use rotrace::{Array, DType, Signature, Tensor, trace};
use std::f64::consts::{FRAC_PI_2, PI};

fn pseudo(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|place| ((place * 7 + seed * 13 + 1) as f64 * 1.37).sin()).collect()
}

fn array(shape: &[usize], data: Vec<f64>) -> Array {
    Array::from_vec(shape, data).unwrap()
}

/// `f` and its first and second derivative along a direction: a nested jvp.
fn derivatives(f: impl FnOnce(Tensor) -> Tensor + Clone, x: &Array, along: &Array) -> [Vec<f64>; 3] {
    let first = trace(f).jvp();
    let both = trace(move |(x, d): (Tensor, Tensor)| {
        let slope = trace(move |x: Tensor| first.call_traced((x, d)));
        let ((value, slope), (_, curvature)) = slope.jvp().call_traced((x, d));
        (value, slope, curvature)
    });
    let arguments = (x.clone(), along.clone());
    let (value, slope, curvature) = both.compile(Signature::like(&arguments)).unwrap().call(&arguments).unwrap();
    [value, slope, curvature].map(|array| array.to_vec().unwrap())
}

/// Derivatives agree with differences of the value and of the first derivative.
#[track_caller]
fn check_derivatives(f: impl FnOnce(Tensor) -> Tensor + Clone, x: &Array, along: &Array, tolerance: f64) {
    let step = 1e-5;
    let moved = |by: f64| {
        let data = x.as_slice::<f64>().unwrap().iter().zip(along.as_slice::<f64>().unwrap()).map(|(x, d)| x + by * d);
        derivatives(f.clone(), &array(x.shape(), data.collect()), along)
    };
    let ([after, slope_after, _], [before, slope_before, _]) = (moved(step), moved(-step));
    let [_, slope, curvature] = derivatives(f.clone(), x, along);
    let ratio = |after: &[f64], before: &[f64]| -> Vec<f64> {
        after.iter().zip(before).map(|(after, before)| (after - before) / (2.0 * step)).collect()
    };
    close(&slope, &ratio(&after, &before), tolerance);
    close(&curvature, &ratio(&slope_after, &slope_before), tolerance);
}

fn mean(x: Tensor) -> Tensor {
    Rotation::from_rotvec(x).mean(0).as_rotvec()
}

#[test]
fn the_mean_about_one_axis_is_that_of_the_angles() {
    let vectors = Array::from([[0.0, 0.0, 0.25], [0.0, 0.0, 0.75]]);
    let [value, slope, curvature] = derivatives(mean, &vectors, &Array::from([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0]]));
    close(&value, &[0.0, 0.0, 0.5], 1e-15);
    close(&slope, &[0.0, 0.0, 2.0], 1e-14);
    close(&curvature, &[0.0; 3], 1e-13);
    // Equal rotations, tiny ones and the identity.
    for angle in [0.0, 1e-100, 1e-9, 3.0] {
        let equal = array(&[5, 3], [[0.0, angle, 0.0]; 5].concat());
        let [value, slope, curvature] = derivatives(mean, &equal, &array(&[5, 3], [[0.5, 1.0, -2.0]; 5].concat()));
        close(&value, &[0.0, angle, 0.0], 1e-15);
        close(&slope, &[0.5, 1.0, -2.0], 1e-14);
        close(&curvature, &[0.0; 3], 1e-12);
    }
}

#[test]
fn derivatives_of_means() {
    for seed in 0..3 {
        let (vectors, along) = (array(&[4, 3], pseudo(12, seed)), array(&[4, 3], pseudo(12, seed + 9)));
        check_derivatives(mean, &vectors, &along, 1e-8);
    }
    let weights =
        |w: Tensor| Rotation::from_rotvec(array(&[4, 3], pseudo(12, 2)).into_traced()).weighted_mean(w, 0).as_rotvec();
    check_derivatives(weights, &Array::from([0.5, 1.0, 0.125, 2.0]), &Array::from([1.0, -1.0, 0.5, 0.25]), 1e-8);
}

/// An array as a constant.
trait IntoTraced {
    fn into_traced(self) -> Tensor;
}

impl IntoTraced for Array {
    fn into_traced(self) -> Tensor {
        rotrace::constant(self)
    }
}

#[test]
fn means_of_nothing_of_anything_and_by_bad_weights() {
    let f = trace(|x: Tensor| mean(x)).compile("f64[n, 3]").unwrap();
    assert!(f.call(&Array::zeros(&[0, 3]).unwrap()).unwrap().to_vec::<f64>().unwrap().iter().all(|x| x.is_nan()));
    let error = trace(mean).lower("f64[0, 3]").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("Rotation::mean: there is no mean of no rotations"), "{error}");
    // Along another axis there may be none.
    let other = trace(|x| Rotation::from_rotvec(x).mean(-1)).compile("f64[0, 2, 3]").unwrap();
    assert_eq!(other.call(&Array::zeros(&[0, 2, 3]).unwrap()).unwrap().into_parts().shape(), [0, 4]);
    let error = trace(|x| Rotation::from_rotvec(x).mean(1)).lower("f64[n, 3]").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("axis 1 is out of bounds for 1 leading axes"), "{error}");

    let weighted = trace(|(x, w): (Tensor, Tensor)| Rotation::from_rotvec(x).weighted_mean(w, 1).as_quat(false));
    let weighted = weighted.compile("f64[4, n, 3], f64[4, n]").unwrap();
    let vectors = array(&[4, 2, 3], pseudo(24, 0));
    let got = weighted.call(&(vectors, Array::from([[0.0, 0.0], [1.0, -1.0], [1e-300, 1e-300], [f64::NAN, 1.0]])));
    let got = got.unwrap().to_vec::<f64>().unwrap();
    assert_eq!(got[..4], [0.0, 0.0, 0.0, 1.0]);
    assert!(got[4..8].iter().chain(&got[12..]).all(|x| x.is_nan()));
    close(
        &got[8..12],
        &run(array(&[2, 3], pseudo(24, 0)[12..18].to_vec()), |x| Rotation::from_rotvec(x).mean(()).as_quat(false)),
        1e-15,
    );
}

#[test]
fn ambiguous_means_are_rotations_with_finite_derivatives() {
    for vectors in [
        vec![[0.0; 3], [PI, 0.0, 0.0]],
        // A group: every rotation is as good as every other.
        vec![[0.0; 3], [PI, 0.0, 0.0], [0.0, PI, 0.0], [0.0, 0.0, PI]],
        vec![[PI, 0.0, 0.0], [0.0, PI, 0.0], [0.0, 0.0, PI]],
    ] {
        let count = vectors.len();
        let (x, along) = (array(&[count, 3], vectors.concat()), array(&[count, 3], pseudo(3 * count, 1)));
        let results = derivatives(|x| Rotation::from_rotvec(x).mean(0).as_quat(false), &x, &along);
        assert!(results.iter().flatten().all(|x| x.is_finite()), "{results:?}");
        close(&[results[0].iter().map(|x| x * x).sum()], &[1.0], 1e-14);
    }
}

#[test]
fn batches_of_means_are_their_rows() {
    let f = trace(|x| Rotation::from_rotvec(x).mean(1).as_quat(false)).compile("f64[n, 5, 3]").unwrap();
    let whole = f.call(&array(&[3, 5, 3], pseudo(45, 4))).unwrap().to_vec::<f64>().unwrap();
    for row in 0..3 {
        let vectors = array(&[5, 3], pseudo(45, 4)[15 * row..15 * row + 15].to_vec());
        close(&run(vectors, |x| Rotation::from_rotvec(x).mean(()).as_quat(false)), &whole[4 * row..4 * row + 4], 1e-15);
    }
    let single = run([0.5, 0.25, -1.0], |x| Rotation::from_rotvec(x).mean(()).as_rotvec());
    close(&single, &[0.5, 0.25, -1.0], 1e-15);
}

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
    }
}

#[test]
fn derivatives_of_alignments() {
    let b = || array(&[4, 3], pseudo(12, 3)).into_traced();
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
    assert!(shapes.contains("takes two arrays of one shape, [n, 3] or [3]"), "{shapes}");
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

#[test]
fn reduction_takes_the_smallest_angle() {
    let f = trace(|x: Tensor| {
        let group = |name| Some(Rotation::create_group(DType::F64, name, "Z"));
        let r = Rotation::from_rotvec(x);
        let reduced = r.reduce(group("O"), group("C3"));
        let all = group("O").unwrap().expand_dims(1) * r.expand_dims(-1).expand_dims(-1) * group("C3").unwrap();
        let one = r.reduce(None, group("T"));
        let again = r * Rotation::create_group(DType::F64, "T", "Z").index(0, 3);
        assert!(one.left.is_none() && r.reduce(None, None).right.is_none());
        (
            reduced.rotation.magnitude(),
            all.magnitude().min([-2, -1]),
            one.rotation.magnitude(),
            again.magnitude(),
            reduced.left.unwrap(),
        )
    });
    let f = f.compile("f64[n, 2, 3]").unwrap();
    let (got, wanted, one, again, left) =
        f.call(&array(&[40, 2, 3], pseudo(240, 6).iter().map(|x| 3.0 * x).collect())).unwrap();
    close(got.as_slice().unwrap(), wanted.as_slice().unwrap(), 1e-14);
    assert!(
        one.as_slice::<f64>()
            .unwrap()
            .iter()
            .zip(again.as_slice::<f64>().unwrap())
            .all(|(one, again)| one <= &(again + 1e-14))
    );
    assert_eq!((left.dtype(), left.shape()), (DType::I64, &[40, 2][..]));
    let text = |f: fn(Rotation) -> Rotation| {
        trace(move |x: Tensor| f(Rotation::from_rotvec(x))).lower("f64[2, 3]").map(|_| ()).unwrap_err().to_string()
    };
    assert!(text(|r| r.reduce(Some(r.index(0, 0)), None).rotation).contains("one or more rotations along one axis"));
    assert!(text(|r| r.reduce(None, Some(r.slice(0, 1..1))).rotation).contains("got f64[0, 4]"));
    // A NaN stays one, and takes no other with it.
    let nan = run([[0.0, 0.0, 0.5], [f64::NAN, 0.0, 0.0]], |x| {
        Rotation::from_rotvec(x).reduce(Some(Rotation::create_group(DType::F64, "C4", "z")), None).rotation.as_rotvec()
    });
    close(&nan[..3], &[0.0, 0.0, 0.5], 1e-15);
    assert!(nan[3..].iter().all(|x| x.is_nan()));
}

#[test]
fn powers() {
    let vector = [0.3, -1.0, 0.5];
    for exponent in [-2.5, -1.0, 0.0, 0.25, 1.0, 2.0] {
        let wanted = vector.map(|x| x * exponent);
        close(&run(vector, move |x| Rotation::from_rotvec(x).pow(exponent).as_rotvec()), &wanted, 1e-15);
        let traced = |n: Tensor| Rotation::from_rotvec(rotrace::constant(vector)).pow(n).as_rotvec();
        let [value, slope, curvature] = derivatives(traced, &Array::from(exponent), &Array::from(1.0));
        close(&value, &wanted, 1e-15);
        close(&slope, &vector, 1e-14);
        close(&curvature, &[0.0; 3], 1e-13);
        let root = move |x: Tensor| Rotation::from_rotvec(x).pow(exponent).as_rotvec();
        let [_, slope, curvature] = derivatives(root, &Array::from([0.0; 3]), &Array::from(vector));
        close(&slope, &wanted, 1e-14);
        close(&curvature, &[0.0; 3], 1e-13);
    }
    // The sign of the quaternion stays with 1 and -1, and is forgotten by others.
    let quat = [0.1, 0.5, 0.5, -0.7];
    let unit = run(quat, |x| Rotation::from_quat(x).as_quat(false));
    for exponent in [1.0, -1.0] {
        let wanted: Vec<f64> = unit.iter().zip([exponent, exponent, exponent, 1.0]).map(|(x, sign)| x * sign).collect();
        close(&run(quat, move |x| Rotation::from_quat(x).pow(exponent).as_quat(false)), &wanted, 1e-15);
        close(&run(quat, move |x| Rotation::from_quat(x).pow([exponent]).as_quat(false)), &wanted, 1e-15);
    }
    assert!(run(quat, |x| Rotation::from_quat(x).pow(1e-3).as_quat(false))[3] > 0.9);
    let text =
        trace(|x| Rotation::from_quat(x).pow([1.0, 2.0])).lower("f64[2, 4]").map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("Rotation::pow: the exponent must be one number, got f64[2]"), "{text}");
}

#[test]
fn rotations_are_compared_by_their_angle() {
    let f = trace(|x: Tensor| {
        let (p, q) =
            (Rotation::from_rotvec(x), Rotation::from_unit_quat(-Rotation::from_rotvec(x * 1.5).as_quat(false)));
        (p.approx_equal(q, Some(0.3)), p.approx_equal_degrees(q, 30.0), p.approx_equal(p, None))
    });
    let x = Array::from([[0.0, 0.5, 0.0], [0.0, 0.7, 0.0], [1.2, 0.0, 0.0]]);
    let (radians, degrees, same) = f.compile("f64[n, 3]").unwrap().call(&x).unwrap();
    assert_eq!(radians, Array::from([true, false, false]));
    assert_eq!(degrees, Array::from([true, true, false]));
    assert_eq!(same, Array::from([true; 3]));
}
