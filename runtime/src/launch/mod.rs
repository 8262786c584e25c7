//! Running a plan's compiled kernels: buffers, order, loops, threads.
//!
//! ```text
//! memory     which temporaries share a place
//! frame      the pointers and numbers of a call
//! sequence   a plan and those in it, laid out in the frame
//! kernel     launching one kernel
//! control    loops and branches over nested plans
//! native     calling functions of the user's
//! from_plan  plans that did not come from a graph
//! ```

mod control;
mod frame;
mod from_plan;
mod kernel;
mod memory;
mod native;
mod sequence;

use crate::arena::{ALIGNMENT, Slot};
use crate::bind::Sizes;
use crate::code::Code;
use crate::natives::Natives;
use crate::{Error, View, ViewMut};
use frame::{Extents, Frame};
pub(crate) use kernel::Threads;
pub(crate) use memory::{Tenant, share};
use rotrace_ir::plan::Plan;
use sequence::{Builder, Sequence};
use std::mem::MaybeUninit;

/// Calls that need up to so many bytes of memory find them on the caller's stack. Most calls need few, and it costs time
/// to make room for many.
const FEW_STACK_BYTES: usize = 512;
/// As [`FEW_STACK_BYTES`], for the others.
const STACK_BYTES: usize = 4096;

/// Where a plan's buffers are, and how much memory it needs.
pub(crate) struct Layout {
    sequence: Sequence,
    extents: Extents,
    /// Whether there is anything in the frame besides the pointers to arguments and results.
    prepared: bool,
    memory_limit: Option<u64>,
}

/// What one call brings, besides its arrays.
struct Call<'c> {
    code: &'c Code,
    sizes: &'c Sizes,
}

impl Layout {
    /// The layout of a verified plan.
    pub(crate) fn new(
        plan: &Plan,
        natives: &Natives,
        threads: Threads,
        memory_limit: Option<u64>,
    ) -> Result<Self, Error> {
        let mut builder = Builder::new(natives, threads);
        let sequence = builder.sequence(plan)?;
        let prepared = builder.extents.numbers > 0 || sequence.has_memory();
        Ok(Self { sequence, extents: builder.extents, prepared, memory_limit })
    }

    /// Bytes of temporaries that a call of these sizes needs.
    pub(crate) fn temporary_bytes(&self, sizes: &Sizes) -> Result<u64, Error> {
        match self.sequence.bytes(sizes) {
            Some(bytes) => Ok(bytes),
            None => Err(Error::OutOfMemory(u64::MAX)),
        }
    }

    /// As [`temporary_bytes`](Self::temporary_bytes), if the limit allows so many.
    #[inline]
    pub(crate) fn permitted_bytes(&self, sizes: &Sizes) -> Result<u64, Error> {
        let needed = self.temporary_bytes(sizes)?;
        match self.memory_limit {
            Some(limit) if needed > limit => Err(Error::MemoryLimit { needed, limit }),
            Some(_) | None => Ok(needed),
        }
    }
}

/// A plan's layout with its code.
pub(crate) struct Launcher {
    layout: Layout,
    code: Code,
    arena: Slot,
}

impl Launcher {
    /// `code` has the plan's kernels in their order.
    pub(crate) fn new(layout: Layout, code: Code) -> Self {
        Self { layout, code, arena: Slot::default() }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    /// Bytes of machine code.
    pub(crate) fn code_size(&self) -> usize {
        self.code.size()
    }

    /// Runs the plan. The arguments fit the signature for these sizes.
    pub(crate) fn run(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>], sizes: &Sizes) -> Result<(), Error> {
        let call = Call { code: &self.code, sizes };
        let bytes = self.layout.permitted_bytes(sizes)?;
        let Some(bytes) = self.frame_bytes().checked_add(bytes) else { return Err(Error::OutOfMemory(bytes)) };
        if bytes <= FEW_STACK_BYTES as u64 {
            self.run_on_stack::<FEW_STACK_BYTES>(inputs, outputs, &call)
        } else if bytes <= STACK_BYTES as u64 {
            self.run_on_stack::<STACK_BYTES>(inputs, outputs, &call)
        } else {
            let block = self.arena.take(bytes)?;
            let outcome = self.run_in(block.pointer(), inputs, outputs, &call);
            self.arena.put(block);
            outcome
        }
    }

    /// Bytes of the frame, up to where temporaries begin.
    fn frame_bytes(&self) -> u64 {
        self.layout.extents.bytes().next_multiple_of(ALIGNMENT)
    }

    #[inline(never)]
    fn run_on_stack<const BYTES: usize>(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
        call: &Call<'_>,
    ) -> Result<(), Error> {
        let mut stack = MaybeUninit::<StackMemory<BYTES>>::uninit();
        self.run_in(stack.as_mut_ptr().cast(), inputs, outputs, call)
    }

    /// Runs in memory of as many bytes as [`run`](Self::run) has found.
    #[inline(always)]
    fn run_in(
        &self,
        memory: *mut u8,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
        call: &Call<'_>,
    ) -> Result<(), Error> {
        let Layout { sequence, extents, prepared, .. } = &self.layout;
        // SAFETY: `run` has found memory for the frame, aligned as `ALIGNMENT` asks, which lives until this returns.
        let mut frame = unsafe { Frame::new(memory, *extents) };
        if *prepared {
            sequence.place(&mut frame, memory.wrapping_add(self.frame_bytes() as usize), call.sizes);
            sequence.number(&mut frame, call);
        }
        for (spots, view) in sequence.inputs.iter().zip(inputs) {
            // Only read.
            frame.point(spots, view.bytes.as_ptr().cast_mut());
        }
        for (spots, view) in sequence.outputs.iter().zip(outputs) {
            frame.point(spots, view.bytes.as_mut_ptr());
        }
        sequence.run(&mut frame, call)
    }
}

/// Memory on the stack, aligned as [`ALIGNMENT`] asks.
#[repr(align(64))]
struct StackMemory<const BYTES: usize> {
    _bytes: [u8; BYTES],
}
