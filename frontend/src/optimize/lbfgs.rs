//! L-BFGS: quasi-Newton steps from the last few changes of the gradient.

use super::first_order::Gradient;
use super::line_search::{Sample, Search};
use super::memory::Memory;
use super::minimizer::{Method, Minimizer, Stepped};
use super::problems::{Problems, pairwise, root};
use super::state::state_tree;
use crate::tree::{leaves, with_leaves};
use crate::{Manifold, Tensor, Traced, Tree, stack};

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno: Nocedal, "Updating quasi-Newton matrices with
/// limited storage" (1980), with a line search to the strong Wolfe conditions.
///
/// A step is one evaluation of the loss with its gradient. It ends an iteration (it is *accepted*, and the parameters move)
/// or tells the line search where to look next; each of a batch of problems is at its own place in its own search. The
/// first step evaluates the parameters that it is given and does not move them. The data have to stay the same from step
/// to step: when they change, begin with a new state.
///
/// Parameters never move to where the loss is higher, but for rounding errors, or where it is not finite. On a manifold,
/// steps and gradients of the past are kept as the tangents that they were.
///
/// Its steps are of any size and number; for a small number of residuals and directions,
/// [`LevenbergMarquardt`](super::LevenbergMarquardt) takes far fewer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// How many changes of the gradient are remembered.
    pub history: usize,
}

impl Default for Lbfgs {
    /// With a history of 10.
    fn default() -> Self {
        Self { history: 10 }
    }
}

/// The state of [`Lbfgs`].
#[derive(Clone, Copy, Debug)]
pub struct LbfgsState<T, V> {
    /// The loss at the parameters; infinite before the first step.
    pub cost: T,
    /// The line search under way, in 9 numbers along a last axis.
    pub search: T,
    /// The reciprocals of the scalar products of steps and changes, along a last axis; 0 for those that do not count.
    pub inverses: T,
    /// The gradient at the parameters.
    pub gradient: V,
    /// The direction of the line search.
    pub direction: V,
    /// Past steps, along an axis behind those of the batch, the last one first.
    pub steps: V,
    /// The changes of the gradient that they made.
    pub changes: V,
}

state_tree!(LbfgsState { cost, search, inverses, gradient, direction, steps, changes });

/// More is refused: the code grows with it.
const MOST_HISTORY: usize = 100;

impl Lbfgs {
    /// Minimises a loss `[batch...]`, one number for each problem.
    #[track_caller]
    #[must_use]
    pub fn minimize<'a, P: Manifold + 'a, D: Tree<Tensor> + Clone + 'a>(
        self,
        loss: &Traced<'a, (P, D), Tensor>,
    ) -> Minimizer<'a, P, LbfgsState<Tensor, P::Tangent>, D> {
        Minimizer::new(self, loss)
    }
}

impl<P: Manifold> Method<P> for Lbfgs {
    const NAME: &'static str = "Lbfgs";
    type State = LbfgsState<Tensor, P::Tangent>;

    fn refusal(&self) -> Option<&'static str> {
        (!(1..=MOST_HISTORY).contains(&self.history)).then_some("the history has to be from 1 to 100")
    }

    fn batch_axes(&self, loss: Tensor) -> usize {
        loss.ndim()
    }

    fn start(&self, problems: &Problems, parameters: &P) -> Self::State {
        let zero = problems.full(0.0);
        let zeros = leaves(&parameters.zero_tangent());
        let history: Vec<Tensor> = zeros.into_iter().map(|leaf| problems.repeated(leaf, self.history)).collect();
        let history = || with_leaves(&parameters.zero_tangent(), history.clone());
        LbfgsState {
            cost: problems.full(f64::INFINITY),
            search: Search::new(zero, zero, zero).stored(),
            inverses: stack(vec![zero; self.history], -1),
            gradient: parameters.zero_tangent(),
            direction: parameters.zero_tangent(),
            steps: history(),
            changes: history(),
        }
    }

    fn step(
        &self,
        problems: &Problems,
        loss: &Traced<'_, P, Tensor>,
        parameters: P,
        state: Self::State,
    ) -> Stepped<P, Self::State> {
        let (search, past) = (Search::loaded(state.search), leaves(&state.gradient));
        let direction = leaves(&state.direction);
        let step: Vec<Tensor> = direction.iter().map(|&leaf| problems.scaled(leaf, search.length)).collect();
        let trial = parameters.clone().retract(with_leaves(&state.direction, step.clone()));
        let found = Gradient::of(problems, loss, &trial);
        let at = Sample { length: search.length, cost: found.cost, slope: problems.dot(&found.leaves, &direction) };
        let verdict = search.judged(state.cost, at, found.finite & at.slope.isfinite());

        let reached = Point {
            cost: verdict.accepted.select(found.cost, state.cost),
            gradient: problems.select(verdict.accepted, &found.leaves, &past),
        };
        let change = pairwise(&found.leaves, &past, |now, past| now - past);
        let memory = Memory {
            size: self.history,
            inverses: state.inverses,
            steps: leaves(&state.steps),
            changes: leaves(&state.changes),
        };
        let memory = memory.with(problems, verdict.accepted, &step, &change).without(verdict.failed);
        let (turned, begun) = reached.searched_from(problems, &memory);
        let is_over = verdict.accepted | verdict.failed;

        let is_first = state.cost.isinf();
        let report = problems.report(
            is_first.select(found.cost, state.cost),
            root(is_first.select(found.squared, problems.dot(&past, &past))),
            root(problems.dot(&step, &step)),
            verdict.accepted,
        );
        let next = LbfgsState {
            cost: reached.cost,
            search: is_over.expand_dims(-1).select(begun.stored(), verdict.next.stored()),
            inverses: memory.inverses,
            gradient: with_leaves(&state.gradient, reached.gradient),
            direction: with_leaves(&state.direction, problems.select(is_over, &turned, &direction)),
            steps: with_leaves(&state.steps, memory.steps),
            changes: with_leaves(&state.changes, memory.changes),
        };
        (problems.select(verdict.accepted, &trial, &parameters), next, report)
    }
}

/// Where an iteration ends.
struct Point {
    cost: Tensor,
    gradient: Vec<Tensor>,
}

impl Point {
    /// The direction of the next iteration, and the search along it.
    fn searched_from(&self, problems: &Problems, memory: &Memory) -> (Vec<Tensor>, Search) {
        let direction = memory.direction(problems, &self.gradient);
        let slope = problems.dot(&self.gradient, &direction);
        // Rounding errors can turn a direction uphill.
        let is_down = slope.less(0);
        let squared = problems.dot(&self.gradient, &self.gradient);
        let steepest: Vec<Tensor> = self.gradient.iter().map(|&leaf| -leaf).collect();
        let direction = problems.select(is_down, &direction, &steepest);
        // A first step of length 1 at most, as nothing is known of the curvature.
        let is_scaled = is_down & !memory.is_empty();
        let careful = squared.greater(1).select(squared, 1).rsqrt();
        let search = Search::new(self.cost, is_down.select(slope, -squared), is_scaled.select(1, careful));
        (direction, search)
    }
}
