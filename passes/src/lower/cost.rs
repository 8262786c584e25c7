//! What computing an element of a value takes, roughly.

use rotrace_ir::graph::{Function, Node, Op, ValueId};

/// From so many operations on, an element is better loaded than computed again in every iteration of a loop.
const DEAR: u32 = 32;

/// The cost of an operation that is expanded into core operations.
const EXPANDED: u32 = 16;

/// Which values are dear to compute anew from memory: parameters, constants, and the results of long reductions. What
/// operands share counts for each of them, so that long formulas are found to be dear without a search.
pub(super) fn dear_values(function: &Function) -> Vec<bool> {
    let mut costs: Vec<u32> = vec![0; function.values.len()];
    for node in &function.nodes {
        let cost = cost(function, node, &costs);
        for &value in &node.results {
            costs[value.0 as usize] = cost;
        }
    }
    costs.into_iter().map(|cost| cost >= DEAR).collect()
}

fn cost(function: &Function, node: &Node, costs: &[u32]) -> u32 {
    let operands = node.operands.iter().map(|id| costs[id.0 as usize]);
    let sum = |operands: &mut dyn Iterator<Item = u32>| operands.fold(0_u32, u32::saturating_add);
    match &node.op {
        Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } => 0,
        Op::Scalar(op) => {
            let dtype = node.operands.last().map(|&id: &ValueId| function.ty(id).dtype);
            let own = if dtype.is_none_or(|dtype| op.is_core(dtype)) { 1 } else { EXPANDED };
            sum(&mut operands.chain([own]))
        }
        Op::Reduce { .. } if super::domain::taken_in(function, node) == 1 => 0,
        Op::Reduce { .. } | Op::ScatterAdd { .. } => {
            let taken = u32::try_from(super::domain::taken_in(function, node)).unwrap_or(u32::MAX);
            sum(&mut operands.chain([1])).saturating_mul(taken)
        }
        // One of the operands.
        Op::Concatenate { .. } | Op::Pad { .. } => operands.max().unwrap_or(0),
        Op::Cast(_)
        | Op::Bitcast(_)
        | Op::Reshape { .. }
        | Op::Broadcast { .. }
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Reverse { .. }
        | Op::DotGeneral { .. }
        | Op::Take { .. }
        | Op::Custom(_)
        | Op::StopGradient => sum(&mut { operands }),
        // Their results are stored.
        Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) | Op::Native(_) => 0,
    }
}
