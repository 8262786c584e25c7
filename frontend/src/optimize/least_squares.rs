//! Least squares linearised: what Gauss-Newton and Levenberg-Marquardt have in common.

use super::Loss;
use super::minimizer::Stepped;
use super::problems::{Problems, root};
use crate::linear::{Factors, MOST_UNKNOWNS};
use crate::tree::{leaves, with_leaves};
use crate::{Manifold, Tensor, Traced, Tree, stack};

/// How residuals make a cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Residuals {
    pub(super) block_axes: usize,
    pub(super) loss: Loss,
}

/// The quadratic model `cost + gradient . step + step . matrix step / 2` of each problem.
pub(super) struct Model {
    pub(super) cost: Tensor,
    /// One number for each direction.
    pub(super) gradient: Vec<Tensor>,
    /// The lower triangle, row by row.
    pub(super) matrix: Vec<Vec<Tensor>>,
}

impl Residuals {
    /// The squared lengths of the blocks, with axes of size 1 in the place of their own.
    fn squared(self, problems: &Problems, residual: Tensor) -> Tensor {
        let rank = residual.ndim();
        let Some(first) = rank.checked_sub(self.block_axes).filter(|&first| first >= problems.axes()) else {
            problems.refuse("the residuals have fewer axes than a batch and a block together");
            return Tensor::POISON;
        };
        let axes: Vec<i64> = (first..rank).map(|axis| axis as i64).collect();
        if axes.is_empty() { residual.square() } else { residual.square().sum_keepdims(&axes[..]) }
    }

    /// The cost of each problem.
    pub(super) fn cost(self, problems: &Problems, residual: Tensor) -> Tensor {
        problems.sum(self.loss.rho(self.squared(problems, residual))) * 0.5
    }

    /// The model at the given parameters; `None` after a mistake.
    pub(super) fn model<P: Manifold>(
        self,
        problems: &Problems,
        residuals: &Traced<'_, P, Tensor>,
        parameters: &P,
    ) -> Option<Model> {
        let directions = Directions::of(problems, parameters)?;
        let residual = residuals.call_traced(parameters.clone());
        let jacobian = residuals.tangent().jacobian(problems.axes()).call_traced(parameters.clone());
        let columns = directions.columns(&leaves(&jacobian));
        let weight = self.loss.weight(self.squared(problems, residual));
        let weighted = |tensor: Tensor| weight.map_or(tensor, |weight| tensor * weight);
        let right = weighted(residual);
        let gradient = columns.iter().map(|&column| problems.sum(column * right)).collect();
        let row = |(place, &column): (usize, &Tensor)| {
            let column = weighted(column);
            columns[..=place].iter().map(|&other| problems.sum(column * other)).collect()
        };
        let matrix = columns.iter().enumerate().map(row).collect();
        Some(Model { cost: self.cost(problems, residual), gradient, matrix })
    }
}

impl Model {
    /// The step to the minimum, with `damping` times the diagonal added to the matrix.
    pub(super) fn step(&self, damping: Option<Tensor>) -> Vec<Tensor> {
        let mut matrix = self.matrix.clone();
        if let Some(damping) = damping {
            let diagonals = matrix.iter_mut().filter_map(|row| row.last_mut());
            diagonals.for_each(|diagonal| *diagonal = diagonal.fma(damping, *diagonal));
        }
        Factors::of(&matrix).solve(&self.gradient).into_iter().map(|number| -number).collect()
    }

    /// The diagonal of the matrix.
    pub(super) fn diagonal(&self) -> impl Iterator<Item = Tensor> {
        self.matrix.iter().filter_map(|row| row.last().copied())
    }

    /// The length of the gradient.
    pub(super) fn gradient_norm(&self) -> Tensor {
        length(&self.gradient)
    }
}

/// The length of a vector of numbers.
pub(super) fn length(vector: &[Tensor]) -> Tensor {
    let squares = vector.iter().map(|&number| number.square());
    squares.reduce(|sum, square| sum + square).map_or(Tensor::POISON, root)
}

/// What a method gives after a mistake: nothing of use.
pub(super) fn unstepped<P, S>(parameters: P, state: S) -> Stepped<P, S> {
    let none = Tensor::POISON;
    let report = super::Report { cost: none, gradient_norm: none, step_norm: none, damping: none, accepted: none };
    (parameters, state, report)
}

/// The parameters after a step of one number for each direction.
pub(super) fn moved<P: Manifold>(problems: &Problems, parameters: &P, step: &[Tensor]) -> P {
    let Some(directions) = Directions::of(problems, parameters) else { return parameters.clone() };
    parameters.clone().retract(directions.tangent(&parameters.zero_tangent(), step))
}

/// The directions in which the parameters of a problem move: for each leaf of a tangent, how many axes of its own it has,
/// and how many elements they have.
struct Directions {
    leaves: Vec<(usize, usize)>,
}

impl Directions {
    /// `None` after a mistake, as if there are too many.
    fn of<P: Manifold>(problems: &Problems, parameters: &P) -> Option<Self> {
        let zero = leaves(&parameters.zero_tangent());
        if zero.iter().any(|leaf| leaf.dtype().is_none()) {
            return None;
        }
        let own = |leaf: &Tensor| {
            let shape = leaf.shape();
            let own = shape.get(problems.axes()..).unwrap_or_default();
            let multiplied = own
                .iter()
                .try_fold(1_usize, |product, dim| product.checked_mul(usize::try_from(dim.as_fixed()?).ok()?));
            Some((own.len(), multiplied?))
        };
        let leaves: Option<Vec<_>> = zero.iter().map(own).collect();
        let total =
            leaves.as_ref().and_then(|all| all.iter().try_fold(0_usize, |sum, &(_, size)| sum.checked_add(size)));
        if let Some(1..=MOST_UNKNOWNS) = total {
            return leaves.map(|leaves| Self { leaves });
        }
        let count = total.map_or_else(|| "a named number of".to_owned(), |total| total.to_string());
        problems.refuse(&format!(
            "the parameters of a problem move in {count} directions, but equations are solved for 1 to {MOST_UNKNOWNS}"
        ));
        None
    }

    /// The blocks `[batch..., out..., in...]` of a Jacobian as one `[batch..., out...]` for each direction.
    fn columns(&self, jacobian: &[Tensor]) -> Vec<Tensor> {
        let blocks = jacobian.iter().zip(&self.leaves);
        let columns = blocks.flat_map(|(block, &(axes, size))| {
            let block = block.reshape_last(axes, [size]);
            (0..size).map(move |direction| block.component(direction as i64))
        });
        columns.collect()
    }

    /// The tangent of one number for each direction.
    fn tangent<T: Tree<Tensor>>(&self, zero: &T, mut numbers: &[Tensor]) -> T {
        let shaped = leaves(zero).into_iter().zip(&self.leaves).map(|(leaf, &(_, size))| {
            let (own, rest) = numbers.split_at(size.min(numbers.len()));
            numbers = rest;
            match leaf.dtype() {
                Some(dtype) if !own.is_empty() => stack(own.iter().copied(), -1).reshape(leaf.shape()).astype(dtype),
                Some(_) | None => leaf,
            }
        });
        let shaped = shaped.collect();
        with_leaves(zero, shaped)
    }
}
