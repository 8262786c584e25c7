//! Indexing at constant indices, which are the same for every row.

use super::emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Op, ValueId};
use std::sync::Arc;

/// The same slices of every row.
pub fn take(e: &mut Emitter, axis: usize, indices: &Arc<[u64]>, operand: Mapped) -> Result<ValueId, Violation> {
    e.push(Op::Take { axis: axis + 1, indices: Arc::clone(indices) }, &[operand.value])
}

/// The slices of every row to the same places.
pub fn scatter_add(
    e: &mut Emitter,
    axis: usize,
    indices: &Arc<[u64]>,
    size: u64,
    operand: Mapped,
) -> Result<ValueId, Violation> {
    e.push(Op::ScatterAdd { axis: axis + 1, indices: Arc::clone(indices), size }, &[operand.value])
}
