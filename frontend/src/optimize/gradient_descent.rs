//! Gradient descent with momentum.

use super::first_order::{self, Gradient};
use super::minimizer::{Method, Minimizer, Stepped};
use super::problems::{Problems, pairwise};
use super::state::state_tree;
use crate::tree::{leaves, with_leaves};
use crate::{Manifold, Tensor, Traced, Tree};

/// Gradient descent with momentum: `velocity = momentum * velocity + gradient`, and a step of `-rate * velocity`; with
/// Nesterov's acceleration, of `-rate * (gradient + momentum * velocity)`, in the form of Sutskever, Martens, Dahl and
/// Hinton, "On the importance of initialization and momentum in deep learning" (2013), that optax and PyTorch have.
///
/// A step with a gradient that is not finite is not taken: that problem stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientDescent {
    /// The length of a step, for a gradient of length 1.
    pub rate: f64,
    /// How much of the velocity stays, from 0, plain gradient descent, to below 1.
    pub momentum: f64,
    /// Whether the gradient counts as if it were taken a step further on.
    pub nesterov: bool,
}

impl Default for GradientDescent {
    /// Without momentum, at a rate of 0.01.
    fn default() -> Self {
        Self { rate: 0.01, momentum: 0.0, nesterov: false }
    }
}

/// The state of [`GradientDescent`].
#[derive(Clone, Copy, Debug)]
pub struct GradientDescentState<T, V> {
    /// The rate of each problem, for a loop to change.
    pub rate: T,
    /// The decaying sum of gradients.
    pub velocity: V,
}

state_tree!(GradientDescentState { rate, velocity });

impl GradientDescent {
    /// Minimises a loss `[batch...]`, one number for each problem.
    #[track_caller]
    #[must_use]
    pub fn minimize<'a, P: Manifold + 'a, D: Tree<Tensor> + Clone + 'a>(
        self,
        loss: &Traced<'a, (P, D), Tensor>,
    ) -> Minimizer<'a, P, GradientDescentState<Tensor, P::Tangent>, D> {
        Minimizer::new(self, loss)
    }
}

impl<P: Manifold> Method<P> for GradientDescent {
    const NAME: &'static str = "GradientDescent";
    type State = GradientDescentState<Tensor, P::Tangent>;

    fn refusal(&self) -> Option<&'static str> {
        if !self.rate.is_finite() {
            return Some("the rate has to be finite");
        }
        (!(0.0..1.0).contains(&self.momentum)).then_some("the momentum has to be from 0 to below 1")
    }

    fn batch_axes(&self, loss: Tensor) -> usize {
        loss.ndim()
    }

    fn start(&self, problems: &Problems, parameters: &P) -> Self::State {
        GradientDescentState { rate: problems.full(self.rate), velocity: parameters.zero_tangent() }
    }

    fn step(
        &self,
        problems: &Problems,
        loss: &Traced<'_, P, Tensor>,
        parameters: P,
        state: Self::State,
    ) -> Stepped<P, Self::State> {
        let gradient = Gradient::of(problems, loss, &parameters);
        let velocity = pairwise(&leaves(&state.velocity), &gradient.leaves, |velocity, gradient| {
            velocity.fma(self.momentum, gradient)
        });
        let ahead = match self.nesterov {
            true => pairwise(&velocity, &gradient.leaves, |velocity, gradient| velocity.fma(self.momentum, gradient)),
            false => velocity.clone(),
        };
        let step = ahead.into_iter().map(|leaf| problems.scaled(leaf, -state.rate)).collect();
        let next = GradientDescentState { rate: state.rate, velocity: with_leaves(&state.velocity, velocity) };
        first_order::taken(problems, &gradient, (parameters, state), step, next)
    }
}
