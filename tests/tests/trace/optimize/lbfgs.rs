//! L-BFGS: valleys, walls, batches, minima, and gradients that point the wrong way.

use super::{flags, numbers, single};
use crate::rotations::close;
use rotrace::optimize::Lbfgs;
use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, Manifold, Tensor, Traced, trace};

/// Rosenbrock's valley, in any number of dimensions, for each problem.
fn valley() -> Traced<'static, (Tensor, ()), Tensor> {
    trace(|(x, ()): (Tensor, ())| {
        let (now, next) = (x.slice(-1, ..-1), x.slice(-1, 1..));
        ((next - now.square()).square() * 100.0 + (now - 1).square()).sum(-1)
    })
}

/// Starts in the valley, `size` numbers each.
fn starts(size: usize) -> Vec<f64> {
    (0..size).map(|place| if place % 2 == 0 { -1.2 } else { 1.0 }).collect()
}

#[test]
fn the_valley_is_followed() {
    for (size, most) in [(2, 50), (10, 100)] {
        let compiled = Lbfgs::default().minimize(&valley()).compile(&format!("f64[{size}]")).unwrap();
        let mut run = compiled.run(Array::from(starts(size)), ()).unwrap();
        let mut costs = Vec::new();
        while costs.last().is_none_or(|&cost| cost > 1e-20) {
            costs.push(single(&run.step().unwrap().cost));
            assert!(costs.len() <= most, "more than {most} evaluations: {costs:?}");
        }
        close(run.parameters().as_slice().unwrap(), &vec![1.0; size], 1e-10);
        assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]), "{costs:?}");
    }
}

#[test]
fn single_precision_reaches_its_last_digits() {
    let compiled = Lbfgs::default().minimize(&valley()).compile("f32[2]").unwrap();
    let mut run = compiled.run(Array::from([-1.2_f32, 1.0]), ()).unwrap();
    for _ in 0..70 {
        run.step().unwrap();
    }
    let x = run.parameters().as_slice::<f32>().unwrap();
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-4), "{x:?}");
}

/// The valley with a wall before it, where the logarithm is NaN.
fn walled() -> Traced<'static, (Tensor, Tensor), Tensor> {
    let valley = valley();
    trace(move |(x, wall): (Tensor, Tensor)| valley.call_traced((x, ())) - (wall - x).log().sum(-1) * 1e-3)
}

#[test]
fn rows_of_a_batch_are_at_their_own_place() {
    // Starts of all kinds: some searches take a step where others look about. The wall stands near the start of some,
    // so that the first trials lie behind it, and one row has none at all but NaN.
    let count = 12;
    let x: Vec<f64> = numbers(4 * count, 3).iter().map(|x| x * 1.5).collect();
    let highest = |row: usize| x[4 * row..][..4].iter().copied().fold(1.0, f64::max);
    let wall: Vec<f64> =
        (0..count).map(|row| if row == 5 { f64::NAN } else { highest(row) + 0.02 * row as f64 + 1e-3 }).collect();
    let batch = Lbfgs { history: 5 }.minimize(&walled()).compile("f64[n, 4], f64[n, 1]").unwrap();
    let alone = Lbfgs { history: 5 }.minimize(&walled()).compile("f64[4], f64[1]").unwrap();
    let data = Array::from_slice(&[count, 1], &wall).unwrap();
    let mut batch = batch.run(Array::from_slice(&[count, 4], &x).unwrap(), data).unwrap();
    let taken: Vec<Vec<bool>> = (0..80).map(|_| flags(&batch.step().unwrap().accepted)).collect();
    assert!(taken.iter().any(|step| step[0] != step[1]), "all rows go in step");
    assert!(taken.iter().all(|step| !step[5]), "a row without a loss moves");
    for row in 0..count {
        let start = &x[4 * row..][..4];
        let mut alone = alone.run(Array::from(start.to_vec()), Array::from([wall[row]])).unwrap();
        let costs: Vec<f64> = (0..80).map(|_| single(&alone.step().unwrap().cost)).collect();
        let found = alone.parameters().as_slice::<f64>().unwrap();
        assert_eq!(batch.parameters().as_slice::<f64>().unwrap()[4 * row..][..4], *found, "row {row}");
        if row == 5 {
            assert_eq!(found, start);
        } else {
            assert!(costs.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-14)), "{costs:?}");
            assert!(single(&alone.step().unwrap().gradient_norm) < 1e-5, "row {row}: {costs:?}");
        }
    }
}

#[test]
fn at_the_minimum_everything_stays_finite() {
    let bowl = trace(|((x, y), ()): ((Tensor, Tensor), ())| (x - 3).square().sum(()) + (y + 1).square().sum(()) * 50);
    let compiled = Lbfgs::default().minimize(&bowl).compile("f64[2, 3], f64").unwrap();
    // From elsewhere, and from the minimum itself.
    for (x, y) in [(0.5, 7.0), (3.0, -1.0)] {
        let mut run = compiled.run((Array::from([[x; 3]; 2]), Array::from(y)), ()).unwrap();
        for _ in 0..100 {
            let report = run.step().unwrap();
            let numbers = [&report.cost, &report.gradient_norm, &report.step_norm].map(single);
            assert!(numbers.iter().all(|number| number.is_finite()), "{numbers:?}");
        }
        close(run.parameters().0.as_slice().unwrap(), &[3.0; 6], 1e-14);
        close(run.parameters().1.as_slice().unwrap(), &[-1.0], 1e-14);
        assert!(run.state().inverses.as_slice::<f64>().unwrap().iter().all(|number| number.is_finite()));
    }
}

#[test]
fn a_gradient_that_points_the_wrong_way_moves_nothing() {
    let bowl = trace(|(x, ()): (Tensor, ())| {
        let wrong = trace(|x: Tensor| x.square().sum(())).custom_jvp(|x, along| -(x * along).sum(()) * 2.0);
        wrong.call_traced(x)
    });
    let compiled = Lbfgs::default().minimize(&bowl).compile("f64[3]").unwrap();
    let mut run = compiled.run(Array::from([1.0, -2.0, 0.5]), ()).unwrap();
    let taken: Vec<bool> = (0..100).map(|_| flags(&run.step().unwrap().accepted)[0]).collect();
    // The first step only looks at the start.
    assert!(taken[0] && taken[1..].iter().all(|taken| !taken), "{taken:?}");
    assert_eq!(run.parameters(), &Array::from([1.0, -2.0, 0.5]));
    assert!(run.state().search.as_slice::<f64>().unwrap().iter().all(|number| number.is_finite()));
}

#[test]
fn rotations_are_averaged() {
    let distance =
        trace(|(mean, others): (Rotation, Rotation)| mean.expand_dims(-1).local(others).square().sum([-2, -1]));
    let compiled = Lbfgs::default().minimize(&distance).compile("f64[n, 4], f64[n, 5, 4]").unwrap();
    let unit = |quats: Vec<f64>, shape: &[usize]| {
        let norm = |quat: &[f64]| quat.iter().map(|component| component * component).sum::<f64>().sqrt();
        let unit = quats.chunks(4).flat_map(|quat| quat.iter().map(move |component| component / norm(quat)));
        Rotation::from_parts(Array::from_vec(shape, unit.collect()).unwrap())
    };
    let near = numbers(4 * 5 * 3, 8).into_iter().enumerate();
    let near = near.map(|(place, x)| if place % 4 == 3 { 1.0 } else { 0.8 * x }).collect();
    let start = unit(numbers(4 * 3, 9), &[3, 4]);
    let mut run = compiled.run(start, unit(near, &[3, 5, 4])).unwrap();
    for _ in 0..40 {
        run.step().unwrap();
    }
    let norms = run.step().unwrap().gradient_norm.to_vec::<f64>().unwrap();
    assert!(norms.iter().all(|&norm| norm < 1e-12), "{norms:?}");
}
