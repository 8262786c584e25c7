//! Adam, and with decoupled weight decay AdamW.

use super::first_order::{self, Gradient};
use super::minimizer::{Method, Minimizer, Stepped};
use super::problems::{Problems, pairwise, root};
use super::state::state_tree;
use crate::tree::{leaves, with_leaves};
use crate::{Manifold, Tensor, Traced, Tree};

/// Adam: steps of the mean gradient, each number over the root of its mean square. Kingma and Ba, "Adam: a method for
/// stochastic optimization" (2015). With `weight_decay` it is AdamW: Loshchilov and Hutter, "Decoupled weight decay
/// regularization" (2019).
///
/// The means are over past steps with decaying weights; they are corrected for their start at 0 by the same mean of 1,
/// which is what `1 - decay^steps` is, without its rounding error. On a manifold the means are of tangents, number by
/// number.
///
/// A step with a gradient that is not finite is not taken: that problem stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The length of a step in each number, about.
    pub rate: f64,
    /// How much of the mean gradient stays, from 0 to below 1.
    pub first_decay: f64,
    /// How much of the mean square of the gradient stays, from 0 to below 1.
    pub second_decay: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// How much of `rate * parameters` each step takes off them, of leaves that have the shape of their steps; a rotation
    /// or rigid transform does not decay.
    pub weight_decay: f64,
}

impl Default for Adam {
    /// The values of the paper: a rate of 0.001, decays of 0.9 and 0.999, epsilon 1e-8; no weight decay.
    fn default() -> Self {
        Self { rate: 1e-3, first_decay: 0.9, second_decay: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// The state of [`Adam`].
#[derive(Clone, Copy, Debug)]
pub struct AdamState<T, V> {
    /// The rate of each problem, for a loop to change.
    pub rate: T,
    /// The weights of the past in the two means.
    pub weights: [T; 2],
    /// The mean gradient.
    pub first: V,
    /// The mean square of the gradient.
    pub second: V,
}

state_tree!(AdamState { rate, weights, first, second });

impl Adam {
    /// Minimises a loss `[batch...]`, one number for each problem.
    #[track_caller]
    #[must_use]
    pub fn minimize<'a, P: Manifold + 'a, D: Tree<Tensor> + Clone + 'a>(
        self,
        loss: &Traced<'a, (P, D), Tensor>,
    ) -> Minimizer<'a, P, AdamState<Tensor, P::Tangent>, D> {
        Minimizer::new(self, loss)
    }

    /// What the weight decay takes off: added to the step.
    fn decayed<P: Manifold>(
        &self,
        problems: &Problems,
        parameters: &P,
        rate: Tensor,
        step: Vec<Tensor>,
    ) -> Vec<Tensor> {
        let coordinates = leaves(parameters);
        if self.weight_decay == 0.0 || coordinates.len() != step.len() {
            return step;
        }
        pairwise(&coordinates, &step, |coordinates, step| match coordinates.shape() == step.shape() {
            true => step - problems.scaled(coordinates, rate * self.weight_decay),
            false => step,
        })
    }
}

impl<P: Manifold> Method<P> for Adam {
    const NAME: &'static str = "Adam";
    type State = AdamState<Tensor, P::Tangent>;

    fn refusal(&self) -> Option<&'static str> {
        let is_decay = |decay: f64| (0.0..1.0).contains(&decay);
        if !is_decay(self.first_decay) || !is_decay(self.second_decay) {
            return Some("the decays have to be from 0 to below 1");
        }
        if !self.rate.is_finite() || !self.weight_decay.is_finite() {
            return Some("the rate and the weight decay have to be finite");
        }
        let is_positive = self.epsilon.is_finite() && self.epsilon > 0.0;
        (!is_positive).then_some("epsilon has to be positive and finite")
    }

    fn batch_axes(&self, loss: Tensor) -> usize {
        loss.ndim()
    }

    fn start(&self, problems: &Problems, parameters: &P) -> Self::State {
        AdamState {
            rate: problems.full(self.rate),
            weights: [problems.full(0.0), problems.full(0.0)],
            first: parameters.zero_tangent(),
            second: parameters.zero_tangent(),
        }
    }

    fn step(
        &self,
        problems: &Problems,
        loss: &Traced<'_, P, Tensor>,
        parameters: P,
        state: Self::State,
    ) -> Stepped<P, Self::State> {
        let gradient = Gradient::of(problems, loss, &parameters);
        let decays = [self.first_decay, self.second_decay];
        let mean = |decay: f64, past: Tensor, now: Tensor| past * decay + now * (1.0 - decay);
        let weights: [Tensor; 2] =
            std::array::from_fn(|which| mean(decays[which], state.weights[which], problems.full(1.0)));
        let first = pairwise(&leaves(&state.first), &gradient.leaves, |past, now| mean(decays[0], past, now));
        let second =
            pairwise(&leaves(&state.second), &gradient.leaves, |past, now| mean(decays[1], past, now.square()));
        // The corrections of both means, once for each problem rather than for each number.
        let (length, spread) = (-state.rate / weights[0], weights[1].sqrt().reciprocal());
        let step = pairwise(&first, &second, |first, second| {
            problems.scaled(first, length) / (problems.scaled(root(second), spread) + self.epsilon)
        });
        let step = self.decayed(problems, &parameters, state.rate, step);
        let next = AdamState {
            rate: state.rate,
            weights,
            first: with_leaves(&state.first, first),
            second: with_leaves(&state.second, second),
        };
        first_order::taken(problems, &gradient, (parameters, state), step, next)
    }
}
