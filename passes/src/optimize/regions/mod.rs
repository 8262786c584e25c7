//! Functions in functions: passes inside of them, and what crosses their edges.
//!
//! A loop or branch that has nothing to do is gone, one that would not end too; none is made to run that would not have.

mod flow;
mod hoist;
mod short;
mod sink;
mod trim;

pub use hoist::hoist;

use super::simplify::rebuild;
use super::{cse, dce, fold, simplify};
use rotrace_ir::graph::{Function, GraphBuilder, Op, Scan, ValueId, While};
use rotrace_ir::{Scalar, Shape};
use std::sync::Arc;

/// Runs all passes on the functions inside of loops and branches, writes out loops of one iteration, takes into loops what is
/// cheap and done with all that they stack, takes out of loops what every iteration computes alike, and drops what crosses the
/// edge of a function for nothing.
#[must_use]
pub fn regions(function: &Function) -> Function {
    if !function.nodes.iter().any(|node| node.op.is_region()) {
        return function.clone();
    }
    // Before, so that what is known outside is known inside; and behind, for what turns out not to be needed.
    let function = &sink::sunk(&trim::trimmed(function));
    let inner = rebuild(function, |builder, node, operands| match with_functions(&node.op, optimized) {
        Some(op) => short::written_out(builder, &op, operands)
            .unwrap_or_else(|| builder.push_all(op, operands).expect("passes keep signatures")),
        None => builder.copy(function, node, operands),
    });
    trim::trimmed(&hoist(&inner))
}

/// The operation with other functions in it; `None` for one without functions to compile.
fn with_functions(op: &Op, mut change: impl FnMut(&Function) -> Function) -> Option<Op> {
    Some(match op {
        Op::Call(function) => Op::Call(Arc::new(change(function))),
        Op::Checkpoint(function) => Op::Checkpoint(Arc::new(change(function))),
        Op::Switch(branches) => Op::Switch(branches.iter().map(change).collect()),
        Op::While(looped) => {
            let (condition, body) = (change(&looped.condition), change(&looped.body));
            Op::While(Arc::new(While { condition, body, ..(**looped).clone() }))
        }
        Op::Scan(scan) => Op::Scan(Arc::new(Scan { body: change(&scan.body), ..(**scan).clone() })),
        _ => return None,
    })
}

/// One round; the pipeline comes again.
fn optimized(function: &Function) -> Function {
    dce(&cse(&fold(&simplify(&regions(function)))))
}

/// One number everywhere.
fn splat(builder: &mut GraphBuilder, number: Scalar, shape: &Shape) -> ValueId {
    let mut push = |op: Op, operands: &[ValueId]| builder.push(op, operands).expect("a number everywhere");
    let number = push(Op::constant(number), &[]);
    if shape.is_empty() {
        return number;
    }
    push(Op::Broadcast { shape: shape.clone(), axes: Vec::new() }, &[number])
}
