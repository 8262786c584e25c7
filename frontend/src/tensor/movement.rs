//! Operations that move elements without computing.

use super::elementwise::{broadcast, unify};
use super::shape::{about, axes_of, axis_of};
use super::{IntoAxes, IntoShape, IntoTensor, Operand};
use crate::Tensor;
use crate::trace::{Mistake, record};
use rotrace_ir::graph::Op;
use rotrace_ir::{Dim, Shape};
use std::panic::Location;
use std::sync::Arc;

impl Tensor {
    /// The same elements in row-major order under another shape. Named dimensions keep their order and are not mixed
    /// with other sizes.
    #[track_caller]
    #[must_use]
    pub fn reshape(self, shape: impl IntoShape) -> Self {
        let shape = shape.into_shape();
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            recorder.push(Op::Reshape { shape }, &[id])
        })
    }

    /// The last `count` axes under another shape, all before them kept: `[n, 9]` to `[n, 3, 3]` is
    /// `x.reshape_last(1, [3, 3])`.
    #[track_caller]
    #[must_use]
    pub fn reshape_last(self, count: usize, shape: impl IntoShape) -> Self {
        let last = shape.into_shape();
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let from = &recorder.ty(id).shape;
            let Some(kept) = from.len().checked_sub(count) else {
                return Err(about(recorder, "reshape_last", &format!("needs an array with {count} axes or more"), id));
            };
            let shape = from[..kept].iter().chain(&last).copied().collect();
            recorder.push(Op::Reshape { shape }, &[id])
        })
    }

    /// The axes in another order: result axis `i` is axis `axes[i]`.
    #[track_caller]
    #[must_use]
    pub fn permute_dims(self, axes: impl IntoAxes) -> Self {
        let axes = axes.into_axes();
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let rank = recorder.ty(id).rank();
            let permutation = match axes {
                // As NumPy: without axes, the order is reversed.
                None => (0..rank).rev().collect(),
                Some(axes) => axes.iter().map(|&axis| axis_of("permute_dims", axis, rank)).collect::<Result<_, _>>()?,
            };
            recorder.push(Op::Transpose { permutation }, &[id])
        })
    }

    /// The last two axes swapped.
    #[track_caller]
    #[must_use]
    pub fn matrix_transpose(self) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let rank = recorder.ty(id).rank();
            if rank < 2 {
                return Err(about(recorder, "matrix_transpose", "needs an array with 2 axes or more", id));
            }
            let mut permutation: Vec<usize> = (0..rank).collect();
            permutation.swap(rank - 2, rank - 1);
            recorder.push(Op::Transpose { permutation }, &[id])
        })
    }

    /// A new axis of size 1 at the place `axis` of the result.
    #[track_caller]
    #[must_use]
    pub fn expand_dims(self, axis: i64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let mut shape = recorder.ty(id).shape.clone();
            let axis = axis_of("expand_dims", axis, shape.len() + 1)?;
            shape.insert(axis, Dim::fixed(1));
            recorder.push(Op::Reshape { shape }, &[id])
        })
    }

    /// Without the given axes, whose sizes must be 1; `()` for all that are.
    #[track_caller]
    #[must_use]
    pub fn squeeze(self, axes: impl IntoAxes) -> Self {
        let axes = axes.into_axes();
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let shape = &recorder.ty(id).shape;
            let axes = match axes.as_deref() {
                None => (0..shape.len()).filter(|&axis| shape[axis].is_one()).collect(),
                some => axes_of("squeeze", some, shape.len())?,
            };
            if axes.iter().any(|&axis| !shape[axis].is_one()) {
                return Err(about(recorder, "squeeze", &format!("sizes at axes {axes:?} must be 1"), id));
            }
            let kept = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
            let shape = kept.map(|(_, &dim)| dim).collect();
            recorder.push(Op::Reshape { shape }, &[id])
        })
    }

    /// The elements in reverse order along the given axes; `()` for all.
    #[track_caller]
    #[must_use]
    pub fn flip(self, axes: impl IntoAxes) -> Self {
        let axes = axes.into_axes();
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let axes = axes_of("flip", axes.as_deref(), recorder.ty(id).rank())?;
            recorder.push(Op::Reverse { axes }, &[id])
        })
    }

    /// Stretched to a shape, aligned at the last axes.
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(self, shape: impl IntoShape) -> Self {
        let shape = shape.into_shape();
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            broadcast(recorder, id, &shape)
        })
    }

    /// The slices at constant indices along an axis of fixed size, in the order given; negative indices count from the
    /// end.
    #[track_caller]
    #[must_use]
    pub fn take(self, indices: &[i64], axis: i64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let ty = recorder.ty(id);
            let axis = axis_of("take", axis, ty.rank())?;
            let Some(size) = ty.shape[axis].as_fixed() else {
                return Err(about(recorder, "take", &format!("needs a fixed size at axis {axis}"), id));
            };
            let place = |&index: &i64| {
                let place = if index < 0 { index.checked_add_unsigned(size) } else { Some(index) };
                let place = place.and_then(|place| u64::try_from(place).ok()).filter(|&place| place < size);
                place.ok_or_else(|| Mistake::new(format!("take: index {index} is out of bounds for size {size}")))
            };
            let indices: Arc<[u64]> = indices.iter().map(place).collect::<Result<_, _>>()?;
            recorder.push(Op::Take { axis, indices }, &[id])
        })
    }

    /// Surrounded by `value`: `before` and `after` elements along an axis.
    #[track_caller]
    #[must_use]
    pub fn pad(self, axis: i64, before: u64, after: u64, value: impl IntoTensor) -> Self {
        let value = value.into_operand();
        record(Location::caller(), |recorder| {
            let ids = unify(recorder, "pad", &[Operand::Tensor(self), value])?;
            let rank = recorder.ty(ids[0]).rank();
            let axis = axis_of("pad", axis, rank)?;
            let (mut low, mut high) = (vec![0; rank], vec![0; rank]);
            (low[axis], high[axis]) = (before, after);
            recorder.push(Op::Pad { low, high, interior: vec![0; rank] }, &ids)
        })
    }
}

/// The tensors one after the other along an existing axis; their other sizes are equal.
#[track_caller]
#[must_use]
pub fn concat<T: IntoTensor>(tensors: impl IntoIterator<Item = T>, axis: i64) -> Tensor {
    let operands: Vec<Operand> = tensors.into_iter().map(IntoTensor::into_operand).collect();
    record(Location::caller(), |recorder| {
        let ids = unify(recorder, "concat", &operands)?;
        let Some(&first) = ids.first() else { return Err(Mistake::new("concat needs at least one tensor")) };
        let axis = axis_of("concat", axis, recorder.ty(first).rank())?;
        recorder.push(Op::Concatenate { axis }, &ids)
    })
}

/// The tensors one after the other along a new axis at the place `axis` of the result. They broadcast together first,
/// so that numbers and constants can stand among them.
#[track_caller]
#[must_use]
pub fn stack<T: IntoTensor>(tensors: impl IntoIterator<Item = T>, axis: i64) -> Tensor {
    let operands: Vec<Operand> = tensors.into_iter().map(IntoTensor::into_operand).collect();
    record(Location::caller(), |recorder| {
        let mut ids = unify(recorder, "stack", &operands)?;
        super::elementwise::broadcast_together(recorder, "stack", &mut ids)?;
        let Some(&first) = ids.first() else { return Err(Mistake::new("stack needs at least one tensor")) };
        let mut shape: Shape = recorder.ty(first).shape.clone();
        let axis = axis_of("stack", axis, shape.len() + 1)?;
        shape.insert(axis, Dim::fixed(1));
        for id in &mut ids {
            *id = recorder.push(Op::Reshape { shape: shape.clone() }, &[*id])?;
        }
        recorder.push(Op::Concatenate { axis }, &ids)
    })
}
