//! Gradient descent and Adam.

use super::{flags, numbers, single};
use crate::rotations::close;
use rotrace::optimize::{Adam, GradientDescent};
use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, Manifold, Tensor, Traced, trace};

const SIZE: usize = 7;

/// A loss with curvature that differs from number to number, so that no two are alike.
fn loss() -> Traced<'static, (Tensor, Tensor), Tensor> {
    trace(|(x, target): (Tensor, Tensor)| ((x - target).square() * (target + 2.0) + (x * 3.0).sin()).sum(()))
}

/// Its gradient, by hand.
fn gradient(x: &[f64], target: &[f64]) -> Vec<f64> {
    let of = |(&x, &target): (&f64, &f64)| 2.0 * (x - target) * (target + 2.0) + 3.0 * (3.0 * x).cos();
    x.iter().zip(target).map(of).collect()
}

#[test]
fn momentum_is_that_of_a_plain_loop() {
    for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
        let method = GradientDescent { rate: 0.01, momentum, nesterov };
        let compiled = method.minimize(&loss()).compile("f64[7], f64[7]").unwrap();
        let (mut x, target) = (numbers(SIZE, 0), numbers(SIZE, 1));
        let mut run = compiled.run(Array::from(x.clone()), Array::from(target.clone())).unwrap();
        let mut velocity = [0.0; SIZE];
        for _ in 0..100 {
            let report = run.step().unwrap();
            let slopes = gradient(&x, &target);
            let norm = slopes.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
            close(&[single(&report.gradient_norm)], &[norm], 1e-13);
            let mut steps = 0.0;
            for ((x, velocity), slope) in x.iter_mut().zip(&mut velocity).zip(slopes) {
                *velocity = momentum * *velocity + slope;
                let step = method.rate * if nesterov { slope + momentum * *velocity } else { *velocity };
                *x -= step;
                steps += step * step;
            }
            close(&[single(&report.step_norm)], &[steps.sqrt()], 1e-13);
            assert_eq!(flags(&report.accepted), [true]);
        }
        close(run.parameters().as_slice().unwrap(), &x, 1e-13);
    }
}

#[test]
fn adam_is_that_of_a_plain_loop() {
    for weight_decay in [0.0, 0.05] {
        let method = Adam { rate: 0.03, weight_decay, ..Adam::default() };
        let compiled = method.minimize(&loss()).compile("f64[7], f64[7]").unwrap();
        let (mut x, target) = (numbers(SIZE, 0), numbers(SIZE, 1));
        let mut run = compiled.run(Array::from(x.clone()), Array::from(target.clone())).unwrap();
        let (mut first, mut second) = ([0.0; SIZE], [0.0; SIZE]);
        for step in 1..=100 {
            let slopes = gradient(&x, &target);
            for place in 0..SIZE {
                first[place] = 0.9 * first[place] + (1.0 - 0.9) * slopes[place];
                second[place] = 0.999 * second[place] + (1.0 - 0.999) * slopes[place] * slopes[place];
                let mean = first[place] / (1.0 - 0.9_f64.powi(step));
                let square = second[place] / (1.0 - 0.999_f64.powi(step));
                x[place] -= method.rate * (mean / (square.sqrt() + 1e-8) + weight_decay * x[place]);
            }
            run.step().unwrap();
            close(run.parameters().as_slice().unwrap(), &x, 1e-12);
        }
    }
}

#[test]
fn adam_in_single_precision() {
    let method = Adam { rate: 0.03, ..Adam::default() };
    let types = |dtype: &str| format!("{dtype}[7], {dtype}[7]");
    let [single, double] = ["f32", "f64"].map(|dtype| method.minimize(&loss()).compile(&types(dtype)).unwrap());
    let cast = |numbers: Vec<f64>| Array::from(numbers.into_iter().map(|number| number as f32).collect::<Vec<_>>());
    let mut single = single.run(cast(numbers(SIZE, 0)), cast(numbers(SIZE, 1))).unwrap();
    let mut double = double.run(Array::from(numbers(SIZE, 0)), Array::from(numbers(SIZE, 1))).unwrap();
    for _ in 0..100 {
        single.step().unwrap();
        double.step().unwrap();
    }
    let single: Vec<f64> = single.parameters().as_slice::<f32>().unwrap().iter().map(|&x| f64::from(x)).collect();
    close(&single, double.parameters().as_slice().unwrap(), 1e-4);
}

/// A batch of losses of two leaves, one of them of rank 2 for each problem.
fn rows() -> Traced<'static, ((Tensor, Tensor), Tensor), Tensor> {
    trace(|((x, y), target): ((Tensor, Tensor), Tensor)| {
        let product = (y * x.expand_dims(-1)).sum(-1);
        (product - target).square().sum(-1) + x.square().sum(-1)
    })
}

#[test]
fn rows_of_a_batch_are_single_problems_and_one_that_is_not_a_number_stays() {
    let count = 5;
    let (xs, ys, targets) = (numbers(2 * count, 0), numbers(6 * count, 1), numbers(2 * count, 2));
    let mut spoilt = targets.clone();
    spoilt[2] = f64::NAN;
    spoilt[6] = f64::INFINITY;
    let all = (
        (Array::from_slice(&[count, 2], &xs).unwrap(), Array::from_slice(&[count, 2, 3], &ys).unwrap()),
        Array::from_vec(&[count, 2], spoilt).unwrap(),
    );
    let one = |row: usize| {
        let part = |all: &[f64], shape: &[usize]| {
            let size = shape.iter().product::<usize>();
            Array::from_slice(shape, &all[row * size..][..size]).unwrap()
        };
        ((part(&xs, &[2]), part(&ys, &[2, 3])), part(&targets, &[2]))
    };
    let method = Adam { rate: 0.05, weight_decay: 0.01, ..Adam::default() };
    let batch = method.minimize(&rows()).compile("f64[n, 2], f64[n, 2, 3], f64[n, 2]").unwrap();
    let alone = method.minimize(&rows()).compile("f64[2], f64[2, 3], f64[2]").unwrap();
    let mut batch = batch.run(all.0.clone(), all.1).unwrap();
    for _ in 0..50 {
        assert_eq!(flags(&batch.step().unwrap().accepted), [true, false, true, false, true]);
    }
    for row in 0..count {
        let (parameters, target) = one(row);
        let mut alone = alone.run(parameters.clone(), target).unwrap();
        for _ in 0..50 {
            alone.step().unwrap();
        }
        let wanted = if row % 2 == 0 { alone.parameters().clone() } else { parameters };
        assert_eq!(
            batch.parameters().0.as_slice::<f64>().unwrap()[2 * row..][..2],
            *wanted.0.as_slice::<f64>().unwrap()
        );
        assert_eq!(
            batch.parameters().1.as_slice::<f64>().unwrap()[6 * row..][..6],
            *wanted.1.as_slice::<f64>().unwrap()
        );
    }
}

#[test]
fn the_rate_is_the_loops_to_change() {
    let halves = trace(|(x, ()): (Tensor, ())| x.square() * 0.5);
    let compiled = GradientDescent { rate: 0.5, ..GradientDescent::default() }.minimize(&halves);
    let compiled = compiled.compile("f64[n]").unwrap();
    let mut run = compiled.run(Array::from([8.0, 8.0]), ()).unwrap();
    run.step().unwrap();
    assert_eq!(run.parameters(), &Array::from([4.0, 4.0]));
    // Each problem has its own.
    run.state_mut().rate = Array::from([1.0, 0.25]);
    run.step().unwrap();
    assert_eq!(run.parameters(), &Array::from([0.0, 3.0]));
}

#[test]
fn rotations_turn_to_the_mean_and_do_not_decay() {
    let distance = trace(|(mean, others): (Rotation, Rotation)| mean.expand_dims(-1).local(others).square().sum(()));
    let quats: Vec<[f64; 4]> =
        vec![[0.1, 0.2, 0.3, 0.9], [0.0, 0.1, 0.4, 0.8], [0.3, 0.0, 0.2, 1.0], [0.2, 0.2, 0.1, 0.7]];
    let others = || {
        let unit = trace(|quat: Tensor| Rotation::from_quat(quat)).compile("f64[4, 4]").unwrap();
        unit.call(&Array::from(quats.clone())).unwrap()
    };
    let mean = trace(|others: Rotation| others.mean(()).as_quat(true));
    let wanted = mean.compile("f64[4, 4]").unwrap().call(&others()).unwrap();
    // The chordal mean is near; both minimise a sum of distances.
    let start = || Rotation::from_parts(Array::from([0.6, 0.0, 0.0, -0.8]));
    let method = Adam { rate: 0.05, weight_decay: 0.1, ..Adam::default() };
    let adam = method.minimize(&distance).compile("f64[4], f64[4, 4]").unwrap();
    let descent = GradientDescent { rate: 0.02, momentum: 0.8, nesterov: true }.minimize(&distance);
    let descent = descent.compile("f64[4], f64[4, 4]").unwrap();
    let (mut adam, mut descent) = (adam.run(start(), others()).unwrap(), descent.run(start(), others()).unwrap());
    for _ in 0..600 {
        adam.step().unwrap();
        descent.step().unwrap();
    }
    assert!(single(&descent.step().unwrap().gradient_norm) < 1e-12);
    assert!(single(&adam.step().unwrap().gradient_norm) < 1e-3);
    let quat = |rotation: &Rotation<Array>| {
        let quat = rotation.clone().into_parts().to_vec::<f64>().unwrap();
        let sign = quat[3].signum();
        quat.into_iter().map(|component| component * sign).collect::<Vec<_>>()
    };
    close(&quat(descent.parameters()), wanted.as_slice().unwrap(), 0.02);
    close(&quat(adam.parameters()), &quat(descent.parameters()), 1e-4);
}
