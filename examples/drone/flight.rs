//! Flights: controller and drone as one compiled step, in a plain loop.

use crate::controller::{Gains, Reference};
use crate::course::{Course, effort, misses_and_arrival};
use crate::model::{Quadrotor, State};
use rotrace::spatial::Rotation;
use rotrace::{Array, Compiled, Error, Options, Tensor, trace};
use std::time::Instant;

type Arguments = (State<Tensor>, Reference<Tensor>);

/// Positions when passing gates, their centres, the last state, and the goal.
type Passed = (Tensor, Tensor, State<Tensor>, Tensor);

/// A drone under a controller.
pub struct Pilot {
    drone: Quadrotor,
    step: Compiled<Arguments, (State<Tensor>, Tensor)>,
    judge: Compiled<Passed, Tensor>,
}

/// What a flight was like, step by step.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// Effort, misses and arrival.
    pub cost: f64,
    /// Where the drone was after each step.
    pub positions: Vec<[f64; 3]>,
    /// The effort of each step.
    pub efforts: Vec<f64>,
    /// How long the computation of each step took.
    pub nanoseconds: Vec<f64>,
}

const PASSED: &str = "f64[gates, 3], f64[gates, 3], f64[3], f64[3], f64[4], f64[3], f64[3]";

/// A state, and a reference.
const TYPES: &str = "f64[3], f64[3], f64[4], f64[3], f64[3], f64[3], f64[3], f64";

impl Pilot {
    /// Compiles a step of the closed loop.
    pub fn compile(drone: Quadrotor, gains: Gains<f64>, options: &Options) -> Result<Self, Error> {
        let step = trace(move |(state, reference): Arguments| {
            let control = drone.control(gains.traced(state.position), state, reference);
            (drone.step(state, control), effort(&drone, state, control))
        });
        let judge =
            trace(|(positions, centres, last, goal): Passed| misses_and_arrival(positions, centres, last, goal));
        let (step, judge) = (step.compile_with(TYPES, options)?, judge.compile_with(PASSED, options)?);
        Ok(Self { drone, step, judge })
    }

    /// Flies a course from rest, after the path through waypoints.
    pub fn fly(&self, course: &Course, waypoints: &[[f64; 3]]) -> Result<Flight, Error> {
        let [positions, velocities, accelerations] = course.path(self.drone.time_step);
        let mut given = (at_rest(course.start), Reference::at(course.start));
        let mut found = self.step.call(&given)?;
        let mut flight = Flight::default();
        for ((position, velocity), acceleration) in positions.iter().zip(&velocities).zip(&accelerations) {
            set(&mut given.1.position, combined(position, waypoints))?;
            set(&mut given.1.velocity, combined(velocity, waypoints))?;
            set(&mut given.1.acceleration, combined(acceleration, waypoints))?;
            let start = Instant::now();
            self.step.call_into(&given, &mut found)?;
            flight.nanoseconds.push(start.elapsed().as_nanos() as f64);
            std::mem::swap(&mut given.0, &mut found.0);
            let reached = given.0.position.as_slice::<f64>()?;
            flight.positions.push([reached[0], reached[1], reached[2]]);
            flight.efforts.push(found.1.as_slice::<f64>()?[0]);
        }
        let passed = course.passing_steps(self.drone.time_step).into_iter().map(|step| flight.positions[step - 1]);
        let centres: Vec<[f64; 3]> = course.gates.iter().map(|gate| gate.centre).collect();
        let passed = (passed.collect::<Vec<_>>().into(), centres.into(), given.0, course.goal.into());
        let rest = self.judge.call(&passed)?;
        flight.cost = flight.efforts.iter().sum::<f64>() + rest.as_slice::<f64>()?[0];
        Ok(flight)
    }
}

/// A drone at rest.
pub fn at_rest(position: [f64; 3]) -> State<Array> {
    State {
        position: Array::from(position),
        velocity: Array::from([0.0; 3]),
        attitude: Rotation::from_parts(Array::from([0.0, 0.0, 0.0, 1.0])),
        rate: Array::from([0.0; 3]),
    }
}

impl Reference<Array> {
    /// To be at rest at a place.
    pub fn at(position: [f64; 3]) -> Self {
        let zero = || Array::from([0.0; 3]);
        Self { position: Array::from(position), velocity: zero(), acceleration: zero(), yaw: Array::from(0.0) }
    }
}

/// The sum of waypoints with weights.
fn combined(weights: &[f64], waypoints: &[[f64; 3]]) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for (weight, waypoint) in weights.iter().zip(waypoints) {
        sum.iter_mut().zip(waypoint).for_each(|(sum, component)| *sum += weight * component);
    }
    sum
}

fn set(array: &mut Array, vector: [f64; 3]) -> Result<(), Error> {
    array.as_mut_slice::<f64>()?.copy_from_slice(&vector);
    Ok(())
}
