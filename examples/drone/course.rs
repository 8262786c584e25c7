//! A course: gates to be flown through, a smooth path through waypoints, and what a flight costs.
//!
//! A path is linear in its waypoints: positions, velocities and accelerations at all times are matrices times the
//! waypoints, so that these can be what an optimiser moves.

use crate::model::{Control, Quadrotor, State, vector};
use rotrace::Tensor;

/// An opening to be flown through, along its normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    pub centre: [f64; 3],
    /// Of unit length and horizontal.
    pub normal: [f64; 3],
    /// Half of its width and height.
    pub half_size: f64,
}

impl Gate {
    /// A gate that is flown through in the horizontal direction of an angle.
    pub fn facing(centre: [f64; 3], angle: f64) -> Self {
        let (sine, cosine) = angle.sin_cos();
        Self { centre, normal: [cosine, sine, 0.0], half_size: 0.6 }
    }

    /// Its corners in order.
    pub fn corners(&self) -> [[f64; 3]; 4] {
        let [x, y, _] = self.normal;
        let corner = |side: f64, up: f64| {
            let [a, b, c] = self.centre;
            [a - side * y * self.half_size, b + side * x * self.half_size, c + up * self.half_size]
        };
        [corner(1.0, 1.0), corner(-1.0, 1.0), corner(-1.0, -1.0), corner(1.0, -1.0)]
    }
}

/// Gates in the order in which they are flown through, between a start and a goal at rest.
#[derive(Clone, Debug)]
pub struct Course {
    pub start: [f64; 3],
    pub gates: Vec<Gate>,
    pub goal: [f64; 3],
    /// Seconds from one gate to the next, and from the start and to the goal.
    pub leg_time: f64,
}

impl Default for Course {
    /// A slalom that climbs and comes back.
    fn default() -> Self {
        Self {
            start: [0.0, 0.0, 1.0],
            gates: vec![
                Gate::facing([3.0, 1.5, 1.5], 0.5),
                Gate::facing([6.0, -1.0, 2.5], -0.4),
                Gate::facing([9.0, 1.5, 1.8], 0.6),
                Gate::facing([8.0, 4.5, 3.0], 2.6),
                Gate::facing([4.0, 4.5, 2.0], 3.1),
            ],
            goal: [0.0, 3.0, 1.0],
            leg_time: 1.2,
        }
    }
}

impl Course {
    /// The start, the centres of the gates, and the goal.
    pub fn waypoints(&self) -> Vec<[f64; 3]> {
        let centres = self.gates.iter().map(|gate| gate.centre);
        std::iter::once(self.start).chain(centres).chain([self.goal]).collect()
    }

    /// How many steps of so many seconds a flight takes.
    pub fn steps(&self, time_step: f64) -> usize {
        (self.leg_time * (self.gates.len() + 1) as f64 / time_step).round() as usize
    }

    /// The step after which the drone should be at each gate.
    pub fn passing_steps(&self, time_step: f64) -> Vec<usize> {
        (1..=self.gates.len()).map(|gate| (self.leg_time * gate as f64 / time_step).round() as usize).collect()
    }

    /// The path through the waypoints at the end of each step: matrices `[steps][waypoints]` that give positions,
    /// velocities and accelerations.
    ///
    /// Between neighbours it is the cubic of Hermite, with the velocity at each inner waypoint from the one before to
    /// the one after it (Catmull and Rom), and 0 at both ends.
    pub fn path(&self, time_step: f64) -> [Vec<Vec<f64>>; 3] {
        let count = self.gates.len() + 2;
        let mut matrices = [Vec::new(), Vec::new(), Vec::new()];
        for step in 1..=self.steps(time_step) {
            let place = (step as f64 * time_step / self.leg_time).min((count - 1) as f64);
            let leg = (place.floor() as usize).min(count - 2);
            let weights = hermite(place - leg as f64);
            let mut time_scale = 1.0;
            for (matrix, [from, to, slope_from, slope_to]) in matrices.iter_mut().zip(weights) {
                let mut row = vec![0.0; count];
                row[leg] += from * time_scale;
                row[leg + 1] += to * time_scale;
                for (waypoint, weight) in [(leg, slope_from), (leg + 1, slope_to)] {
                    if (1..count - 1).contains(&waypoint) {
                        row[waypoint + 1] += weight * time_scale / 2.0;
                        row[waypoint - 1] -= weight * time_scale / 2.0;
                    }
                }
                matrix.push(row);
                time_scale /= self.leg_time;
            }
        }
        matrices
    }
}

/// The weights of both ends and of the slopes there, at a place in `[0, 1]`, with their first and second derivatives.
fn hermite(t: f64) -> [[f64; 4]; 3] {
    let (t2, t3) = (t * t, t * t * t);
    [
        [2.0 * t3 - 3.0 * t2 + 1.0, 3.0 * t2 - 2.0 * t3, t3 - 2.0 * t2 + t, t3 - t2],
        [6.0 * (t2 - t), 6.0 * (t - t2), 3.0 * t2 - 4.0 * t + 1.0, 3.0 * t2 - 2.0 * t],
        [12.0 * t - 6.0, 6.0 - 12.0 * t, 6.0 * t - 4.0, 6.0 * t - 2.0],
    ]
}

/// What a step costs, `[...]`: turning, and forces other than that of hovering.
pub fn effort(drone: &Quadrotor, state: State<Tensor>, control: Control<Tensor>) -> Tensor {
    let thrust = (control.thrust / (drone.mass * drone.gravity) - 1).square();
    let torque = (control.torque / vector(control.torque, drone.most_torque)).square().sum(-1);
    (thrust * 0.1 + torque * 0.1 + state.rate.square().sum(-1) * 1e-3) * drone.time_step
}

/// What a flight costs beside its effort, `[...]`: where the drone is when it should pass each gate, of positions and
/// centres `[..., gates, 3]`, and how it arrives.
pub fn misses_and_arrival(positions: Tensor, centres: Tensor, last: State<Tensor>, goal: Tensor) -> Tensor {
    misses(positions, centres) + arrival(last, goal)
}

/// What it costs to be off the centres of gates when passing, of positions and centres `[..., gates, 3]`: the sum `[...]`
/// of squared distances.
fn misses(positions: Tensor, centres: Tensor) -> Tensor {
    (positions - centres).square().sum([-2, -1])
}

/// What it costs, `[...]`, not to be at rest at the goal in the end.
pub fn arrival(state: State<Tensor>, goal: Tensor) -> Tensor {
    (state.position - goal).square().sum(-1) + state.velocity.square().sum(-1) * 0.1
}
