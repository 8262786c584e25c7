//! Losses that large residuals weigh less in than squares.

use super::problems::root;
use crate::Tensor;

/// What is minimised of the residuals: half the sum of `rho(s)` over blocks with the squared length `s`.
///
/// Steps weigh each block by `rho'(s)`, the derivative (iteratively reweighted least squares); second derivatives of `rho`
/// are left out, so that the normal equations stay positive. The names and formulas are those of
/// `scipy.optimize.least_squares`, with its `f_scale` as the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// `rho(s) = s`: least squares.
    #[default]
    Linear,
    /// Squares up to the scale, then growing with the length: `rho(s) = s`, or `2 scale sqrt(s) - scale^2` from `scale^2`
    /// on.
    Huber {
        /// The length from which a residual counts as large.
        scale: f64,
    },
    /// Growing with the logarithm: `rho(s) = scale^2 log(1 + s / scale^2)`.
    Cauchy {
        /// The length from which a residual counts as large.
        scale: f64,
    },
}

impl Loss {
    /// What is wrong with it.
    pub(super) fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Linear => None,
            Self::Huber { scale } | Self::Cauchy { scale } => {
                (!(scale.is_finite() && scale > 0.0)).then_some("the scale of a loss has to be positive and finite")
            }
        }
    }

    /// `rho(s)`.
    pub(super) fn rho(self, squared: Tensor) -> Tensor {
        match self {
            Self::Linear => squared,
            Self::Huber { scale } => {
                let small = squared.less_equal(scale * scale);
                small.select(squared, root(squared) * (2.0 * scale) - scale * scale)
            }
            Self::Cauchy { scale } => (squared / (scale * scale)).log1p() * (scale * scale),
        }
    }

    /// `rho'(s)`; `None` if it is 1 everywhere.
    pub(super) fn weight(self, squared: Tensor) -> Option<Tensor> {
        match self {
            Self::Linear => None,
            Self::Huber { scale } => {
                let small = squared.less_equal(scale * scale);
                Some(small.select(1, squared.full_like(scale) / small.select(1, squared).sqrt()))
            }
            Self::Cauchy { scale } => Some((squared / (scale * scale) + 1).reciprocal()),
        }
    }
}
