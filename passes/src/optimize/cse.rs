//! Common subexpression elimination.

use super::simplify::rebuild;
use rotrace_ir::graph::{Function, GraphBuilder, Node, NodeId, Op, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

/// Computes what is computed twice once, where it is computed first. Source lines do not matter for equality.
#[must_use]
pub fn cse(function: &Function) -> Function {
    // Nodes by the hash of what they compute; looked up only, so that the order of the map never shows.
    let mut seen: FxHashMap<u64, SmallVec<[NodeId; 1]>> = FxHashMap::default();
    seen.reserve(function.nodes.len());
    rebuild(function, |builder, node, operands| {
        let key = hash(&node.op, operands);
        let candidates = seen.entry(key).or_default();
        if let Some(known) = find(builder, candidates, node, operands) {
            return known;
        }
        candidates.push(NodeId(builder.function().nodes.len() as u32));
        builder.copy(function, node, operands)
    })
}

fn find(builder: &GraphBuilder, candidates: &[NodeId], node: &Node, operands: &[ValueId]) -> Option<Values> {
    let function = builder.function();
    let same = |&&candidate: &&NodeId| {
        let known = function.node(candidate);
        known.op == node.op && ordered(&known.op, &known.operands) == ordered(&node.op, operands)
    };
    candidates.iter().find(same).map(|&candidate| function.node(candidate).results.clone())
}

fn hash(op: &Op, operands: &[ValueId]) -> u64 {
    let mut hasher = FxHasher::default();
    op.hash(&mut hasher);
    ordered(op, operands).hash(&mut hasher);
    hasher.finish()
}

/// The operands in an order that does not depend on how a commutative operation was written.
fn ordered(op: &Op, operands: &[ValueId]) -> SmallVec<[ValueId; 3]> {
    let mut operands = SmallVec::from_slice(operands);
    if let Op::Scalar(op) = op
        && commutative(*op)
    {
        operands[..2].sort_unstable();
    }
    operands
}

/// Whether exchanging the first two operands gives the same bits.
fn commutative(op: ScalarOp) -> bool {
    matches!(
        op,
        ScalarOp::Add
            | ScalarOp::Multiply
            | ScalarOp::Fma
            | ScalarOp::Maximum
            | ScalarOp::Minimum
            | ScalarOp::Equal
            | ScalarOp::NotEqual
            | ScalarOp::And
            | ScalarOp::Or
            | ScalarOp::Xor
            | ScalarOp::MultiplyHigh
    )
}
