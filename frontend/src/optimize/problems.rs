//! The problems that a step works on at once, and what it computes for each of them.

use super::Report;
use crate::trace::{Mistake, record};
use crate::tree::{leaves, with_leaves};
use crate::{Dim, Shape, Tensor, Tree};
use std::panic::Location;

/// Independent problems, one for each index of the batch's axes; a single one without any.
///
/// A number of each problem is a tensor of the batch's shape, of the element type of the objective. The leaves of its
/// parameters have the batch's axes before their own.
#[derive(Clone, Debug)]
pub(super) struct Problems {
    name: &'static str,
    batch: Shape,
    /// Something of the batch's shape and the objective's type.
    like: Tensor,
}

impl Problems {
    /// Those of an objective: a batch of so many leading axes.
    pub(super) fn of(name: &'static str, objective: Tensor, batch_axes: usize) -> Self {
        let mut like = Tensor::POISON;
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(objective)?;
            let ty = recorder.ty(id);
            if ty.dtype.is_float() && ty.rank() >= batch_axes {
                like = objective;
                return Ok(id);
            }
            let operands = vec![recorder.display(id)];
            let message =
                format!("{name} takes an objective of floats with {batch_axes} axes or more, got {}", operands[0]);
            Err(Mistake { message, operands })
        });
        let batch: Shape = like.shape().into_iter().take(batch_axes).collect();
        let like = match like.dtype() {
            Some(dtype) => crate::zeros(dtype, batch.clone()),
            None => like,
        };
        Self { name, batch, like }
    }

    /// How many axes the batch has.
    pub(super) fn axes(&self) -> usize {
        self.batch.len()
    }

    /// `value` for every problem.
    pub(super) fn full(&self, value: f64) -> Tensor {
        self.like.full_like(value)
    }

    /// Whether a leaf has the axes of the batch first.
    fn leads(&self, leaf: Tensor) -> bool {
        leaf.shape().get(..self.axes()) == Some(&self.batch[..])
    }

    /// Records a mistake if a leaf of the parameters is not of the batch.
    pub(super) fn check<T: Tree<Tensor>>(&self, parameters: &T) {
        let mut found = leaves(parameters).into_iter().enumerate();
        if let Some((index, leaf)) = found.find(|&(_, leaf)| leaf.dtype().is_some() && !self.leads(leaf)) {
            record(Location::caller(), |recorder| {
                let ids = [recorder.resolve(leaf)?, recorder.resolve(self.like)?];
                let operands = ids.map(|id| recorder.display(id));
                let message = format!(
                    "{}: leaf {index} of the parameters is {}, without the leading axes of the objective, which is of a batch of \
                     problems like {}",
                    self.name, operands[0], operands[1]
                );
                Err(Mistake { message, operands: operands.into() })
            });
        }
    }

    /// Records a mistake unless a state has the leaves of `wanted`, in number and types.
    pub(super) fn check_state<S: Tree<Tensor>>(&self, state: &S, wanted: &S) {
        let (state, wanted) = (leaves(state), leaves(wanted));
        record(Location::caller(), |recorder| {
            if state.len() != wanted.len() {
                let (got, wanted) = (state.len(), wanted.len());
                return Err(self.mistake(&format!("the state has {got} leaves, but has to have {wanted}")));
            }
            for (index, (&got, &wanted)) in state.iter().zip(&wanted).enumerate() {
                let ids = [recorder.resolve(got)?, recorder.resolve(wanted)?];
                if recorder.ty(ids[0]) != recorder.ty(ids[1]) {
                    let [got, wanted] = ids.map(|id| recorder.display(id));
                    let what = format!("leaf {index} of the state is {got}, but has to be {wanted}: `start` makes it");
                    return Err(Mistake { operands: vec![got, wanted], ..self.mistake(&what) });
                }
            }
            recorder.resolve(self.like)
        });
    }

    /// Records a mistake of the method's configuration.
    pub(super) fn refuse(&self, what: &str) {
        record(Location::caller(), |_| Err(self.mistake(what)));
    }

    fn mistake(&self, what: &str) -> Mistake {
        Mistake::new(format!("{}: {what}", self.name))
    }

    /// A number of each problem, to go with a leaf of its parameters: with axes of size 1 for the leaf's own.
    fn beside(&self, number: Tensor, leaf: Tensor) -> Tensor {
        let mut shape = self.batch.clone();
        shape.resize(leaf.ndim().max(shape.len()), Dim::fixed(1));
        number.reshape(shape)
    }

    /// A leaf times a number of each problem, in the leaf's element type.
    pub(super) fn scaled(&self, leaf: Tensor, number: Tensor) -> Tensor {
        let number = self.beside(number, leaf);
        leaf * leaf.dtype().map_or(number, |dtype| number.astype(dtype))
    }

    /// `yes` for the problems where a condition holds, `no` for the others.
    pub(super) fn select<T: Tree<Tensor>>(&self, condition: Tensor, yes: &T, no: &T) -> T {
        let pairs = leaves(yes).into_iter().zip(leaves(no));
        with_leaves(no, pairs.map(|(yes, no)| self.beside(condition, no).select(yes, no)).collect())
    }

    /// The scalar products of two vectors in several leaves.
    pub(super) fn dot(&self, left: &[Tensor], right: &[Tensor]) -> Tensor {
        let products = left.iter().zip(right).map(|(&left, &right)| self.sum(self.float(left) * self.float(right)));
        products.reduce(|sum, product| sum + product).unwrap_or_else(|| self.full(0.0))
    }

    /// A leaf so many times along a new axis behind those of the batch.
    pub(super) fn repeated(&self, leaf: Tensor, count: usize) -> Tensor {
        let mut shape = leaf.shape();
        shape.insert(self.axes().min(shape.len()), Dim::fixed(count as u64));
        leaf.expand_dims(self.axes() as i64).broadcast_to(shape)
    }

    /// In the element type of the objective.
    fn float(&self, tensor: Tensor) -> Tensor {
        self.like.dtype().map_or(tensor, |dtype| tensor.astype(dtype))
    }

    /// The sum over all axes behind those of the batch.
    pub(super) fn sum(&self, tensor: Tensor) -> Tensor {
        let axes: Vec<i64> = (self.axes() as i64..tensor.ndim() as i64).collect();
        if axes.is_empty() { tensor } else { tensor.sum(&axes[..]) }
    }

    /// What a step reports that has no damping.
    pub(super) fn report(
        &self,
        cost: Tensor,
        gradient_norm: Tensor,
        step_norm: Tensor,
        accepted: Tensor,
    ) -> Report<Tensor> {
        Report { cost, gradient_norm, step_norm, damping: self.full(0.0), accepted }
    }
}

/// The square root, whose derivative at 0 is taken as 0.
pub(super) fn root(squared: Tensor) -> Tensor {
    let is_zero = squared.equal(0);
    is_zero.select(0, is_zero.select(1, squared).sqrt())
}

/// Each leaf with that at its place in another list.
pub(super) fn pairwise(left: &[Tensor], right: &[Tensor], mut f: impl FnMut(Tensor, Tensor) -> Tensor) -> Vec<Tensor> {
    left.iter().zip(right).map(|(&left, &right)| f(left, right)).collect()
}
