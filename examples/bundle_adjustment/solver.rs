//! Levenberg-Marquardt: steps of the damped normal equations, kept if they lower the sum of squared errors.

use crate::model::Model;
use crate::normal::Normal;
use crate::problem::{Problem, Rotations};
use std::io;
use std::time::{Duration, Instant};

/// The refinement ends when the sum of squares falls, or could fall, by less than this part of itself.
const TOLERANCE: f64 = 1e-10;

const MOST_ITERATIONS: usize = 200;
const FIRST_DAMPING: f64 = 1e-3;

/// With more damping a step no longer changes the digits of the unknowns.
const MOST_DAMPING: f64 = 1e16;

/// The state after an iteration.
#[derive(Debug)]
pub struct Progress {
    pub iteration: usize,
    /// The root of the sum of squared errors per observation, in pixels.
    pub error: f64,
    /// The damping of the step that was tried.
    pub damping: f64,
    pub trial: Trial,
    pub time: Duration,
}

/// What became of a step.
#[derive(Clone, Copy, Debug)]
pub enum Trial {
    /// There was none yet.
    Start,
    /// The damped system could not be factored.
    Singular,
    /// The decrease was this part of the predicted one, and the step is kept.
    Accepted(f64),
    /// The sum of squares rose, fell by this part of the prediction.
    Rejected(f64),
}

/// Why a refinement failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(
        "the error at the start is not finite: some point lies in the plane of a camera, or the noise is too large"
    )]
    NotFinite,
    #[error("no progress: no step lowers the error, even at damping {damping:.0e}, after {iterations} iterations")]
    NoProgress { iterations: usize, damping: f64 },
    #[error("not converged after {0} iterations")]
    NotConverged(usize),
    #[error(transparent)]
    Rotrace(#[from] rotrace::Error),
    #[error("cannot write the table: {0}")]
    Output(#[from] io::Error),
}

/// Moves `problem` to a minimum of the reprojection error, and reports each iteration.
pub fn refine(
    problem: &mut Problem,
    model: &mut Model,
    rotations: &Rotations,
    report: &mut dyn FnMut(&Progress) -> io::Result<()>,
) -> Result<(), Failure> {
    let start = Instant::now();
    let mut cost = model.evaluate(problem)?;
    if !cost.is_finite() {
        return Err(Failure::NotFinite);
    }
    let mut normal = Normal::assemble(problem, model)?;
    let mut damping = Damping { value: FIRST_DAMPING, growth: 2.0 };
    let count = problem.views.len() as f64;
    let error = |cost: f64| (cost / count).sqrt();
    let time = start.elapsed();
    report(&Progress { iteration: 0, error: error(cost), damping: damping.value, trial: Trial::Start, time })?;
    for iteration in 1..=MOST_ITERATIONS {
        let (start, used) = (Instant::now(), damping.value);
        let mut converged = false;
        let trial = match normal.solve(used) {
            None => Trial::Singular,
            Some((step, predicted)) => {
                let candidate = problem.moved(&step, rotations)?;
                let reached = model.evaluate(&candidate)?;
                let gain = (cost - reached) / predicted;
                converged = predicted.max((cost - reached).abs()) <= TOLERANCE * cost;
                if gain > 0.0 {
                    (*problem, cost) = (candidate, reached);
                    normal = Normal::assemble(problem, model)?;
                    Trial::Accepted(gain)
                } else {
                    Trial::Rejected(gain)
                }
            }
        };
        damping.update(trial);
        report(&Progress { iteration, error: error(cost), damping: used, trial, time: start.elapsed() })?;
        if converged {
            return Ok(());
        }
        if damping.value > MOST_DAMPING {
            return Err(Failure::NoProgress { iterations: iteration, damping: used });
        }
    }
    Err(Failure::NotConverged(MOST_ITERATIONS))
}

/// The damping, by the rule of Nielsen, "Damping parameter in Marquardt's method" (1999).
struct Damping {
    value: f64,
    growth: f64,
}

impl Damping {
    fn update(&mut self, trial: Trial) {
        match trial {
            Trial::Start => {}
            Trial::Accepted(gain) => {
                self.value *= (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 3.0);
                self.growth = 2.0;
            }
            Trial::Rejected(_) | Trial::Singular => {
                self.value *= self.growth;
                self.growth *= 2.0;
            }
        }
    }
}
