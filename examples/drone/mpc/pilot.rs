//! One step of a pilot as one traced function: to learn of the push, to plan again, and to act.

use super::horizon::{Ahead, KNOTS, STEPS, shifted, solver};
use crate::controller::{Gains, Reference};
use crate::model::{Control, Quadrotor, State};
use rotrace::optimize::LevenbergMarquardtState;
use rotrace::{Array, Compiled, Error, Options, Tensor, Tree, constant, trace, while_loop};

/// What a pilot does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pilot {
    /// Lets the controller do it all.
    Controller,
    /// Tells the controller what push it estimates.
    Estimator,
    /// Plans again what to add to that.
    Planner,
}

/// What a pilot keeps from step to step.
#[derive(Clone, Copy, Debug, Tree)]
pub struct Memory<T> {
    /// What is added to the controller at the knots, `[knots, 4]`: the solution of the last problem.
    knots: T,
    /// The damping of the solver.
    damping: LevenbergMarquardtState<T>,
    /// The acceleration `[3]` that the model does not explain.
    push: T,
    /// The velocity `[3]` that the model expects next.
    expected: T,
}

/// The memory, and the state with the references from now on; to the memory, the control, and how often the solver
/// stepped.
pub type Piloted =
    Compiled<(Memory<Tensor>, (State<Tensor>, Reference<Tensor>)), (Memory<Tensor>, Control<Tensor>, Tensor)>;

/// How much of what the model does not explain in a step counts as a push; states are known without noise.
const TRUST: f64 = 0.3;

/// The solver stops at a step of this length, in parts of the weight and of the largest torques, or after so many.
const STOP: (f64, i64) = (2e-3, 8);

impl Pilot {
    /// Compiles a step.
    pub fn compile(self, model: Quadrotor, gains: Gains<f64>, options: &Options) -> Result<Piloted, Error> {
        let step = trace(move |(memory, (state, references)): (Memory<Tensor>, (State<Tensor>, Reference<Tensor>))| {
            let push = match self {
                Self::Controller => memory.push,
                Self::Estimator | Self::Planner => {
                    memory.push + (state.velocity - memory.expected) * (TRUST / model.time_step)
                }
            };
            let memory = Memory { push, ..memory };
            let (memory, count) = match self {
                Self::Controller | Self::Estimator => (memory, constant(0_i64)),
                Self::Planner => memory.planned(model, gains, Ahead { state, push, references }),
            };
            let next = references.first().against(push);
            let control = model.control(gains.traced(push), state, next);
            let control = model.corrected(control, memory.knots.index(0, 0));
            let expected = model.step_pushed(state, control, push).velocity;
            (Memory { expected, ..memory }, control, count)
        });
        step.compile_with(&types()[..], options)
    }
}

impl Memory<Tensor> {
    /// The solution of a problem, from the last one a step later, and how often the solver stepped.
    fn planned(self, model: Quadrotor, gains: Gains<f64>, ahead: Ahead<Tensor>) -> (Self, Tensor) {
        let solver = solver(model, gains);
        let (least, most) = STOP;
        let start = (shifted(self.knots), self.damping, constant(0_i64), constant(f64::INFINITY));
        let (knots, damping, count, _) = while_loop(
            start,
            |(_, _, count, length)| length.greater(least) & count.less(most),
            |(knots, damping, count, _)| {
                let (knots, damping, report) = solver.step.call_traced((knots, damping, ahead));
                (knots, damping, count + 1, report.step_norm)
            },
        );
        (Self { knots, damping, ..self }, count)
    }
}

impl Memory<Array> {
    /// That of a pilot who has learnt and planned nothing yet, at rest.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            knots: Array::zeros(&[KNOTS, 4])?,
            damping: LevenbergMarquardtState { damping: Array::from(1e-3), growth: Array::from(2.0) },
            push: Array::from([0.0; 3]),
            expected: Array::from([0.0; 3]),
        })
    }
}

impl Reference<Tensor> {
    /// The first of many.
    fn first(self) -> Self {
        let first = |rows: Tensor| rows.index(0, 0);
        Self {
            position: first(self.position),
            velocity: first(self.velocity),
            acceleration: first(self.acceleration),
            yaw: first(self.yaw),
        }
    }
}

fn types() -> String {
    format!(
        "f64[{KNOTS}, 4], f64, f64, f64[3], f64[3], f64[3], f64[3], f64[4], f64[3], \
         f64[{STEPS}, 3], f64[{STEPS}, 3], f64[{STEPS}, 3], f64[{STEPS}]"
    )
}
