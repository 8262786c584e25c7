//! Least squares against a plain loop, and where rank, residuals or gradients vanish.

use super::{flags, numbers, single};
use crate::rotations::close;
use rotrace::optimize::{GaussNewton, LevenbergMarquardt, Loss};
use rotrace::{Array, DType, Tensor, Traced, constant, stack, trace};

/// Rosenbrock's valley as residuals, in a form in which some steps fail.
fn valley() -> Traced<'static, (Tensor, ()), Tensor> {
    trace(|(x, ()): (Tensor, ())| {
        let (first, second) = (x.component(0), x.component(1));
        stack([(second - first.square()) * 10, -first + 1], -1)
    })
}

/// The residuals and their cost.
fn valley_at([x, y]: [f64; 2]) -> ([f64; 2], f64) {
    let residual = [10.0 * (y - x * x), 1.0 - x];
    (residual, (residual[0] * residual[0] + residual[1] * residual[1]) / 2.0)
}

#[test]
fn steps_are_those_of_a_plain_loop() {
    let compiled = LevenbergMarquardt::default().minimize(&valley()).compile("f64[2]").unwrap();
    let mut x = [-1.2, 1.0];
    let (mut damping, mut growth, mut rejected) = (1e-3, 2.0, 0);
    let mut run = compiled.run(Array::from(x), ()).unwrap();
    for step in 0..200 {
        let (r, cost) = valley_at(x);
        // The Jacobian is [[-20 x, 10], [-1, 0]].
        let matrix = [400.0 * x[0] * x[0] + 1.0, -200.0 * x[0], 100.0];
        let gradient = [-20.0 * x[0] * r[0] - r[1], 10.0 * r[0]];
        let (a, b, c) = (matrix[0] * (1.0 + damping), matrix[1], matrix[2] * (1.0 + damping));
        let determinant = a * c - b * b;
        let h = [(b * gradient[1] - c * gradient[0]) / determinant, (b * gradient[0] - a * gradient[1]) / determinant];
        let candidate = [x[0] + h[0], x[1] + h[1]];
        let scaled = [damping * matrix[0] * h[0], damping * matrix[2] * h[1]];
        let predicted = (h[0] * (scaled[0] - gradient[0]) + h[1] * (scaled[1] - gradient[1])) / 2.0;
        let gain = (cost - valley_at(candidate).1) / predicted;

        let report = run.step().unwrap();
        if cost < 1e-25 {
            assert!(step > 10);
            break;
        }
        close(&[single(&report.cost)], &[cost], 1e-9);
        close(&[single(&report.damping) / damping], &[1.0], 1e-6);
        close(&[single(&report.gradient_norm)], &[gradient[0].hypot(gradient[1])], 1e-8);
        close(&[single(&report.step_norm)], &[h[0].hypot(h[1])], 1e-8);
        assert_eq!(flags(&report.accepted), [gain > 0.0]);
        if gain > 0.0 {
            x = candidate;
            damping *= (1.0 - (2.0 * gain - 1.0_f64).powi(3)).max(1.0 / 3.0);
            growth = 2.0;
        } else {
            damping *= growth;
            growth *= 2.0;
            rejected += 1;
        }
        close(run.parameters().as_slice().unwrap(), &x, 1e-9);
    }
    close(&x, &[1.0, 1.0], 1e-10);
    assert!(rejected > 0, "no step failed");
}

#[test]
fn parameters_that_do_not_matter_stay() {
    // Only the sum of two matters, and the third not at all: two directions without curvature.
    let sums = trace(|(x, wanted): (Tensor, Tensor)| {
        let sum = x.component(0) + x.component(1) + x.component(2) * 0.0;
        stack([sum.exp(), sum * sum, sum], -1) - wanted
    });
    let wanted = Array::from([2.0_f64.exp(), 4.0, 2.0]);
    let damped = LevenbergMarquardt::default().minimize(&sums).compile("f64[3], f64[3]").unwrap();
    let newton = GaussNewton::default().minimize(&sums).compile("f64[3], f64[3]").unwrap();
    let check = |x: &Array, cost: f64| {
        let x = x.as_slice::<f64>().unwrap();
        close(&[x[0] + x[1], x[2], cost], &[2.0, 7.0, 0.0], 1e-14);
    };
    let mut damped = damped.run(Array::from([0.5, 0.25, 7.0]), wanted.clone()).unwrap();
    let mut newton = newton.run(Array::from([0.5, 0.25, 7.0]), wanted).unwrap();
    for _ in 0..60 {
        for numbers in [damped.step().unwrap(), newton.step().unwrap()] {
            let all = [&numbers.cost, &numbers.gradient_norm, &numbers.step_norm, &numbers.damping].map(single);
            assert!(all.iter().all(|number| number.is_finite()), "{all:?}");
        }
    }
    let cost = single(&damped.step().unwrap().cost);
    check(damped.parameters(), cost);
    let cost = single(&newton.step().unwrap().cost);
    check(newton.parameters(), cost);
}

#[test]
fn at_a_solution_nothing_changes() {
    let compiled = LevenbergMarquardt::default().minimize(&valley()).compile("f64[2]").unwrap();
    let mut run = compiled.run(Array::from([1.0, 1.0]), ()).unwrap();
    for _ in 0..50 {
        let report = run.step().unwrap();
        let numbers = [&report.cost, &report.gradient_norm, &report.step_norm, &report.damping].map(single);
        assert_eq!(numbers, [0.0, 0.0, 0.0, 1e-3]);
    }
    assert_eq!(run.parameters(), &Array::from([1.0, 1.0]));
}

#[test]
fn a_step_to_where_nothing_is_defined_is_not_taken() {
    let logarithm = trace(|(x, ()): (Tensor, ())| x.log().expand_dims(-1));
    // From 5 the full step goes to 5 - 5 log 5, below 0.
    let newton = GaussNewton::default().minimize(&logarithm).compile("f64").unwrap();
    let mut newton = newton.run(Array::from(5.0), ()).unwrap();
    assert_eq!(flags(&newton.step().unwrap().accepted), [false]);
    assert_eq!(newton.parameters(), &Array::from(5.0));
    let damped = LevenbergMarquardt::default().minimize(&logarithm).compile("f64").unwrap();
    let mut damped = damped.run(Array::from(5.0), ()).unwrap();
    let taken: Vec<bool> = (0..30).map(|_| flags(&damped.step().unwrap().accepted)[0]).collect();
    assert!(!taken[0] && taken[29], "{taken:?}");
    close(damped.parameters().as_slice().unwrap(), &[1.0], 1e-14);
}

/// A line through points of which every seventh is far off.
fn outliers() -> (Array, Vec<f64>, Vec<f64>) {
    let x: Vec<f64> = (0..40).map(|place| f64::from(place) / 10.0).collect();
    let noise = numbers(40, 6);
    let y = x
        .iter()
        .zip(noise)
        .enumerate()
        .map(|(place, (x, noise))| 0.5 + 2.0 * x + 0.05 * noise + if place % 7 == 3 { 30.0 } else { 0.0 });
    let y: Vec<f64> = y.collect();
    let rows: Vec<f64> = x.iter().zip(&y).flat_map(|(&x, &y)| [x, y]).collect();
    (Array::from_vec(&[40, 2], rows).unwrap(), x, y)
}

#[test]
fn robust_losses_see_past_outliers() {
    let line = trace(|(line, points): (Tensor, Tensor)| {
        let (x, y) = (points.component(0), points.component(1));
        line.component(0) + line.component(1) * x - y
    });
    let (points, x, y) = outliers();
    let scale = 0.1;
    for loss in [Loss::Huber { scale }, Loss::Cauchy { scale }] {
        let method = LevenbergMarquardt { loss, ..LevenbergMarquardt::default() };
        let compiled = method.minimize(&line).compile("f64[2], f64[m, 2]").unwrap();
        let mut run = compiled.run(Array::from([0.0, 0.0]), points.clone()).unwrap();
        let costs: Vec<f64> = (0..200).map(|_| single(&run.step().unwrap().cost)).collect();
        assert!(costs.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-14)), "{costs:?}");
        let found = run.parameters().to_vec::<f64>().unwrap();
        // rho and its derivative, by hand.
        let residuals = x.iter().zip(&y).map(|(x, y)| found[0] + found[1] * x - y);
        let (mut cost, mut gradient) = (0.0, [0.0; 2]);
        for (residual, x) in residuals.zip(&x) {
            let z = residual * residual / (scale * scale);
            let (rho, weight) = match loss {
                Loss::Huber { .. } if z <= 1.0 => (z, 1.0),
                Loss::Huber { .. } => (2.0 * z.sqrt() - 1.0, 1.0 / z.sqrt()),
                Loss::Cauchy { .. } => (z.ln_1p(), 1.0 / (1.0 + z)),
                Loss::Linear => unreachable!("not tried here"),
            };
            cost += scale * scale * rho / 2.0;
            gradient[0] += weight * residual;
            gradient[1] += weight * residual * x;
        }
        close(&[costs[199]], &[cost], 1e-13);
        close(&gradient, &[0.0; 2], 1e-6);
        close(&found, &[0.5, 2.0], 0.1);
    }
}

#[test]
fn blocks_count_by_their_length() {
    // Of points [m, 2] with blocks of one axis, the cost is that of the distances.
    let shift = trace(|(shift, points): (Tensor, Tensor)| points - shift);
    let points = Array::from([[3.0, 4.0], [0.0, 0.0], [0.6, 0.8]]);
    let loss = Loss::Huber { scale: 2.0 };
    let cost = |block_axes: usize| {
        let method = LevenbergMarquardt { block_axes, loss, ..LevenbergMarquardt::default() };
        let compiled = method.minimize(&shift).compile("f64[2], f64[m, 2]").unwrap();
        single(&compiled.run(Array::from([0.0, 0.0]), points.clone()).unwrap().step().unwrap().cost)
    };
    close(&[cost(1)], &[(2.0 * 2.0 * 5.0 - 4.0 + 1.0) / 2.0], 1e-15);
    close(&[cost(0)], &[(2.0 * 2.0 * 3.0 - 4.0 + 2.0 * 2.0 * 4.0 - 4.0 + 0.36 + 0.64) / 2.0], 1e-15);
    // All axes as one block.
    close(&[cost(2)], &[(2.0 * 2.0 * 26.0_f64.sqrt() - 4.0) / 2.0], 1e-15);
}

#[test]
fn leaves_of_both_precisions_and_data_that_are_no_floats() {
    type Line = (Tensor, Tensor);
    let line = trace(|((first, slope), (places, y)): (Line, (Tensor, Tensor))| {
        first + slope.astype(DType::F64) * places.astype(DType::F64) - y
    });
    let compiled = LevenbergMarquardt::default().minimize(&line).compile("f64, f32, i32[m], f64[m]").unwrap();
    let data = (Array::from([0, 1, 2]), Array::from([0.5, 0.75, 1.0]));
    let mut run = compiled.run((Array::from(0.0), Array::from(0.0_f32)), data).unwrap();
    (0..10).for_each(|_| run.step().map(drop).unwrap());
    close(run.parameters().0.as_slice().unwrap(), &[0.5], 1e-7);
    assert!((run.parameters().1.as_slice::<f32>().unwrap()[0] - 0.25).abs() < 1e-7);
}

#[test]
fn a_step_at_the_solution_has_the_derivative_of_the_solution() {
    // exp(a t) b at 4 times; the solution's derivative with respect to what was seen is that of the step.
    let times = Array::from([0.0, 0.5, 1.0, 1.5]);
    let curve = {
        let times = times.clone();
        trace(move |x: Tensor| (x.component(0) * constant(times)).exp() * x.component(1))
    };
    let residuals = {
        let curve = curve.clone();
        trace(move |(x, seen): (Tensor, Tensor)| curve.call_traced(x) - seen)
    };
    let solution = Array::from([-0.7, 1.3]);
    let seen = curve.compile("f64[2]").unwrap().call(&solution).unwrap();
    let newton = GaussNewton::default().minimize(&residuals);
    let damped = LevenbergMarquardt::default().minimize(&residuals);
    let derivative = {
        let step = newton.step.clone();
        let of_seen = |x: Tensor| trace(move |seen: Tensor| step.call_traced((x, (), seen)).0);
        trace(move |(x, seen): (Tensor, Tensor)| of_seen(x).jacobian(0).call_traced(seen))
    };
    let found = derivative.compile("f64[2], f64[4]").unwrap().call(&(solution.clone(), seen.clone())).unwrap();
    let compiled = newton.compile("f64[2], f64[4]").unwrap();
    let solved = |moved: usize, by: f64| {
        let mut seen = seen.clone();
        seen.as_mut_slice::<f64>().unwrap()[moved] += by;
        let mut run = compiled.run(solution.clone(), seen).unwrap();
        (0..12).for_each(|_| run.step().map(drop).unwrap());
        run.parameters().to_vec::<f64>().unwrap()
    };
    for moved in 0..4 {
        let (up, down) = (solved(moved, 1e-5), solved(moved, -1e-5));
        for which in 0..2 {
            let slope = (up[which] - down[which]) / 2e-5;
            close(&[found.as_slice::<f64>().unwrap()[4 * which + moved]], &[slope], 1e-8);
        }
    }
    // Also where the gradient, the step and the cost are 0, everything that comes out has a finite derivative.
    let sums = trace(move |(x, seen): (Tensor, Tensor)| {
        let state = damped.start.call_traced((x, seen));
        let (x, state, report) = damped.step.call_traced((x, state, seen));
        x.sum(()) + state.damping + report.cost + report.gradient_norm + report.step_norm
    });
    let (of_x, of_seen) = sums.grad().compile("f64[2], f64[4]").unwrap().call(&(solution, seen)).unwrap();
    let all = [of_x.to_vec::<f64>().unwrap(), of_seen.to_vec::<f64>().unwrap()].concat();
    assert!(all.iter().all(|number| number.is_finite()), "{all:?}");
}
