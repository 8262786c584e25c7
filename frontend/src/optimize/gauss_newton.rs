//! The method of Gauss and Newton.

use super::Loss;
use super::least_squares::{Residuals, length, moved, unstepped};
use super::minimizer::{Method, Minimizer, Stepped};
use super::problems::Problems;
use crate::{Manifold, Tensor, Traced, Tree};

/// Least squares by full steps to the minimum of the linearised problem: Nocedal and Wright, "Numerical Optimization",
/// section 10.3. It converges quadratically near a minimum with small residuals and may diverge elsewhere, where
/// [`LevenbergMarquardt`](super::LevenbergMarquardt) does not.
///
/// Everything about problems, sizes and losses is as there. A step to where the cost is not finite is not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GaussNewton {
    /// How many leading axes of the residuals count independent problems.
    pub batch_axes: usize,
    /// How many trailing axes of the residuals are one block to the loss.
    pub block_axes: usize,
    /// What is minimised of the residuals.
    pub loss: Loss,
}

impl GaussNewton {
    /// Minimises half the sum of squared residuals `[batch..., out...]`, or of another [`Loss`] of them.
    #[track_caller]
    #[must_use]
    pub fn minimize<'a, P: Manifold + 'a, D: Tree<Tensor> + Clone + 'a>(
        self,
        residuals: &Traced<'a, (P, D), Tensor>,
    ) -> Minimizer<'a, P, (), D> {
        Minimizer::new(self, residuals)
    }
}

impl<P: Manifold> Method<P> for GaussNewton {
    const NAME: &'static str = "GaussNewton";
    type State = ();

    fn refusal(&self) -> Option<&'static str> {
        self.loss.refusal()
    }

    fn batch_axes(&self, _: Tensor) -> usize {
        self.batch_axes
    }

    fn start(&self, _: &Problems, _: &P) {}

    fn step(&self, problems: &Problems, residuals: &Traced<'_, P, Tensor>, parameters: P, (): ()) -> Stepped<P, ()> {
        let sum = Residuals { block_axes: self.block_axes, loss: self.loss };
        let Some(model) = sum.model(problems, residuals, &parameters) else { return unstepped(parameters, ()) };
        let step = model.step(None);
        let candidate = moved(problems, &parameters, &step);
        let accepted = sum.cost(problems, residuals.call_traced(candidate.clone())).isfinite();
        let report = problems.report(model.cost, model.gradient_norm(), length(&step), accepted);
        (problems.select(accepted, &candidate, &parameters), (), report)
    }
}
