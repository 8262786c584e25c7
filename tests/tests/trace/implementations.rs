//! A user's own implementations of operations.

use rotrace::implementations::{Implementations, Operation, operation};
use rotrace::spatial::{Order, Reduced, RigidTransform, Rotation, RotationSpline, Slerp};
use rotrace::{Array, DType, Error, Manifold, Side, Tensor, trace};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Turns about z alone, whatever the vector is.
fn flat(rotvec: Tensor) -> Rotation {
    let zero = rotvec.component(2) * 0.0;
    Rotation::from_rotvec(rotrace::stack([zero, zero, rotvec.component(2)], -1))
}

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

#[test]
fn an_implementation_takes_the_place_of_the_operation_everywhere() -> Result<(), Error> {
    let flat = Implementations::new().with(operation::FromRotvec, flat);
    let x = Array::from([0.4, -0.2, 0.3]);
    let turned = trace(|x| Rotation::from_rotvec(x).as_rotvec());
    let plain = turned.compile("f64[3]")?.call(&x)?;
    assert!((numbers(&plain)[0] - 0.4).abs() < 1e-15);
    let changed = turned.using(&flat).compile("f64[3]")?.call(&x)?;
    assert_eq!(numbers(&changed)[..2], [0.0, 0.0]);
    assert!((numbers(&changed)[2] - 0.3).abs() < 1e-15);
    // Also where an operation uses it inside, and through a function that is called.
    let screw = trace(|x: Tensor| RigidTransform::from_exp_coords(x).rotation().as_rotvec());
    let outer = trace(|x: Tensor| screw.call_traced(x)).using(&flat);
    let changed = outer.compile("f64[6]")?.call(&Array::from([0.4, -0.2, 0.3, 1.0, 1.0, 1.0]))?;
    assert_eq!(numbers(&changed)[..2], [0.0, 0.0]);
    let halfway = trace(|knots: Tensor| Slerp::new([0.0, 1.0], Rotation::from_quat(knots)).at(0.5).as_rotvec());
    let knots = Array::from([[0.0, 0.0, 0.0, 1.0], [0.3, 0.0, 0.4, 1.0]]);
    assert_eq!(numbers(&halfway.using(&flat).compile("f64[2, 4]")?.call(&knots)?)[0], 0.0);
    Ok(())
}

#[test]
fn the_derivative_is_the_implementations_own() -> Result<(), Error> {
    // A magnitude whose gradient is that of a rule.
    let loud = trace(|rotation: Rotation| rotation.magnitude())
        .custom_jvp(|rotation, tangent| tangent.into_parts().component(3) * 100 + rotation.magnitude().full_like(0));
    let loud = Implementations::new().with(operation::Magnitude, move |rotation| loud.call_traced(rotation));
    let angle = trace(|quat: Tensor| Rotation::from_unit_quat(quat).magnitude()).using(&loud);
    let gradient = angle.grad().compile("f64[4]")?.call(&Array::from([0.6, 0.0, 0.0, 0.8]))?;
    assert_eq!(numbers(&gradient), [0.0, 0.0, 0.0, 100.0]);
    Ok(())
}

#[test]
fn the_innermost_implementation_counts_and_none_is_inherited_by_other_functions() -> Result<(), Error> {
    let double = Implementations::new().with(operation::AsRotvec, |rotation: Rotation| rotation.as_rotvec() * 2);
    let triple = Implementations::new().with(operation::AsRotvec, |rotation: Rotation| rotation.as_rotvec() * 3);
    let log = trace(|quat| Rotation::from_quat(quat).as_rotvec());
    let angle = |traced: &rotrace::Traced<'_, Tensor, Tensor>| -> Result<f64, Error> {
        let rotvec = traced.compile("f64[4]")?.call(&Array::from([1.0, 0.0, 0.0, 1.0]))?;
        Ok(numbers(&rotvec)[0] / std::f64::consts::FRAC_PI_2)
    };
    let close = |a: f64, b: f64| (a - b).abs() < 1e-15;
    assert!(close(angle(&log.using(&double))?, 2.0));
    assert!(close(angle(&log.using(&double).using(&triple))?, 2.0));
    let separate = trace(|x: Tensor| {
        let own = angle(&log).expect("a valid function");
        Rotation::from_quat(x).as_rotvec() * own
    });
    assert!(close(angle(&separate.using(&double))?, 2.0));
    // A panic leaves nothing behind.
    let broken = trace(|_: Tensor| -> Tensor { panic!("on purpose") }).using(&double);
    assert!(catch_unwind(AssertUnwindSafe(|| broken.lower("f64[4]"))).is_err());
    assert!(close(angle(&log)?, 1.0));
    Ok(())
}

#[test]
fn a_result_of_another_type_is_a_mistake_with_the_line() {
    let wrong = Implementations::new().with(operation::AsRotvec, |rotation: Rotation| rotation.as_quat(false));
    let line = line!() + 1;
    let log = trace(|quat| Rotation::from_quat(quat).as_rotvec()).using(&wrong);
    let text = log.lower("f64[n, 4]").expect_err("four numbers are no rotation vector").to_string();
    assert!(
        text.contains("the implementation of Rotation::as_rotvec gives f64[n, 4], but has to give f64[n, 3]"),
        "{text}"
    );
    assert!(text.contains(&format!("implementations.rs:{line}")), "{text}");
}

/// Functions of rotations `[3]`, transforms `[3]`, and something else.
type Program = fn(Rotation, RigidTransform, Tensor) -> Tensor;

const AXES: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.0, 0.8]];
const TIMES: [f64; 3] = [0.0, 1.0, 2.5];

/// Whether the operation in `program` is done by an implementation, once, with the arguments that it is given there.
fn is_used<O: Operation>(operation: O, types: &str, own: impl Fn(O::In) -> O::Out + 'static, program: Program) {
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    let implementation = Implementations::new().with(operation, move |arguments: O::In| {
        counted.set(counted.get() + 1);
        own(arguments)
    });
    assert_eq!(format!("{implementation:?}"), format!("{{{:?}}}", O::NAME));
    let plain = graph(O::NAME, types, &Implementations::new(), program);
    assert_eq!(count.get(), 0, "{}", O::NAME);
    let changed = graph(O::NAME, types, &implementation, program);
    assert_eq!(count.get(), 1, "{}", O::NAME);
    // What the implementation does is Rotrace's own operation, and nothing else is left.
    assert_eq!(plain, changed, "{}", O::NAME);
}

fn graph(name: &str, types: &str, implementations: &Implementations, program: Program) -> Option<String> {
    let traced = trace(move |(rotation, transform, x)| program(rotation, transform, x)).using(implementations);
    let compiled = traced.compile(format!("f64[3, 4], f64[3, 4, 4], {types}").as_str());
    compiled.unwrap_or_else(|error| panic!("{name}: {error}")).graph_after("dce")
}

#[test]
fn rotations_can_be_made_and_taken_apart_anew() {
    use operation as op;
    is_used(op::FromQuat, "f64[4]", Rotation::from_quat, |_, _, x| Rotation::from_quat(x).into_parts());
    is_used(op::FromMatrix, "f64[3, 3]", Rotation::from_matrix, |_, _, x| Rotation::from_matrix(x).into_parts());
    is_used(op::FromMatrixAssumeValid, "f64[3, 3]", Rotation::from_matrix_assume_valid, |_, _, x| {
        Rotation::from_matrix_assume_valid(x).into_parts()
    });
    is_used(op::FromRotvec, "f64[3]", Rotation::from_rotvec, |_, _, x| Rotation::from_rotvec_degrees(x).into_parts());
    is_used(op::FromMrp, "f64[3]", Rotation::from_mrp, |_, _, x| Rotation::from_mrp(x).into_parts());
    is_used(
        op::FromEuler,
        "f64[2]",
        |(sequence, angles)| {
            assert_eq!(sequence, "zx");
            Rotation::from_euler(&sequence, angles)
        },
        |_, _, x| Rotation::from_euler_degrees("zx", x).into_parts(),
    );
    is_used(
        op::FromDavenport,
        "f64[3]",
        |(axes, order, angles)| Rotation::from_davenport(axes, order, angles),
        |_, _, x| Rotation::from_davenport(AXES, Order::Intrinsic, x).into_parts(),
    );
    is_used(op::AsQuat, "f64", |(q, canonical)| q.as_quat(canonical), |q, _, _| q.as_quat(true));
    is_used(op::AsMatrix, "f64", |x| x.as_matrix(), |q, _, _| q.as_matrix());
    is_used(op::AsRotvec, "f64", |x| x.as_rotvec(), |q, _, _| q.as_rotvec_degrees());
    is_used(op::AsMrp, "f64", |x| x.as_mrp(), |q, _, _| q.as_mrp());
    is_used(op::AsEuler, "f64", |(q, sequence)| q.as_euler(&sequence), |q, _, _| q.as_euler_degrees("ZYX"));
    is_used(
        op::IsGimbalLocked,
        "f64",
        |(q, sequence)| q.is_gimbal_locked(&sequence),
        |q, _, _| q.is_gimbal_locked("xyz"),
    );
    is_used(
        op::AsDavenport,
        "f64",
        |(q, axes, order)| q.as_davenport(axes, order),
        |q, _, _| q.as_davenport_degrees(AXES, Order::Extrinsic),
    );
    is_used(
        op::IsGimbalLockedAbout,
        "f64",
        |(q, axes, order)| q.is_gimbal_locked_about(axes, order),
        |q, _, _| q.is_gimbal_locked_about(AXES, Order::Extrinsic),
    );
}

#[test]
fn rotations_can_be_used_anew() {
    use operation as op;
    is_used(op::Apply, "f64[3]", |(q, v)| q.apply(v), |q, _, x| q.apply(x));
    is_used(op::ApplyInverse, "f64[3]", |(q, v)| q.apply_inverse(v), |q, _, x| q.apply_inverse(x));
    is_used(op::Multiply, "f64", |(p, q)| p * q, |q, _, _| (q * q).into_parts());
    is_used(op::Inverse, "f64", |x| x.inv(), |q, _, _| q.inv().into_parts());
    is_used(op::Magnitude, "f64", |x| x.magnitude(), |q, _, _| q.magnitude());
    is_used(
        op::ApproxEqual,
        "f64",
        |(p, q, tolerance)| p.approx_equal(q, Some(tolerance)),
        |q, _, _| q.approx_equal_degrees(q.inv(), 1.0),
    );
    is_used(op::Power, "f64", |(q, exponent)| q.pow(exponent), |q, _, x| q.pow(x).into_parts());
    is_used(op::Power, "f64", |(q, exponent)| q.pow(exponent), |q, _, _| q.pow(-1).into_parts());
    is_used(
        op::Mean,
        "f64",
        |(q, axes)| {
            assert_eq!(axes, [0]);
            q.mean(axes.as_slice())
        },
        |q, _, _| q.mean(-1).into_parts(),
    );
    is_used(
        op::WeightedMean,
        "f64[3]",
        |(q, weights, axes)| q.weighted_mean(weights, axes.as_slice()),
        |q, _, x| q.weighted_mean(x, ()).into_parts(),
    );
    is_used(
        op::Reduce,
        "f64",
        |(q, left, right)| q.reduce(left, right),
        |q, _, _| q.reduce(None, Some(Rotation::create_group(DType::F64, "C3", "x"))).rotation.into_parts(),
    );
    is_used(
        op::AlignVectors,
        "f64[3, 3]",
        |(a, b)| Rotation::align_vectors(a, b),
        |_, _, x| Rotation::align_vectors(x, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]).rssd,
    );
    is_used(
        op::AlignWeightedVectors,
        "f64[2, 3]",
        |(a, b, weights)| Rotation::align_weighted_vectors(a, b, weights),
        |_, _, x| {
            Rotation::align_weighted_vectors(x, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [1.0, 0.5]).rotation.into_parts()
        },
    );
    is_used(
        op::Random,
        "f64",
        |(dtype, seed, shape)| Rotation::random(dtype, seed, shape),
        |_, _, _| Rotation::random(DType::F64, 7, [5]).into_parts(),
    );
    is_used(op::Retract, "f64[3]", |(q, side, step)| q.retract_on(side, step), |q, _, x| q.retract(x).into_parts());
    is_used(op::Local, "f64", |(p, side, q)| p.local_on(side, q), |q, _, _| q.local_on(Side::Left, q.inv()));
}

#[test]
fn curves_and_transforms_can_be_used_anew() {
    use operation as op;
    is_used(op::SlerpAt, "f64[n]", |(slerp, at)| slerp.at(at), |q, _, x| Slerp::new(TIMES, q).at(x).into_parts());
    is_used(
        op::SplineAt,
        "f64[n]",
        |(spline, at)| spline.at(at),
        |q, _, x| RotationSpline::new(TIMES, q).at(x).into_parts(),
    );
    is_used(
        op::SplineRateAt,
        "f64[n]",
        |(spline, at)| spline.angular_rate_at(at),
        |q, _, x| RotationSpline::new(TIMES, q).angular_rate_at(x),
    );
    is_used(
        op::SplineAccelerationAt,
        "f64[n]",
        |(spline, at)| spline.angular_acceleration_at(at),
        |q, _, x| RotationSpline::new(TIMES, q).angular_acceleration_at(x),
    );
    is_used(op::TransformFromMatrix, "f64[4, 4]", RigidTransform::from_matrix, |_, _, x| {
        RigidTransform::from_matrix(x).into_parts()
    });
    is_used(
        op::FromComponents,
        "f64[3]",
        |(moved, turned)| RigidTransform::from_components(moved, turned),
        |q, _, x| RigidTransform::from_components(x, q).into_parts(),
    );
    is_used(op::FromExpCoords, "f64[6]", RigidTransform::from_exp_coords, |_, _, x| {
        RigidTransform::from_exp_coords(x).into_parts()
    });
    is_used(op::FromDualQuat, "f64[8]", RigidTransform::from_dual_quat, |_, _, x| {
        RigidTransform::from_dual_quat(x).into_parts()
    });
    is_used(op::TransformRotation, "f64", |x| x.rotation(), |_, t, _| t.as_components().1.into_parts());
    is_used(op::AsExpCoords, "f64", |x| x.as_exp_coords(), |_, t, _| t.as_exp_coords());
    is_used(op::AsDualQuat, "f64", |x| x.as_dual_quat(), |_, t, _| t.as_dual_quat());
    is_used(op::TransformApply, "f64[3]", |(t, v)| t.apply(v), |_, t, x| t.apply(x));
    is_used(op::TransformApplyInverse, "f64[3]", |(t, v)| t.apply_inverse(v), |_, t, x| t.apply_inverse(x));
    is_used(op::TransformMultiply, "f64", |(s, t)| s * t, |_, t, _| (t * t).into_parts());
    is_used(op::TransformMultiplyRotation, "f64", |(t, q)| t * q, |q, t, _| (t * q).into_parts());
    is_used(op::RotationMultiplyTransform, "f64", |(q, t)| q * t, |q, t, _| (q * t).into_parts());
    is_used(op::TransformInverse, "f64", |x| x.inv(), |_, t, _| t.inv().into_parts());
    is_used(op::TransformPower, "f64", |(t, exponent)| t.pow(exponent), |_, t, _| t.pow(0.5).into_parts());
    is_used(op::TransformMean, "f64", |(t, axes)| t.mean(axes.as_slice()), |_, t, _| t.mean(()).into_parts());
    is_used(
        op::TransformWeightedMean,
        "f64[3]",
        |(t, weights, axes)| t.weighted_mean(weights, axes.as_slice()),
        |_, t, x| t.weighted_mean(x, 0).into_parts(),
    );
    is_used(
        op::TransformRetract,
        "f64[6]",
        |(t, side, step)| t.retract_on(side, step),
        |_, t, x| t.retract_on(Side::Left, x).into_parts(),
    );
    is_used(op::TransformLocal, "f64", |(s, side, t)| s.local_on(side, t), |_, t, _| t.local(t.inv()));
}

#[test]
fn an_implementation_can_be_for_some_options() -> Result<(), Error> {
    // Aligned with the axes: the angles of "zyx" are rounded to quarter turns.
    let snapped = Implementations::new().with(operation::FromEuler, |(sequence, angles): (String, Tensor)| {
        let quarter = std::f64::consts::FRAC_PI_2;
        let angles = if sequence == "zyx" { (angles / quarter).round() * quarter } else { angles };
        Rotation::from_euler(&sequence, angles)
    });
    let turned = |sequence: &'static str| -> Result<f64, Error> {
        let function = trace(move |angles| Rotation::from_euler(sequence, angles).magnitude()).using(&snapped);
        Ok(numbers(&function.compile("f64[3]")?.call(&Array::from([0.7, 0.0, 0.0]))?)[0])
    };
    assert_eq!(turned("zyx")?, 0.0);
    assert!((turned("xyz")? - 0.7).abs() < 1e-15);
    Ok(())
}

#[test]
fn a_mistake_in_an_implementation_has_its_own_line() {
    let line = line!() + 1;
    let broken = Implementations::new().with(operation::AsRotvec, |rotation: Rotation| rotation.as_quat(false).sum(9));
    let log = trace(|quat| Rotation::from_quat(quat).as_rotvec()).using(&broken);
    let text = log.lower("f64[n, 4]").expect_err("there is no axis 9").to_string();
    assert!(text.contains(&format!("implementations.rs:{line}")), "{text}");
}

#[test]
fn other_results_than_the_operations_are_a_mistake() {
    let silent =
        Implementations::new().with(operation::Reduce, |(rotation, ..)| Reduced { rotation, left: None, right: None });
    let reduced = trace(|quat: Tensor| {
        let group = Rotation::create_group(DType::F64, "C2", "z");
        Rotation::from_quat(quat).reduce(Some(group), None)
    });
    let text = reduced.using(&silent).lower("f64[n, 4]").expect_err("an index is missing").to_string();
    assert!(text.contains("the implementation of Rotation::reduce gives 1 arrays, but has to give 2"), "{text}");
}
