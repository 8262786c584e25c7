//! Products of vectors and matrices.

use super::elementwise::{Ids, broadcast, broadcast_together, common_shape, unify};
use super::shape::about;
use super::{IntoTensor, Operand};
use crate::Tensor;
use crate::trace::{Mistake, Recorder, record};
use rotrace_ir::graph::{Op, Reduction, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Shape};
use std::panic::Location;
use std::sync::Arc;

impl Tensor {
    /// The matrix product `[..., m, k]` by `[..., k, n]`, whose leading axes broadcast. An operand with one axis is a
    /// row on the left, a column on the right.
    ///
    /// Products of floats with more than 16 rows, columns and elements to sum, or named dimensions, are left to a library
    /// ([`Options::library_products`](crate::Options::library_products)).
    #[track_caller]
    #[must_use]
    pub fn matmul(self, other: impl IntoTensor) -> Self {
        let other = other.into_operand();
        record(Location::caller(), |recorder| {
            let ids = unify(recorder, "matmul", &[Operand::Tensor(self), other])?;
            matmul(recorder, &ids)
        })
    }

    /// The scalar product along the last axis; other axes broadcast.
    #[track_caller]
    #[must_use]
    pub fn vecdot(self, other: impl IntoTensor) -> Self {
        let other = other.into_operand();
        record(Location::caller(), |recorder| {
            let mut ids = unify(recorder, "vecdot", &[Operand::Tensor(self), other])?;
            let last = last_dims(recorder, "vecdot", &ids)?;
            if last[0] != last[1] {
                return Err(pair(recorder, "vecdot", "needs last axes of one size", &ids));
            }
            broadcast_together(recorder, "vecdot", &mut ids)?;
            let product = recorder.push(Op::Scalar(ScalarOp::Multiply), &ids)?;
            let axis = recorder.ty(product).rank() - 1;
            recorder.push(Op::Reduce { kind: Reduction::Sum, axes: vec![axis] }, &[product])
        })
    }

    /// The cross product of vectors `[..., 3]`; leading axes broadcast.
    #[track_caller]
    #[must_use]
    pub fn cross(self, other: impl IntoTensor) -> Self {
        let other = other.into_operand();
        record(Location::caller(), |recorder| {
            let mut ids = unify(recorder, "cross", &[Operand::Tensor(self), other])?;
            if last_dims(recorder, "cross", &ids)? != [Dim::fixed(3); 2] {
                return Err(pair(recorder, "cross", "needs last axes of size 3", &ids));
            }
            broadcast_together(recorder, "cross", &mut ids)?;
            let axis = recorder.ty(ids[0]).rank() - 1;
            let mut turned =
                |id: ValueId, indices: [u64; 3]| recorder.push(Op::Take { axis, indices: Arc::new(indices) }, &[id]);
            let first = [turned(ids[0], [1, 2, 0])?, turned(ids[1], [2, 0, 1])?];
            let second = [turned(ids[0], [2, 0, 1])?, turned(ids[1], [1, 2, 0])?];
            let first = recorder.push(Op::Scalar(ScalarOp::Multiply), &first)?;
            let second = recorder.push(Op::Scalar(ScalarOp::Multiply), &second)?;
            recorder.push(Op::Scalar(ScalarOp::Subtract), &[first, second])
        })
    }
}

fn last_dims(recorder: &Recorder<'_>, name: &str, ids: &Ids) -> Result<[Dim; 2], Mistake> {
    let last = |id: ValueId| {
        let last = recorder.ty(id).shape.last().copied();
        last.ok_or_else(|| about(recorder, name, "needs an array with 1 axis or more", id))
    };
    Ok([last(ids[0])?, last(ids[1])?])
}

fn pair(recorder: &Recorder<'_>, name: &str, what: &str, ids: &Ids) -> Mistake {
    let operands: Vec<String> = ids.iter().map(|&id| recorder.display(id)).collect();
    Mistake { message: format!("{name}: {what}, got {}", operands.join(" and ")), operands }
}

fn matmul(recorder: &mut Recorder<'_>, ids: &Ids) -> Result<ValueId, Mistake> {
    let shapes = [recorder.ty(ids[0]).shape.clone(), recorder.ty(ids[1]).shape.clone()];
    if shapes.iter().any(|shape| shape.is_empty()) {
        return Err(pair(recorder, "matmul", "needs arrays with 1 axis or more", ids));
    }
    // A vector has no matrix axis of its own beside the contracted one.
    let kept = |shape: &Shape| shape.len().min(2);
    let leading = |shape: &Shape| -> Shape { shape[..shape.len() - kept(shape)].into() };
    let inner = [shapes[0].last().copied(), shapes[1].get(shapes[1].len() - kept(&shapes[1])).copied()];
    let batch = common_shape(&leading(&shapes[0]), &leading(&shapes[1])).filter(|_| inner[0] == inner[1]);
    let Some(batch) = batch else {
        return Err(pair(recorder, "matmul", "sizes do not fit", ids));
    };
    let mut operands = [ids[0], ids[1]];
    for (id, shape) in operands.iter_mut().zip(&shapes) {
        // A vector has no batch axes and needs none: it is free of them in the product only if there are none at all.
        let whole = batch.iter().chain(&shape[shape.len() - kept(shape)..]).copied().collect();
        *id = broadcast(recorder, *id, &whole)?;
    }
    let axes = batch.len();
    let left = axes + kept(&shapes[0]) - 1;
    let batch = (0..axes).map(|axis| (axis, axis)).collect();
    recorder.push(Op::DotGeneral { batch, contract: vec![(left, axes)] }, &operands)
}
