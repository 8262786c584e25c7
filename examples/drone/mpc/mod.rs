//! Model predictive control: a fast figure of eight in wind, by a drone that is not as its model, planned again at every step.
//!
//! What a pilot does in a step is one compiled function, the solver's loop included: it takes 0.4 s of the reference and
//! adds to the thrust and torques of the controller what makes that go well, from the last solution on. A call of it
//! allocates nothing.

mod eight;
mod horizon;
mod pilot;
mod world;

pub use eight::Eight;
pub use pilot::Pilot;
pub use world::World;

use crate::controller::{Gains, Reference};
use crate::flight::at_rest;
use crate::model::Quadrotor;
use horizon::STEPS;
use pilot::Memory;
use rotrace::{Array, Error, Options};
use std::ops::Range;
use std::time::Instant;

/// A state, a control and a push.
const HELD: &str = "f64[3], f64[3], f64[4], f64[3], f64, f64[3], f64[3]";

/// The frequencies of the controller, for all pilots.
const FREQUENCIES: (f64, f64) = (6.0, 28.0);

/// What a flight after a reference was like, step by step.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// Where the drone was after each step, and where it should have been.
    pub positions: Vec<[f64; 3]>,
    pub wanted: Vec<[f64; 3]>,
    /// Nanoseconds of each call of the pilot.
    pub nanoseconds: Vec<f64>,
    /// How often the solver stepped.
    pub iterations: Vec<u32>,
}

impl Followed {
    /// Metres from the reference, after each step.
    pub fn errors(&self) -> Vec<f64> {
        let squared = |(a, b): (&[f64; 3], &[f64; 3])| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        self.positions.iter().zip(&self.wanted).map(|pair| squared(pair).sqrt()).collect()
    }

    /// The root of the mean of squares of the errors, and the largest one.
    pub fn rms_and_most(&self) -> (f64, f64) {
        let errors = self.errors();
        let squares = errors.iter().map(|error| error * error).sum::<f64>();
        ((squares / errors.len() as f64).sqrt(), errors.into_iter().fold(0.0, f64::max))
    }

    /// So many steps about that with the largest error.
    pub fn worst(&self, count: usize) -> Range<usize> {
        let errors = self.errors();
        let worst = (0..errors.len()).max_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
        let first = worst.saturating_sub(count / 2).min(errors.len().saturating_sub(count));
        first..(first + count).min(errors.len())
    }
}

/// The numbers of a reference, row after row, one at the end of each step.
struct Rows {
    position: Vec<f64>,
    velocity: Vec<f64>,
    acceleration: Vec<f64>,
}

impl Rows {
    fn new(eight: &Eight, steps: usize, time_step: f64) -> Self {
        let rows: Vec<_> = (1..=steps).map(|step| eight.at(step as f64 * time_step)).collect();
        let [position, velocity, acceleration] = [0, 1, 2].map(|part| rows.iter().flat_map(|row| row[part]).collect());
        Self { position, velocity, acceleration }
    }

    /// Copies the rows from a step on.
    fn copy(&self, step: usize, reference: &mut Reference<Array>) -> Result<(), Error> {
        let part = |to: &mut Array, from: &[f64]| {
            let to = to.as_mut_slice::<f64>()?;
            to.copy_from_slice(&from[3 * step..][..to.len()]);
            Ok::<_, Error>(())
        };
        part(&mut reference.position, &self.position)?;
        part(&mut reference.velocity, &self.velocity)?;
        part(&mut reference.acceleration, &self.acceleration)
    }
}

/// Follows a figure of eight for so many steps.
pub fn follow(
    pilot: Pilot,
    (model, eight): (Quadrotor, &Eight),
    world: &World,
    steps: usize,
    options: &Options,
    mut each: impl FnMut(),
) -> Result<Followed, Error> {
    let handle = pilot.compile(model, Gains::of_frequencies(FREQUENCIES.0, FREQUENCIES.1), options)?;
    let moved = world.compile(options)?;
    let rows = Rows::new(eight, steps + STEPS, model.time_step);
    let ahead = || Array::zeros(&[STEPS, 3]);
    let references =
        Reference { position: ahead()?, velocity: ahead()?, acceleration: ahead()?, yaw: Array::zeros(&[STEPS])? };
    let mut given = (Memory::new()?, (at_rest(eight.at(0.0)[0]), references));
    let mut found = handle.call(&given)?;
    let mut followed = Followed::default();
    for step in 0..steps {
        let begin = Instant::now();
        rows.copy(step, &mut given.1.1)?;
        handle.call_into(&given, &mut found)?;
        followed.nanoseconds.push(begin.elapsed().as_nanos() as f64);
        std::mem::swap(&mut given.0, &mut found.0);
        let push = Array::from(world.push(step as f64 * model.time_step));
        given.1.0 = moved.call(&(given.1.0, found.1.clone(), push))?;
        let reached = given.1.0.position.as_slice::<f64>()?;
        followed.positions.push([reached[0], reached[1], reached[2]]);
        followed.wanted.push(eight.at((step + 1) as f64 * model.time_step)[0]);
        followed.iterations.push(found.2.as_slice::<i64>()?[0] as u32);
        each();
    }
    Ok(followed)
}
