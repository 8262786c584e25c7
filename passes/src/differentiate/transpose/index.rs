//! Transposes of indexing at constant indices: each of the two is the other's.

use super::super::emit::Emitter;
use rotrace_ir::Type;
use rotrace_ir::graph::{Op, ValueId};
use std::sync::Arc;

/// The slices go back to where they were taken from.
pub fn take(e: &mut Emitter, ty: &Type, axis: usize, indices: &Arc<[u64]>, cotangent: ValueId) -> ValueId {
    let size = ty.shape[axis].as_fixed().expect("C22: take needs a fixed size");
    e.push(Op::ScatterAdd { axis, indices: indices.clone(), size }, &[cotangent])
}

/// Each slice is read where it was added.
pub fn scatter_add(e: &mut Emitter, axis: usize, indices: &Arc<[u64]>, cotangent: ValueId) -> ValueId {
    e.push(Op::Take { axis, indices: indices.clone() }, &[cotangent])
}
