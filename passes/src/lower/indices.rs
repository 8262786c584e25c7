//! Long index lists as pieces: `take` and `scatter_add` in terms of slices, so that no list is unrolled into code.
//!
//! A list is cut into *runs* of constant difference (`3, 4, 5`, `9, 7, 5`, `2, 2, 2`), each of which is a slice, reversed
//! or broadcast. Most lists that programs use are a few runs; one without any order costs a store for each index, and more
//! than [`MOST_PIECES`] of those are refused.

use super::decompose::Rewriter;
use rotrace_ir::Scalar;
use rotrace_ir::dim::{Dim, Shape};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Op, Reduction, ValueId};
use std::sync::Arc;

/// The most pieces that an index list may be cut into.
const MOST_PIECES: usize = 1 << 14;

/// Indices `first, first + difference, ...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u64,
    difference: i64,
    length: u64,
}

/// The longest runs, taken from the front. A single index has the difference 1.
fn runs(indices: &[u64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &index in indices {
        if let Some(run) = runs.last_mut() {
            let difference = index.wrapping_sub(run.first) as i64;
            if run.length == 1 {
                (run.difference, run.length) = (difference, 2);
                continue;
            }
            if difference == run.difference.wrapping_mul(run.length as i64) {
                run.length += 1;
                continue;
            }
        }
        runs.push(Run { first: index, difference: 1, length: 1 });
    }
    runs
}

fn check_pieces(what: &str, pieces: usize) -> Result<(), Violation> {
    if pieces <= MOST_PIECES {
        return Ok(());
    }
    let message = format!("{what}: the indices are {pieces} pieces without order, of which {MOST_PIECES} are possible");
    Err(Violation { constraint: "L1", message })
}

impl Rewriter {
    /// `take` of a long list: the runs one after the other.
    pub(super) fn long_take(&mut self, operand: ValueId, axis: usize, indices: &[u64]) -> Result<ValueId, Violation> {
        let runs = runs(indices);
        check_pieces("take", runs.len())?;
        let pieces = runs.iter().map(|run| self.run(operand, axis, *run)).collect::<Result<Vec<_>, _>>()?;
        self.join(axis, &pieces)
    }

    fn run(&mut self, operand: ValueId, axis: usize, run: Run) -> Result<ValueId, Violation> {
        let mut shape = self.ty(operand).shape;
        if run.difference == 0 {
            let one = self.part(operand, axis, (run.first, run.first + 1, 1))?;
            shape[axis] = Dim::fixed(run.length);
            let axes = (0..shape.len()).collect();
            return self.builder.push(Op::Broadcast { shape, axes }, &[one]);
        }
        let step = run.difference.unsigned_abs();
        let last = run.first.wrapping_add_signed(run.difference.wrapping_mul(run.length as i64 - 1));
        let piece = self.part(operand, axis, (run.first.min(last), run.first.max(last) + 1, step))?;
        if run.difference > 0 { Ok(piece) } else { self.builder.push(Op::Reverse { axes: vec![axis] }, &[piece]) }
    }

    /// From `start` to `limit` along an axis.
    fn part(
        &mut self,
        operand: ValueId,
        axis: usize,
        (first, end, stride): (u64, u64, u64),
    ) -> Result<ValueId, Violation> {
        let mut limit: Shape = self.ty(operand).shape;
        let (mut start, mut step) = (vec![0; limit.len()], vec![1; limit.len()]);
        (start[axis], limit[axis], step[axis]) = (first, Dim::fixed(end), stride);
        self.builder.push(Op::Slice { start, limit, step }, &[operand])
    }

    fn join(&mut self, axis: usize, pieces: &[ValueId]) -> Result<ValueId, Violation> {
        match pieces {
            [only] => Ok(*only),
            _ => self.builder.push(Op::Concatenate { axis }, pieces),
        }
    }

    /// `scatter_add` of a long list or to a long axis: where there is nothing, zeros; places with one slice each, a
    /// `take`; a place with several, their sum.
    pub(super) fn long_scatter_add(
        &mut self,
        operand: ValueId,
        axis: usize,
        indices: &[u64],
        size: u64,
    ) -> Result<ValueId, Violation> {
        let mut order: Vec<usize> = (0..indices.len()).collect();
        // Stable: the slices of one place stay in order.
        order.sort_by_key(|&from| indices[from]);
        let hits: Vec<&[usize]> = order.chunk_by(|&a, &b| indices[a] == indices[b]).collect();
        let mut pieces = Vec::new();
        let (mut next, mut place) = (0, 0);
        while let Some(group) = hits.get(next) {
            let target = indices[group[0]];
            if target > place {
                pieces.push(self.gap(operand, axis, target - place)?);
            }
            let single =
                hits[next..].iter().zip(target..).take_while(|(hit, at)| hit.len() == 1 && indices[hit[0]] == *at);
            let single = single.count();
            let sources = |hits: &[&[usize]]| -> Vec<u64> { hits.concat().iter().map(|&from| from as u64).collect() };
            if single > 0 {
                pieces.push(self.take(operand, axis, &sources(&hits[next..next + single]).into())?);
            } else {
                pieces.push(self.sum_of(operand, axis, &sources(&[group]).into())?);
            }
            next += single.max(1);
            place = target + single.max(1) as u64;
            check_pieces("scatter_add", pieces.len())?;
        }
        if place < size || pieces.is_empty() {
            pieces.push(self.gap(operand, axis, size - place)?);
        }
        self.join(axis, &pieces)
    }

    fn gap(&mut self, operand: ValueId, axis: usize, length: u64) -> Result<ValueId, Violation> {
        let mut ty = self.ty(operand);
        ty.shape[axis] = Dim::fixed(length);
        let zero = self.builder.push(Op::constant(Scalar::from_i64(ty.dtype, 0)), &[])?;
        self.builder.push(Op::Broadcast { shape: ty.shape, axes: Vec::new() }, &[zero])
    }

    fn sum_of(&mut self, operand: ValueId, axis: usize, sources: &Arc<[u64]>) -> Result<ValueId, Violation> {
        let slices = self.take(operand, axis, sources)?;
        let mut shape = self.ty(slices).shape;
        shape[axis] = Dim::fixed(1);
        let sum = self.reduce(slices, Reduction::Sum, &[axis])?;
        self.builder.push(Op::Reshape { shape }, &[sum])
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, runs};

    #[test]
    fn lists_are_cut_where_the_difference_changes() {
        let run = |first, difference, length| Run { first, difference, length };
        assert_eq!(runs(&[3, 4, 5, 9, 7, 5, 2, 2, 2]), [run(3, 1, 3), run(9, -2, 3), run(2, 0, 3)]);
        assert_eq!(runs(&[8]), [run(8, 1, 1)]);
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[0, 5, 1]), [run(0, 5, 2), run(1, 1, 1)]);
    }
}
