//! Data movement: along the new axis nothing moves.

use super::emit::{Emitter, Mapped, shifted, with_first};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Op, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar, Shape, Type};

type Emitted = Result<ValueId, Violation>;

/// The rows keep their place, as they are contiguous.
pub fn reshape(e: &mut Emitter, shape: &Shape, operand: Mapped) -> Emitted {
    let shape = e.lifted(shape);
    e.push(Op::Reshape { shape }, &[operand.value])
}

/// The new axis goes to the new axis.
pub fn broadcast(e: &mut Emitter, shape: &Shape, axes: &[usize], operand: Mapped) -> Emitted {
    let shape = e.lifted(shape);
    let axes = std::iter::once(0).chain(shifted(axes)).collect();
    e.push(Op::Broadcast { shape, axes }, &[operand.value])
}

/// The new axis stays in front.
pub fn transpose(e: &mut Emitter, permutation: &[usize], operand: Mapped) -> Emitted {
    let permutation = std::iter::once(0).chain(shifted(permutation)).collect();
    e.push(Op::Transpose { permutation }, &[operand.value])
}

/// All rows are kept.
pub fn slice(e: &mut Emitter, (start, limit, step): (&[u64], &Shape, &[u64]), operand: Mapped) -> Emitted {
    let limit = e.lifted(limit);
    e.push(Op::Slice { start: with_first(0, start), limit, step: with_first(1, step) }, &[operand.value])
}

/// No rows are added. An operation pads with one value, so that a value for each row goes to where a mask says.
pub fn pad(e: &mut Emitter, amounts: [&Vec<u64>; 3], [operand, value]: [Mapped; 2]) -> Emitted {
    if !value.batched {
        return padded(e, amounts, operand, value.value);
    }
    let Type { dtype, mut shape } = e.ty(operand.value).clone();
    if operand.batched {
        shape.remove(0);
    }
    let filler = e.push(Op::constant(Scalar::from_i64(dtype, 0)), &[])?;
    let moved = padded(e, amounts, operand, filler)?;
    let moved = e.spread(Mapped { value: moved, batched: operand.batched })?;
    let [inside, outside] = [false, true].map(|truth| Op::constant(Scalar::bool(truth)));
    let inside = e.push(inside, &[])?;
    let inside = e.push(Op::Broadcast { shape, axes: Vec::new() }, &[inside])?;
    let outside = e.push(outside, &[])?;
    let mask = padded(e, amounts, Mapped { value: inside, batched: false }, outside)?;
    debug_assert_eq!(e.ty(mask).dtype, DType::Bool);
    let mask = e.spread(Mapped { value: mask, batched: false })?;
    let shape = e.ty(moved).shape.clone();
    let filling = e.push(Op::Broadcast { shape, axes: vec![0] }, &[value.value])?;
    e.push(Op::Scalar(ScalarOp::Select), &[mask, filling, moved])
}

/// With the same value around every row.
fn padded(e: &mut Emitter, [low, high, interior]: [&Vec<u64>; 3], operand: Mapped, value: ValueId) -> Emitted {
    let amounts = |amounts: &[u64]| if operand.batched { with_first(0, amounts) } else { amounts.to_vec() };
    let pad = Op::Pad { low: amounts(low), high: amounts(high), interior: amounts(interior) };
    e.push(pad, &[operand.value, value])
}

/// Parts without the axis are repeated along it.
pub fn concatenate(e: &mut Emitter, axis: usize, operands: &[Mapped]) -> Emitted {
    let operands = e.spread_all(operands)?;
    e.push(Op::Concatenate { axis: axis + 1 }, &operands)
}

/// The rows keep their order.
pub fn reverse(e: &mut Emitter, axes: &[usize], operand: Mapped) -> Emitted {
    e.push(Op::Reverse { axes: shifted(axes) }, &[operand.value])
}
