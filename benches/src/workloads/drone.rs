//! A quadrotor simulated through many steps, with the gradient of its cost.

use super::Refusal;
use crate::Workload;
use rotrace::spatial::Rotation;
use rotrace::{Tensor, constant, scan, stack, trace};

/// Numbers of the model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Seconds of a step.
    pub step: f64,
    /// Kilograms.
    pub mass: f64,
    /// Metres per square second.
    pub gravity: f64,
    /// Weight of the controls in the cost.
    pub effort: f64,
}

impl Model {
    /// From the parameters of a case, by name.
    ///
    /// # Errors
    /// The parameter that is missing.
    pub fn new(parameter: &dyn Fn(&str) -> Option<f64>) -> Result<Self, Refusal> {
        let number = |name: &'static str| parameter(name).ok_or(Refusal::Missing(name));
        Ok(Self { step: number("dt")?, mass: number("mass")?, gravity: number("gravity")?, effort: number("effort")? })
    }
}

/// What flights are about, in the order of the workload's arguments.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    /// Thrust and torques, `[t, n, 4]`.
    pub controls: Tensor,
    /// Position, velocity, attitude and angular velocity in body coordinates, `[n, ...]` each.
    pub start: (Tensor, Tensor, Rotation, Tensor),
    /// Where to be after each step, `[t, 1, 3]`.
    pub reference: Tensor,
    /// `[3, 3]`.
    pub inertia: Tensor,
    /// `[3, 3]`.
    pub inverse_inertia: Tensor,
}

/// The summed cost of all flights and its gradient with respect to all controls.
#[must_use]
pub fn value_and_gradient(model: Model) -> Workload<8, 2> {
    Workload {
        function: trace(move |[controls, position, velocity, quat, rate, reference, inertia, inverse]: [Tensor; 8]| {
            let cost = trace(move |controls: Tensor| {
                let start = (position, velocity, Rotation::from_parts(quat), rate);
                cost(model, Flight { controls, start, reference, inertia, inverse_inertia: inverse })
            });
            let (value, gradient): (Tensor, Tensor) = cost.value_and_grad().call_traced(controls);
            [value, gradient]
        }),
        arguments: [
            ("u", "[t, n, 4]"),
            ("p0", "[n, 3]"),
            ("v0", "[n, 3]"),
            ("q0", "[n, 4]"),
            ("w0", "[n, 3]"),
            ("ref", "[t, 1, 3]"),
            ("J", "[3, 3]"),
            ("Jinv", "[3, 3]"),
        ],
        results: |[controls, ..]| [vec![], controls.to_vec()],
    }
}

/// The summed cost of all flights. Each carries its own, so that they do not meet before the end.
#[must_use]
pub fn cost(model: Model, flight: Flight) -> Tensor {
    let Flight { controls, start, reference, inertia, inverse_inertia } = flight;
    let none = start.0.component(0) * 0.0;
    let gravity = constant([0.0, 0.0, model.gravity]);
    let gravity = controls.dtype().map_or(gravity, |dtype| gravity.astype(dtype));
    let step = |((position, velocity, attitude, rate), total): ((Tensor, Tensor, Rotation, Tensor), Tensor),
                (control, reference): (Tensor, Tensor)| {
        let thrust = control.slice(-1, 0..1) / model.mass;
        let momentum = product(inertia, rate);
        let torque = control.slice(-1, 1..4) - rate.cross(momentum);
        let rate = rate + product(inverse_inertia, torque) * model.step;
        let attitude = attitude * Rotation::from_rotvec(rate * model.step);
        let up = attitude.as_matrix().component(2);
        let velocity = velocity + (up * thrust - gravity) * model.step;
        let position = position + velocity * model.step;
        let miss = position - reference;
        let total = total + (miss * miss).sum(-1) + (control * control).sum(-1) * model.effort;
        (((position, velocity, attitude, rate), total), ())
    };
    let ((_, total), ()) = scan((start, none), (controls, reference), step);
    total.sum(())
}

/// `matrix @ vector` for each row of `vectors`.
fn product(matrix: Tensor, vectors: Tensor) -> Tensor {
    let row = |row: i64| (matrix.index(0, row) * vectors).sum(-1);
    stack([row(0), row(1), row(2)], -1)
}
