//! The special cases that C99 (annex F) and the array API standard prescribe, in both widths.

use rotrace_ir::elementary::evaluate;
use rotrace_ir::{DType, Scalar, ScalarOp};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, PI};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Bit for bit, but any NaN for NaN.
fn check(op: ScalarOp, operands: &[f64], expected: f64) {
    for dtype in [DType::F32, DType::F64] {
        let scalars: Vec<Scalar> = operands.iter().map(|&value| Scalar::from_f64(dtype, value)).collect();
        let (got, expected) = (evaluate(op, &scalars), Scalar::from_f64(dtype, expected));
        assert!(got.same(expected), "{dtype} {op}{operands:?} is {got}, not {expected}");
    }
}

#[test]
fn exponentials() {
    for op in [ScalarOp::Exp, ScalarOp::Exp2] {
        for (x, expected) in
            [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e5, INF), (-1e5, 0.0), (5e-324, 1.0)]
        {
            check(op, &[x], expected);
        }
    }
    check(ScalarOp::Exp2, &[10.0], 1024.0);
    check(ScalarOp::Exp2, &[-149.0], 2f64.powi(-149));
    for (x, expected) in
        [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e5, INF), (-1e5, -1.0), (-50.0, -1.0)]
    {
        check(ScalarOp::Expm1, &[x], expected);
    }
}

#[test]
fn reciprocal_roots() {
    for (x, expected) in [(0.0, INF), (-0.0, -INF), (1.0, 1.0), (INF, 0.0), (-INF, NAN), (-1.0, NAN), (NAN, NAN)] {
        check(ScalarOp::Rsqrt, &[x], expected);
    }
    for exponent in [-148, -126, -4, 2, 4, 126] {
        check(ScalarOp::Rsqrt, &[2f64.powi(exponent)], 2f64.powi(-exponent / 2));
    }
    check(ScalarOp::Rsqrt, &[0.25], 2.0);
}

#[test]
fn logarithms() {
    for op in [ScalarOp::Log, ScalarOp::Log2, ScalarOp::Log10] {
        for (x, expected) in
            [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (-1.0, NAN), (NAN, NAN), (-1e-40, NAN)]
        {
            check(op, &[x], expected);
        }
    }
    for exponent in [-149, -126, -3, 1, 5, 127] {
        check(ScalarOp::Log2, &[2f64.powi(exponent)], f64::from(exponent));
    }
    for exponent in 0..=10 {
        check(ScalarOp::Log10, &[10f64.powi(exponent)], f64::from(exponent));
    }
    for (x, expected) in [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-1.5, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)] {
        check(ScalarOp::Log1p, &[x], expected);
    }
}

#[test]
fn trigonometry() {
    for op in [ScalarOp::Sin, ScalarOp::Tan] {
        for (x, expected) in [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)] {
            check(op, &[x], expected);
        }
    }
    for (x, expected) in [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)] {
        check(ScalarOp::Cos, &[x], expected);
    }
    for (x, expected) in
        [(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_2), (-1.0, -FRAC_PI_2), (1.5, NAN), (-INF, NAN), (NAN, NAN)]
    {
        check(ScalarOp::Asin, &[x], expected);
    }
    for (x, expected) in
        [(1.0, 0.0), (-1.0, PI), (0.0, FRAC_PI_2), (-0.0, FRAC_PI_2), (1.5, NAN), (INF, NAN), (NAN, NAN)]
    {
        check(ScalarOp::Acos, &[x], expected);
    }
    for (x, expected) in [(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_4), (INF, FRAC_PI_2), (-INF, -FRAC_PI_2), (NAN, NAN)]
    {
        check(ScalarOp::Atan, &[x], expected);
    }
}

#[test]
fn angles_of_points() {
    let (quarter, far) = (FRAC_PI_4, 3.0 * FRAC_PI_4);
    for (y, x, expected) in [
        (0.0, 0.0, 0.0),
        (0.0, -0.0, PI),
        (0.0, 3.0, 0.0),
        (0.0, -3.0, PI),
        (2.0, 0.0, FRAC_PI_2),
        (2.0, -0.0, FRAC_PI_2),
        (2.0, INF, 0.0),
        (2.0, -INF, PI),
        (INF, 2.0, FRAC_PI_2),
        (INF, -2.0, FRAC_PI_2),
        (INF, INF, quarter),
        (INF, -INF, far),
        (0.0, INF, 0.0),
        (0.0, -INF, PI),
        (INF, 0.0, FRAC_PI_2),
        (1.0, 1.0, quarter),
        (1.0, -1.0, far),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
        (NAN, INF, NAN),
        (INF, NAN, NAN),
        (0.0, NAN, NAN),
    ] {
        check(ScalarOp::Atan2, &[y, x], expected);
        check(ScalarOp::Atan2, &[-y, x], -expected);
    }
}

#[test]
fn hyperbolic_functions() {
    for (op, at_infinity) in [(ScalarOp::Sinh, INF), (ScalarOp::Tanh, 1.0), (ScalarOp::Asinh, INF)] {
        for (x, expected) in [(0.0, 0.0), (-0.0, -0.0), (INF, at_infinity), (-INF, -at_infinity), (NAN, NAN)] {
            check(op, &[x], expected);
        }
    }
    for (x, expected) in [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (1e5, INF)] {
        check(ScalarOp::Cosh, &[x], expected);
    }
    for (x, expected) in [(1.0, 0.0), (0.5, NAN), (-3.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)] {
        check(ScalarOp::Acosh, &[x], expected);
    }
    for (x, expected) in [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN), (NAN, NAN)] {
        check(ScalarOp::Atanh, &[x], expected);
    }
}

#[test]
fn powers() {
    for (x, y, expected) in [
        (NAN, 0.0, 1.0),
        (INF, -0.0, 1.0),
        (0.0, 0.0, 1.0),
        (1.0, NAN, 1.0),
        (1.0, INF, 1.0),
        (-1.0, INF, 1.0),
        (-1.0, -INF, 1.0),
        (NAN, 1.0, NAN),
        (2.0, NAN, NAN),
        (-1.0, NAN, NAN),
        (2.0, INF, INF),
        (2.0, -INF, 0.0),
        (0.5, INF, 0.0),
        (-0.5, -INF, INF),
        (-0.5, INF, 0.0),
        (-2.0, INF, INF),
        (INF, 0.5, INF),
        (INF, -3.0, 0.0),
        (-INF, 3.0, -INF),
        (-INF, 2.0, INF),
        (-INF, 2.5, INF),
        (-INF, -3.0, -0.0),
        (-INF, -2.0, 0.0),
        (0.0, 3.0, 0.0),
        (-0.0, 3.0, -0.0),
        (-0.0, 2.0, 0.0),
        (-0.0, 2.5, 0.0),
        (0.0, -1.0, INF),
        (-0.0, -3.0, -INF),
        (-0.0, -2.0, INF),
        (-0.0, -INF, INF),
        (-0.0, INF, 0.0),
        (-8.0, 1.0 / 3.0, NAN),
        (-2.0, 3.0, -8.0),
        (-2.0, -2.0, 0.25),
        (3.0, 4.0, 81.0),
        (2.0, 1e5, INF),
        (-2.0, 100_001.0, -INF),
        (2.0, -1e5, 0.0),
        (-2.0, -100_001.0, -0.0),
        (4.0, 0.5, 2.0),
    ] {
        check(ScalarOp::Pow, &[x, y], expected);
    }
}

#[test]
fn lengths_and_sums_of_exponentials() {
    for (x, y, expected) in [
        (3.0, -4.0, 5.0),
        (0.0, -0.0, 0.0),
        (INF, NAN, INF),
        (NAN, -INF, INF),
        (NAN, 0.0, NAN),
        (1.0, NAN, NAN),
        (-7.0, 0.0, 7.0),
    ] {
        check(ScalarOp::Hypot, &[x, y], expected);
    }
    for (x, y, expected) in [
        (0.0, 0.0, LN_2),
        (-INF, -INF, -INF),
        (INF, INF, INF),
        (INF, -INF, INF),
        (-INF, 3.0, 3.0),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
        (5000.0, 0.0, 5000.0),
    ] {
        check(ScalarOp::Logaddexp, &[x, y], expected);
        check(ScalarOp::Logaddexp, &[y, x], expected);
    }
}

#[test]
fn division_with_rounding_down() {
    for (x, y, expected) in [
        (7.0, 2.0, 3.0),
        (-7.0, 2.0, -4.0),
        (-1.0, INF, -0.0),
        (1.0, -INF, -0.0),
        (INF, 2.0, INF),
        (-INF, 2.0, -INF),
        (INF, INF, NAN),
        (3.0, 0.0, INF),
        (-3.0, 0.0, -INF),
        (0.0, 0.0, NAN),
        (-0.0, 5.0, -0.0),
        (NAN, 1.0, NAN),
    ] {
        check(ScalarOp::FloorDivide, &[x, y], expected);
    }
    for (x, y, expected) in [
        (7.0, 2.0, 1.0),
        (-7.0, 2.0, 1.0),
        (7.0, -2.0, -1.0),
        (0.0, -3.0, -0.0),
        (-0.0, 3.0, 0.0),
        (6.0, -3.0, -0.0),
        (1.0, INF, 1.0),
        (-1.0, INF, INF),
        (1.0, -INF, -INF),
        (-0.0, INF, 0.0),
        (0.0, -INF, -0.0),
        (INF, 2.0, NAN),
        (-INF, INF, NAN),
        (1.0, 0.0, NAN),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
        (0.0, NAN, NAN),
        (-1e-30, 1.0, 1.0),
    ] {
        check(ScalarOp::Remainder, &[x, y], expected);
    }
}
