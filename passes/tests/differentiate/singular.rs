//! Points where derivatives are singular: kinks, poles, ends of domains, branches not taken.

use crate::check::{assert_close, function, push, scalar};
use crate::support::{Array, evaluate, fixed};
use rotrace_ir::graph::{Op, Reduction};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use rotrace_passes::differentiate::{grad, jvp, value_and_grad, vjp};

/// The derivatives of a scalar operation at a point, by reverse mode.
fn slopes(op: ScalarOp, x: &[f64]) -> Vec<f64> {
    let f = function(&[], &vec![fixed(&[]); x.len()], |b, v| scalar(b, op, v));
    let g = grad(&f, &vec![true; x.len()]).expect("a number");
    let arguments: Vec<Array> = x.iter().map(|&x| Array::scalar(x)).collect();
    let reverse: Vec<f64> = evaluate(&g, &arguments, &[]).iter().map(|g| g.floats()[0]).collect();
    // Forward mode, one direction at a time, says the same.
    for (place, &slope) in reverse.iter().enumerate() {
        let wrt: Vec<bool> = (0..x.len()).map(|other| other == place).collect();
        let forward = jvp(&f, &wrt).expect("floats");
        let arguments: Vec<Array> = x.iter().copied().chain([1.0]).map(Array::scalar).collect();
        let tangent = evaluate(&forward, &arguments, &[])[1].floats()[0];
        assert!(tangent == slope || tangent.is_nan() && slope.is_nan(), "{op} at {x:?}: {tangent} and {slope}");
    }
    reverse
}

#[test]
fn singular_points_have_the_documented_derivatives() {
    let cases: &[(ScalarOp, &[f64], &[f64])] = &[
        (ScalarOp::Abs, &[0.0], &[0.0]),
        (ScalarOp::Abs, &[-0.0], &[0.0]),
        (ScalarOp::Sqrt, &[0.0], &[0.0]),
        (ScalarOp::Sqrt, &[f64::INFINITY], &[0.0]),
        (ScalarOp::Maximum, &[2.0, 2.0], &[0.5, 0.5]),
        (ScalarOp::Minimum, &[0.0, -0.0], &[0.5, 0.5]),
        (ScalarOp::Maximum, &[1.0, 2.0], &[0.0, 1.0]),
        (ScalarOp::Minimum, &[1.0, 2.0], &[1.0, 0.0]),
        (ScalarOp::Asin, &[1.0], &[0.0]),
        (ScalarOp::Acos, &[-1.0], &[0.0]),
        (ScalarOp::Acosh, &[1.0], &[0.0]),
        (ScalarOp::Hypot, &[0.0, 0.0], &[0.0, 0.0]),
        (ScalarOp::Hypot, &[3e-320, 4e-320], &[0.6, 0.8]),
        (ScalarOp::Hypot, &[3e300, -4e300], &[0.6, -0.8]),
        (ScalarOp::Atan2, &[0.0, 0.0], &[0.0, 0.0]),
        (ScalarOp::Atan2, &[0.0, -2.0], &[-0.5, 0.0]),
        (ScalarOp::Atan2, &[1e-200, 0.0], &[0.0, -1e200]),
        (ScalarOp::Pow, &[0.0, 0.0], &[0.0, 0.0]),
        (ScalarOp::Pow, &[0.0, 0.5], &[0.0, 0.0]),
        (ScalarOp::Pow, &[0.0, 1.0], &[1.0, 0.0]),
        (ScalarOp::Pow, &[0.0, 2.0], &[0.0, 0.0]),
        (ScalarOp::Pow, &[-2.0, 3.0], &[12.0, 0.0]),
        (ScalarOp::Pow, &[3.0, 0.0], &[0.0, 1.0986122886681098]),
        (ScalarOp::Copysign, &[0.0, -1.0], &[0.0, 0.0]),
        (ScalarOp::Copysign, &[-3.0, 2.0], &[-1.0, 0.0]),
        (ScalarOp::Nextafter, &[1.0, 2.0], &[1.0, 0.0]),
        (ScalarOp::Remainder, &[-7.5, 2.0], &[1.0, 4.0]),
        (ScalarOp::Log, &[0.0], &[f64::INFINITY]),
        (ScalarOp::Atanh, &[1.0], &[f64::INFINITY]),
        (ScalarOp::Tanh, &[800.0], &[0.0]),
        (ScalarOp::Atan, &[1e200], &[0.0]),
        (ScalarOp::Asinh, &[1e200], &[1e-200]),
        (ScalarOp::Acosh, &[1e200], &[1e-200]),
        (ScalarOp::Exp, &[-1000.0], &[0.0]),
        (ScalarOp::Logaddexp, &[1000.0, -1000.0], &[1.0, 0.0]),
        (ScalarOp::Logaddexp, &[f64::INFINITY, 1.0], &[1.0, 0.0]),
        (ScalarOp::Logaddexp, &[f64::NEG_INFINITY, 1.0], &[0.0, 1.0]),
        (ScalarOp::Logaddexp, &[f64::INFINITY, f64::INFINITY], &[0.5, 0.5]),
        (ScalarOp::Logaddexp, &[f64::NEG_INFINITY, f64::NEG_INFINITY], &[0.5, 0.5]),
    ];
    for (op, x, expected) in cases {
        let actual = slopes(*op, x);
        for (a, b) in actual.iter().zip(*expected) {
            let close = a == b || (a - b).abs() <= 4e-16 * b.abs();
            assert!(close, "{op} at {x:?}: {actual:?} is not {expected:?}");
        }
    }
}

#[test]
fn second_derivatives_at_singular_points_are_right_or_zero() {
    let second = |op: ScalarOp, x: f64, y: Option<f64>| {
        let arity = 1 + usize::from(y.is_some());
        let f = function(&[], &vec![fixed(&[]); arity], |b, v| scalar(b, op, v));
        let mut wrt = vec![false; arity];
        wrt[0] = true;
        let arguments: Vec<Array> = [x].into_iter().chain(y).map(Array::scalar).collect();
        let twice = grad(&grad(&f, &wrt).expect("a number"), &wrt).expect("a number");
        let reverse = evaluate(&twice, &arguments, &[])[0].floats()[0];
        let mixed = jvp(&grad(&f, &wrt).expect("a number"), &wrt).expect("floats");
        let directed: Vec<Array> = arguments.iter().cloned().chain([Array::scalar(1.0)]).collect();
        let forward = evaluate(&mixed, &directed, &[])[1].floats()[0];
        assert!((forward - reverse).abs() <= 1e-15, "{op} at {x} {y:?}: {forward} and {reverse}");
        reverse
    };
    for (op, x, y, expected) in [
        (ScalarOp::Sqrt, 0.0, None, 0.0),
        (ScalarOp::Abs, 0.0, None, 0.0),
        (ScalarOp::Asin, 1.0, None, 0.0),
        (ScalarOp::Acosh, 1.0, None, 0.0),
        (ScalarOp::Hypot, 0.0, Some(0.0), 0.0),
        (ScalarOp::Hypot, 0.0, Some(2.0), 0.5),
        (ScalarOp::Atan2, 0.0, Some(0.0), 0.0),
        (ScalarOp::Pow, 0.0, Some(2.0), 2.0),
        (ScalarOp::Pow, 0.0, Some(3.0), 0.0),
        (ScalarOp::Pow, 0.0, Some(1.0), 0.0),
        (ScalarOp::Pow, 0.0, Some(0.0), 0.0),
        (ScalarOp::Logaddexp, 1.0, Some(1.0), 0.25),
        (ScalarOp::Logaddexp, 2000.0, Some(-2000.0), 0.0),
        (ScalarOp::Maximum, 1.0, Some(1.0), 0.0),
    ] {
        let actual = second(op, x, y);
        assert!((actual - expected).abs() <= 1e-15, "{op} at {x} {y:?}: {actual} is not {expected}");
    }
}

#[test]
fn select_lets_nothing_through_from_the_branch_not_taken() {
    let f = function(&[], &[fixed(&[])], |b, x| {
        let zero = push(b, Op::constant(Scalar::f64(0.0)), &[]);
        let one = push(b, Op::constant(Scalar::f64(1.0)), &[]);
        let positive = scalar(b, ScalarOp::Greater, &[x[0], zero]);
        let safe = scalar(b, ScalarOp::Select, &[positive, x[0], one]);
        let log = scalar(b, ScalarOp::Log, &[safe]);
        scalar(b, ScalarOp::Select, &[positive, log, zero])
    });
    let g = value_and_grad(&f, &[true]).expect("a number");
    let h = grad(&grad(&f, &[true]).expect("a number"), &[true]).expect("a number");
    for (x, value, slope, curvature) in [(0.0, 0.0, 0.0, 0.0), (-3.0, 0.0, 0.0, 0.0), (1.0, 0.0, 1.0, -1.0)] {
        let results = evaluate(&g, &[Array::scalar(x)], &[]);
        assert!(
            results[0].same(&Array::scalar(value)) && results[1].same(&Array::scalar(slope)),
            "at {x}: {results:?}"
        );
        assert!(evaluate(&h, &[Array::scalar(x)], &[])[0].same(&Array::scalar(curvature)), "second derivative at {x}");
    }
    // The NaN of a branch whose value has none to give is not multiplied in.
    let f = function(&[], &[fixed(&[2]), fixed(&[2])], |b, x| {
        let condition = Op::Constant(rotrace_ir::graph::Constant::from_scalars(
            DType::Bool,
            vec![2],
            [true, false].map(Scalar::bool),
        ));
        let condition = push(b, condition, &[]);
        scalar(b, ScalarOp::Select, &[condition, x[0], x[1]])
    });
    let reverse = vjp(&f, &[true, true]).expect("floats");
    let x = Array::f64(&[2], &[1.0, 2.0]);
    let ct = Array::f64(&[2], &[f64::NAN, f64::INFINITY]);
    let results = evaluate(&reverse, &[x.clone(), x, ct], &[]);
    assert!(results[1].same(&Array::f64(&[2], &[f64::NAN, 0.0])), "{results:?}");
    assert!(results[2].same(&Array::f64(&[2], &[0.0, f64::INFINITY])), "{results:?}");
}

#[test]
fn a_select_stops_the_cotangent_of_the_side_not_taken() {
    // NaN for bad data is no NaN for what else the data is used for: zero times NaN would be.
    let f = function(&[], &[fixed(&[2])], |b, x| {
        let zero = push(b, Op::constant(Scalar::f64(0.0)), &[]);
        let nan = push(b, Op::constant(Scalar::f64(f64::NAN)), &[]);
        let spread = |b: &mut _, value| push(b, Op::Broadcast { shape: fixed(&[2]), axes: vec![] }, &[value]);
        let (zero, nan) = (spread(b, zero), spread(b, nan));
        let positive = scalar(b, ScalarOp::Greater, &[x[0], zero]);
        let square = scalar(b, ScalarOp::Multiply, &[x[0], x[0]]);
        scalar(b, ScalarOp::Select, &[positive, square, nan])
    });
    let reverse = vjp(&f, &[true]).expect("floats");
    let results = evaluate(&reverse, &[Array::f64(&[2], &[-3.0, 3.0]), Array::f64(&[2], &[f64::NAN, 2.0])], &[]);
    assert!(results[1].same(&Array::f64(&[2], &[0.0, 12.0])), "{results:?}");
}

#[test]
fn a_select_stops_the_slope_of_the_side_not_taken() {
    // The root of a negative number has no slope, and the cotangent of what replaces it is none of its business.
    let f = function(&[], &[fixed(&[2])], |b, x| {
        let zero = push(b, Op::constant(Scalar::f64(0.0)), &[]);
        let zero = push(b, Op::Broadcast { shape: fixed(&[2]), axes: vec![] }, &[zero]);
        let positive = scalar(b, ScalarOp::Greater, &[x[0], zero]);
        let root = scalar(b, ScalarOp::Sqrt, &[x[0]]);
        scalar(b, ScalarOp::Select, &[positive, root, zero])
    });
    let reverse = vjp(&f, &[true]).expect("floats");
    let results = evaluate(&reverse, &[Array::f64(&[2], &[-3.0, 4.0]), Array::f64(&[2], &[f64::NAN, 2.0])], &[]);
    assert!(results[1].same(&Array::f64(&[2], &[0.0, 0.5])), "{results:?}");
}

#[test]
fn the_norm_of_a_zero_vector_has_a_zero_gradient() {
    let f = function(&[], &[fixed(&[3])], |b, x| {
        let square = scalar(b, ScalarOp::Multiply, &[x[0], x[0]]);
        let sum = push(b, Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[square]);
        scalar(b, ScalarOp::Sqrt, &[sum])
    });
    let g = grad(&f, &[true]).expect("a number");
    let zero = Array::f64(&[3], &[0.0; 3]);
    assert!(evaluate(&g, std::slice::from_ref(&zero), &[])[0].same(&zero));
    let h = jvp(&g, &[true]).expect("floats");
    let direction = Array::f64(&[3], &[1.0, -2.0, 0.5]);
    assert!(evaluate(&h, &[zero, direction], &[]).iter().flat_map(Array::floats).all(f64::is_finite));
    let results = evaluate(&g, &[Array::f64(&[3], &[3.0, 0.0, 4.0])], &[]);
    assert_close("norm", &results, &[Array::f64(&[3], &[0.6, 0.0, 0.8])], 1e-15);
}
