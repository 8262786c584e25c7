//! The transposes of structural operations, one file per family.

mod contract;
mod index;
mod movement;
pub mod reduce;

pub use movement::Joined;

use super::Applied;
use super::emit::Emitter;
use rotrace_ir::graph::{Op, ValueId};

/// What the cotangent of a structural node's result adds to that of one of its operands; `None` is nothing.
///
/// The operand and the result are floats.
pub fn transpose(
    e: &mut Emitter,
    node: Applied,
    joined: &Joined,
    operand: usize,
    cotangent: ValueId,
) -> Option<ValueId> {
    let ty = e.ty(node.operands.get(operand).copied()?).clone();
    Some(match node.op {
        // No operands, or elementwise: see `partials`.
        Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } | Op::Scalar(_) | Op::Bitcast(_) => return None,
        // Without a derivative.
        Op::StopGradient | Op::Native(_) => return None,
        // All operands at once: see `custom` and `regions`.
        Op::Custom(_) | Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) => return None,
        Op::Cast(_) => e.push(Op::Cast(ty.dtype), &[cotangent]),
        Op::Reshape { .. } => e.push(Op::Reshape { shape: ty.shape }, &[cotangent]),
        Op::Broadcast { shape, axes } => movement::broadcast(e, &ty, shape, axes, cotangent),
        Op::Transpose { permutation } => movement::transpose(e, permutation, cotangent),
        Op::Slice { start, limit, step } => movement::slice(e, &ty, (start, limit, step), cotangent),
        Op::Pad { low, interior, .. } if operand == 0 => movement::pad(e, &ty, low, interior, cotangent),
        Op::Pad { .. } => movement::padding(e, node, cotangent),
        Op::Concatenate { axis } => movement::concatenate(e, joined, *axis, operand, cotangent, ty.shape[*axis]),
        Op::Reverse { .. } => e.push(node.op.clone(), &[cotangent]),
        Op::Reduce { kind, axes } => return reduce::backward(e, node, *kind, axes, cotangent),
        Op::DotGeneral { batch, contract } => contract::dot_general(e, node, batch, contract, operand, cotangent),
        Op::Take { axis, indices } => index::take(e, &ty, *axis, indices, cotangent),
        Op::ScatterAdd { axis, indices, .. } => index::scatter_add(e, *axis, indices, cotangent),
    })
}
