//! What methods that go along gradients have in common.

use super::minimizer::Stepped;
use super::problems::{Problems, root};
use crate::tree::{leaves, with_leaves};
use crate::{Manifold, Tensor, Traced, Tree};

/// The loss of each problem, with its gradient.
pub(super) struct Gradient {
    pub(super) cost: Tensor,
    /// With respect to a step, leaf by leaf.
    pub(super) leaves: Vec<Tensor>,
    /// Its squared length.
    pub(super) squared: Tensor,
    /// Whether all of it is finite.
    pub(super) finite: Tensor,
}

impl Gradient {
    /// At the given parameters. A problem's loss depends on its own parameters only, so that the gradient of the sum is
    /// that of each.
    pub(super) fn of<P: Manifold>(problems: &Problems, loss: &Traced<'_, P, Tensor>, parameters: &P) -> Self {
        let ones = loss.call_traced(parameters.clone()).ones_like();
        let (cost, gradient) = loss.tangent().vjp().call_traced((parameters.clone(), ones));
        let leaves = leaves(&gradient);
        let squared = problems.dot(&leaves, &leaves);
        Self { cost, leaves, squared, finite: cost.isfinite() & squared.isfinite() }
    }
}

/// A step and the next state, for the problems whose gradients are finite; the others stay as they are.
pub(super) fn taken<P: Manifold, S: Tree<Tensor>>(
    problems: &Problems,
    gradient: &Gradient,
    (parameters, state): (P, S),
    step: Vec<Tensor>,
    next: S,
) -> Stepped<P, S> {
    // A step that is not taken is NaN at once, so that the length of the step waits for the gradient, as the parameters
    // do: both come from one pass over the step.
    let none: Vec<Tensor> = step.iter().map(|leaf| leaf.full_like(f64::NAN)).collect();
    let step = problems.select(gradient.finite, &step, &none);
    let norm = root(problems.dot(&step, &step));
    let moved = parameters.clone().retract(with_leaves(&parameters.zero_tangent(), step));
    let report = problems.report(gradient.cost, root(gradient.squared), norm, gradient.finite);
    let parameters = problems.select(gradient.finite, &moved, &parameters);
    (parameters, problems.select(gradient.finite, &next, &state), report)
}
