//! Means, reduction, powers and comparison of rotations, and their derivatives where those are hard.

use crate::rotations::{close, run};
use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, DType, Signature, Tensor, constant, trace};
use std::f64::consts::PI;

pub(crate) fn pseudo(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|place| ((place * 7 + seed * 13 + 1) as f64 * 1.37).sin()).collect()
}

pub(crate) fn array(shape: &[usize], data: Vec<f64>) -> Array {
    Array::from_vec(shape, data).unwrap()
}

/// `f` and its first and second derivative along a direction: a nested jvp.
pub(crate) fn derivatives(f: impl FnOnce(Tensor) -> Tensor + Clone, x: &Array, along: &Array) -> [Vec<f64>; 3] {
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
pub(crate) fn check_derivatives(f: impl FnOnce(Tensor) -> Tensor + Clone, x: &Array, along: &Array, tolerance: f64) {
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
        |w: Tensor| Rotation::from_rotvec(constant(array(&[4, 3], pseudo(12, 2)))).weighted_mean(w, 0).as_rotvec();
    check_derivatives(weights, &Array::from([0.5, 1.0, 0.125, 2.0]), &Array::from([1.0, -1.0, 0.5, 0.25]), 1e-8);
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
        let traced = |n: Tensor| Rotation::from_rotvec(constant(vector)).pow(n).as_rotvec();
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
