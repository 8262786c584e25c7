//! Reductions: the order along each axis does not depend on what other axes there are.

use super::emit::{Emitter, Mapped, shifted};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Op, Reduction, ValueId};

/// Over the same axes of every row.
pub fn reduce(e: &mut Emitter, kind: Reduction, axes: &[usize], operand: Mapped) -> Result<ValueId, Violation> {
    e.push(Op::Reduce { kind, axes: shifted(axes) }, &[operand.value])
}
