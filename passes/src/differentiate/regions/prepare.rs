//! Loops and calls in the form that reverse mode handles.

use super::super::vjp::{asked, varied};
use super::super::{DifferentiateError, place};
use super::nest::nested;
use crate::optimize::hoist;
use rotrace_ir::graph::{Checkpoint, Function, GraphBuilder, Node, Op, Scan, ValueId, Values, While};
use rotrace_ir::{Dim, Type};
use std::borrow::Cow;
use std::sync::Arc;

/// The function with calls inlined, what loops compute alike in every iteration taken out of them, `while` loops that the
/// chosen results are differentiated through as `scan`s of their bound, and such loops with checkpoints as loops in loops.
pub fn prepared<'f>(
    function: &'f Function,
    wrt: &[bool],
    chosen: &[bool],
) -> Result<Cow<'f, Function>, DifferentiateError> {
    if !function.nodes.iter().any(|node| node.op.is_region()) {
        return Ok(Cow::Borrowed(function));
    }
    // Calls may come out of loops.
    let function = inlined(&hoist(&inlined(function)));
    let asked = asked(&function, &varied(&function, wrt), chosen);
    let prepared = rebuilt(&function, |builder, node, operands| {
        let is_asked = node.results.iter().any(|id| asked[id.0 as usize]);
        match &node.op {
            Op::While(looped) if is_asked => {
                let bound =
                    looped.bound.ok_or_else(|| DifferentiateError::Unbounded { place: place(&function, node) })?;
                let scan = bounded(looped, bound);
                Ok(builder.push_all(Op::Scan(Arc::new(scan)), operands).expect("a while loop as a scan"))
            }
            Op::Scan(scan) if is_asked && scan.checkpoint != Checkpoint::All => {
                let Some(length) = scan.length.as_fixed() else {
                    let length = scan.length.display(&function.dims);
                    return Err(DifferentiateError::CheckpointLength { length, place: place(&function, node) });
                };
                Ok(nested(builder, scan, length, operands))
            }
            _ => Ok(builder.copy(&function, node, operands)),
        }
    })?;
    Ok(Cow::Owned(prepared))
}

/// Rebuilds a function node by node, until one has no derivative.
fn rebuilt(
    function: &Function,
    mut emit: impl FnMut(&mut GraphBuilder, &Node, &Values) -> Result<Values, DifferentiateError>,
) -> Result<Function, DifferentiateError> {
    let mut failed = None;
    let rebuilt = crate::optimize::rebuild(function, |builder, node, operands| {
        emit(builder, node, operands).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            builder.copy(function, node, operands)
        })
    });
    failed.map_or(Ok(rebuilt), Err)
}

/// With the nodes of called functions in place of calls, again and again.
fn inlined(function: &Function) -> Function {
    let mut current = function.clone();
    while current.nodes.iter().any(|node| matches!(node.op, Op::Call(_))) {
        current = crate::optimize::rebuild(&current, |builder, node, operands| match &node.op {
            Op::Call(called) => builder.inline(called, operands).into(),
            _ => builder.copy(&current, node, operands),
        });
    }
    current
}

/// The loop with as many iterations as there may be, of which those past the end change nothing.
fn bounded(looped: &While, bound: u64) -> Scan {
    let types: Vec<Type> = looped.body.parameter_types().cloned().collect();
    let mut builder = GraphBuilder::new(looped.body.name.clone(), looped.body.dims.clone());
    let given = super::parameters_of(&mut builder, &types);
    let goes_on = builder.inline(&looped.condition, &given)[0];
    let unchanged = {
        let mut builder = GraphBuilder::new(looped.body.name.clone(), looped.body.dims.clone());
        let given = super::parameters_of(&mut builder, &types);
        builder.finish(given[..looped.carried].to_vec())
    };
    let operands: Vec<ValueId> = [goes_on].into_iter().chain(given).collect();
    let switch = Op::Switch(Arc::new([unchanged, looped.body.clone()]));
    let results = builder.push_all(switch, &operands).expect("both branches give what is carried");
    Scan {
        carried: looped.carried,
        scanned: 0,
        // What is beyond could not be stored, and is never reached.
        length: Dim::fixed(bound.min(i64::MAX as u64)),
        reverse: false,
        checkpoint: Checkpoint::All,
        body: builder.finish(results.to_vec()),
    }
}
