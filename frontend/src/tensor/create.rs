//! Tensors from nothing but a shape.

use super::elementwise::{broadcast, unify};
use super::shape::about;
use super::{IntoShape, IntoTensor, Operand};
use crate::trace::record;
use crate::{DType, Tensor};
use rotrace_ir::graph::Op;
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Scalar, Type};
use std::panic::Location;

/// An array or number as a constant of the function being traced. A number alone becomes `f64`, `i64` or `bool`.
#[track_caller]
#[must_use]
pub fn constant(value: impl IntoTensor) -> Tensor {
    let operand = value.into_operand();
    record(Location::caller(), |recorder| recorder.any(&operand))
}

/// `value` everywhere.
#[track_caller]
#[must_use]
pub fn full(dtype: DType, shape: impl IntoShape, value: impl IntoTensor) -> Tensor {
    let (shape, value) = (shape.into_shape(), value.into_operand());
    record(Location::caller(), |recorder| {
        let id = recorder.operand(&value, dtype)?;
        if recorder.ty(id).dtype != dtype {
            return Err(about(recorder, "full", &format!("the value must be {dtype}"), id));
        }
        broadcast(recorder, id, &shape)
    })
}

/// 0 everywhere, `false` for `bool`.
#[track_caller]
#[must_use]
pub fn zeros(dtype: DType, shape: impl IntoShape) -> Tensor {
    uniform(dtype, shape, 0)
}

/// 1 everywhere, `true` for `bool`.
#[track_caller]
#[must_use]
pub fn ones(dtype: DType, shape: impl IntoShape) -> Tensor {
    uniform(dtype, shape, 1)
}

#[track_caller]
fn uniform(dtype: DType, shape: impl IntoShape, value: i64) -> Tensor {
    let shape = shape.into_shape();
    record(Location::caller(), |recorder| {
        let id = recorder.scalar(Scalar::from_i64(dtype, value))?;
        broadcast(recorder, id, &shape)
    })
}

/// The `rows` by `columns` matrix with ones on the diagonal.
#[track_caller]
#[must_use]
pub fn eye(dtype: DType, rows: usize, columns: usize) -> Tensor {
    let shape = [rows, columns].into_shape();
    record(Location::caller(), |recorder| {
        // Counted, not written out: a large one costs no memory.
        let ty = Type { dtype: DType::I64, shape };
        let row = recorder.push(Op::Iota { ty: ty.clone(), axis: 0 }, &[])?;
        let column = recorder.push(Op::Iota { ty, axis: 1 }, &[])?;
        let diagonal = recorder.push(Op::Scalar(ScalarOp::Equal), &[row, column])?;
        recorder.push(Op::Cast(dtype), &[diagonal])
    })
}

impl Tensor {
    /// `value` in this tensor's shape and element type.
    #[track_caller]
    #[must_use]
    pub fn full_like(self, value: impl IntoTensor) -> Self {
        let value = value.into_operand();
        record(Location::caller(), |recorder| {
            let ids = unify(recorder, "full_like", &[Operand::Tensor(self), value])?;
            let shape = recorder.ty(ids[0]).shape.clone();
            broadcast(recorder, ids[1], &shape)
        })
    }

    /// Zeros in this tensor's shape and element type.
    #[track_caller]
    #[must_use]
    pub fn zeros_like(self) -> Self {
        self.uniform_like(0)
    }

    /// Ones in this tensor's shape and element type.
    #[track_caller]
    #[must_use]
    pub fn ones_like(self) -> Self {
        self.uniform_like(1)
    }

    #[track_caller]
    fn uniform_like(self, value: i64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let Type { dtype, shape } = recorder.ty(id).clone();
            let value = recorder.scalar(Scalar::from_i64(dtype, value))?;
            broadcast(recorder, value, &shape)
        })
    }

    /// The index along an axis, in this tensor's shape and as elements of `dtype`: 0, 1, 2 ...
    #[track_caller]
    #[must_use]
    pub fn iota(self, dtype: DType, axis: i64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let ty = recorder.ty(id).with_dtype(dtype);
            let axis = super::shape::axis_of("iota", axis, ty.rank())?;
            recorder.push(Op::Iota { ty, axis }, &[])
        })
    }
}
