//! The problem that is solved again at every step: what to add to the controller, so that the next 0.4 s go well.

use crate::controller::{Gains, Reference};
use crate::model::{Quadrotor, State};
use rotrace::optimize::{LevenbergMarquardt, LevenbergMarquardtState, Minimizer};
use rotrace::{Array, Tensor, Traced, Tree, concat, constant, scan, trace};

/// What the problem is about.
#[derive(Clone, Copy, Debug, Tree)]
pub struct Ahead<T> {
    /// Now.
    pub state: State<T>,
    /// The acceleration `[3]` that the model does not explain, taken to stay.
    pub push: T,
    /// Where to be at the end of each step: `[t, ...]`.
    pub references: Reference<T>,
}

/// How many steps are looked ahead.
pub const STEPS: usize = 40;

/// When what is added changes its slope, in steps from now.
const PLACES: [f64; 4] = [0.0, 6.0, 16.0, 40.0];

/// How many knots there are: each has a thrust and three torques.
pub const KNOTS: usize = PLACES.len();

/// The weights of the knots at a place in steps from now; what is added is linear between them, and stays after the last.
fn weights(place: f64) -> [f64; KNOTS] {
    let mut weights = [0.0; KNOTS];
    let place = place.min(PLACES[KNOTS - 1]);
    let left = (1..KNOTS - 1).rfind(|&knot| PLACES[knot] <= place).unwrap_or(0);
    let part = (place - PLACES[left]) / (PLACES[left + 1] - PLACES[left]);
    weights[left] = 1.0 - part;
    weights[left + 1] = part;
    weights
}

/// What is added at the knots, one step later.
pub fn shifted(knots: Tensor) -> Tensor {
    blended(knots, PLACES.map(|place| place + 1.0))
}

/// What is added at places in steps from now: `[places, 4]`.
fn blended(knots: Tensor, places: impl IntoIterator<Item = f64>) -> Tensor {
    let weights: Vec<[f64; KNOTS]> = places.into_iter().map(weights).collect();
    (constant(Array::from(weights)).expand_dims(-1) * knots.expand_dims(0)).sum(-2)
}

/// Weights of errors of position in metres, of velocity in metres a second, of rates in radians a second, and of what is
/// added, which is in parts of the weight and of the largest torques.
const WEIGHTS: [f64; 4] = [1.0, 0.1, 0.01, 0.03];

/// The residuals `[t, 13]`.
fn residuals(drone: Quadrotor, gains: Gains<f64>) -> Traced<'static, (Tensor, Ahead<Tensor>), Tensor> {
    trace(move |(knots, ahead): (Tensor, Ahead<Tensor>)| {
        let gains = gains.traced(knots);
        let added = blended(knots, (0..STEPS).map(|step| step as f64));
        let (_, residuals) = scan(ahead.state, (ahead.references, added), |state, (reference, added)| {
            let control = drone.control(gains, state, reference.against(ahead.push));
            let next = drone.step_pushed(state, drone.corrected(control, added), ahead.push);
            let [position, velocity, rate, effort] = WEIGHTS;
            let parts = [
                (next.position - reference.position) * position,
                (next.velocity - reference.velocity) * velocity,
                next.rate * rate,
                added * effort,
            ];
            (next, concat(parts, -1))
        });
        residuals
    })
}

/// The solver.
pub type Solver = Minimizer<'static, Tensor, LevenbergMarquardtState<Tensor>, Ahead<Tensor>>;

/// The solver: what it moves is what is added at the knots, `[knots, 4]`.
pub fn solver(drone: Quadrotor, gains: Gains<f64>) -> Solver {
    LevenbergMarquardt::default().minimize(&residuals(drone, gains))
}

impl Reference<Tensor> {
    /// What to ask of the controller, so that the reference comes of it in spite of a push.
    pub fn against(self, push: Tensor) -> Self {
        Self { acceleration: self.acceleration - push, ..self }
    }
}
