//! Steps on manifolds: derivatives against closed forms, everywhere, and an optimiser that makes such steps.

mod optimiser;
mod rigid;
mod structure;

use crate::rotations::{close, vectors};
use rotrace::spatial::Rotation;
use rotrace::{Array, Manifold, Side, Tangential, Tensor, Traced, constant, trace};
use std::f64::consts::PI;

type Vector = [f64; 3];
type Matrix = [Vector; 3];

const SIDES: [Side; 2] = [Side::Right, Side::Left];
const POINT: Vector = [0.7, -1.2, 0.4];
const DUAL: Vector = [-0.3, 0.5, 1.1];

fn on<'a, In: Manifold + 'a, Out: rotrace::Tree<Tensor> + 'a>(
    function: &Traced<'a, In, Out>,
    side: Side,
) -> Tangential<'a, In, Out> {
    match side {
        Side::Right => function.tangent(),
        Side::Left => function.tangent().left(),
    }
}

/// Unit quaternions: through all angles, half turns about the axes, and some of the other sign.
fn quats() -> Vec<[f64; 4]> {
    let of = |vector: Vector| {
        let angle = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        let factor = if angle < 1e-9 { 0.5 } else { (angle / 2.0).sin() / angle };
        let [x, y, z] = vector.map(|component| component * factor);
        [x, y, z, (angle / 2.0).cos()]
    };
    let mut quats: Vec<[f64; 4]> = vectors().into_iter().map(of).collect();
    quats.extend([[1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.6, 0.8, 0.0]]);
    quats.extend([[0.0, 0.0, 0.0, -1.0], of([0.3, -2.0, 1.0]).map(|component| -component)]);
    quats
}

fn rotation(quat: [f64; 4]) -> Rotation<Array> {
    Rotation::from_parts(Array::from(quat))
}

/// The matrix, by its own formula.
fn matrix([x, y, z, w]: [f64; 4]) -> Matrix {
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
}

fn times(m: Matrix, v: Vector) -> Vector {
    m.map(|row| dot(row, v))
}

fn transposed(m: Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|i| a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3])
}

fn unit(axis: usize) -> Vector {
    std::array::from_fn(|index| f64::from(u8::from(index == axis)))
}

/// The matrix whose columns are the images of the unit vectors.
fn columns(f: impl Fn(Vector) -> Vector) -> Vec<f64> {
    transposed([f(unit(0)), f(unit(1)), f(unit(2))]).as_flattened().to_vec()
}

/// `p` or `R p`, whichever a step on the side turns, and `R^T a` or `a` beside it: `a . R p` is `b . exp(step) p` in them.
fn turned(side: Side, quat: [f64; 4]) -> (Vector, Vector) {
    let m = matrix(quat);
    match side {
        Side::Right => (POINT, times(transposed(m), DUAL)),
        Side::Left => (times(m, POINT), DUAL),
    }
}

#[test]
fn the_derivative_of_a_rotated_vector() {
    let rotate = trace(|rotation: Rotation| rotation.apply(POINT));
    for side in SIDES {
        let jacobian = on(&rotate, side).jacobian(0).compile("f64[4]").unwrap();
        let forward = on(&rotate, side).jvp().compile("f64[4], f64[3]").unwrap();
        let reverse = on(&rotate, side).vjp().compile("f64[4], f64[3]").unwrap();
        for quat in quats() {
            let m = matrix(quat);
            // -R [p]x on the right, -[R p]x on the left.
            let along = |step: Vector| match side {
                Side::Right => times(m, cross(step, POINT)),
                Side::Left => cross(step, times(m, POINT)),
            };
            let wanted = columns(along);
            close(jacobian.call(&rotation(quat)).unwrap().as_slice().unwrap(), &wanted, 4e-15);
            let (value, slope) = forward.call(&(rotation(quat), Array::from(DUAL))).unwrap();
            close(slope.as_slice().unwrap(), &along(DUAL), 4e-15);
            close(value.as_slice().unwrap(), &times(m, POINT), 4e-15);
            let (_, gradient) = reverse.call(&(rotation(quat), Array::from(DUAL))).unwrap();
            let wanted: Vec<f64> = (0..3).map(|axis| dot(DUAL, along(unit(axis)))).collect();
            close(gradient.as_slice().unwrap(), &wanted, 4e-15);
        }
    }
}

#[test]
fn coordinates_move_as_retraction_moves_them() {
    for side in SIDES {
        let both = trace(move |(rotation, step): (Rotation, Tensor)| {
            let moved = trace(move |step: Tensor| rotation.retract_on(side, step).as_quat(false));
            let (value, slope) = moved.jvp().call_traced((rotation.zero_tangent(), step));
            (value, slope, rotation.pushforward(side, step).as_quat(false))
        });
        let both = both.compile("f64[4], f64[3]").unwrap();
        for quat in quats() {
            let (value, slope, pushed) = both.call(&(rotation(quat), Array::from(DUAL))).unwrap();
            close(value.as_slice().unwrap(), &quat, 4e-16);
            close(slope.as_slice().unwrap(), pushed.as_slice::<f64>().unwrap(), 4e-16);
        }
    }
}

#[test]
fn local_inverts_retract_with_its_derivatives() {
    for side in SIDES {
        let back = trace(move |(rotation, step): (Rotation, Tensor)| {
            let back = trace(move |step: Tensor| rotation.local_on(side, rotation.retract_on(side, step)));
            let slope = trace(move |step| back.jvp().call_traced((step, constant(DUAL))));
            // The second derivative is 0.
            slope.jvp().call_traced((step, constant(DUAL)))
        });
        let back = back.compile("f64[4], f64[3]").unwrap();
        for quat in quats() {
            for step in [[0.0; 3], [1e-9, -2e-9, 0.0], [0.3, 0.2, -0.6], [-1.5, 2.0, 1.0]] {
                let ((value, slope), (_, curvature)) = back.call(&(rotation(quat), Array::from(step))).unwrap();
                close(value.as_slice().unwrap(), &step, 4e-15);
                close(slope.as_slice().unwrap(), &DUAL, 2e-14);
                close(curvature.as_slice().unwrap(), &[0.0; 3], 1e-12);
            }
        }
    }
}

#[test]
fn hessians() {
    let loss = trace(|rotation: Rotation| rotation.apply(POINT).vecdot(DUAL));
    for side in SIDES {
        let hessian = on(&loss, side).hvp().compile("f64[4], f64[3]").unwrap();
        // The derivative of the gradient along steps, which is not symmetric: its order is that of the steps.
        let gradient = on(&loss, side).grad();
        let repeated = on(&gradient, side).jacobian(0).compile("f64[4]").unwrap();
        for quat in quats() {
            let (p, b) = turned(side, quat);
            // b . exp(step) p is b . (step x p) + b . (step x (step x p)) / 2 to second order.
            let symmetric = |step: Vector| -> Vector {
                let (along_p, along_b) = (dot(p, step), dot(b, step));
                std::array::from_fn(|i| (b[i] * along_p + p[i] * along_b) / 2.0 - dot(p, b) * step[i])
            };
            let got = hessian.call(&(rotation(quat), Array::from(POINT))).unwrap();
            close(got.as_slice().unwrap(), &symmetric(POINT), 1e-14);
            let got = repeated.call(&rotation(quat)).unwrap().to_vec::<f64>().unwrap();
            // The gradient is p x b; a step turns b against itself on the right, and p on the left.
            let along = |step: Vector| match side {
                Side::Right => cross(p, cross(b, step)),
                Side::Left => cross(cross(step, p), b),
            };
            close(&got, &columns(along), 1e-14);
            let symmetrised: Vec<f64> = (0..9).map(|at| (got[at] + got[3 * (at % 3) + at / 3]) / 2.0).collect();
            close(&symmetrised, &columns(symmetric), 1e-14);
        }
    }
}

#[test]
fn gradients_match_differences_of_retract() {
    let target = [0.5, -0.5, 0.1, 0.7];
    let loss = trace(move |rotation: Rotation| {
        let error = (Rotation::from_quat(constant(target)).inv() * rotation).as_rotvec();
        error.square().sum(()) + rotation.as_matrix().sin().sum(())
    });
    for side in SIDES {
        let gradient = on(&loss, side).value_and_grad().compile("f64[4]").unwrap();
        let function = loss.clone();
        let moved =
            trace(move |(rotation, step): (Rotation, Tensor)| function.call_traced(rotation.retract_on(side, step)));
        let moved = moved.compile("f64[4], f64[3]").unwrap();
        for quat in quats() {
            let (_, gradient) = gradient.call(&rotation(quat)).unwrap();
            let at = |axis: usize, size: f64| {
                let step = Array::from(unit(axis).map(|component| component * size));
                moved.call(&(rotation(quat), step)).unwrap().as_slice::<f64>().unwrap()[0]
            };
            let size = 1e-5;
            let differences: Vec<f64> = (0..3).map(|axis| (at(axis, size) - at(axis, -size)) / (2.0 * size)).collect();
            close(gradient.as_slice().unwrap(), &differences, 1e-8);
        }
    }
}

#[test]
fn gradients_of_distances_are_steps() {
    // Of half the squared angle to another rotation, the gradient is the step from it, up to a half turn away.
    let loss = trace(|(at, other): (Rotation, Rotation)| at.local(other).square().sum(()) * 0.5);
    let gradient = loss.tangent().grad().compile("f64[4], f64[4]").unwrap();
    for quat in quats() {
        for angle in [0.0, 1e-12, 0.5, PI - 1e-6] {
            let step = [angle * 2.0 / 7.0, angle * -3.0 / 7.0, angle * 6.0 / 7.0];
            let moved = trace(|(at, step): (Rotation, Tensor)| at.retract(step)).compile("f64[4], f64[3]").unwrap();
            let other = moved.call(&(rotation(quat), Array::from(step))).unwrap();
            let (of_at, of_other) = gradient.call(&(rotation(quat), other)).unwrap();
            close(of_at.as_slice().unwrap(), &step.map(|component| -component), 1e-9);
            close(of_other.as_slice().unwrap(), &step, 1e-9);
        }
    }
}
