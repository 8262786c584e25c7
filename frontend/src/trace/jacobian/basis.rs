//! Bases of the space of an array's values.

use super::super::record;
use crate::{DType, Tensor};
use rotrace_ir::graph::Op;
use rotrace_ir::{Dim, Scalar, ScalarOp, Shape, Type};
use std::panic::Location;

/// The vectors of the basis of arrays `[batch..., rest...]` in one row, in every row: of shape
/// `[rest..., batch..., rest...]`, with 1 where both indices into `rest` agree, and 0 elsewhere.
///
/// Counted, not written out: sizes may be named, and a large one costs no memory.
#[track_caller]
pub(super) fn basis(dtype: DType, batch: &[Dim], rest: &[Dim]) -> Tensor {
    let shape: Shape = [rest, batch, rest].concat().into();
    record(Location::caller(), |recorder| {
        let counted = Type { dtype: DType::I64, shape: shape.clone() };
        let mut agree = None;
        for axis in 0..rest.len() {
            let behind = rest.len() + batch.len() + axis;
            let first = recorder.push(Op::Iota { ty: counted.clone(), axis }, &[])?;
            let second = recorder.push(Op::Iota { ty: counted.clone(), axis: behind }, &[])?;
            let equal = recorder.push(Op::Scalar(ScalarOp::Equal), &[first, second])?;
            agree = Some(match agree {
                None => equal,
                Some(others) => recorder.push(Op::Scalar(ScalarOp::And), &[others, equal])?,
            });
        }
        match agree {
            Some(agree) => recorder.push(Op::Cast(dtype), &[agree]),
            None => {
                let one = recorder.scalar(Scalar::from_i64(dtype, 1))?;
                recorder.push(Op::Broadcast { shape, axes: Vec::new() }, &[one])
            }
        }
    })
}
