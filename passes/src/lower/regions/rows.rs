//! Loops that every row runs as long as it wants to.
//!
//! A loop runs while any row wants to go on, and keeps rows as they are that do not: so batching writes a loop whose rows end at
//! different times. Of such a loop every lane can run its own iterations, since those that it does not want
//! change nothing of it, its wish not to included.

use rotrace_ir::ScalarOp;
use rotrace_ir::graph::{Function, Op, Reduction, ValueId, While};

/// The place of the carried values that say of each lane whether it goes on, if the loop is of that kind.
pub(in super::super) fn wishes(looped: &While, lanes: usize) -> Option<usize> {
    let place = any_of(&looped.condition)?;
    let (body, wants) = (&looped.body, looped.body.parameters[place]);
    if body.ty(wants).rank() != lanes {
        return None;
    }
    let kept = |(other, &result): (usize, &ValueId)| {
        let before = body.parameters[other];
        let node = body.definition(result);
        result == before
            || match node.op {
                Op::Scalar(ScalarOp::And) => other == place && node.operands.contains(&wants),
                Op::Scalar(ScalarOp::Select) => {
                    spread(body, node.operands[0]) == wants && node.operands[2] == before && other != place
                }
                _ => false,
            }
    };
    body.results.iter().enumerate().all(kept).then_some(place)
}

/// The parameter of which a condition asks whether any element holds.
fn any_of(condition: &Function) -> Option<usize> {
    let mut value = condition.results[0];
    loop {
        let node = condition.definition(value);
        match node.op {
            Op::Reduce { kind: Reduction::Any, .. } => value = node.operands[0],
            Op::Parameter { index, .. } => return Some(index as usize).filter(|_| value != condition.results[0]),
            _ => return None,
        }
    }
}

/// What a value is of, along axes that it only repeats.
fn spread(function: &Function, mut value: ValueId) -> ValueId {
    loop {
        let node = function.definition(value);
        match &node.op {
            // Behind the rows' axes.
            Op::Broadcast { axes, .. } if axes.iter().enumerate().all(|(place, &axis)| place == axis) => {
                value = node.operands[0];
            }
            _ => return value,
        }
    }
}
