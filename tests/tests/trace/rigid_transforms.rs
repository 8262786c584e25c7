//! Rigid transforms: values against other formulas, and derivatives where they are hard.

use crate::rotations::{close, derivatives, run};
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Array, DType, Tensor, trace};
use std::f64::consts::PI;

const AXIS: [f64; 3] = [2.0 / 7.0, -3.0 / 7.0, 6.0 / 7.0];
const VELOCITY: [f64; 3] = [1.0, -2.0, 0.5];
pub const POINT: [f64; 3] = [0.3, 0.7, -1.1];

/// From no rotation through tiny angles and the seam of the series to turns.
pub const ANGLES: [f64; 13] =
    [0.0, 1e-200, 1e-30, 1e-8, 1e-3, 0.2, 0.5, 0.999_999, 1.0, 1.000_001, 2.0, 3.0, PI - 1e-9];

/// Exponential coordinates of a rotation by an angle, which translates as well.
pub fn coordinates(angle: f64) -> [f64; 6] {
    let [x, y, z] = AXIS.map(|component| component * angle);
    let [a, b, c] = VELOCITY;
    [x, y, z, a, b, c]
}

fn cross([x, y, z]: [f64; 3], [a, b, c]: [f64; 3]) -> [f64; 3] {
    [y * c - z * b, z * a - x * c, x * b - y * a]
}

fn sum(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|index| a[index] + b[index])
}

/// The velocity of a point under exponential coordinates.
fn velocity([x, y, z, a, b, c]: [f64; 6], point: [f64; 3]) -> [f64; 3] {
    sum(cross([x, y, z], point), [a, b, c])
}

/// A point after a motion, by many short steps with three terms of the series each: another way to the exponential.
fn moved(coordinates: [f64; 6], point: [f64; 3]) -> [f64; 3] {
    let steps = 1 << 16;
    let step = coordinates.map(|component| component / f64::from(steps));
    let linear = |vector: [f64; 3]| cross([step[0], step[1], step[2]], vector);
    (0..steps).fold(point, |point, _| {
        let first = velocity(step, point);
        let second = linear(first);
        let third = linear(second);
        std::array::from_fn(|index| point[index] + (first[index] + (second[index] + third[index] / 3.0) / 2.0))
    })
}

fn applied(x: Tensor) -> Tensor {
    RigidTransform::from_exp_coords(x).apply(POINT)
}

#[test]
fn the_exponential_is_the_motion_with_that_velocity() {
    for angle in ANGLES.into_iter().chain([PI, 5.0, 7.0]) {
        close(&run(coordinates(angle), applied), &moved(coordinates(angle), POINT), 1e-11);
    }
    // Without rotation, exactly a translation.
    assert_eq!(run([0.0, -0.0, 0.0, 1.0, -2.0, 0.5], |x| RigidTransform::from_exp_coords(x).translation()), VELOCITY);
}

#[test]
fn exponential_coordinates_come_back() {
    for angle in ANGLES {
        let got = run(coordinates(angle), |x| RigidTransform::from_exp_coords(x).as_exp_coords());
        for (got, wanted) in got.iter().zip(coordinates(angle)) {
            let scale = if angle > 3.1 { 1e-8 } else { 1.0 };
            assert!((got - wanted).abs() <= 1e-14 * wanted.abs().max(scale * angle.min(1.0)), "{got:e} {wanted:e}");
        }
    }
}

#[test]
fn derivatives_of_the_exponential_along_its_screw() {
    // Along its own axis, exp(a u) p moves with the velocity of u, whose derivative is the turned one.
    for angle in ANGLES {
        let screw = coordinates(1.0);
        let x = screw.map(|component| component * angle);
        let [value, slope, curvature] = derivatives(applied, x, screw);
        let wanted = velocity(screw, [value[0], value[1], value[2]]);
        close(&slope, &wanted, 1e-14);
        close(&curvature, &cross(AXIS, wanted), 1e-13);
    }
}

#[test]
fn derivatives_of_the_round_trip() {
    let along = [0.3, -0.4, 0.5, 2.0, -1.0, 0.25];
    for angle in ANGLES {
        let round = |x| RigidTransform::from_exp_coords(x).as_exp_coords();
        let [_, slope, curvature] = derivatives(round, coordinates(angle), along);
        close(&slope, &along, 4e-14);
        close(&curvature, &[0.0; 6], 1e-11);
    }
}

#[test]
fn second_derivatives_are_the_differences_of_the_first() {
    let along = [0.3, -0.4, 0.5, 2.0, -1.0, 0.25];
    let step = 1e-4;
    let functions: [fn(Tensor) -> Tensor; 4] = [
        applied,
        |x| RigidTransform::from_exp_coords(x).as_dual_quat(),
        |x| RigidTransform::from_exp_coords(x).pow(-1.5).as_matrix(),
        |x| (RigidTransform::from_exp_coords(x) * RigidTransform::from_exp_coords(x * 0.3).inv()).as_exp_coords(),
    ];
    for function in functions {
        for angle in [0.0, 1e-12, 1e-3, 0.999_99, 1.000_01, 1.5] {
            let shifted =
                |by: f64| -> [f64; 6] { std::array::from_fn(|index| coordinates(angle)[index] + by * along[index]) };
            let [_, _, curvature] = derivatives(function, shifted(0.0), along);
            let [before, after] = [-step, step].map(|by| derivatives(function, shifted(by), along)[1].clone());
            let wanted: Vec<f64> =
                before.iter().zip(after).map(|(before, after)| (after - before) / (2.0 * step)).collect();
            close(&curvature, &wanted, 1e-6);
        }
    }
}

#[test]
fn very_large_angles_have_derivatives() {
    let gradient = trace(|x| RigidTransform::from_exp_coords(x).as_matrix().sum(())).grad();
    for angle in [1e3_f32, 1e6, 1e9, 1e12] {
        let x = Array::from([angle, 0.0, 0.0, 1.0, 2.0, 3.0]);
        let result = gradient.compile("f32[6]").unwrap().call(&x).unwrap();
        assert!(result.as_slice::<f32>().unwrap().iter().all(|component| component.is_finite()), "{result:?}");
    }
    // Here the series and all of their derivatives are infinite.
    let [_, slope, curvature] = derivatives(applied, coordinates(1e40), coordinates(1.0));
    assert!([slope, curvature].concat().iter().all(|component| component.is_finite()));
}

#[test]
fn products_are_orthogonal_again() {
    let step = trace(|(x, t): (Tensor, RigidTransform)| RigidTransform::from_exp_coords(x) * t);
    let step = step.compile("f64[6], f64[4, 4]").unwrap();
    let mut transform = RigidTransform::from_parts(Array::from(identity()));
    for _ in 0..5000 {
        transform = step.call(&(Array::from(coordinates(0.1)), transform)).unwrap();
    }
    let gram = |m: Tensor| {
        let block = m.slice(-2, ..3).slice(-1, ..3);
        block.matrix_transpose().matmul(block)
    };
    close(&run(transform.clone().into_parts(), gram), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 1e-15);
    let matrix = transform.into_parts().to_vec::<f64>().unwrap();
    assert_eq!(matrix[12..], [0.0, 0.0, 0.0, 1.0]);
    // What is far from it comes nearer in squares.
    let nearly = |m: Tensor| {
        let transform = RigidTransform::from_matrix_assume_valid(m);
        gram((transform * RigidTransform::from_translation(m.component(3).slice(-1, ..3))).as_matrix())
    };
    let mut matrix = identity();
    (matrix[0][0], matrix[1][2]) = (1.0 + 1e-6, 1e-6);
    close(&run(matrix, nearly), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 4e-12);
}

fn identity() -> [[f64; 4]; 4] {
    std::array::from_fn(|row| std::array::from_fn(|column| f64::from(u8::from(row == column))))
}

#[test]
fn the_derivative_of_a_product_is_projected() {
    // dP -> P skew(P^T dP), the derivative of the nearest rotation, in directions away from rotations too.
    let rotate = |x| Rotation::from_rotvec(x).as_matrix();
    let flat = run(AXIS.map(|component| component * 2.0), rotate);
    let (mut left, mut right) = (identity(), identity());
    for row in 0..3 {
        left[row][..3].copy_from_slice(&flat[3 * row..][..3]);
        right[row] = std::array::from_fn(|column| {
            [[0.0, -1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 1.0, 3.0]][row][column]
        });
    }
    let direction: [[f64; 4]; 4] =
        std::array::from_fn(|row| std::array::from_fn(|column| ((7 * row + 3 * column) % 5) as f64 - 1.5));
    let product = trace(move |m| {
        let transform = |m| RigidTransform::from_matrix_assume_valid(m);
        (transform(m) * transform(rotrace::constant(right))).as_matrix()
    });
    let nearest = trace(move |m: Tensor| RigidTransform::from_matrix(with_last_row(m.matmul(right))).as_matrix());
    let of = "f64[4, 4], f64[4, 4]";
    let arguments = (Array::from(left), Array::from(direction));
    let (value, tangent) = product.jvp().compile(of).unwrap().call(&arguments).unwrap();
    let (wanted_value, wanted) = nearest.jvp().compile(of).unwrap().call(&arguments).unwrap();
    close(value.as_slice().unwrap(), wanted_value.as_slice().unwrap(), 1e-15);
    close(tangent.as_slice().unwrap(), wanted.as_slice().unwrap(), 1e-14);
}

fn with_last_row(matrix: Tensor) -> Tensor {
    rotrace::concat([matrix.slice(-2, ..3), rotrace::constant([[0.0, 0.0, 0.0, 1.0]])], -2)
}

#[test]
fn the_group() {
    let f = trace(|(x, y, p): (Tensor, Tensor, Tensor)| {
        let (s, t) = (RigidTransform::from_exp_coords(x), RigidTransform::from_exp_coords(y));
        let r = Rotation::from_rotvec(x.slice(-1, ..3));
        let promoted = RigidTransform::from_rotation(r);
        [
            ((s * t).apply(p), s.apply(t.apply(p))),
            ((s.inv() * s).apply(p), p),
            (s.apply_inverse(s.apply(p)), p),
            (s.inv().apply(p), s.apply_inverse(p)),
            ((r * t).as_matrix(), (promoted * t).as_matrix()),
            ((t * r).as_matrix(), (t * promoted).as_matrix()),
            (s.pow(3).as_matrix(), (s * s * s).as_matrix()),
            (s.pow(-1).as_matrix(), s.inv().as_matrix()),
            ((s.pow(0.5) * s.pow(0.5)).as_matrix(), s.as_matrix()),
            (RigidTransform::from_components(s.translation(), s.rotation()).as_matrix(), s.as_matrix()),
            (RigidTransform::from_dual_quat(s.as_dual_quat() * -3.0).as_matrix(), s.as_matrix()),
            (s.pow(0.0).as_matrix(), RigidTransform::identity(DType::F64, ()).as_matrix()),
        ]
    });
    let f = f.compile("f64[6], f64[6], f64[3]").unwrap();
    for angle in [0.0, 1e-9, 1.0] {
        let arguments =
            (Array::from(coordinates(angle)), Array::from([0.5, 2.0, -0.3, 1.0, 0.0, -4.0]), Array::from(POINT));
        for (got, wanted) in f.call(&arguments).unwrap() {
            close(got.as_slice().unwrap(), wanted.as_slice().unwrap(), 2e-14);
        }
    }
}

#[test]
fn powers_by_traced_exponents() {
    // d/dn of T^n is its screw's velocity at the moved point; also at 0 and 1, and without rotation.
    let f = trace(|(x, n): (Tensor, Tensor)| RigidTransform::from_exp_coords(x).pow(n).apply(POINT));
    let f = f.jvp().compile("f64[6], f64, f64[6], f64").unwrap();
    for angle in [0.0, 1e-9, 1.0] {
        let x = coordinates(angle);
        for exponent in [0.0, 1.0, -1.0, 0.5, 2.5] {
            let inputs = (Array::from(x), Array::from(exponent));
            let (value, slope) = f.call(&(inputs, (Array::from([0.0; 6]), Array::from(1.0)))).unwrap();
            let value = value.as_slice::<f64>().unwrap();
            close(value, &moved(x.map(|component| component * exponent), POINT), 1e-11);
            close(slope.as_slice().unwrap(), &velocity(x, [value[0], value[1], value[2]]), 1e-13);
        }
    }
}

#[test]
fn matrices_that_are_no_transforms() {
    let f = trace(|m| RigidTransform::from_matrix(m).as_matrix()).compile("f64[n, 4, 4]").unwrap();
    let mut matrices = [identity(); 4];
    matrices[1][3][1] = 1e-300;
    matrices[2][0][0] = -1.0;
    (matrices[3][0][0], matrices[3][1][3]) = (3.0, f64::INFINITY);
    let got = f.call(&Array::from(matrices)).unwrap().to_vec::<f64>().unwrap();
    let rows: Vec<&[f64]> = got.chunks(4).collect();
    assert_eq!(got[..16], *identity().as_flattened());
    assert!(got[16..32].iter().all(|entry| entry.is_nan()));
    for row in 0..3 {
        assert!(rows[8 + row][..3].iter().all(|entry| entry.is_nan()));
        assert_eq!(rows[8 + row][3], 0.0);
    }
    assert_eq!(rows[11], [0.0, 0.0, 0.0, 1.0]);
    close(rows[12], &[1.0, 0.0, 0.0, 0.0], 1e-15);
    assert_eq!(rows[13][3], f64::INFINITY);
}

#[test]
fn dual_quaternions_without_a_real_part() {
    let zero_real = [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0];
    let translation = |x| RigidTransform::from_dual_quat(x).translation();
    let [value, slope, curvature] = derivatives(translation, zero_real, [1.0; 8]);
    assert_eq!((value, slope, curvature), (vec![2.0, 4.0, 6.0], vec![2.0; 3], vec![0.0; 3]));
    // What is parallel to the real part belongs to no transform.
    let with_more = |x: Tensor| {
        let dual = RigidTransform::from_exp_coords(x).as_dual_quat();
        let real = dual.slice(-1, ..4);
        RigidTransform::from_dual_quat(rotrace::concat([real * 2.0, dual.slice(-1, 4..) * 2.0 + real * 5.0], -1))
            .as_exp_coords()
    };
    close(&run(coordinates(2.0), with_more), &coordinates(2.0), 1e-14);
}

#[test]
fn gradients_by_transforms_have_their_type() {
    let loss = trace(|t: RigidTransform| t.apply(POINT).square().sum(()));
    let gradient = loss.grad().compile("f64[2, 4, 4]").unwrap();
    let transforms = RigidTransform::from_parts(Array::from([identity(); 2]));
    let gradient = gradient.call(&transforms).unwrap().into_parts();
    assert_eq!(gradient.shape(), [2, 4, 4]);
    let gradient = gradient.to_vec::<f64>().unwrap();
    assert_eq!(gradient[12..16], [0.0; 4]);
    close(&gradient[3..4], &[2.0 * POINT[0]], 1e-15);
}
