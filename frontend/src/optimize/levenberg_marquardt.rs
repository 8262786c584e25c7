//! The method of Levenberg and Marquardt.

use super::least_squares::{Model, Residuals, length, moved, unstepped};
use super::minimizer::{Method, Minimizer, Stepped};
use super::problems::Problems;
use super::{Loss, Report};
use crate::spatial::epsilon;
use crate::{Manifold, Tensor, Traced, Tree};

/// Least squares by damped steps: of the linearised problem with `damping` times the diagonal of its matrix added, after
/// Marquardt, "An algorithm for least-squares estimation of nonlinear parameters" (1963). A step that does not lower the
/// cost is not taken. The damping follows the ratio of the decrease to the predicted one, by the rule of Nielsen, "Damping
/// parameter in Marquardt's method" (1999).
///
/// Each of a batch of problems has its own damping and takes its own steps: `batch_axes` leading axes of the residuals
/// count them, and the leaves of the parameters have the same leading axes. All other axes of the residuals are summed
/// over, of any size, named or not. The parameters of a problem move in at most 16 directions, as the sizes of a step say:
/// 6 for a rigid transform.
///
/// The normal equations are solved by [`cholesky_solve`](crate::linear::cholesky_solve): where the Jacobian lacks rank,
/// some parameters stay. Squares of the condition of the Jacobian beyond the precision of the element type, 1e-16 or
/// 1e-7, count as lack of rank.
///
/// With a [`Loss`] that is not linear, `block_axes` trailing axes of the residuals form one block, whose length counts:
/// 0 for each number by itself, 1 for points with errors `[..., 3]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevenbergMarquardt {
    /// How many leading axes of the residuals count independent problems.
    pub batch_axes: usize,
    /// How many trailing axes of the residuals are one block to the loss.
    pub block_axes: usize,
    /// What is minimised of the residuals.
    pub loss: Loss,
    /// The damping of the first step, relative to the diagonal.
    pub damping: f64,
}

impl Default for LevenbergMarquardt {
    /// Least squares of one problem, at a damping of 1e-3 to begin with.
    fn default() -> Self {
        Self { batch_axes: 0, block_axes: 0, loss: Loss::Linear, damping: 1e-3 }
    }
}

/// The state of [`LevenbergMarquardt`], one number for each problem.
#[derive(Clone, Copy, Debug, Tree)]
pub struct LevenbergMarquardtState<T> {
    /// The damping of the next step.
    pub damping: T,
    /// What the damping is multiplied by if that step is rejected.
    pub growth: T,
}

/// The least and the most damping. With the most, a step is so short that only rounding errors keep the cost from falling;
/// more would be far to come back from when new data need longer steps.
const DAMPING: [f64; 2] = [1e-20, 1e8];

/// The most growth at once.
const MOST_GROWTH: f64 = 1e6;

/// A decrease of less than so many units in the last place of the cost cannot be told from rounding errors.
const UNRESOLVED: f64 = 16.0;

impl LevenbergMarquardt {
    /// Minimises half the sum of squared residuals `[batch..., out...]`, or of another [`Loss`] of them.
    #[track_caller]
    #[must_use]
    pub fn minimize<'a, P: Manifold + 'a, D: Tree<Tensor> + Clone + 'a>(
        self,
        residuals: &Traced<'a, (P, D), Tensor>,
    ) -> Minimizer<'a, P, LevenbergMarquardtState<Tensor>, D> {
        Minimizer::new(self, residuals)
    }
}

impl<P: Manifold> Method<P> for LevenbergMarquardt {
    const NAME: &'static str = "LevenbergMarquardt";
    type State = LevenbergMarquardtState<Tensor>;

    fn refusal(&self) -> Option<&'static str> {
        let [least, most] = DAMPING;
        if !(least..=most).contains(&self.damping) {
            return Some("the damping has to be from 1e-20 to 1e8");
        }
        self.loss.refusal()
    }

    fn batch_axes(&self, _: Tensor) -> usize {
        self.batch_axes
    }

    fn start(&self, problems: &Problems, _: &P) -> Self::State {
        LevenbergMarquardtState { damping: problems.full(self.damping), growth: problems.full(2.0) }
    }

    fn step(
        &self,
        problems: &Problems,
        residuals: &Traced<'_, P, Tensor>,
        parameters: P,
        state: Self::State,
    ) -> Stepped<P, Self::State> {
        let sum = Residuals { block_axes: self.block_axes, loss: self.loss };
        let Some(model) = sum.model(problems, residuals, &parameters) else { return unstepped(parameters, state) };
        let step = model.step(Some(state.damping));
        let candidate = moved(problems, &parameters, &step);
        let reached = sum.cost(problems, residuals.call_traced(candidate.clone()));
        let (accepted, next) = judged(&model, &step, model.cost - reached, state);
        let report = Report {
            cost: model.cost,
            gradient_norm: model.gradient_norm(),
            step_norm: length(&step),
            damping: state.damping,
            accepted,
        };
        (problems.select(accepted, &candidate, &parameters), next, report)
    }
}

/// Whether a step with some decrease of the cost is taken, and the state after it.
///
/// Nothing here is more than a comparison with a NaN: a problem whose cost or step is not finite keeps its parameters.
fn judged(
    model: &Model,
    step: &[Tensor],
    decrease: Tensor,
    state: LevenbergMarquardtState<Tensor>,
) -> (Tensor, LevenbergMarquardtState<Tensor>) {
    // Twice the decrease that the model predicts: step . (damping * diagonal * step - gradient).
    let parts = step.iter().zip(&model.gradient).zip(model.diagonal());
    let parts = parts.map(|((&step, &gradient), diagonal)| step * ((diagonal * state.damping) * step - gradient));
    let predicted = parts.reduce(|sum, part| sum + part).map_or(Tensor::POISON, |sum| sum * 0.5);
    let rounding = model.cost * (UNRESOLVED * epsilon(model.cost));
    // Near the minimum a step may promise less than can be seen in the cost, or change nothing. It is taken if it does no
    // visible harm, and says nothing about the damping.
    let unseen = predicted.less_equal(rounding) | decrease.equal(0);
    let seen = predicted.greater(rounding) & !unseen;
    let gain = decrease / seen.select(predicted, 1);
    let good = seen & gain.greater(0);
    let harmless = unseen & decrease.greater_equal(-rounding);
    let cubed = {
        let excess = good.select(gain, 1) * 2 - 1;
        excess * excess * excess
    };
    let factor = good.select((-cubed + 1).maximum(1.0 / 3.0), state.growth);
    let [least, most] = DAMPING;
    let next = LevenbergMarquardtState {
        damping: seen.select((state.damping * factor).clip(least, most), state.damping),
        growth: seen.select(good.select(2, (state.growth * 2).minimum(MOST_GROWTH)), state.growth),
    };
    (good | harmless, next)
}
