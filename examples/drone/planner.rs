//! Optimises many flights at once: each begins with waypoints that are off, and ends with a path and controls of its own.

use crate::controller::Gains;
use crate::course::Course;
use crate::model::{Quadrotor, State};
use crate::progress;
use crate::rollout::{Plan, Task, all_at_rest, rollout};
use rotrace::optimize::Lbfgs;
use rotrace::{Array, Compiled, Error, Options, Tensor, Traced, trace};
use std::time::Instant;

/// The frequencies of the controller that a plan is added to.
pub const FREQUENCIES: (f64, f64) = (3.0, 14.0);

/// How far waypoints are off at first, in metres, at most along each axis.
const DISTURBANCE: f64 = 1.2;

type Data = (State<Tensor>, Task<Tensor>);

/// A plan, a start for each flight, and the task.
pub const TYPES: &str = "f64[n, k, 3], f64[n, t, 4], f64[n, 3], f64[n, 3], f64[n, 4], f64[n, 3], \
                         f64[t, k], f64[t, k], f64[t, k], f64[t, 3], f64[t], f64[3]";

/// The cost of each flight `[n]`.
pub fn loss(drone: Quadrotor) -> Traced<'static, (Plan<Tensor>, Data), Tensor> {
    let gains = Gains::of_frequencies(FREQUENCIES.0, FREQUENCIES.1);
    trace(move |(plan, (start, task)): (Plan<Tensor>, Data)| rollout(drone, gains, start, plan, task).0)
}

/// Costs of all flights, and the states at all steps.
pub type Flown = Compiled<(Plan<Tensor>, Data), (Tensor, State<Tensor>)>;

/// Compiles flights whose states are kept.
pub fn flown(drone: Quadrotor, options: &Options) -> Result<Flown, Error> {
    let gains = Gains::of_frequencies(FREQUENCIES.0, FREQUENCIES.1);
    let all = trace(move |(plan, (start, task)): (Plan<Tensor>, Data)| rollout(drone, gains, start, plan, task));
    all.compile_with(TYPES, options)
}

/// The flights at one time of the optimisation.
pub struct Snapshot {
    pub iteration: usize,
    /// Of each flight.
    pub costs: Vec<f64>,
    /// Of each flight, after each step.
    pub paths: Vec<Vec<[f64; 3]>>,
}

/// What an optimisation did.
pub struct Planned {
    /// At first, midway and in the end.
    pub snapshots: Vec<Snapshot>,
    /// The mean cost before each iteration.
    pub losses: Vec<f64>,
    /// Seconds to compile.
    pub compiling: f64,
    /// Seconds of each iteration of the optimiser.
    pub iteration_time: f64,
    /// Seconds of all values and gradients at once.
    pub gradient_time: f64,
}

/// The plans of so many flights, with waypoints that are off.
pub fn first_plans(course: &Course, count: usize, steps: usize) -> Result<Plan<Array>, Error> {
    let points = course.waypoints();
    let mut waypoints = Vec::new();
    for flight in 0..count {
        for (place, component) in points.as_flattened().iter().enumerate() {
            // Numbers without order; the start stays.
            let seed = ((flight * 3 * points.len() + place) as f64 + 1.0) * 78.233;
            let off = if place < 3 { 0.0 } else { seed.sin() * 43_758.545_3 % 1.0 };
            waypoints.push(component + DISTURBANCE * off);
        }
    }
    Ok(Plan {
        waypoints: Array::from_vec(&[count, points.len(), 3], waypoints)?,
        controls: Array::zeros(&[count, steps, 4])?,
    })
}

/// Optimises so many flights by so many iterations.
pub fn optimise(
    drone: Quadrotor,
    course: &Course,
    (count, iterations): (usize, usize),
    options: &Options,
) -> Result<Planned, Error> {
    let steps = course.steps(drone.time_step);
    let began = Instant::now();
    let (loss, flown) = (loss(drone), flown(drone, options)?);
    let minimizer = Lbfgs::default().minimize(&loss).compile_with(TYPES, options)?;
    let sum = trace(move |(plan, data): (Plan<Tensor>, Data)| {
        let sum = trace({
            let loss = loss.clone();
            move |plan: Plan<Tensor>| loss.call_traced((plan, data)).sum(())
        });
        let (value, gradient): (Tensor, Plan<Tensor>) = sum.value_and_grad().call_traced(plan);
        (value, gradient)
    });
    let gradient = sum.compile_with(TYPES, options)?;
    let compiling = began.elapsed().as_secs_f64();

    let data = || Ok::<_, Error>((all_at_rest(count, course.start)?, Task::of(course, drone.time_step)?));
    let given = (first_plans(course, count, steps)?, data()?);
    let mut found = gradient.call(&given)?;
    let began = Instant::now();
    for _ in 0..REPETITIONS {
        gradient.call_into(&given, &mut found)?;
    }
    let gradient_time = began.elapsed().as_secs_f64() / f64::from(REPETITIONS);

    let bar = progress::bar(iterations);
    let mut run = minimizer.run(given.0, given.1)?;
    let (mut snapshots, mut losses, mut time) = (Vec::new(), Vec::new(), 0.0);
    for iteration in 0..=iterations {
        if iteration == 0 || iteration == iterations.min(MIDWAY) || iteration == iterations {
            snapshots.push(snapshot(&flown, iteration, (run.parameters().clone(), data()?))?);
        }
        let began = Instant::now();
        let costs = run.step()?.cost.as_slice::<f64>()?;
        time += began.elapsed().as_secs_f64();
        losses.push(costs.iter().sum::<f64>() / count as f64);
        bar.set_message(format!("mean cost {:.4}", losses[iteration]));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let iteration_time = time / (iterations + 1) as f64;
    Ok(Planned { snapshots, losses, compiling, iteration_time, gradient_time })
}

/// How often values and gradients are computed for their time.
const REPETITIONS: u32 = 10;

/// The iteration that counts as midway: the costs fall fast at first.
const MIDWAY: usize = 12;

fn snapshot(
    flown: &Flown,
    iteration: usize,
    given: (Plan<Array>, (State<Array>, Task<Array>)),
) -> Result<Snapshot, Error> {
    let (costs, states) = flown.call(&given)?;
    let costs = costs.to_vec::<f64>()?;
    let positions = states.position.as_slice::<f64>()?;
    let path = |flight: usize| {
        let rows = positions.chunks(3).skip(flight).step_by(costs.len());
        rows.map(|row| [row[0], row[1], row[2]]).collect()
    };
    let paths = (0..costs.len()).map(path).collect();
    Ok(Snapshot { iteration, costs, paths })
}
