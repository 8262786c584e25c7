//! What an iteration computes that its way back would take long to compute again: stacked instead.
//!
//! The way back through an iteration starts with what it needs of the iteration itself. Little of that is worth a trip
//! through memory: products and sums of what is stacked anyway are computed again, in the time in which the way back waits
//! for cotangents. Elementary functions, quotients and long formulas are not. What costs at least [`DEAR`] operations from
//! what is known is stacked, first things first, so that what follows from it is cheap.

use crate::optimize::dce;
use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;

/// From so many operations on, a value is stacked.
const DEAR: u32 = 16;

/// What an operation costs that is expanded into core operations, roughly.
const EXPANDED: u32 = 24;

/// What a division or a square root costs.
const SLOW: u32 = 6;

/// A way back that takes what was stacked, and what gives that.
pub struct Residuals {
    /// The parameters of the way back, then what was stacked.
    pub back: Function,
    /// Of the parameters of the way back, what is stacked.
    pub stacked: Function,
}

/// Takes what is dear out of a way back, whose parameters are those of an iteration (`varying` ones first, that differ from
/// iteration to iteration, then constants, `all` together) and behind them cotangents.
pub fn residuals(back: Function, varying: usize, all: usize) -> Residuals {
    let chosen = chosen(&back, varying, all);
    let stacked = dce(&Function { results: chosen.clone(), ..back.clone() });
    if chosen.is_empty() {
        return Residuals { back, stacked };
    }
    let mut builder = GraphBuilder::new(back.name.clone(), back.dims.clone());
    for file in &back.files {
        builder.file(file);
    }
    let mut renamed: Vec<Option<ValueId>> = vec![None; back.values.len()];
    for &id in back.parameters.iter().chain(&chosen) {
        let parameter = builder.parameter(back.ty(id).clone()).expect("parameters come first");
        renamed[id.0 as usize] = Some(parameter);
    }
    for node in &back.nodes[back.parameters.len()..] {
        if node.results.iter().all(|id| renamed[id.0 as usize].is_some()) {
            continue;
        }
        builder.location = node.location;
        let operands: Values = node.operands.iter().filter_map(|id| renamed[id.0 as usize]).collect();
        let results = builder.copy(&back, node, &operands);
        node.results.iter().zip(results).for_each(|(id, result)| renamed[id.0 as usize] = Some(result));
    }
    let results = back.results.iter().filter_map(|id| renamed[id.0 as usize]).collect();
    Residuals { back: dce(&builder.finish(results)), stacked }
}

/// What a value of a way back depends on.
#[derive(Clone, Copy, Default)]
struct Origin {
    /// Something that differs from iteration to iteration.
    varies: bool,
    /// A cotangent.
    cotangent: bool,
}

/// The values to stack, in order.
fn chosen(back: &Function, varying: usize, all: usize) -> Vec<ValueId> {
    let mut origins = vec![Origin::default(); back.values.len()];
    for (place, id) in back.parameters.iter().enumerate() {
        origins[id.0 as usize] = Origin { varies: place < varying, cotangent: place >= all };
    }
    let mut needed = vec![false; back.values.len()];
    for node in &back.nodes[back.parameters.len()..] {
        let of_operands = || node.operands.iter().map(|id| origins[id.0 as usize]);
        let own = Origin {
            varies: of_operands().any(|origin| origin.varies),
            cotangent: of_operands().any(|origin| origin.cotangent),
        };
        node.results.iter().for_each(|id| origins[id.0 as usize] = own);
        if own.cotangent {
            for &operand in &node.operands {
                needed[unmoved(back, operand).0 as usize] = true;
            }
        }
    }
    let mut costs = vec![0_u32; back.values.len()];
    let mut chosen = Vec::new();
    for node in &back.nodes[back.parameters.len()..] {
        let cost = node.operands.iter().fold(own_cost(back, node), |sum, id| sum.saturating_add(costs[id.0 as usize]));
        for &id in &node.results {
            let Origin { varies, cotangent } = origins[id.0 as usize];
            // What a loop gives is not stacked: its checkpoints say what it stores.
            let stacks =
                needed[id.0 as usize] && varies && !cotangent && cost >= DEAR && node.op.functions().is_empty();
            costs[id.0 as usize] = if stacks { 0 } else { cost };
            if stacks {
                chosen.push(id);
            }
        }
    }
    chosen
}

/// The value of which this one only moves or repeats elements.
fn unmoved(function: &Function, mut id: ValueId) -> ValueId {
    loop {
        let node = function.definition(id);
        match node.op {
            Op::Broadcast { .. } | Op::Reshape { .. } | Op::Transpose { .. } | Op::Reverse { .. } => {
                id = node.operands[0];
            }
            _ => return id,
        }
    }
}

fn own_cost(function: &Function, node: &Node) -> u32 {
    match &node.op {
        Op::Scalar(ScalarOp::Divide | ScalarOp::Sqrt) => SLOW,
        Op::Scalar(op) => {
            let dtype = node.operands.last().map(|&id| function.ty(id).dtype);
            if dtype.is_none_or(|dtype| op.is_core(dtype)) { 1 } else { EXPANDED }
        }
        Op::Reduce { .. } | Op::DotGeneral { .. } | Op::ScatterAdd { .. } => 2,
        Op::Cast(_) | Op::Bitcast(_) => 1,
        Op::Parameter { .. }
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::Reshape { .. }
        | Op::Broadcast { .. }
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concatenate { .. }
        | Op::Reverse { .. }
        | Op::Take { .. }
        | Op::Native(_)
        | Op::Custom(_)
        | Op::StopGradient
        | Op::Call(_)
        | Op::Checkpoint(_)
        | Op::Switch(_)
        | Op::While(_)
        | Op::Scan(_) => 0,
    }
}
