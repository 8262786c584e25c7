//! Slices with constant bounds.

use super::shape::{about, axis_of};
use crate::Tensor;
use crate::trace::{Mistake, Recorder, record};
use rotrace_ir::graph::{Op, ValueId};
use rotrace_ir::{Dim, Shape};
use std::ops::{Bound, RangeBounds};
use std::panic::Location;

impl Tensor {
    /// The elements of a range along an axis. Negative bounds count from the end, and unlike in Python a bound that is
    /// out of range is a mistake. Along a named dimension the start counts from the front and the end from the end:
    /// `x.slice(0, 1..)` of `[n, 3]` is `[n-1, 3]`, and a call with n = 0 is an error.
    #[track_caller]
    #[must_use]
    pub fn slice(self, axis: i64, range: impl RangeBounds<i64>) -> Self {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th element of a range along an axis, the first one included. Along a named dimension, `step` is 1.
    #[track_caller]
    #[must_use]
    pub fn slice_step(self, axis: i64, range: impl RangeBounds<i64>, step: u64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let rank = recorder.ty(id).rank();
            let axis = axis_of("slice", axis, rank)?;
            let size = recorder.ty(id).shape[axis];
            let (start, limit) = bounds(size, &range).ok_or_else(|| {
                let reason = match size.name {
                    None => "which is out of bounds",
                    Some(_) => {
                        "whose size is a named dimension: the start has to count from the front, and the end from the \
                         end unless all sizes have it"
                    }
                };
                let range = display_range(&range);
                about(recorder, "slice", &format!("cannot take the range {range} of axis {axis}, {reason}"), id)
            })?;
            if step == 0 {
                return Err(about(recorder, "slice", "needs a step of 1 or more", id));
            }
            if step > 1 && limit.name.is_some() {
                let what = format!("axis {axis} is as long as a named dimension, of which only the step 1 is possible");
                return Err(about(recorder, "slice", &what, id));
            }
            slice_axis(recorder, id, axis, (start, limit, step))
        })
    }

    /// The slice at one index along an axis, which is dropped. A negative index counts from the end.
    #[track_caller]
    #[must_use]
    pub fn index(self, axis: i64, index: i64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let axis = axis_of("index", axis, recorder.ty(id).rank())?;
            index_axis(recorder, id, axis, index)
        })
    }

    /// The given component along the last axis, which is dropped: `x[..., index]`.
    #[track_caller]
    #[must_use]
    pub fn component(self, index: i64) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            let axis = axis_of("component", -1, recorder.ty(id).rank())?;
            index_axis(recorder, id, axis, index)
        })
    }
}

fn index_axis(recorder: &mut Recorder<'_>, id: ValueId, axis: usize, index: i64) -> Result<ValueId, Mistake> {
    let size = recorder.ty(id).shape[axis];
    let out_of_bounds = |recorder: &Recorder<'_>| {
        about(recorder, "index", &format!("index {index} is out of bounds for axis {axis}"), id)
    };
    let (start, limit) = match (size.as_fixed(), u64::try_from(index)) {
        (Some(size), _) => {
            let place = if index < 0 { index.checked_add_unsigned(size) } else { Some(index) };
            let place = place.and_then(|place| u64::try_from(place).ok()).filter(|&place| place < size);
            let place = place.ok_or_else(|| out_of_bounds(recorder))?;
            (place, Dim::fixed(place + 1))
        }
        (None, _) => {
            return Err(about(
                recorder,
                "index",
                &format!("axis {axis} has no fixed size, so a single index may be out of bounds"),
                id,
            ));
        }
    };
    let mut shape = recorder.ty(id).shape.clone();
    shape.remove(axis);
    let slice = slice_axis(recorder, id, axis, (start, limit, 1))?;
    recorder.push(Op::Reshape { shape }, &[slice])
}

fn slice_axis(
    recorder: &mut Recorder<'_>,
    id: ValueId,
    axis: usize,
    (first, end, stride): (u64, Dim, u64),
) -> Result<ValueId, Mistake> {
    let mut limit: Shape = recorder.ty(id).shape.clone();
    if (first, end, stride) == (0, limit[axis], 1) {
        return Ok(id);
    }
    let (mut start, mut step) = (vec![0; limit.len()], vec![1; limit.len()]);
    (start[axis], limit[axis], step[axis]) = (first, end, stride);
    recorder.push(Op::Slice { start, limit, step }, &[id])
}

/// As it is written in Rust: `1..-1`.
pub(crate) fn display_range(range: &impl RangeBounds<i64>) -> String {
    let start = match range.start_bound() {
        Bound::Unbounded => String::new(),
        Bound::Included(start) => start.to_string(),
        Bound::Excluded(start) => format!("(after {start})"),
    };
    match range.end_bound() {
        Bound::Unbounded => format!("{start}.."),
        Bound::Included(end) => format!("{start}..={end}"),
        Bound::Excluded(end) => format!("{start}..{end}"),
    }
}

/// First index and exclusive end of a range of an axis; `None` if it does not lie within.
pub(crate) fn bounds(size: Dim, range: &impl RangeBounds<i64>) -> Option<(u64, Dim)> {
    let from_end = |bound: i64| size.plus(bound);
    let from_start = |bound: i64| Some(Dim::fixed(u64::try_from(bound).ok()?));
    let resolve = |bound: i64| if bound < 0 { from_end(bound) } else { from_start(bound) };
    let start = match range.start_bound() {
        Bound::Unbounded => Dim::fixed(0),
        Bound::Included(&start) => resolve(start)?,
        Bound::Excluded(&start) => resolve(start.checked_add(1)?)?,
    };
    let end = match range.end_bound() {
        Bound::Unbounded | Bound::Included(-1) => size,
        Bound::Included(&end) => resolve(end.checked_add(1)?)?,
        Bound::Excluded(&end) => resolve(end)?,
    };
    // An end counted from the front of a named axis may lie beyond it, a start counted from the end before it.
    let start = start.as_fixed().filter(|&start| start <= i64::MAX as u64)?;
    let fits = match (size.as_fixed(), end.as_fixed()) {
        (Some(size), Some(end)) => end <= size && start <= end,
        (None, None) => true,
        // A named dimension is not negative: of size n+3, the first 3 elements are always there.
        (None, Some(end)) => i64::try_from(end).is_ok_and(|end| end <= size.constant) && start <= end,
        (Some(_), None) => false,
    };
    fits.then_some((start, end))
}
