//! Gauss-Newton and Levenberg-Marquardt on poses: many small problems at once.

use super::{flags, numbers, single};
use crate::rotations::close;
use rotrace::optimize::{GaussNewton, LevenbergMarquardt};
use rotrace::spatial::{Container, RigidTransform, Rotation};
use rotrace::{Array, Manifold, Options, Tensor, Traced, Tree, trace};

#[derive(Clone, Debug, Tree, Manifold)]
struct Pose<T> {
    rotation: Rotation<T>,
    translation: T,
}

type Data = (Tensor, Tensor);

/// Where points are seen, less where they were seen.
fn of_pose() -> Traced<'static, (Pose<Tensor>, Data), Tensor> {
    trace(|(pose, (points, seen)): (Pose<Tensor>, Data)| {
        pose.rotation.expand_dims(-1).apply(points) + pose.translation.expand_dims(-2) - seen
    })
}

fn of_transform() -> Traced<'static, (RigidTransform, Data), Tensor> {
    trace(|(transform, (points, seen)): (RigidTransform, Data)| transform.expand_dims(-1).apply(points) - seen)
}

const POINTS: usize = 20;

/// `count` poses, each a turn by `angle(row)` radians about some axis, then a shift.
fn poses(count: usize, angle: impl Fn(usize) -> f64) -> (Vec<f64>, Vec<f64>) {
    let axes = numbers(3 * count, 1);
    let quat = |row: usize| {
        let axis = &axes[3 * row..][..3];
        let norm = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
        let (sine, cosine) = (angle(row) / 2.0).sin_cos();
        [axis[0] / norm * sine, axis[1] / norm * sine, axis[2] / norm * sine, cosine]
    };
    ((0..count).flat_map(quat).collect(), numbers(3 * count, 2).into_iter().map(|x| 5.0 * x).collect())
}

fn pose(shape: &[usize], quat: &[f64], translation: &[f64]) -> Pose<Array> {
    let array = |last: usize, data: &[f64]| Array::from_slice(&[shape, &[last]].concat(), data).unwrap();
    Pose { rotation: Rotation::from_parts(array(4, quat)), translation: array(3, translation) }
}

/// The identity, once for each row.
fn identity(shape: &[usize]) -> Pose<Array> {
    let count = shape.iter().product::<usize>();
    pose(shape, &[0.0, 0.0, 0.0, 1.0].repeat(count), &vec![0.0; 3 * count])
}

fn points() -> Array {
    Array::from_vec(&[POINTS, 3], numbers(3 * POINTS, 5)).unwrap()
}

/// Where the points are seen by poses.
fn seen(shape: &[usize], quat: &[f64], translation: &[f64]) -> Array {
    let zero = of_pose().compile("f64[n, 4], f64[n, 3], f64[20, 3], f64[20, 3]").unwrap();
    let rows = [quat.len() / 4];
    let points = (points(), Array::zeros(&[POINTS, 3]).unwrap());
    let seen = zero.call(&(pose(&rows, quat, translation), points)).unwrap();
    seen.reshape(&[shape, &[POINTS, 3]].concat()).unwrap()
}

/// Whether two quaternions are one rotation.
fn same_rotations(got: &Rotation<Array>, wanted: &[f64], tolerance: f64) {
    let got = got.clone().into_parts().to_vec::<f64>().unwrap();
    for (got, wanted) in got.chunks(4).zip(wanted.chunks(4)) {
        let cosine: f64 = got.iter().zip(wanted).map(|(a, b)| a * b).sum();
        close(got, &wanted.iter().map(|x| x * cosine.signum()).collect::<Vec<_>>(), tolerance);
    }
}

#[test]
fn a_thousand_poses_are_found_at_once() {
    let count = 1000;
    let spoilt = 17;
    // Turns of up to 2 radians, which need different numbers of steps.
    let (quat, translation) = poses(count, |row| 2.0 * (row + 1) as f64 / count as f64);
    let mut seen = seen(&[count], &quat, &translation);
    seen.as_mut_slice::<f64>().unwrap()[spoilt * 3 * POINTS + 5] = f64::NAN;
    let method = LevenbergMarquardt { batch_axes: 1, ..LevenbergMarquardt::default() };
    let options = Options { threads: 1, ..Options::default() };
    let types = "f64[n, 4], f64[n, 3], f64[20, 3], f64[n, 20, 3]";
    let batch = method.minimize(&of_pose()).compile_with(types, &options).unwrap();
    let mut run = batch.run(identity(&[count]), (points(), seen.clone())).unwrap();
    for _ in 0..14 {
        assert!(!flags(&run.step().unwrap().accepted)[spoilt]);
    }
    let dampings = run.state().damping.to_vec::<f64>().unwrap();
    assert!(dampings.iter().any(|damping| *damping != dampings[0]), "all problems have one damping");
    assert_eq!(dampings[spoilt], 1e-3);
    let keep = |all: &[f64], size: usize| [&all[..size * spoilt], &all[size * (spoilt + 1)..]].concat();
    let found = run.parameters();
    let rotations = found.rotation.clone().into_parts();
    assert_eq!(rotations.as_slice::<f64>().unwrap()[4 * spoilt..][..4], [0.0, 0.0, 0.0, 1.0]);
    let others = Array::from_vec(&[count - 1, 4], keep(rotations.as_slice().unwrap(), 4)).unwrap();
    same_rotations(&Rotation::from_parts(others), &keep(&quat, 4), 1e-13);
    close(&keep(found.translation.as_slice().unwrap(), 3), &keep(&translation, 3), 1e-13);

    // A row is what a single problem is.
    let alone = LevenbergMarquardt::default().minimize(&of_pose());
    let alone = alone.compile("f64[4], f64[3], f64[20, 3], f64[20, 3]").unwrap();
    for row in [0, 500, 999] {
        let seen = &seen.as_slice::<f64>().unwrap()[row * 3 * POINTS..][..3 * POINTS];
        let data = (points(), Array::from_slice(&[POINTS, 3], seen).unwrap());
        let mut alone = alone.run(identity(&[]), data).unwrap();
        (0..14).for_each(|_| alone.step().map(drop).unwrap());
        let quat = alone.parameters().rotation.clone().into_parts();
        assert_eq!(rotations.as_slice::<f64>().unwrap()[4 * row..][..4], *quat.as_slice::<f64>().unwrap());
        assert_eq!(single(&alone.state().damping), dampings[row]);
    }

    // After many steps of nothing but rounding errors, new data are followed: the poses change places.
    (0..100).for_each(|_| run.step().map(drop).unwrap());
    let backwards = |all: &[f64], size: usize| all.chunks(size).rev().flatten().copied().collect::<Vec<_>>();
    let moved = backwards(seen.as_slice().unwrap(), 3 * POINTS);
    run.data_mut().1 = Array::from_vec(&[count, POINTS, 3], moved).unwrap();
    (0..60).for_each(|_| run.step().map(drop).unwrap());
    let found = run.parameters().translation.to_vec::<f64>().unwrap();
    let wanted = backwards(&translation, 3);
    let spoilt = 3 * (count - 1 - spoilt);
    close(&found[..spoilt], &wanted[..spoilt], 1e-13);
    close(&found[spoilt + 3..], &wanted[spoilt + 3..], 1e-13);
}

/// The lengths of the errors in rotation after each step.
fn errors<S: Tree<Tensor>>(compiled: &rotrace::optimize::CompiledMinimizer<RigidTransform, S, Data>) -> Vec<f64> {
    let (quat, translation) = poses(1, |_| 2.0);
    let seen = seen(&[], &quat, &translation);
    let identity: Vec<f64> = (0..16).map(|place| f64::from(u8::from(place % 5 == 0))).collect();
    let identity = RigidTransform::from_parts(Array::from_vec(&[4, 4], identity).unwrap());
    let angle = trace(|(transform, quat): (RigidTransform, Tensor)| {
        transform.rotation().local(Rotation::from_quat(quat)).vector_norm(-1)
    });
    let angle = angle.compile("f64[4, 4], f64[4]").unwrap();
    let mut run = compiled.run(identity, (points(), seen)).unwrap();
    let errors = (0..10).map(|_| {
        let error = single(&angle.call(&(run.parameters().clone(), Array::from(quat.clone()))).unwrap());
        run.step().unwrap();
        error
    });
    errors.collect()
}

#[test]
fn convergence_from_two_radians_is_quadratic() {
    let types = "f64[4, 4], f64[20, 3], f64[20, 3]";
    let newton = errors(&GaussNewton::default().minimize(&of_transform()).compile(types).unwrap());
    let damped = errors(&LevenbergMarquardt::default().minimize(&of_transform()).compile(types).unwrap());
    close(&newton[..1], &[2.0], 1e-15);
    let near = newton.windows(2).filter(|pair| pair[0] < 0.5 && pair[0] > 1e-14);
    let square = |pair: &[f64]| pair[1] < pair[0] * pair[0] + 1e-15;
    assert!(near.clone().count() >= 2 && near.clone().all(square) && newton[6] < 1e-14, "{newton:?}");
    // The damping, which falls to a third at a time, adds its part of the error.
    let near = damped.windows(2).enumerate().filter(|(_, pair)| pair[0] < 0.5 && pair[0] > 1e-14);
    let bound = |(step, pair): (usize, &[f64])| pair[1] < pair[0] * (pair[0] + 0.1 / 3_f64.powi(step as i32)) + 1e-15;
    assert!(near.clone().all(bound) && damped[7] < 1e-14, "{damped:?}");
}

#[test]
fn rotations_alone_in_single_precision_and_any_number_of_points() {
    let turned = trace(|(rotation, (points, seen)): (Rotation, Data)| rotation.expand_dims(-1).apply(points) - seen);
    let method = LevenbergMarquardt { batch_axes: 1, ..LevenbergMarquardt::default() };
    let compiled = method.minimize(&turned).compile("f32[n, 4], f32[n, m, 3], f32[n, m, 3]").unwrap();
    for (count, points) in [(3, 4), (1, 200), (2, 0), (0, 5)] {
        let (quat, _) = poses(count, |_| 2.0);
        let cast = |shape: &[usize], data: Vec<f64>| {
            Array::from_vec(shape, data.into_iter().map(|x| x as f32).collect::<Vec<_>>()).unwrap()
        };
        let places = cast(&[count, points, 3], numbers(3 * count * points, 3));
        let apply = trace(|(rotation, points): (Rotation, Tensor)| rotation.expand_dims(-1).apply(points));
        let truth = Rotation::from_parts(cast(&[count, 4], quat.clone()));
        let seen = apply.compile("f32[n, 4], f32[n, m, 3]").unwrap().call(&(truth, places.clone())).unwrap();
        let start = Rotation::from_parts(cast(&[count, 4], [0.0, 0.0, 0.0, 1.0].repeat(count)));
        let mut run = compiled.run(start, (places, seen)).unwrap();
        (0..15).for_each(|_| run.step().map(drop).unwrap());
        let found: Vec<f64> =
            run.parameters().clone().into_parts().as_slice::<f32>().unwrap().iter().map(|&x| f64::from(x)).collect();
        let wanted = if points == 0 { [0.0, 0.0, 0.0, 1.0].repeat(count) } else { quat };
        same_rotations(&Rotation::from_parts(Array::from_vec(&[count, 4], found).unwrap()), &wanted, 1e-6);
    }
}
