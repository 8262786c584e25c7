//! What only machines with memory of their own need.

use super::Layout;
use super::control::Loop;
use super::frame::{Extents, Frame, Spot};
use super::machine::Machine;
use super::memory::Size;
use super::native::{Argument, Native};
use super::sequence::{Sequence, Step};
use crate::arena::ALIGNMENT;
use crate::bind::{Sizes, dim_size};
use crate::natives::check_bools;
use crate::{Error, View, ViewMut};
use rotrace_ir::kernel::Buffer;
use std::ops::Range;

impl<M: Machine> Layout<M> {
    /// The places of a frame.
    #[inline]
    pub(crate) fn extents(&self) -> Extents {
        self.extents
    }

    /// How many kernels a call of these sizes launches; `None` if what it launches depends on values.
    pub(crate) fn launches(&self, sizes: &Sizes) -> Option<u64> {
        self.sequence.launches(sizes)
    }
}

impl<M: Machine> Sequence<M> {
    /// How many kernels are launched; `None` if that depends on values, or overflows.
    pub(super) fn launches(&self, sizes: &Sizes) -> Option<u64> {
        let mut each = self.steps.iter().map(|step| match step {
            Step::Kernel(_) | Step::Matmul(_) => Some(1),
            Step::Loop(step) => step.launches(sizes),
            Step::While(_) | Step::Switch(_) | Step::Native(_) => None,
        });
        each.try_fold(0_u64, |total, launches| total.checked_add(launches?))
    }
}

impl<M: Machine> Loop<M> {
    pub(super) fn launches(&self, sizes: &Sizes) -> Option<u64> {
        self.body.launches(sizes)?.checked_mul(dim_size(self.length, sizes).max(0) as u64)
    }
}

impl Frame<'_> {
    /// The pointers from one spot to another, in order.
    pub(crate) fn pointers_of(&self, spots: Range<Spot>) -> &[*mut u8] {
        let length = spots.len();
        // SAFETY: so many stand there, and by the frame's invariant they have been written.
        unsafe { std::slice::from_raw_parts(self.pointers(spots), length) }
    }
}

impl Size {
    pub(crate) fn of_buffer(buffer: &Buffer) -> Self {
        Self { shape: buffer.shape.clone(), element_bytes: buffer.dtype.size() as u64 }
    }

    /// The bytes of so many copies, up to where something else may begin.
    pub(crate) fn of_copies(&self, copies: u64, sizes: &Sizes) -> Option<u64> {
        self.bytes(sizes)?.checked_mul(copies)?.checked_next_multiple_of(ALIGNMENT)
    }
}

/// Memory of a machine's own, as what copies it from and to this computer.
pub(crate) trait Transfers {
    /// Copies from the machine.
    fn fetch(&self, from: *mut u8, to: &mut [u8]) -> Result<(), Error>;
    /// Copies to the machine.
    fn store(&self, from: &[u8], to: *mut u8) -> Result<(), Error>;
}

impl Native {
    /// As [`run`](Self::run), on buffers that are not in this computer's memory.
    pub(crate) fn run_elsewhere(&self, frame: &Frame<'_>, transfers: &impl Transfers) -> Result<(), Error> {
        // Words, so that any element is aligned.
        let room = |argument: &Argument| vec![0_u64; frame.number(argument.bytes).div_ceil(8)];
        let mut operands: Vec<Vec<u64>> = self.operands.iter().map(room).collect();
        let mut results: Vec<Vec<u64>> = self.results.iter().map(room).collect();
        let bytes = |argument: &Argument| frame.number(argument.bytes);
        for (argument, words) in self.operands.iter().zip(&mut operands) {
            let memory = &mut bytemuck::cast_slice_mut(words)[..bytes(argument)];
            transfers.fetch(frame.pointer(argument.pointer), memory)?;
        }
        let shape = |argument: &Argument| frame.numbers(argument.sizes.clone());
        let views = self.operands.iter().zip(&operands).map(|(argument, words)| View {
            dtype: argument.dtype,
            shape: shape(argument),
            bytes: &bytemuck::cast_slice(words)[..bytes(argument)],
        });
        let views: Vec<View<'_>> = views.collect();
        let targets = self.results.iter().zip(&mut results).map(|(argument, words)| ViewMut {
            dtype: argument.dtype,
            shape: shape(argument),
            bytes: &mut bytemuck::cast_slice_mut(words)[..bytes(argument)],
        });
        let mut targets: Vec<ViewMut<'_>> = targets.collect();
        let failed = |message| Error::Native { name: self.name.clone(), message };
        (self.function.0)(&views, &mut targets).map_err(failed)?;
        drop(targets);
        for (position, (argument, words)) in self.results.iter().zip(&results).enumerate() {
            let memory = &bytemuck::cast_slice(words)[..bytes(argument)];
            check_bools(position, argument.dtype, memory).map_err(failed)?;
            transfers.store(memory, frame.pointer(argument.pointer))?;
        }
        Ok(())
    }
}
