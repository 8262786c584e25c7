//! Running a plan's compiled kernels: buffers, order, loops, threads.
//!
//! ```text
//! memory     which temporaries share a place
//! frame      the pointers and numbers of a call
//! sequence   a plan and those in it, laid out in the frame
//! machine    what runs steps: this computer, or a device
//! host       this computer
//! kernel     launching one kernel on it
//! control    loops and branches over nested plans
//! native     calling functions of the user's
//! matmul     products of large matrices
//! elsewhere  what only machines with memory of their own need
//! from_plan  plans that did not come from a graph
//! ```

mod control;
#[cfg(feature = "cuda")]
pub(crate) mod elsewhere;
pub(crate) mod frame;
mod from_plan;
mod host;
mod kernel;
pub(crate) mod machine;
pub(crate) mod matmul;
pub(crate) mod memory;
pub(crate) mod native;
mod sequence;

use crate::arena::{ALIGNMENT, Slot};
use crate::bind::Sizes;
use crate::code::Code;
use crate::natives::Natives;
use crate::upgrade::Upgrade;
use crate::{Error, View, ViewMut};
use frame::{Extents, Frame};
pub(crate) use kernel::Threads;
use machine::Machine;
pub(crate) use memory::{Tenant, share};
use rotrace_ir::plan::Plan;
use sequence::{Builder, Sequence};
use std::mem::MaybeUninit;
use std::sync::Arc;

/// Calls that need up to so many bytes of memory find them on the caller's stack. Most calls need few, and it costs time
/// to make room for many.
const FEW_STACK_BYTES: usize = 512;
/// As [`FEW_STACK_BYTES`], for the others.
const STACK_BYTES: usize = 4096;

/// Where a plan's buffers are, and how much memory it needs.
pub(crate) struct Layout<M: Machine> {
    sequence: Sequence<M>,
    extents: Extents,
    /// Whether there is anything in the frame besides the pointers to arguments and results.
    prepared: bool,
    memory_limit: Option<u64>,
}

/// What one call brings, besides its arrays.
pub(crate) struct Call<'c, M> {
    pub(crate) machine: &'c M,
    pub(crate) sizes: &'c Sizes,
}

impl<M: Machine> Layout<M> {
    /// The layout of a verified plan.
    pub(crate) fn new(
        plan: &Plan,
        natives: &Natives,
        settings: &M::Settings,
        memory_limit: Option<u64>,
    ) -> Result<Self, Error> {
        let mut builder = Builder::new(natives, settings);
        let sequence = builder.sequence(plan)?;
        let prepared = builder.extents.numbers > 0 || sequence.has_memory();
        Ok(Self { sequence, extents: builder.extents, prepared, memory_limit })
    }

    /// Writes the pointers and numbers that depend on memory and sizes alone. Temporaries begin at `base`, and have as many bytes as
    /// [`permitted_bytes`](Self::permitted_bytes) says.
    #[inline(always)]
    pub(crate) fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        if self.prepared {
            self.sequence.place(frame, base, sizes);
            self.sequence.number(frame, sizes);
        }
    }

    /// Writes the pointers to arguments, which are only read, and results.
    #[inline(always)]
    pub(crate) fn point(
        &self,
        frame: &mut Frame<'_>,
        inputs: impl Iterator<Item = *mut u8>,
        outputs: impl Iterator<Item = *mut u8>,
    ) {
        self.sequence.inputs.iter().zip(inputs).for_each(|(spots, pointer)| frame.point(spots, pointer));
        self.sequence.outputs.iter().zip(outputs).for_each(|(spots, pointer)| frame.point(spots, pointer));
    }

    /// Runs the steps.
    #[inline(always)]
    pub(crate) fn run(&self, frame: &mut Frame<'_>, call: &Call<'_, M>) -> Result<(), Error> {
        self.sequence.run(frame, call)
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
    layout: Layout<Code>,
    code: Code,
    /// Better code, in the making or made.
    upgrade: Option<Arc<Upgrade>>,
    arena: Slot,
}

impl Launcher {
    /// `code` has the plan's kernels in their order, and so has that of the upgrade.
    pub(crate) fn new(layout: Layout<Code>, code: Code, upgrade: Option<Arc<Upgrade>>) -> Self {
        Self { layout, code, upgrade, arena: Slot::default() }
    }

    pub(crate) fn upgrade(&self) -> Option<&Upgrade> {
        self.upgrade.as_deref()
    }

    /// The best code there is. A call asks once, and keeps to it.
    #[inline]
    fn code(&self) -> &Code {
        self.upgrade().and_then(Upgrade::code).unwrap_or(&self.code)
    }

    /// The best code there is, and whether it is what was made in the background.
    pub(crate) fn code_and_tier(&self) -> (&Code, bool) {
        match self.upgrade().and_then(Upgrade::code) {
            Some(better) => (better, true),
            None => (&self.code, false),
        }
    }

    pub(crate) fn layout(&self) -> &Layout<Code> {
        &self.layout
    }

    /// Bytes of the machine code that calls run.
    pub(crate) fn code_size(&self) -> usize {
        self.code().size()
    }

    /// Runs the plan. The arguments fit the signature for these sizes.
    pub(crate) fn run(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>], sizes: &Sizes) -> Result<(), Error> {
        let call = Call { machine: self.code(), sizes };
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
        call: &Call<'_, Code>,
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
        call: &Call<'_, Code>,
    ) -> Result<(), Error> {
        // SAFETY: `run` has found memory for the frame, aligned as `ALIGNMENT` asks, which lives until this returns.
        let mut frame = unsafe { Frame::new(memory, self.layout.extents) };
        self.layout.place(&mut frame, memory.wrapping_add(self.frame_bytes() as usize), call.sizes);
        let inputs = inputs.iter().map(|view| view.bytes.as_ptr().cast_mut());
        self.layout.point(&mut frame, inputs, outputs.iter_mut().map(|view| view.bytes.as_mut_ptr()));
        self.layout.run(&mut frame, call)
    }
}

/// Memory on the stack, aligned as [`ALIGNMENT`] asks.
#[repr(align(64))]
struct StackMemory<const BYTES: usize> {
    _bytes: [u8; BYTES],
}
