//! Shapes and axes as arguments.

use crate::trace::{Mistake, Recorder};
use rotrace_ir::graph::ValueId;
use rotrace_ir::{Dim, Shape};
use smallvec::SmallVec;

/// A shape as an argument: numbers such as `[2, 3]`, or [`Dim`]s taken from another tensor's shape, or both in one list
/// of `Dim`s (`[x.shape()[0], 3.into()]`); `()` for no axes.
pub trait IntoShape {
    /// The shape.
    fn into_shape(self) -> Shape;
}

impl IntoShape for Shape {
    fn into_shape(self) -> Shape {
        self
    }
}

impl IntoShape for () {
    /// No axes.
    fn into_shape(self) -> Shape {
        Shape::new()
    }
}

impl<const N: usize> IntoShape for [usize; N] {
    fn into_shape(self) -> Shape {
        self.as_slice().into_shape()
    }
}

impl<const N: usize> IntoShape for [Dim; N] {
    fn into_shape(self) -> Shape {
        self.as_slice().into()
    }
}

impl IntoShape for &[usize] {
    fn into_shape(self) -> Shape {
        // What exceeds an `i64` exceeds any array; the largest that does not is refused with the right message.
        self.iter().map(|&size| Dim::fixed(size.min(i64::MAX as usize) as u64)).collect()
    }
}

impl IntoShape for &[Dim] {
    fn into_shape(self) -> Shape {
        self.into()
    }
}

/// Axes as an argument: `()` for all, one, or several; negative ones count from the end.
pub trait IntoAxes {
    /// The axes; `None` for all.
    fn into_axes(self) -> Option<SmallVec<[i64; 4]>>;
}

impl IntoAxes for () {
    fn into_axes(self) -> Option<SmallVec<[i64; 4]>> {
        None
    }
}

impl IntoAxes for i64 {
    fn into_axes(self) -> Option<SmallVec<[i64; 4]>> {
        Some(SmallVec::from_slice(&[self]))
    }
}

impl<const N: usize> IntoAxes for [i64; N] {
    fn into_axes(self) -> Option<SmallVec<[i64; 4]>> {
        Some(SmallVec::from_slice(&self))
    }
}

impl IntoAxes for &[i64] {
    fn into_axes(self) -> Option<SmallVec<[i64; 4]>> {
        Some(SmallVec::from_slice(self))
    }
}

/// The place of an axis among `rank`.
pub(super) fn axis_of(name: &str, axis: i64, rank: usize) -> Result<usize, Mistake> {
    let place = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    place.and_then(|place| usize::try_from(place).ok()).filter(|&place| place < rank).ok_or_else(|| {
        let message = format!("{name}: axis {axis} is out of bounds for an array with {rank} axes");
        Mistake { message, operands: Vec::new() }
    })
}

/// The places of axes, increasing and distinct; all axes for `None`.
pub(super) fn axes_of(name: &str, axes: Option<&[i64]>, rank: usize) -> Result<Vec<usize>, Mistake> {
    let Some(axes) = axes else { return Ok((0..rank).collect()) };
    let mut places = axes.iter().map(|&axis| axis_of(name, axis, rank)).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Mistake::new(format!("{name}: an axis is named twice in {axes:?}")));
    }
    Ok(places)
}

/// A mistake about one operand, with its type: `name: what, got type`.
pub(super) fn about(recorder: &Recorder<'_>, name: &str, what: &str, id: ValueId) -> Mistake {
    let operands = vec![recorder.display(id)];
    Mistake { message: format!("{name}: {what}, got {}", operands[0]), operands }
}
