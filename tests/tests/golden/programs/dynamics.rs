//! Chains of rotations: integration, a rigid body, smoothness, a drone.

use super::{Arguments, Definition, whole};
use rotrace::spatial::Rotation;
use rotrace::{Tensor, constant};
use rotrace_bench::workloads::drone::{self, Flight, Model};

pub(super) const PROGRAMS: &[Definition] = &[
    whole("integrate_loss", &["om", "q0"], &["dt", "e", "target"], integrate_loss),
    whole("rigid_body_sim", &["om0", "q0", "tau"], &["J", "Jinv", "dt", "e", "rho", "target"], rigid_body_sim),
    whole("smoothness", &["V"], &[], smoothness),
    whole(
        "drone_cost",
        &["u"],
        &["p0", "v0", "q0", "w0", "ref", "J", "Jinv", "dt", "mass", "gravity", "effort"],
        drone_cost,
    ),
];

/// The sum of the distances along steps with given angular velocities.
fn integrate_loss(x: &Arguments<'_>) -> Tensor {
    let velocities = x.input("om");
    let mut rotation = x.quat("q0");
    let mut loss = velocities.sum(()).full_like(0);
    for step in 0..steps(velocities) {
        rotation = rotation * Rotation::from_rotvec(velocities.index(0, step) * x.number("dt"));
        loss = loss + x.distance(rotation);
    }
    loss
}

/// Euler's equations of a rigid body under torques, with semi-implicit steps.
fn rigid_body_sim(x: &Arguments<'_>) -> Tensor {
    let (inertia, inverse) = (constant(x.array("J")), constant(x.array("Jinv")));
    let (torques, dt) = (x.input("tau"), x.number("dt"));
    let (mut rotation, mut velocity) = (x.quat("q0"), x.input("om0"));
    for step in 0..steps(torques) {
        let gyroscopic = velocity.cross(inertia.matmul(velocity));
        velocity = velocity + inverse.matmul(torques.index(0, step) - gyroscopic) * dt;
        rotation = rotation * Rotation::from_rotvec(velocity * dt);
    }
    x.distance(rotation) + (velocity * velocity).sum(()) * x.number("rho")
}

/// The drone that is measured beside other systems.
fn drone_cost(x: &Arguments<'_>) -> Tensor {
    let model = Model {
        step: x.number("dt"),
        mass: x.number("mass"),
        gravity: x.number("gravity"),
        effort: x.number("effort"),
    };
    let array = |name: &str| constant(x.array(name));
    let start = (array("p0"), array("v0"), Rotation::from_parts(array("q0")), array("w0"));
    let [reference, inertia, inverse_inertia] = ["ref", "J", "Jinv"].map(array);
    drone::cost(model, Flight { controls: x.input("u"), start, reference, inertia, inverse_inertia })
}

/// The sum of the squared angles between successive rotations.
fn smoothness(x: &Arguments<'_>) -> Tensor {
    let quats = x.rotvec("V").as_quat(false);
    let [before, after] = [quats.slice(0, ..-1), quats.slice(0, 1..)].map(Rotation::from_unit_quat);
    let difference = (before.inv() * after).as_rotvec();
    (difference * difference).sum(())
}

/// The first size, which is a number here.
fn steps(tensor: Tensor) -> i64 {
    tensor.shape().first().and_then(|dim| dim.as_fixed()).map_or(0, |size| size as i64)
}
