//! Running a plan's compiled kernels: buffers, order, threads.

use crate::arena::{ALIGNMENT, Slot};
use crate::bind::{Sizes, dim_size};
use crate::code::{Code, Entry};
use crate::{Error, View, ViewMut};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::kernel::{Block, BufferShape, Extent, Inst, Kernel};
use rotrace_ir::plan::{Plan, PlanBufferId, Storage};
use rotrace_ir::reduce::BLOCK;
use smallvec::SmallVec;
use std::mem::MaybeUninit;
use std::sync::Arc;

/// Temporaries up to this many bytes live on the caller's stack.
const STACK_BYTES: usize = 4096;

/// A call with up to so many temporaries, and as many buffers of one kernel, allocates nothing for them.
const INLINE_BUFFERS: usize = 64;

/// Estimated time of one scalar instruction on one lane; SIMD and multiple issue included (see
/// `docs/records/threads.md`).
const NANOSECONDS_PER_INSTRUCTION: f64 = 0.07;

/// How a call may use threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    /// The most that one step uses; 0 for as many as the current pool has.
    pub(crate) cap: usize,
    /// Estimated time from which a step is spread.
    pub(crate) from_nanoseconds: f64,
}

/// What a launch needs to know of a plan, computed once.
pub(crate) struct Launcher {
    code: Code,
    /// Kept alive for the steps that point to them.
    constants: Vec<Arc<[u8]>>,
    /// Temporaries that are never alive together share a slot, which is as large as the largest of them.
    slots: Vec<Vec<Temporary>>,
    steps: Vec<StepInfo>,
    arena: Slot,
}

struct Temporary {
    buffer: PlanBufferId,
    shape: BufferShape,
    element_bytes: u64,
}

struct StepInfo {
    grid: Extent,
    arguments: Vec<Source>,
    work: Work,
}

/// Where a kernel's buffer is in a call.
#[derive(Clone, Copy, Debug)]
enum Source {
    Input(u32),
    Output(u32),
    Constant(u32),
    Slot(u32),
}

/// What one call brings: its arguments, and where its slots begin.
struct Call<'a, 'v, 'w> {
    inputs: &'a [View<'v>],
    outputs: &'a mut [ViewMut<'w>],
    sizes: &'a Sizes,
    slots: SmallVec<[*mut u8; INLINE_BUFFERS]>,
    threads: Threads,
}

impl Launcher {
    pub(crate) fn new(plan: &Plan, code: Code) -> Self {
        let slots = share_slots(plan);
        let mut constants = Vec::new();
        let sources: Vec<Source> = ids(plan)
            .map(|id| match &plan.buffers[id.0 as usize].storage {
                Storage::Input(index) => Source::Input(*index),
                Storage::Output(index) => Source::Output(*index),
                Storage::Constant(constant) => {
                    constants.push(Arc::clone(&constant.data));
                    Source::Constant(constants.len() as u32 - 1)
                }
                Storage::Temporary => {
                    let holds = |slot: &Vec<Temporary>| slot.iter().any(|temporary| temporary.buffer == id);
                    Source::Slot(slots.iter().position(holds).unwrap_or(0) as u32)
                }
            })
            .collect();
        let steps = plan.steps.iter().map(|step| StepInfo {
            grid: step.kernel.grid,
            arguments: step.arguments.iter().map(|id| sources[id.0 as usize]).collect(),
            work: Work::of(&step.kernel),
        });
        Self { steps: steps.collect(), constants, slots, arena: Slot::default(), code }
    }

    /// Bytes of machine code.
    pub(crate) fn code_size(&self) -> usize {
        self.code.size()
    }

    /// Bytes of temporaries that a call of these sizes needs.
    pub(crate) fn temporary_bytes(&self, sizes: &Sizes) -> Result<u64, Error> {
        let mut total = 0_u64;
        for slot in &self.slots {
            total = slot_bytes(slot, sizes)
                .and_then(|bytes| total.checked_add(bytes))
                .ok_or(Error::OutOfMemory(u64::MAX))?;
        }
        Ok(total)
    }

    /// Runs the plan. The arguments fit the signature for these sizes.
    pub(crate) fn run(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
        sizes: &Sizes,
        threads: Threads,
    ) -> Result<(), Error> {
        let mut call = Call { inputs, outputs, sizes, slots: SmallVec::new(), threads };
        if self.slots.is_empty() {
            self.run_steps(&mut call);
            return Ok(());
        }
        let bytes = self.temporary_bytes(sizes)?;
        if bytes <= STACK_BYTES as u64 {
            self.run_on_stack(&mut call);
        } else {
            let block = self.arena.take(bytes)?;
            self.place(block.pointer(), &mut call);
            self.run_steps(&mut call);
            self.arena.put(block);
        }
        Ok(())
    }

    #[inline(never)]
    fn run_on_stack(&self, call: &mut Call<'_, '_, '_>) {
        let mut stack = MaybeUninit::<StackMemory>::uninit();
        self.place(stack.as_mut_ptr().cast(), call);
        self.run_steps(call);
    }

    /// Hands out the slots from `base` on.
    #[inline]
    fn place(&self, base: *mut u8, call: &mut Call<'_, '_, '_>) {
        let mut offset = 0;
        for slot in &self.slots {
            call.slots.push(base.wrapping_add(offset as usize));
            offset += slot_bytes(slot, call.sizes).unwrap_or(0);
        }
    }

    #[inline]
    fn run_steps(&self, call: &mut Call<'_, '_, '_>) {
        for (index, step) in self.steps.iter().enumerate() {
            let mut arguments = SmallVec::<[*mut u8; INLINE_BUFFERS]>::new();
            for &source in &step.arguments {
                arguments.push(match source {
                    // Kernels only read buffers that are inputs or constants.
                    Source::Input(index) => call.inputs[index as usize].bytes.as_ptr().cast_mut(),
                    Source::Output(index) => call.outputs[index as usize].bytes.as_mut_ptr(),
                    Source::Constant(index) => self.constants[index as usize].as_ptr().cast_mut(),
                    Source::Slot(index) => call.slots[index as usize],
                });
            }
            let (entry, constants) = self.code.step(index);
            let launch = Launch { entry, buffers: arguments.as_ptr(), sizes: call.sizes.as_ptr(), constants };
            let grid = extent_size(step.grid, call.sizes);
            match step.work.pieces(grid, call.sizes, call.threads) {
                0 | 1 => launch.run(0, grid),
                pieces => launch.run_pieces(grid, pieces as i64),
            }
        }
    }
}

/// The stack's share of temporaries, aligned as [`ALIGNMENT`] asks.
#[repr(align(64))]
struct StackMemory {
    _bytes: [u8; STACK_BYTES],
}

/// One step's kernel with its arguments.
struct Launch {
    entry: Entry,
    buffers: *const *mut u8,
    sizes: *const i64,
    constants: *const u8,
}

// SAFETY: threads run disjoint ranges of grid iterations, which by the kernel IR's rules are independent: no element is
// written twice, and what is written is not read.
unsafe impl Sync for Launch {}

impl Launch {
    fn run(&self, start: i64, end: i64) {
        // SAFETY: the entry was compiled for this kernel; `buffers` and `sizes` outlive the call; every buffer holds
        // the elements of its shape for these sizes (arguments were checked, temporaries allocated so); reads and
        // writes are aligned or allow any alignment, and kernels that the verifier accepts stay in bounds.
        unsafe { (self.entry)(self.buffers, self.sizes, start, end, self.constants) }
    }

    /// The whole grid in pieces of nearly equal length, over threads.
    #[cold]
    fn run_pieces(&self, grid: i64, pieces: i64) {
        (0..pieces).into_par_iter().for_each(|piece| {
            let bound = |piece: i64| (i128::from(grid) * i128::from(piece) / i128::from(pieces)) as i64;
            self.run(bound(piece), bound(piece + 1));
        });
    }
}

fn ids(plan: &Plan) -> impl Iterator<Item = PlanBufferId> + use<> {
    (0..plan.buffers.len() as u32).map(PlanBufferId)
}

/// Greedy interval colouring in order of first use.
fn share_slots(plan: &Plan) -> Vec<Vec<Temporary>> {
    let mut slots: Vec<(usize, Vec<Temporary>)> = Vec::new();
    let uses = |id: PlanBufferId| {
        plan.steps.iter().enumerate().filter(move |(_, step)| step.arguments.contains(&id)).map(|(at, _)| at)
    };
    let mut temporaries: Vec<(usize, usize, PlanBufferId)> = ids(plan)
        .filter(|id| plan.buffers[id.0 as usize].storage == Storage::Temporary)
        .filter_map(|id| Some((uses(id).min()?, uses(id).max()?, id)))
        .collect();
    temporaries.sort_unstable();
    for (first, last, buffer) in temporaries {
        let PlanBufferId(index) = buffer;
        let planned = &plan.buffers[index as usize];
        let temporary = Temporary { buffer, shape: planned.shape.clone(), element_bytes: planned.dtype.size() as u64 };
        match slots.iter_mut().find(|(busy_until, _)| *busy_until < first) {
            Some((busy_until, slot)) => {
                *busy_until = last;
                slot.push(temporary);
            }
            None => slots.push((last, vec![temporary])),
        }
    }
    slots.into_iter().map(|(_, slot)| slot).collect()
}

fn slot_bytes(slot: &[Temporary], sizes: &Sizes) -> Option<u64> {
    let mut largest = 0;
    for temporary in slot {
        let mut bytes = temporary.element_bytes;
        for &extent in &temporary.shape {
            bytes = bytes.checked_mul(extent_size(extent, sizes) as u64)?;
        }
        largest = largest.max(bytes.checked_next_multiple_of(ALIGNMENT)?);
    }
    Some(largest)
}

#[inline]
fn extent_size(extent: Extent, sizes: &Sizes) -> i64 {
    match extent {
        Extent::Dim(dim) => dim_size(dim, sizes),
        Extent::Blocks(dim) => (dim_size(dim, sizes) as u64).div_ceil(BLOCK) as i64,
        Extent::Block { dim, .. } => dim_size(dim, sizes).min(BLOCK as i64),
    }
}

/// An estimate of one grid iteration's work: instructions, each times the extents of the loops around it.
struct Work {
    /// Instructions outside of inner loops.
    straight: f64,
    looped: Vec<(f64, SmallVec<[Extent; 2]>)>,
}

impl Work {
    fn of(kernel: &Kernel) -> Self {
        let mut work = Self { straight: 0.0, looped: Vec::new() };
        work.block(&kernel.body, &SmallVec::new());
        work
    }

    fn block(&mut self, block: &Block, around: &SmallVec<[Extent; 2]>) {
        let count = block.insts.len() as f64;
        if around.is_empty() {
            self.straight += count;
        } else {
            self.looped.push((count, around.clone()));
        }
        for inst in &block.insts {
            if let Inst::Loop(nested) = inst {
                let mut around = around.clone();
                around.push(nested.extent);
                self.block(&nested.body, &around);
            }
        }
    }

    /// Into how many pieces to cut the grid: one per thread, if the estimated time is worth waking them.
    #[inline]
    fn pieces(&self, grid: i64, sizes: &Sizes, threads: Threads) -> usize {
        let mut instructions = self.straight;
        for (count, around) in &self.looped {
            instructions += around.iter().fold(*count, |product, &extent| product * extent_size(extent, sizes) as f64);
        }
        let nanoseconds = instructions * grid as f64 * NANOSECONDS_PER_INSTRUCTION;
        if nanoseconds < threads.from_nanoseconds || threads.cap == 1 {
            return 1;
        }
        let cap = if threads.cap == 0 { rayon::current_num_threads() } else { threads.cap };
        cap.min(grid.max(1) as usize)
    }
}
