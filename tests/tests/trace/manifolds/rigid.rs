//! Steps of rigid transforms.

use super::{DUAL, POINT, SIDES, Vector, close, cross, matrix, on, quats, times, transposed};
use rotrace::spatial::RigidTransform;
use rotrace::{Array, Manifold, Side, Tensor, constant, trace};

const TRANSLATION: Vector = [0.4, -2.0, 1.5];
const STEP: [f64; 6] = [0.3, 0.2, -0.6, 1.0, -0.5, 0.25];

fn transform(quat: [f64; 4]) -> RigidTransform<Array> {
    let row = |row: usize| {
        let [x, y, z] = matrix(quat)[row];
        [x, y, z, TRANSLATION[row]]
    };
    RigidTransform::from_parts(Array::from([row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]]))
}

/// The two halves of a step.
fn halves([a, b, c, d, e, f]: [f64; 6]) -> (Vector, Vector) {
    ([a, b, c], [d, e, f])
}

fn sum(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|index| a[index] + b[index])
}

fn unit(axis: usize) -> [f64; 6] {
    std::array::from_fn(|index| f64::from(u8::from(index == axis)))
}

/// What a step does to a vector to first order.
fn moved(step: [f64; 6], point: Vector) -> Vector {
    let (turn, velocity) = halves(step);
    sum(cross(turn, point), velocity)
}

/// As for rotations: `a . T p` is `b . exp(step) p` in these `p` and `b`, but for a constant.
fn turned(side: Side, quat: [f64; 4]) -> (Vector, Vector) {
    let m = matrix(quat);
    match side {
        Side::Right => (POINT, times(transposed(m), DUAL)),
        Side::Left => (sum(times(m, POINT), TRANSLATION), DUAL),
    }
}

#[test]
fn the_derivative_of_a_moved_vector() {
    let apply = trace(|transform: RigidTransform| transform.apply(POINT));
    for side in SIDES {
        let forward = on(&apply, side).jvp().compile("f64[4, 4], f64[6]").unwrap();
        let reverse = on(&apply, side).jacobian(0).compile("f64[4, 4]").unwrap();
        for quat in quats() {
            let along = |step: [f64; 6]| match side {
                Side::Right => times(matrix(quat), moved(step, POINT)),
                Side::Left => moved(step, sum(times(matrix(quat), POINT), TRANSLATION)),
            };
            let (_, slope) = forward.call(&(transform(quat), Array::from(STEP))).unwrap();
            close(slope.as_slice().unwrap(), &along(STEP), 8e-15);
            let wanted: Vec<f64> = (0..18).map(|place| along(unit(place % 6))[place / 6]).collect();
            close(reverse.call(&transform(quat)).unwrap().as_slice().unwrap(), &wanted, 8e-15);
        }
    }
}

#[test]
fn coordinates_move_as_retraction_moves_them() {
    for side in SIDES {
        let both = trace(move |(transform, step): (RigidTransform, Tensor)| {
            let moved = trace(move |step: Tensor| transform.retract_on(side, step).as_matrix());
            let (value, slope) = moved.jvp().call_traced((transform.zero_tangent(), step));
            (value, slope, transform.pushforward(side, step).as_matrix())
        });
        let both = both.compile("f64[4, 4], f64[6]").unwrap();
        for quat in quats() {
            let (value, slope, pushed) = both.call(&(transform(quat), Array::from(STEP))).unwrap();
            close(value.as_slice().unwrap(), transform(quat).into_parts().as_slice::<f64>().unwrap(), 1e-15);
            close(slope.as_slice().unwrap(), pushed.as_slice::<f64>().unwrap(), 4e-15);
        }
    }
}

#[test]
fn local_inverts_retract_with_its_derivatives() {
    for side in SIDES {
        let back = trace(move |(transform, step): (RigidTransform, Tensor)| {
            let back = trace(move |step: Tensor| transform.local_on(side, transform.retract_on(side, step)));
            let slope = trace(move |step| back.jvp().call_traced((step, constant(STEP))));
            // The second derivative is 0.
            slope.jvp().call_traced((step, constant(STEP)))
        });
        let back = back.compile("f64[4, 4], f64[6]").unwrap();
        for quat in quats() {
            for step in [[0.0; 6], [1e-9, -2e-9, 0.0, 1.0, 2.0, 3.0], STEP, [-1.5, 2.0, 1.0, 0.5, -3.0, 0.0]] {
                let ((value, slope), (_, curvature)) = back.call(&(transform(quat), Array::from(step))).unwrap();
                close(value.as_slice().unwrap(), &step, 4e-14);
                close(slope.as_slice().unwrap(), &STEP, 1e-13);
                close(curvature.as_slice().unwrap(), &[0.0; 6], 1e-11);
            }
        }
    }
}

#[test]
fn hessians() {
    let loss = trace(|transform: RigidTransform| transform.apply(POINT).vecdot(DUAL));
    for side in SIDES {
        let hessian = on(&loss, side).hvp().compile("f64[4, 4], f64[6]").unwrap();
        for quat in quats() {
            let (p, b) = turned(side, quat);
            // To second order b . exp(step) p has half of b . (turn x (turn x p + velocity)).
            let (turn, _) = halves(STEP);
            let turns = sum(cross(p, cross(b, turn)), cross(moved(STEP, p), b));
            let wanted: Vec<f64> = turns.into_iter().chain(cross(b, turn)).map(|twice| twice / 2.0).collect();
            let got = hessian.call(&(transform(quat), Array::from(STEP))).unwrap();
            close(got.as_slice().unwrap(), &wanted, 2e-14);
        }
    }
}

#[test]
fn gradients_of_distances() {
    // Half the squared step between a transform and itself moved: 0 where they meet, with the unit matrix as Hessian.
    for side in SIDES {
        let outer = trace(move |(at, direction): (RigidTransform, Tensor)| {
            let loss = trace(move |moving: RigidTransform| at.local_on(side, moving).square().sum(()) * 0.5);
            let (value, gradient) = on(&loss, side).value_and_grad().call_traced(at);
            (value, gradient, on(&loss, side).hvp().call_traced((at, direction)))
        });
        let outer = outer.compile("f64[4, 4], f64[6]").unwrap();
        for quat in quats() {
            let (value, gradient, product) = outer.call(&(transform(quat), Array::from(STEP))).unwrap();
            close(value.as_slice().unwrap(), &[0.0], 1e-29);
            close(gradient.as_slice().unwrap(), &[0.0; 6], 4e-15);
            close(product.as_slice().unwrap(), &STEP, 4e-14);
        }
    }
}
