//! Whole flights as one traced loop: many drones through many steps, each with controls of its own at every step.
//!
//! The controller follows a path; a plan is what is added to its thrust and torques, and the waypoints of the path. All
//! of that can be moved by an optimiser. Each flight carries its own cost, so that flights do not meet within the loop.

use crate::controller::{Gains, Reference};
use crate::course::{Course, arrival, effort};
use crate::flight::at_rest;
use crate::model::{Control, Quadrotor, State, vector};
use rotrace::{Array, Error, Manifold, Tensor, Tree, scan};

/// What an optimiser moves, for `n` flights of `t` steps.
#[derive(Clone, Copy, Debug, Tree, Manifold)]
pub struct Plan<T> {
    /// Waypoints of the path `[n, k, 3]`.
    pub waypoints: T,
    /// Added to the controller's thrust and torques `[n, t, 4]`, as parts of the weight and of the largest torques.
    pub controls: T,
}

/// What is asked of flights, the same for all of them.
#[derive(Clone, Copy, Debug, Tree)]
pub struct Task<T> {
    /// From waypoints to positions, velocities and accelerations at each step: `[t, k]` each.
    pub path: [T; 3],
    /// Where the drone should be `[t, 3]`.
    pub aims: T,
    /// How much that counts `[t]`: nothing at most steps.
    pub weights: T,
    /// Where it should come to rest `[3]`.
    pub goal: T,
}

/// Begins with a state `[n]`, and gives the cost of each flight `[n]`, and the states at all steps `[t, n]`.
pub fn rollout(
    drone: Quadrotor,
    gains: Gains<f64>,
    start: State<Tensor>,
    plan: Plan<Tensor>,
    task: Task<Tensor>,
) -> (Tensor, State<Tensor>) {
    let gains = gains.traced(start.position);
    // One row for each step, one column for each flight.
    let [position, velocity, acceleration] =
        task.path.map(|matrix| (matrix.expand_dims(1).expand_dims(-1) * plan.waypoints.expand_dims(0)).sum(-2));
    let none = start.position.component(0) * 0.0;
    let scanned = (
        (position, velocity, acceleration),
        plan.controls.permute_dims([1, 0, 2]),
        (task.aims.expand_dims(1), task.weights.expand_dims(1)),
    );
    let ((last, cost), states) = scan((start, none), scanned, |(state, cost), (path, added, (aim, weight))| {
        let (position, velocity, acceleration): (Tensor, Tensor, Tensor) = path;
        let reference = Reference { position, velocity, acceleration, yaw: none };
        let control = drone.corrected(drone.control(gains, state, reference), added);
        let next = drone.step(state, control);
        let off: Tensor = next.position - aim;
        let cost: Tensor = cost + effort(&drone, state, control) + off.square().sum(-1) * weight;
        ((next, cost), next)
    });
    (cost + arrival(last, task.goal), states)
}

impl Quadrotor {
    /// A control with something added, `[..., 4]`, within the limits of the drone.
    pub fn corrected(&self, control: Control<Tensor>, added: Tensor) -> Control<Tensor> {
        let limits = vector(control.torque, self.most_torque);
        let torque = control.torque + added.slice(-1, 1..) * limits;
        let thrust = control.thrust + added.component(0) * (self.mass * self.gravity);
        Control { thrust: thrust.clip(0, self.most_thrust), torque: torque.clip(-limits, limits) }
    }
}

impl Task<Array> {
    /// To fly a course: through each gate at its time, and to rest at the goal.
    pub fn of(course: &Course, time_step: f64) -> Result<Self, Error> {
        let steps = course.steps(time_step);
        let (mut aims, mut weights) = (vec![0.0; 3 * steps], vec![0.0; steps]);
        for (step, gate) in course.passing_steps(time_step).into_iter().zip(&course.gates) {
            aims[3 * (step - 1)..3 * step].copy_from_slice(&gate.centre);
            weights[step - 1] = 1.0;
        }
        let count = course.waypoints().len();
        let [position, velocity, acceleration] =
            course.path(time_step).map(|rows| Array::from_vec(&[steps, count], rows.concat()));
        Ok(Self {
            path: [position?, velocity?, acceleration?],
            aims: Array::from_vec(&[steps, 3], aims)?,
            weights: Array::from(weights),
            goal: Array::from(course.goal),
        })
    }
}

/// So many drones at rest at the same place.
pub fn all_at_rest(count: usize, position: [f64; 3]) -> Result<State<Array>, Error> {
    let repeated = |part: Array| Array::from_vec(&[count, part.len()], part.to_vec::<f64>()?.repeat(count));
    let State { position, velocity, attitude, rate } = at_rest(position);
    Ok(State {
        position: repeated(position)?,
        velocity: repeated(velocity)?,
        attitude: rotrace::spatial::Rotation::from_parts(repeated(attitude.into_parts())?),
        rate: repeated(rate)?,
    })
}
