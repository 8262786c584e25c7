//! Which axes of a stored value become loops, and which are unrolled into registers.
//!
//! Everything unrolled is bounded: an axis, the elements of a value that one iteration computes, and the scalars that
//! their reductions take in. So the code grows with the graph alone, never with the sizes in it.

use rotrace_ir::Dim;
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::{Function, Node, Op};

/// The longest axis that is unrolled.
pub(super) const LONGEST_UNROLLED: u64 = 16;

/// The most elements that one iteration computes.
pub(super) const MOST_UNROLLED: u64 = 256;

/// The most scalars that the elements of one value may take in, if they are reductions.
pub(super) const MOST_REDUCED: u64 = 1024;

/// Whether an axis of this size is short enough to be unrolled.
pub(super) fn is_unrolled(dim: Dim) -> bool {
    dim.as_fixed().is_some_and(|size| size <= LONGEST_UNROLLED)
}

/// How many elements of its operand each element of a value takes in, where they are unrolled.
pub(super) fn taken_in(function: &Function, node: &Node) -> u64 {
    match &node.op {
        Op::Reduce { axes, .. } => {
            let dim = function.ty(node.operands[0]).shape[axes[0]];
            dim.as_fixed().filter(|_| is_unrolled(dim)).unwrap_or(1).max(1)
        }
        Op::ScatterAdd { indices, .. } => indices.len().max(1) as u64,
        Op::Parameter { .. }
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::Scalar(_)
        | Op::Cast(_)
        | Op::Bitcast(_)
        | Op::Reshape { .. }
        | Op::Broadcast { .. }
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concatenate { .. }
        | Op::Reverse { .. }
        | Op::DotGeneral { .. }
        | Op::Take { .. }
        | Op::Custom(_)
        | Op::StopGradient
        | Op::Call(_)
        | Op::Checkpoint(_)
        | Op::Switch(_)
        | Op::While(_)
        | Op::Scan(_)
        | Op::Native(_) => 1,
    }
}

/// Which axes of a shape are unrolled when a node stores it: the short trailing ones, and the axis whose elements do not
/// map to loads at loop indices (`take`, `scatter_add`; short after [`super::decompose`]).
pub(super) fn unrolled_axes(function: &Function, node: &Node, shape: &Shape) -> Vec<bool> {
    let mut unrolled = vec![false; shape.len()];
    let mut product = 1;
    if let Op::Take { axis, .. } | Op::ScatterAdd { axis, .. } = node.op {
        unrolled[axis] = true;
        product = shape[axis].as_fixed().unwrap_or(1).max(1);
    }
    let most = MOST_UNROLLED.min(MOST_REDUCED / taken_in(function, node));
    for (axis, dim) in shape.iter().enumerate().rev() {
        if unrolled[axis] {
            continue;
        }
        match dim.as_fixed() {
            Some(size) if size <= LONGEST_UNROLLED && product * size.max(1) <= most => {
                unrolled[axis] = true;
                product *= size.max(1);
            }
            _ => break,
        }
    }
    unrolled
}
