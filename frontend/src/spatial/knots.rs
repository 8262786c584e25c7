//! Knots of a curve in time, and what belongs to the segment in which a time lies.
//!
//! Knots stand along the last leading axis, `[..., k]`; between them are `k - 1` segments. There is no search: a time is
//! compared with all knots, and what belongs to its segment is the sum over all segments with exact zeros in place of the
//! others. That takes time in proportion to `k`, but no branch, and its transpose, a masked sum over the times, is as
//! simple.

use super::Rotation;
use super::component::checked;
use crate::trace::{Mistake, record};
use crate::{DType, IntoTensor, Operand, Tensor, constant, full};
use rotrace_ir::dim::display_shape;
use rotrace_ir::{Dim, Shape};
use std::panic::Location;

/// The times `[..., k]`, if there is one for each of the rotations `[..., k]`, of which there are two or more. `name` is
/// the operation's, for the message.
pub(super) fn checked_times(name: &str, times: impl IntoTensor, rotations: Rotation) -> Tensor {
    let (times, quats) = (constant(times), checked(name, rotations.into_parts(), &[4]));
    record(Location::caller(), |recorder| {
        let (times, quats) = (recorder.resolve(times)?, recorder.resolve(quats)?);
        let (ty, wanted) = (recorder.ty(times), recorder.ty(quats));
        let leading = &wanted.shape[..wanted.rank() - 1];
        let dims = &recorder.function().dims;
        let problem = match leading.last() {
            None => format!("{name} takes a sequence of rotations [..., k], got a single one"),
            Some(Dim { name: None, constant: count @ (0 | 1) }) => {
                format!("{name} takes at least 2 rotations, got {count}")
            }
            Some(_) if ty.shape.as_slice() != leading || ty.dtype != wanted.dtype => {
                let rotations = format!("{}{}", wanted.dtype, display_shape(leading, dims));
                format!("{name} takes one time for each rotation, {rotations}, got {}", recorder.display(times))
            }
            Some(_) => return Ok(times),
        };
        Err(Mistake { message: problem, operands: vec![recorder.display(times), recorder.display(quats)] })
    })
}

/// Whether times `[..., k]` increase strictly, `[...]`; NaN is no time.
pub(super) fn increase(times: Tensor) -> Tensor {
    starts(times).less(ends(times)).all(-1)
}

/// All but the last along the last axis.
pub(super) fn starts(times: Tensor) -> Tensor {
    times.slice(-1, ..-1)
}

/// All but the first along the last axis.
pub(super) fn ends(times: Tensor) -> Tensor {
    times.slice(-1, 1..)
}

/// Times at which a curve is wanted. A number takes the element type of the knots.
pub(super) fn wanted_times(times: impl IntoTensor, knots: Tensor) -> Tensor {
    match (times.into_operand(), knots.dtype()) {
        (number @ Operand::Weak(_), Some(dtype)) => full(dtype, (), number),
        (operand, _) => constant(operand),
    }
}

/// To which segment a time at a knot between two belongs. A time beyond all knots belongs to the nearest segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    /// To the segment before the knot.
    Before,
    /// To the segment behind it.
    Behind,
}

/// The segment in which each of some times lies.
pub(super) struct Segment {
    /// `[..., m..., k - 1]`: the segments' one that it is. If the knots increase, no more than one.
    within: Tensor,
    /// How many leading axes the knots have.
    leading: usize,
    /// How many axes the times have beside those.
    further: usize,
}

impl Segment {
    /// Of times `[..., m...]` between knots `[..., k]`.
    pub(super) fn of(times: Tensor, knots: Tensor, ownership: Ownership) -> Self {
        let leading = knots.ndim().saturating_sub(1);
        let further = times.ndim().saturating_sub(leading);
        let [start, end] = [starts(knots), ends(knots)].map(|knots| aligned(knots, leading, further));
        let place = start.iota(DType::I64, -1);
        let time = times.expand_dims(-1);
        let first = place.equal(0);
        let last = place.flip(-1).equal(0);
        let (from, until) = match ownership {
            Ownership::Before => (time.greater(start).logical_or(first), time.less_equal(end).logical_or(last)),
            Ownership::Behind => (time.greater_equal(start).logical_or(first), time.less(end).logical_or(last)),
        };
        let within = from.logical_and(until);
        Self { within, leading, further }
    }

    /// Of what belongs to each segment, `[..., k - 1, d]`, that which belongs to this one, `[..., m..., d]`; zeros for a
    /// time that is NaN, unless there is but one segment.
    pub(super) fn pick(&self, data: Tensor) -> Tensor {
        self.within.expand_dims(-1).select(aligned(data, self.leading, self.further), 0).sum(-2)
    }

    /// Of something per curve, `[...]`, that at each time, `[..., m...]`.
    pub(super) fn spread(&self, whole: Tensor) -> Tensor {
        aligned(whole, self.leading, self.further)
    }
}

/// With axes of size 1 behind the leading ones, one for each further axis of the times.
fn aligned(tensor: Tensor, leading: usize, further: usize) -> Tensor {
    let mut shape: Shape = tensor.shape();
    let place = leading.min(shape.len());
    shape.insert_many(place, std::iter::repeat_n(Dim::fixed(1), further));
    tensor.reshape(shape)
}
