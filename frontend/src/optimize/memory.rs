//! The memory of L-BFGS: past steps with the changes of the gradient that they made.

use super::problems::{Problems, pairwise, root};
use crate::spatial::epsilon;
use crate::{Tensor, concat};

/// Pairs of a step and a change, the last one first, along an axis behind those of the batch.
pub(super) struct Memory {
    /// How many pairs there is room for.
    pub(super) size: usize,
    /// The reciprocals of the scalar products of the pairs; 0 for those that do not count.
    pub(super) inverses: Tensor,
    pub(super) steps: Vec<Tensor>,
    pub(super) changes: Vec<Tensor>,
}

/// The steps or the changes of one place.
fn at(problems: &Problems, leaves: &[Tensor], place: usize) -> Vec<Tensor> {
    leaves.iter().map(|leaf| leaf.index(problems.axes() as i64, place as i64)).collect()
}

impl Memory {
    /// With another pair in front where `condition` holds, and the pair has the curvature of a minimum.
    pub(super) fn with(self, problems: &Problems, condition: Tensor, step: &[Tensor], change: &[Tensor]) -> Self {
        let curvature = problems.dot(step, change);
        let lengths = root(problems.dot(step, step)) * root(problems.dot(change, change));
        let counts = condition & curvature.greater(lengths * epsilon(lengths));
        let kept = ..self.size as i64 - 1;
        let pushed =
            |axis: i64, first: Tensor, all: Tensor| concat([first.expand_dims(axis), all.slice(axis, kept)], axis);
        let axis = problems.axes() as i64;
        let push = |all: Vec<Tensor>, first: &[Tensor]| {
            let pushed = pairwise(first, &all, |first, all| pushed(axis, first, all));
            problems.select(counts, &pushed, &all)
        };
        let inverse = counts.select(curvature, 1).reciprocal();
        let inverses = problems.select(counts, &pushed(-1, inverse, self.inverses), &self.inverses);
        Self { size: self.size, inverses, steps: push(self.steps, step), changes: push(self.changes, change) }
    }

    /// Without all pairs where `condition` holds.
    pub(super) fn without(self, condition: Tensor) -> Self {
        Self { inverses: condition.expand_dims(-1).select(0, self.inverses), ..self }
    }

    /// Whether no pair counts.
    pub(super) fn is_empty(&self) -> Tensor {
        self.inverses.component(0).equal(0)
    }

    /// The quasi-Newton step for a gradient, by the recursion of Nocedal and Wright, "Numerical Optimization", section 7.2.
    pub(super) fn direction(&self, problems: &Problems, gradient: &[Tensor]) -> Vec<Tensor> {
        let pair = |place: usize| {
            let inverse = self.inverses.component(place as i64);
            (at(problems, &self.steps, place), at(problems, &self.changes, place), inverse)
        };
        let add = |vector: &[Tensor], other: &[Tensor], factor: Tensor| {
            pairwise(vector, other, |vector, other| vector + problems.scaled(other, factor))
        };
        let mut vector: Vec<Tensor> = gradient.iter().map(|&leaf| -leaf).collect();
        let mut factors = Vec::with_capacity(self.size);
        for place in 0..self.size {
            let (step, change, inverse) = pair(place);
            let factor = inverse * problems.dot(&step, &vector);
            vector = add(&vector, &change, -factor);
            factors.push(factor);
        }
        let (_, change, inverse) = pair(0);
        let is_empty = self.is_empty();
        let scale = is_empty.select(1, inverse * problems.dot(&change, &change)).reciprocal();
        vector = vector.into_iter().map(|leaf| problems.scaled(leaf, scale)).collect();
        for (place, factor) in factors.into_iter().enumerate().rev() {
            let (step, change, inverse) = pair(place);
            vector = add(&vector, &step, factor - inverse * problems.dot(&change, &vector));
        }
        vector
    }
}
