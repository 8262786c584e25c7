//! Operations on each element by itself: they do not see the axis, but need operands of one shape.

use super::emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Op, ValueId};

/// Operands without the axis are repeated along it.
pub fn scalar(e: &mut Emitter, op: &Op, operands: &[Mapped]) -> Result<ValueId, Violation> {
    let operands = e.spread_all(operands)?;
    e.push(op.clone(), &operands)
}

/// Casts, bitcasts, and what stops a gradient.
pub fn convert(e: &mut Emitter, op: &Op, operand: Mapped) -> Result<ValueId, Violation> {
    e.push(op.clone(), &[operand.value])
}
