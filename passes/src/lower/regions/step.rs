//! Loops, branches, native functions and large products as steps of the plan.

use super::super::memory::Memory;
use super::super::{Options, lower, matmul};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, NodeId, Op, ValueId};
use rotrace_ir::plan::{LoopStep, NativeStep, PlanBufferId, Step, SwitchStep, WhileStep};

/// The step of a node whose operands are in memory.
pub(in super::super) fn step(
    function: &Function,
    memory: &mut Memory,
    node: NodeId,
    options: Options,
) -> Result<Step, Violation> {
    let node = function.node(node);
    let lower = |body: &Function| lower(body, options);
    let mut buffers = |values: &[ValueId]| -> Vec<PlanBufferId> {
        values.iter().map(|&value| memory.home(function, value).buffer).collect()
    };
    let (operands, results) = (buffers(&node.operands), buffers(&node.results));
    Ok(match &node.op {
        Op::Switch(branches) => Step::Switch(Box::new(SwitchStep {
            selector: operands[0],
            branches: branches.iter().map(lower).collect::<Result<_, _>>()?,
            operands: operands[1..].to_vec(),
            results,
        })),
        Op::While(looped) => Step::While(Box::new(WhileStep {
            condition: lower(&looped.condition)?,
            body: lower(&looped.body)?,
            bound: looped.bound,
            initial: operands[..looped.carried].to_vec(),
            constants: operands[looped.carried..].to_vec(),
            carried: results,
        })),
        Op::Scan(scan) => {
            let (initial, rest) = operands.split_at(scan.carried);
            let (scanned, constants) = rest.split_at(scan.scanned);
            let (carried, stacked) = results.split_at(scan.carried);
            Step::Loop(Box::new(LoopStep {
                body: lower(&scan.body)?,
                length: scan.length,
                reverse: scan.reverse,
                initial: initial.to_vec(),
                scanned: scanned.to_vec(),
                constants: constants.to_vec(),
                carried: carried.to_vec(),
                stacked: stacked.to_vec(),
            }))
        }
        Op::Native(native) => Step::Native(NativeStep {
            name: native.name.clone(),
            inputs: node.operands.iter().map(|&id| function.ty(id).clone()).collect(),
            outputs: native.results.clone(),
            operands,
            results,
        }),
        Op::DotGeneral { batch, contract } => {
            let types = [0, 1].map(|place: usize| function.ty(node.operands[place]));
            Step::Matmul(matmul::step(types, (batch, contract), [operands[0], operands[1]], results[0]))
        }
        other => unreachable!("{} is no step of a plan", other.name()),
    })
}
