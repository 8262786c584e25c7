//! A geometric controller: Lee, Leok and McClamroch, "Geometric tracking control of a quadrotor UAV on SE(3)" (2010).
//!
//! The force that would correct position and velocity tells the thrust, and where the body's z axis has to point; the
//! torque turns it there. The desired attitude is the shortest turn of the z axis to the force after a turn about it by
//! the yaw (Brescianini and D'Andrea, "Tilt-prioritized quadrocopter attitude control", 2018), which is smooth
//! but for a force straight down. Everything is differentiable, with respect to states, references and gains.

use crate::model::{Control, Quadrotor, State, vector};
use rotrace::spatial::Rotation;
use rotrace::{Manifold, Tensor, Tree, constant, stack};

/// Where drones should be, and how they should move there.
#[derive(Clone, Copy, Debug, Tree, Manifold)]
pub struct Reference<T> {
    /// `[..., 3]`.
    pub position: T,
    /// `[..., 3]`.
    pub velocity: T,
    /// `[..., 3]`.
    pub acceleration: T,
    /// `[...]`, in radians.
    pub yaw: T,
}

/// Accelerations per error, `[...]` each, so that they do not depend on masses.
#[derive(Clone, Copy, Debug, Tree, Manifold)]
pub struct Gains<T> {
    pub position: T,
    pub velocity: T,
    pub attitude: T,
    pub rate: T,
}

impl Gains<f64> {
    /// Those that correct errors of position in about `1 / position` seconds, and of attitude in `1 / attitude`, with a
    /// little less than critical damping.
    pub fn of_frequencies(position: f64, attitude: f64) -> Self {
        const DAMPING: f64 = 0.9;
        Self {
            position: position * position,
            velocity: 2.0 * DAMPING * position,
            attitude: attitude * attitude,
            rate: 2.0 * DAMPING * attitude,
        }
    }

    /// As constants of a trace, in the element type of what they go with.
    pub fn traced(self, like: Tensor) -> Gains<Tensor> {
        let number = |gain: f64| like.dtype().map_or(constant(gain), |dtype| constant(gain).astype(dtype));
        Gains {
            position: number(self.position),
            velocity: number(self.velocity),
            attitude: number(self.attitude),
            rate: number(self.rate),
        }
    }
}

/// The part of the weight that a force is never taken to be smaller than, where its direction is asked for.
const LEAST_FORCE: f64 = 1e-3;

impl Quadrotor {
    /// The control that leads to the reference, within the limits of the drone.
    pub fn control(&self, gains: Gains<Tensor>, state: State<Tensor>, reference: Reference<Tensor>) -> Control<Tensor> {
        let force = self.wanted_force(gains, state, reference);
        let axis = state.attitude.apply(vector(force, [0.0, 0.0, 1.0]));
        let error = attitude_error(state.attitude, self.wanted_attitude(force, reference.yaw));
        let turn = error * gains.attitude.expand_dims(-1) + state.rate * gains.rate.expand_dims(-1);
        let torque = self.gyroscopic(state.rate) - turn * vector(turn, self.inertia);
        let limits = vector(torque, self.most_torque);
        Control { thrust: (force * axis).sum(-1).clip(0, self.most_thrust), torque: torque.clip(-limits, limits) }
    }

    /// `m (a + k_x (x_d - x) + k_v (v_d - v) + g e_z)`.
    fn wanted_force(&self, gains: Gains<Tensor>, state: State<Tensor>, reference: Reference<Tensor>) -> Tensor {
        let correction = (reference.position - state.position) * gains.position.expand_dims(-1)
            + (reference.velocity - state.velocity) * gains.velocity.expand_dims(-1);
        let weight = vector(correction, [0.0, 0.0, self.gravity]);
        (reference.acceleration + correction + weight) * self.mass
    }

    /// The attitude whose z axis has the direction of the force.
    fn wanted_attitude(&self, force: Tensor, yaw: Tensor) -> Rotation {
        let [x, y, z] = [0, 1, 2].map(|axis| force.component(axis));
        let least = LEAST_FORCE * self.mass * self.gravity;
        let length = (force.square().sum(-1) + least * least).sqrt();
        let zero = z.zeros_like();
        let tilt = Rotation::from_quat(stack([-y, x, zero, z + length], -1));
        tilt * Rotation::from_rotvec(stack([zero, zero, yaw + zero], -1))
    }
}

/// `(R_d^T R - R^T R_d) / 2` as a vector: the sine of the angle between both, along its axis, in body coordinates.
fn attitude_error(attitude: Rotation, wanted: Rotation) -> Tensor {
    let quat = (wanted.inv() * attitude).as_quat(false);
    quat.slice(-1, ..3) * quat.slice(-1, 3..) * 2
}
