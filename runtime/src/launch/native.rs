//! Calling functions of the user's.

use super::frame::{Extents, Frame, Spot};
use super::memory::Size;
use crate::bind::{Sizes, dim_size};
use crate::natives::{Function, check_bools};
use crate::{Error, View, ViewMut};
use rotrace_ir::DType;
use rotrace_ir::dim::{Shape, Type};
use rotrace_ir::plan::NativeStep;
use smallvec::SmallVec;
use std::ops::Range;

/// [`rotrace_ir::plan::NativeStep`].
pub(crate) struct Native {
    pub(super) name: String,
    pub(super) function: Function,
    pub(super) operands: Vec<Argument>,
    pub(super) results: Vec<Argument>,
}

/// An array that is passed.
pub(super) struct Argument {
    pub(super) pointer: Spot,
    pub(super) dtype: DType,
    shape: Shape,
    /// The numbers of its sizes.
    pub(super) sizes: Range<Spot>,
    size: Size,
    /// The number of its bytes.
    pub(super) bytes: Spot,
}

impl Argument {
    fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        for (spot, &dim) in self.sizes.clone().zip(&self.shape) {
            frame.set_number(spot, dim_size(dim, sizes).max(0) as usize);
        }
        frame.set_number(self.bytes, self.size.bytes(sizes).unwrap_or(0) as usize);
    }
}

/// As many arrays as are passed without allocating.
const INLINE_ARGUMENTS: usize = 8;

impl Native {
    pub(super) fn new(step: &NativeStep, function: Function, spots: Range<Spot>, extents: &mut Extents) -> Self {
        let mut arguments: Vec<Argument> = spots
            .zip(step.inputs.iter().chain(&step.outputs))
            .map(|(pointer, ty)| argument(pointer, ty, extents))
            .collect();
        let results = arguments.split_off(step.inputs.len());
        Self { name: step.name.clone(), function, operands: arguments, results }
    }

    pub(super) fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        self.operands.iter().chain(&self.results).for_each(|argument| argument.number(frame, sizes));
    }

    pub(super) fn run(&self, frame: &Frame<'_>) -> Result<(), Error> {
        let operands: SmallVec<[View<'_>; INLINE_ARGUMENTS]> = self.operands.iter().map(|at| view(at, frame)).collect();
        let mut results: SmallVec<[ViewMut<'_>; INLINE_ARGUMENTS]> =
            self.results.iter().map(|at| view_mut(at, frame)).collect();
        let failed = |message| Error::Native { name: self.name.clone(), message };
        (self.function.0)(&operands, &mut results).map_err(failed)?;
        drop(results);
        for (position, result) in self.results.iter().map(|at| view(at, frame)).enumerate() {
            check_bools(position, result.dtype, result.bytes).map_err(failed)?;
        }
        Ok(())
    }
}

fn argument(pointer: Spot, ty: &Type, extents: &mut Extents) -> Argument {
    let first = extents.numbers;
    ty.shape.iter().for_each(|_| _ = extents.number());
    let sizes = first..extents.numbers;
    let (shape, size, bytes) = (ty.shape.clone(), Size::of_type(ty), extents.number());
    Argument { pointer, dtype: ty.dtype, shape, sizes, size, bytes }
}

fn view<'f>(argument: &Argument, frame: &'f Frame<'_>) -> View<'f> {
    // SAFETY: by the frame's invariant the buffer holds so many bytes, which steps before have written, and nobody
    // writes them while the function runs or its results are checked.
    let bytes = unsafe { std::slice::from_raw_parts(frame.pointer(argument.pointer), frame.number(argument.bytes)) };
    View { dtype: argument.dtype, shape: frame.numbers(argument.sizes.clone()), bytes }
}

/// The memory of a result, with zeros: a function that looks at it, or leaves some of it out, finds defined bytes.
fn view_mut<'f>(argument: &Argument, frame: &'f Frame<'_>) -> ViewMut<'f> {
    let (pointer, length) = (frame.pointer(argument.pointer), frame.number(argument.bytes));
    // SAFETY: by the frame's invariant the buffer holds so many bytes and overlaps no other argument of the step. It is
    // written before it is referred to.
    let bytes = unsafe {
        pointer.write_bytes(0, length);
        std::slice::from_raw_parts_mut(pointer, length)
    };
    ViewMut { dtype: argument.dtype, shape: frame.numbers(argument.sizes.clone()), bytes }
}
