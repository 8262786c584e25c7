//! Many rigid transforms: batches, broadcasting, containers, means, and mistakes.

use crate::rigid_transforms::{ANGLES, POINT, coordinates};
use crate::rotations::{close, run};
use rotrace::spatial::{Container, RigidTransform};
use rotrace::{Array, DType, Tensor, trace};

#[test]
fn a_batch_is_its_rows() {
    let functions: [fn(Tensor) -> Tensor; 5] = [
        |x| RigidTransform::from_exp_coords(x).pow(0.3).as_matrix().reshape_last(2, [16]),
        |x| (RigidTransform::from_exp_coords(x) * RigidTransform::from_exp_coords(x).pow(3)).as_exp_coords(),
        |x| RigidTransform::from_dual_quat(RigidTransform::from_exp_coords(x).as_dual_quat()).translation(),
        |x| RigidTransform::from_matrix(RigidTransform::from_exp_coords(x).as_matrix()).inv().apply(POINT),
        |x| trace(|x| RigidTransform::from_exp_coords(x).as_exp_coords().square().sum(())).grad().call_traced(x),
    ];
    let rows: Vec<[f64; 6]> = ANGLES.into_iter().map(coordinates).collect();
    for function in functions {
        let batch = trace(function).compile("f64[n, 6]").unwrap();
        assert_eq!(batch.call(&Array::zeros(&[0, 6]).unwrap()).unwrap().shape()[0], 0);
        let whole = batch.call(&Array::from(rows.clone())).unwrap().to_vec::<f64>().unwrap();
        let single: Vec<f64> = rows.iter().flat_map(|&row| run(row, function)).collect();
        assert_eq!(whole, single);
    }
}

#[test]
fn means() {
    // Of motions about one axis, along which the mean goes by mean angles.
    let f = trace(|(x, w): (Tensor, Tensor)| {
        let transforms = RigidTransform::from_exp_coords(x);
        let (mean, weighted) = (transforms.mean(-1), transforms.weighted_mean(w, 0));
        [(mean.rotation().as_rotvec(), mean.translation()), (weighted.rotation().as_rotvec(), weighted.translation())]
    });
    let f = f.compile("f64[n, 6], f64[n]").unwrap();
    let x = Array::from([[0.0, 0.0, 0.2, 1.0, 0.0, 2.0], [0.0, 0.0, 0.4, 3.0, 0.0, 2.0]]);
    let [(turn, shift), (weighted_turn, _)] = f.call(&(x.clone(), Array::from([0.0, 5.0]))).unwrap();
    close(turn.as_slice().unwrap(), &[0.0, 0.0, 0.3], 1e-15);
    close(&shift.as_slice::<f64>().unwrap()[2..], &[2.0], 1e-15);
    close(weighted_turn.as_slice().unwrap(), &[0.0, 0.0, 0.4], 1e-15);
    for weights in [[1.0, -1.0], [f64::NAN, 1.0]] {
        let [_, (turn, shift)] = f.call(&(x.clone(), Array::from(weights))).unwrap();
        assert!([turn, shift].iter().all(|array| array.as_slice::<f64>().unwrap().iter().all(|value| value.is_nan())));
    }
    let gradient = trace(|(x, w): (Tensor, Tensor)| {
        let mean = RigidTransform::from_exp_coords(x).weighted_mean(w, ());
        mean.apply(POINT).square().sum(())
    });
    let gradient = gradient.grad().compile("f64[n, 6], f64[n]").unwrap();
    let (dx, dw) = gradient.call(&(Array::from([[0.0; 6]; 3]), Array::from([1.0; 3]))).unwrap();
    assert!(dx.as_slice::<f64>().unwrap().iter().all(|value| value.is_finite()));
    assert_eq!(dw, Array::from([0.0; 3]));
}

#[test]
fn transforms_are_containers() {
    let f = trace(|x: Tensor| {
        let all = RigidTransform::from_translation(x);
        let last = all.index(-1, 2);
        let taken = all.take(&[2, 0], 1).take_where([[true, false], [false, true]]);
        let set = all.set(&[1], 1, RigidTransform::identity(DType::F64, ()));
        let joined = RigidTransform::concatenate([last.index(0, 0), last]);
        let each = all.unstack(0);
        assert_eq!((all.len().and_then(|size| size.as_fixed()), each.len(), last.is_single()), (Some(2), 2, false));
        [last, taken, set.slice(1, 1..2), joined, each[1], all.reshape([6]).slice_step(0, .., 5)]
            .map(|t| t.translation())
    });
    let rows: Vec<f64> = (0..18).map(f64::from).collect();
    let results = f.compile("f64[2, 3, 3]").unwrap().call(&Array::from_vec(&[2, 3, 3], rows).unwrap()).unwrap();
    let wanted = [
        Array::from([[6.0, 7.0, 8.0], [15.0, 16.0, 17.0]]),
        Array::from([[6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]),
        Array::from([[[0.0; 3]], [[0.0; 3]]]),
        Array::from([[6.0, 7.0, 8.0], [6.0, 7.0, 8.0], [15.0, 16.0, 17.0]]),
        Array::from([[9.0, 10.0, 11.0], [12.0, 13.0, 14.0], [15.0, 16.0, 17.0]]),
        Array::from([[0.0, 1.0, 2.0], [15.0, 16.0, 17.0]]),
    ];
    assert_eq!(results, wanted);
}

#[test]
fn transforms_broadcast_and_can_be_single_precision() {
    let f = trace(|(x, t, p): (Tensor, Tensor, Tensor)| {
        let (first, second) = (RigidTransform::from_exp_coords(x), RigidTransform::from_translation(t));
        ((first * second).apply(p), first.apply(second.apply(p)))
    });
    let f = f.compile("f32[2, 1, 6], f32[n, 3], f32[3]").unwrap();
    for count in [0, 1, 5] {
        let x = Array::from([[[1e-4_f32, 0.0, 0.0, 1.0, 2.0, 3.0]], [[0.3, -0.1, 2.0, 1.0, 2.0, 3.0]]]);
        let arguments = (x, Array::from(vec![[0.5_f32, 0.25, 4.0]; count]), Array::from([1.0_f32, 2.0, 3.0]));
        let (got, wanted) = f.call(&arguments).unwrap();
        assert_eq!((got.shape(), got.dtype()), (&[2, count, 3][..], DType::F32));
        for (got, wanted) in got.as_slice::<f32>().unwrap().iter().zip(wanted.as_slice::<f32>().unwrap()) {
            assert!((got - wanted).abs() <= 1e-5, "{got:e} {wanted:e}");
        }
    }
    // Where SciPy loses half of the digits.
    for angle in [1e-3_f32, 1e-2, 0.3, 0.999, 1.0, 3.0] {
        let x = Array::from([0.6 * angle, 0.0, 0.8 * angle, 1.0, -2.0, 0.5]);
        let round = trace(|x| RigidTransform::from_exp_coords(x).as_exp_coords());
        let got = round.compile("f32[6]").unwrap().call(&x).unwrap();
        for (got, wanted) in got.as_slice::<f32>().unwrap().iter().zip(x.as_slice::<f32>().unwrap()) {
            assert!((got - wanted).abs() <= 2e-6, "{got:e} {wanted:e}");
        }
    }
}

#[test]
fn mistakes_name_the_operation() {
    let message = |f: fn(Tensor) -> Tensor, types: &str| trace(f).lower(types).map(|_| ()).unwrap_err().to_string();
    let text = message(|m| RigidTransform::from_matrix(m).as_matrix(), "f64[n, 3, 4]");
    assert!(text.contains("RigidTransform::from_matrix takes floats of shape [..., 4, 4], got f64[n, 3, 4]"), "{text}");
    let text = message(|x| RigidTransform::from_exp_coords(x).as_matrix(), "f64[5]");
    assert!(text.contains("RigidTransform::from_exp_coords takes floats of shape [..., 6], got f64[5]"), "{text}");
    let text = message(|x| RigidTransform::from_dual_quat(x).as_matrix(), "i64[8]");
    assert!(text.contains("RigidTransform::from_dual_quat takes floats of shape [..., 8], got i64[8]"), "{text}");
    let text = message(|t| RigidTransform::from_translation(t).apply([1.0, 2.0]), "f64[3]");
    assert!(text.contains("RigidTransform::apply takes floats of shape [..., 3], got f64[2]"), "{text}");
    let text = message(
        |t| (RigidTransform::from_translation(t) * RigidTransform::identity(DType::F64, [2])).as_matrix(),
        "f64[3, 3]",
    );
    assert!(text.contains("cannot broadcast"), "{text}");
    let text = message(|t| RigidTransform::from_translation(t).pow([1.0, 2.0]).as_matrix(), "f64[3]");
    assert!(text.contains("RigidTransform::pow: the exponent must be one number, got f64[2]"), "{text}");
    let text = message(|t| RigidTransform::from_translation(t).index(1, 0).as_matrix(), "f64[n, 3]");
    assert!(text.contains("RigidTransform::index: axis 1 is out of bounds for 1 leading axes"), "{text}");
    let text = message(|t| RigidTransform::from_translation(t).mean(()).as_matrix(), "f64[0, 3]");
    assert!(text.contains("there is no mean of no rotations"), "{text}");
}
