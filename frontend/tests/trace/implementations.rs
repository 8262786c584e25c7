//! A user's own implementations of operations.

use rotrace::implementations::{Implementations, operation};
use rotrace::spatial::{RigidTransform, Rotation, Slerp};
use rotrace::{Array, Error, Tensor, trace};
use std::panic::{AssertUnwindSafe, catch_unwind};

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
