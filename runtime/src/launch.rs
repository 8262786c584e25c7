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

/// Temporaries up to this many bytes live on the caller's stack.
const STACK_BYTES: usize = 4096;

/// Estimated time of one scalar instruction on one lane; SIMD and multiple issue included.
const NANOSECONDS_PER_INSTRUCTION: f64 = 0.2;

/// How a call may use threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    /// The most that one step uses.
    pub(crate) cap: usize,
    /// Estimated time from which a step is spread.
    pub(crate) from_nanoseconds: f64,
}

/// What a launch needs to know of a plan, computed once.
pub(crate) struct Launcher {
    code: Code,
    constants: Vec<(PlanBufferId, std::sync::Arc<[u8]>)>,
    buffer_count: usize,
    inputs: Vec<PlanBufferId>,
    outputs: Vec<PlanBufferId>,
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
    arguments: Vec<PlanBufferId>,
    work: Work,
}

type Pointers = SmallVec<[*mut u8; 24]>;

impl Launcher {
    pub(crate) fn new(plan: &Plan, code: Code) -> Self {
        let of = |wanted: fn(&Storage) -> Option<u32>| {
            let mut found: Vec<(u32, PlanBufferId)> =
                ids(plan).filter_map(|id| Some((wanted(&plan.buffers[id.0 as usize].storage)?, id))).collect();
            found.sort_unstable();
            found.into_iter().map(|(_, id)| id).collect()
        };
        let constants = ids(plan).filter_map(|id| match &plan.buffers[id.0 as usize].storage {
            Storage::Constant(constant) => Some((id, constant.data.clone())),
            Storage::Input(_) | Storage::Output(_) | Storage::Temporary => None,
        });
        let steps = plan.steps.iter().map(|step| StepInfo {
            grid: step.kernel.grid,
            arguments: step.arguments.clone(),
            work: Work::of(&step.kernel),
        });
        Self {
            constants: constants.collect(),
            buffer_count: plan.buffers.len(),
            inputs: of(|storage| if let Storage::Input(index) = storage { Some(*index) } else { None }),
            outputs: of(|storage| if let Storage::Output(index) = storage { Some(*index) } else { None }),
            slots: share_slots(plan),
            steps: steps.collect(),
            arena: Slot::default(),
            code,
        }
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
        let mut pointers: Pointers = SmallVec::from_elem(std::ptr::null_mut(), self.buffer_count);
        for (id, view) in self.inputs.iter().zip(inputs) {
            // Kernels only read buffers that are inputs.
            pointers[id.0 as usize] = view.bytes.as_ptr().cast_mut();
        }
        for (id, view) in self.outputs.iter().zip(outputs) {
            pointers[id.0 as usize] = view.bytes.as_mut_ptr();
        }
        for (id, data) in &self.constants {
            pointers[id.0 as usize] = data.as_ptr().cast_mut();
        }
        if self.slots.is_empty() {
            self.run_steps(&pointers, sizes, threads);
            return Ok(());
        }
        let bytes = self.temporary_bytes(sizes)?;
        if bytes <= STACK_BYTES as u64 {
            let mut stack = [MaybeUninit::<u8>::uninit(); STACK_BYTES + ALIGNMENT as usize];
            let base = stack.as_mut_ptr().cast::<u8>();
            let padding = base.align_offset(ALIGNMENT as usize);
            self.place(base.wrapping_add(padding), sizes, &mut pointers);
            self.run_steps(&pointers, sizes, threads);
        } else {
            let block = self.arena.take(bytes)?;
            self.place(block.pointer(), sizes, &mut pointers);
            self.run_steps(&pointers, sizes, threads);
            self.arena.put(block);
        }
        Ok(())
    }

    /// Hands out the slots from `base` on.
    fn place(&self, base: *mut u8, sizes: &Sizes, pointers: &mut Pointers) {
        let mut offset = 0;
        for slot in &self.slots {
            for temporary in slot {
                pointers[temporary.buffer.0 as usize] = base.wrapping_add(offset as usize);
            }
            offset += slot_bytes(slot, sizes).unwrap_or(0);
        }
    }

    fn run_steps(&self, pointers: &Pointers, sizes: &Sizes, threads: Threads) {
        for (index, step) in self.steps.iter().enumerate() {
            let arguments: SmallVec<[*mut u8; 16]> = step.arguments.iter().map(|id| pointers[id.0 as usize]).collect();
            let (entry, constants) = self.code.step(index);
            let launch = Launch { entry, buffers: arguments.as_ptr(), sizes: sizes.as_ptr(), constants };
            let grid = extent_size(step.grid, sizes);
            let pieces = if threads.cap > 1 { step.work.pieces(grid, sizes, threads) } else { 1 };
            if pieces <= 1 {
                launch.run(0, grid);
            } else {
                let launch = &launch;
                (0..pieces as i64).into_par_iter().for_each(|piece| {
                    let bound = |piece: i64| (i128::from(grid) * i128::from(piece) / i128::from(pieces as i64)) as i64;
                    launch.run(bound(piece), bound(piece + 1));
                });
            }
        }
    }
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

fn extent_size(extent: Extent, sizes: &Sizes) -> i64 {
    match extent {
        Extent::Dim(dim) => dim_size(dim, sizes),
        Extent::Blocks(dim) => (dim_size(dim, sizes) as u64).div_ceil(BLOCK) as i64,
        Extent::Block { dim, .. } => dim_size(dim, sizes).min(BLOCK as i64),
    }
}

/// An estimate of one grid iteration's work: instructions, each times the extents of the loops around it.
struct Work {
    terms: Vec<(f64, SmallVec<[Extent; 2]>)>,
}

impl Work {
    fn of(kernel: &Kernel) -> Self {
        let mut work = Self { terms: Vec::new() };
        work.block(&kernel.body, &SmallVec::new());
        work
    }

    fn block(&mut self, block: &Block, around: &SmallVec<[Extent; 2]>) {
        self.terms.push((block.insts.len() as f64, around.clone()));
        for inst in &block.insts {
            if let Inst::Loop(nested) = inst {
                let mut around = around.clone();
                around.push(nested.extent);
                self.block(&nested.body, &around);
            }
        }
    }

    /// Into how many pieces to cut the grid.
    fn pieces(&self, grid: i64, sizes: &Sizes, threads: Threads) -> usize {
        let instructions = |(count, around): &(f64, SmallVec<[Extent; 2]>)| {
            around.iter().fold(*count, |product, &extent| product * extent_size(extent, sizes) as f64)
        };
        let once: f64 = self.terms.iter().map(instructions).sum();
        let nanoseconds = once * grid as f64 * NANOSECONDS_PER_INSTRUCTION;
        if nanoseconds < threads.from_nanoseconds { 1 } else { threads.cap.min(grid.max(1) as usize) }
    }
}
