//! A quadrotor: a rigid body with a thrust along its own z axis, torques, gravity and drag.
//!
//! Vectors are in metres, seconds, newtons and radians; the world's z axis points up. Everything is an ordinary function
//! of traced values, for any leading axes: one drone, a fleet, or the samples of a planner.

use rotrace::spatial::Rotation;
use rotrace::{Array, Manifold, Tensor, Tree, constant};

/// A drone's constants.
#[derive(Clone, Copy, Debug)]
pub struct Quadrotor {
    /// In kilograms.
    pub mass: f64,
    /// Moments about the body's axes, which are the principal ones.
    pub inertia: [f64; 3],
    /// The force of the air against the motion, per speed.
    pub drag: f64,
    pub gravity: f64,
    /// The largest thrust of all rotors together; the smallest is 0.
    pub most_thrust: f64,
    /// The largest torque about each axis, either way.
    pub most_torque: [f64; 3],
    /// The time of a step.
    pub time_step: f64,
}

impl Default for Quadrotor {
    /// The size of a racing drone with a camera.
    fn default() -> Self {
        Self {
            mass: 0.8,
            inertia: [0.003, 0.0035, 0.006],
            drag: 0.15,
            gravity: 9.81,
            most_thrust: 30.0,
            most_torque: [1.2, 1.2, 0.25],
            time_step: 0.01,
        }
    }
}

/// Where drones are and how they move.
#[derive(Clone, Copy, Debug, Tree, Manifold)]
pub struct State<T> {
    /// `[..., 3]`.
    pub position: T,
    /// `[..., 3]`.
    pub velocity: T,
    /// Takes body to world coordinates.
    pub attitude: Rotation<T>,
    /// The angular velocity `[..., 3]` in body coordinates.
    pub rate: T,
}

/// What the rotors do together.
#[derive(Clone, Copy, Debug, Tree)]
pub struct Control<T> {
    /// `[...]`, along the body's z axis.
    pub thrust: T,
    /// `[..., 3]`, about the body's axes.
    pub torque: T,
}

/// A vector in the element type of what it goes with.
pub fn vector(like: Tensor, components: [f64; 3]) -> Tensor {
    let vector = constant(Array::from(components));
    like.dtype().map_or(vector, |dtype| vector.astype(dtype))
}

impl Quadrotor {
    /// The state after a step under one control, in second order: the midpoint rule for the angular velocity, whose
    /// mean turns the body, and the mean of both velocities for the position.
    pub fn step(&self, state: State<Tensor>, control: Control<Tensor>) -> State<Tensor> {
        self.accelerated(state, control, self.acceleration(state, control.thrust))
    }

    /// As [`step`](Self::step), under a push that the model knows nothing else of: an acceleration `[..., 3]` in the
    /// world's coordinates.
    pub fn step_pushed(&self, state: State<Tensor>, control: Control<Tensor>, push: Tensor) -> State<Tensor> {
        self.accelerated(state, control, self.acceleration(state, control.thrust) + push)
    }

    fn accelerated(&self, state: State<Tensor>, control: Control<Tensor>, acceleration: Tensor) -> State<Tensor> {
        let State { position, velocity, attitude, rate } = state;
        let time = self.time_step;
        let faster = velocity + acceleration * time;
        let middle = rate + self.angular_acceleration(rate, control.torque) * (time / 2.0);
        State {
            position: position + (velocity + faster) * (time / 2.0),
            velocity: faster,
            attitude: attitude * Rotation::from_rotvec(middle * time),
            rate: rate + self.angular_acceleration(middle, control.torque) * time,
        }
    }

    /// `v' = R e_z thrust / m - drag v / m - g e_z`.
    fn acceleration(&self, state: State<Tensor>, thrust: Tensor) -> Tensor {
        let axis = state.attitude.apply(vector(thrust, [0.0, 0.0, 1.0]));
        let weight = vector(thrust, [0.0, 0.0, self.gravity]);
        axis * (thrust / self.mass).expand_dims(-1) - state.velocity * (self.drag / self.mass) - weight
    }

    /// `w' = J^-1 (torque - w x J w)`.
    fn angular_acceleration(&self, rate: Tensor, torque: Tensor) -> Tensor {
        (torque - self.gyroscopic(rate)) / vector(rate, self.inertia)
    }

    /// `w x J w`.
    pub fn gyroscopic(&self, rate: Tensor) -> Tensor {
        rate.cross(rate * vector(rate, self.inertia))
    }
}
