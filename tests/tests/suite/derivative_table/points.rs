//! Where derivatives are taken.

use std::f64::consts::{FRAC_PI_2, PI};

/// An argument, flattened, and what is special about it.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// The column of the page.
    pub name: &'static str,
    pub value: Vec<f64>,
}

/// An axis in general position, of unit length.
const AXIS: [f64; 3] = [0.48, -0.6, 0.64];

/// Angles with the names of their columns.
const ANGLES: [(&str, f64); 5] =
    [("generic", 1.1), ("identity", 0.0), ("1e-12", 1e-12), ("1e-30", 1e-30), ("half turn", PI)];

pub(super) fn point(name: &'static str, value: impl Into<Vec<f64>>) -> Point {
    Point { name, value: value.into() }
}

/// The unit quaternion of a turn about [`AXIS`]; exactly without a scalar part for a half turn.
pub(super) fn turn(angle: f64) -> [f64; 4] {
    let (sine, cosine) = if angle == PI { (1.0, 0.0) } else { (angle / 2.0).sin_cos() };
    [AXIS[0] * sine, AXIS[1] * sine, AXIS[2] * sine, cosine]
}

/// A quarter turn about y, where the middle angle of `xyz` is at its end.
const LOCKED: [f64; 4] = [0.0, std::f64::consts::FRAC_1_SQRT_2, 0.0, std::f64::consts::FRAC_1_SQRT_2];

/// Quaternions.
pub(super) fn quats() -> Vec<Point> {
    ANGLES.iter().map(|&(name, angle)| point(name, turn(angle))).chain([point("gimbal lock", LOCKED)]).collect()
}

/// Rotation vectors.
pub(super) fn rotvecs() -> Vec<Point> {
    let vector = |angle: f64| AXIS.map(|component| component * angle);
    let named = ANGLES.iter().map(|&(name, angle)| {
        let name = if angle == 0.0 { "zero vector" } else { name };
        point(name, vector(angle))
    });
    named.chain([point("gimbal lock", [0.0, FRAC_PI_2, 0.0])]).collect()
}

/// Three angles, with the middle one where Tait-Bryan angles lock.
pub(super) fn angles() -> Vec<Point> {
    vec![
        point("generic", [0.4, -0.9, 2.1]),
        point("zero vector", [0.0; 3]),
        point("1e-12", [1e-12, -2e-12, 1e-12]),
        point("1e-30", [1e-30, -2e-30, 1e-30]),
        point("half turn", [PI, 0.0, 0.0]),
        point("gimbal lock", [0.4, FRAC_PI_2, 2.1]),
    ]
}

/// Rotation vectors, and angles between the first and third of three axes: they are parallel in some.
pub(super) fn frames() -> Vec<Point> {
    let with = |angle: f64, vector: &[f64]| [vector, &[angle]].concat();
    let vectors = rotvecs().into_iter().map(|vector| point(vector.name, with(0.4, &vector.value)));
    vectors.chain([point("parallel axes", with(FRAC_PI_2, &AXIS))]).collect()
}

/// Quaternions with weights.
pub(super) fn weighted_quats() -> Vec<Point> {
    let with = |quat: &[f64], weight: f64| [quat, &[weight]].concat();
    let last = [point("zero weight", with(&turn(1.1), 0.0)), point("all zero", with(&turn(1.1), -1.0))];
    quats().into_iter().map(|quat| point(quat.name, with(&quat.value, 0.7))).chain(last).collect()
}

/// Quaternions with exponents: those that have a formula of their own among them.
pub(super) fn powered_quats() -> Vec<Point> {
    let with = |quat: &[f64], exponent: f64| [quat, &[exponent]].concat();
    let whole = [("exponent 0", 0.0), ("exponent 1", 1.0), ("exponent -1", -1.0)];
    let whole = whole.map(|(name, exponent)| point(name, with(&turn(1.1), exponent)));
    quats().into_iter().map(|quat| point(quat.name, with(&quat.value, 0.3))).chain(whole).collect()
}

/// Modified Rodrigues parameters: the axis times the tangent of a quarter of the angle.
pub(super) fn parameters() -> Vec<Point> {
    let named = ANGLES.iter().map(|&(name, angle)| {
        let name = if angle == 0.0 { "zero vector" } else { name };
        point(name, AXIS.map(|component| component * (angle / 4.0).tan()))
    });
    named.collect()
}

/// Rotation matrices, row by row.
pub(super) fn matrices() -> Vec<Point> {
    quats().into_iter().map(|quat| point(quat.name, matrix(&quat.value))).collect()
}

/// Matrices that are no rotations: in general position, and with all singular values, or two, equal.
pub(super) fn distorted_matrices() -> Vec<Point> {
    let rotation = matrix(&turn(1.1));
    let scaled = |scales: [f64; 3]| -> Vec<f64> {
        rotation.iter().enumerate().map(|(index, entry)| entry * scales[index % 3]).collect()
    };
    let mut shares = scaled([1.0, 1.3, 0.7]);
    shares[1] += 0.2;
    vec![
        point("generic", shares),
        point("equal singular values", scaled([2.0, 2.0, 2.0])),
        point("two equal", scaled([0.5, 0.5, 3.0])),
    ]
}

/// A velocity, or a translation.
const VELOCITY: [f64; 3] = [0.7, -0.2, 1.5];

/// Exponential coordinates: rotation vectors and velocities.
pub(super) fn exp_coords() -> Vec<Point> {
    rotvecs().into_iter().map(|vector| point(vector.name, [&vector.value[..], &VELOCITY].concat())).collect()
}

/// Exponential coordinates, and exponents.
pub(super) fn powered_exp_coords() -> Vec<Point> {
    exp_coords().into_iter().map(|coords| point(coords.name, [&coords.value[..], &[0.3]].concat())).collect()
}

/// Dual quaternions that are not normalised: real parts, then dual parts.
pub(super) fn dual_quats() -> Vec<Point> {
    let dual = |quat: Vec<f64>| {
        let real: Vec<f64> = quat.iter().map(|component| component * 1.3).collect();
        [&real[..], &VELOCITY, &[0.4]].concat()
    };
    quats().into_iter().map(|quat| point(quat.name, dual(quat.value))).collect()
}

/// The upper rows of homogeneous matrices, one after the other.
pub(super) fn transforms() -> Vec<Point> {
    let rows = |matrix: &[f64]| {
        let rows = matrix.chunks(3).zip(VELOCITY);
        rows.flat_map(|(row, velocity)| [row[0], row[1], row[2], velocity]).collect::<Vec<f64>>()
    };
    matrices().into_iter().map(|matrix| point(matrix.name, rows(&matrix.value))).collect()
}

/// The matrix of a unit quaternion, row by row.
pub(super) fn matrix(quat: &[f64]) -> Vec<f64> {
    let [x, y, z, w] = [quat[0], quat[1], quat[2], quat[3]];
    vec![
        1.0 - 2.0 * (y * y + z * z),
        2.0 * (x * y - z * w),
        2.0 * (x * z + y * w),
        2.0 * (x * y + z * w),
        1.0 - 2.0 * (x * x + z * z),
        2.0 * (y * z - x * w),
        2.0 * (x * z - y * w),
        2.0 * (y * z + x * w),
        1.0 - 2.0 * (x * x + y * y),
    ]
}
