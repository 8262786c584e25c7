//! Whole flights: their gradient, the plans that come of it, and the MPC.

use super::numbers;
use crate::course::Course;
use crate::model::{Quadrotor, State};
use crate::mpc::{Eight, Pilot, World, follow};
use crate::planner::{self, TYPES};
use crate::rollout::{Plan, Task, all_at_rest};
use rotrace::{Array, Compiled, Error, Options, Tensor, With, trace};

type Data = (State<Tensor>, Task<Tensor>);
type Given = (Plan<Tensor>, Data);

/// A short course, so that the tests are fast.
fn course() -> Course {
    let course = Course::default();
    Course { gates: course.gates[..2].to_vec(), ..course }
}

/// The summed cost of all flights and its gradient.
fn gradient(drone: Quadrotor) -> Result<Compiled<Given, (Tensor, Plan<Tensor>)>, Error> {
    let loss = planner::loss(drone);
    let both = trace(move |(plan, data): (Plan<Tensor>, Data)| {
        let sum = trace({
            let loss = loss.clone();
            move |plan: Plan<Tensor>| loss.call_traced((plan, data)).sum(())
        });
        sum.value_and_grad().call_traced(plan)
    });
    both.compile(TYPES)
}

/// Plans that are off in waypoints and controls, with starts and the task.
fn given(drone: Quadrotor, count: usize) -> Result<With<Given, Array>, Error> {
    let course = course();
    let steps = course.steps(drone.time_step);
    let mut plan = planner::first_plans(&course, count, steps)?;
    let controls = plan.controls.as_mut_slice::<f64>()?;
    controls.iter_mut().zip(numbers(4 * count * steps, 9.0)).for_each(|(control, number)| *control = 0.05 * number);
    Ok((plan, (all_at_rest(count, course.start)?, Task::of(&course, drone.time_step)?)))
}

#[test]
fn the_gradient_of_flights_is_that_of_differences() -> Result<(), Error> {
    let drone = Quadrotor::default();
    let gradient = gradient(drone)?;
    let mut given = given(drone, 2)?;
    let (_, slopes) = gradient.call(&given)?;
    let largest =
        |array: &Array| array.as_slice::<f64>().map(|all| all.iter().fold(0.0, |most: f64, x| most.max(x.abs())));
    // Controls of all four kinds at several times, and inner waypoints.
    let part = |plan: &mut Plan<Array>, of_controls: bool| -> Array {
        std::mem::replace(if of_controls { &mut plan.controls } else { &mut plan.waypoints }, Array::from(0.0))
    };
    for (of_controls, places) in [(true, vec![0, 5, 402, 807, 1440, 2500, 2867]), (false, vec![3, 4, 8, 15, 23])] {
        let slopes = if of_controls { &slopes.controls } else { &slopes.waypoints };
        let scale = largest(slopes)?;
        for place in places {
            let mut at = |by: f64| -> Result<f64, Error> {
                let mut array = part(&mut given.0, of_controls);
                array.as_mut_slice::<f64>()?[place] += by;
                if of_controls {
                    given.0.controls = array
                } else {
                    given.0.waypoints = array
                }
                Ok(gradient.call(&given)?.0.as_slice::<f64>()?[0])
            };
            let step = 1e-5;
            let (above, below) = (at(step)?, at(-2.0 * step)?);
            at(step)?;
            let (wanted, slope) = ((above - below) / (2.0 * step), slopes.as_slice::<f64>()?[place]);
            assert!((wanted - slope).abs() < 1e-7 * scale, "{place}: {slope}, not {wanted}; the largest is {scale}");
        }
    }
    Ok(())
}

#[test]
fn attitudes_along_flights_have_unit_norm() -> Result<(), Error> {
    let drone = Quadrotor::default();
    let (_, states) = planner::flown(drone, &Options::default())?.call(&given(drone, 3)?)?;
    let quats = states.attitude.into_parts();
    assert_eq!(quats.shape()[2], 4);
    for quat in quats.as_slice::<f64>()?.chunks(4) {
        let squared: f64 = quat.iter().map(|component| component * component).sum();
        assert!((squared - 1.0).abs() < 1e-14, "{quat:?}");
    }
    Ok(())
}

#[test]
fn plans_become_better() -> Result<(), Error> {
    let planned = planner::optimise(Quadrotor::default(), &course(), (4, 20), &Options::default())?;
    let losses = &planned.losses;
    assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-12)), "{losses:?}");
    assert!(losses[20] < 0.05 * losses[0], "{losses:?}");
    let snapshots: Vec<f64> = planned.snapshots.iter().map(|snapshot| snapshot.costs.iter().sum()).collect();
    assert!(snapshots[2] <= snapshots[1] && snapshots[1] < snapshots[0], "{snapshots:?}");
    Ok(())
}

#[test]
fn the_mpc_follows_more_closely_than_the_controller() -> Result<(), Error> {
    let (model, eight, options) =
        (Quadrotor::default(), Eight::default(), Options { threads: 1, ..Options::default() });
    let steps = 600;
    for seed in [1, 2] {
        let world = World::new(&model, seed, 6.0);
        let fly = |pilot: Pilot| follow(pilot, (model, &eight), &world, steps, &options, || ());
        let (alone, told, planned) = (fly(Pilot::Controller)?, fly(Pilot::Estimator)?, fly(Pilot::Planner)?);
        let ((alone, _), (told, _), (rms, most)) = (alone.rms_and_most(), told.rms_and_most(), planned.rms_and_most());
        assert!(rms < 0.01 && most < 0.025, "{rms} {most}");
        assert!(rms < alone / 6.0 && rms < told / 6.0, "{rms}, {alone} alone, {told} told");
        assert!(planned.iterations.iter().all(|&count| (1..=4).contains(&count)), "{:?}", planned.iterations);
    }
    Ok(())
}

#[test]
fn the_eight_has_the_velocities_and_accelerations_that_it_says() {
    let eight = Eight::default();
    assert_eq!(eight.at(0.0)[1], [0.0; 3]);
    let step = 1e-5;
    for time in [0.3, 1.7, 2.9, 3.1, 8.0] {
        let [below, here, above] = [time - step, time, time + step].map(|time| eight.at(time));
        for part in 0..2 {
            for axis in 0..3 {
                let slope = (above[part][axis] - below[part][axis]) / (2.0 * step);
                assert!((slope - here[part + 1][axis]).abs() < 1e-6, "{time} {part} {axis}");
            }
        }
    }
}
