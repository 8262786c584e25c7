//! Running one kernel, on one thread or many.

use super::frame::{Frame, Spot};
use super::machine::Launched;
use super::memory::{Size, extent_size};
use crate::bind::Sizes;
use crate::code::{Code, Entry};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::kernel::{self, Access, Block, Extent, Inst};
use smallvec::SmallVec;
use std::ops::Range;

/// Estimated time of one scalar instruction on one lane; SIMD and multiple issue included (see
/// `docs/records/threads.md`).
const NANOSECONDS_PER_INSTRUCTION: f64 = 0.07;

/// So many iterations a loop is taken to have that ends when a condition does not hold.
const WHILE_ITERATIONS: f64 = 64.0;

/// How a call may use threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    /// The most that one step uses; 0 for as many as the current pool has.
    pub(crate) cap: usize,
    /// Estimated time from which a step is spread.
    pub(crate) from_nanoseconds: f64,
    /// How many iterations of a grid each runs at once at most, with scratch for every one.
    pub(crate) scratch_copies: u64,
}

impl Threads {
    /// Over how many threads to spread work: one, if its estimated time is not worth waking others.
    #[inline(always)]
    pub(super) fn pieces(self, nanoseconds: f64) -> usize {
        match self.cap {
            _ if nanoseconds < self.from_nanoseconds => 1,
            0 => rayon::current_num_threads(),
            cap => cap,
        }
    }
}

/// A step that launches a kernel.
pub(crate) struct Kernel {
    /// Its number in the code.
    code: usize,
    arguments: Range<Spot>,
    extent: Extent,
    work: Work,
    threads: Threads,
    scratch: Vec<Scratch>,
    /// Where its grid is kept during the call, if it may run more than once.
    kept: Option<Kept>,
}

/// An array that every piece of the grid has for itself, in memory of the step.
struct Scratch {
    /// Its position among the arguments.
    position: usize,
    size: Size,
}

/// The numbers of a grid: its iterations, and the pieces to cut it into.
#[derive(Clone, Copy)]
struct Kept {
    grid: Spot,
    pieces: Spot,
}

impl Kernel {
    pub(super) fn new(kernel: &kernel::Kernel, launched: Launched<'_>, threads: Threads) -> Self {
        let Launched { number: code, arguments, once, extents } = launched;
        let kept = (!once).then(|| Kept { grid: extents.number(), pieces: extents.number() });
        let buffers = kernel.buffers.iter().enumerate().filter(|(_, buffer)| buffer.access == Access::Scratch);
        let scratch = buffers
            .map(|(position, buffer)| Scratch { position, size: Size::of_scratch(buffer, threads.scratch_copies) });
        let (extent, work, scratch) = (kernel.grid, Work::of(kernel), scratch.collect());
        Self { code, arguments, extent, work, threads, scratch, kept }
    }

    /// Bytes that the pieces of the grid need for their scratch.
    pub(super) fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        if self.scratch.is_empty() {
            return Some(0);
        }
        let one = self.scratch.iter().try_fold(0_u64, |total, own| total.checked_add(own.size.padded(sizes)?))?;
        one.checked_mul(self.cut(sizes).1 as u64)
    }

    /// Gives the first piece its scratch; that of the others follows.
    pub(super) fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        let mut free = base;
        for own in &self.scratch {
            frame.point(&[self.arguments.start + own.position as Spot], free);
            free = free.wrapping_add(own.size.padded(sizes).unwrap_or(0) as usize);
        }
    }

    #[inline]
    pub(super) fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        if let Some(kept) = self.kept {
            let (grid, pieces) = self.cut(sizes);
            frame.set_number(kept.grid, grid as usize);
            frame.set_number(kept.pieces, pieces);
        }
    }

    /// The grid's iterations, and the pieces to cut it into.
    #[inline]
    fn cut(&self, sizes: &Sizes) -> (i64, usize) {
        let grid = extent_size(self.extent, sizes).max(0);
        (grid, self.work.pieces(grid, sizes, self.threads))
    }

    #[inline]
    pub(super) fn run(&self, frame: &Frame<'_>, code: &Code, sizes: &Sizes) {
        let (entry, constants) = code.step(self.code);
        let buffers = frame.pointers(self.arguments.clone());
        let launch = Launch { entry, buffers, sizes: sizes.as_ptr(), constants };
        let (grid, pieces) = match self.kept {
            Some(kept) => (frame.number(kept.grid) as i64, frame.number(kept.pieces)),
            None => self.cut(sizes),
        };
        match pieces {
            0 | 1 => launch.run(0, grid),
            pieces if self.scratch.is_empty() => launch.run_pieces(grid, pieces as i64),
            pieces => self.run_apart(&launch, (grid, pieces as i64), sizes),
        }
    }

    /// Runs the pieces of the grid, each with its own scratch.
    #[cold]
    fn run_apart(&self, launch: &Launch, (grid, pieces): (i64, i64), sizes: &Sizes) {
        let one: usize = self.scratch.iter().map(|own| own.size.padded(sizes).unwrap_or(0) as usize).sum();
        (0..pieces).into_par_iter().for_each(|piece| {
            // SAFETY: there are as many pointers as arguments, and nobody writes them while the kernel runs.
            let shared = unsafe { std::slice::from_raw_parts(launch.buffers, self.arguments.len()) };
            let mut buffers = SmallVec::<[*mut u8; 16]>::from_slice(shared);
            for own in &self.scratch {
                buffers[own.position] = buffers[own.position].wrapping_add(piece as usize * one);
            }
            Launch { buffers: buffers.as_ptr(), ..*launch }.run_piece(piece, grid, pieces);
        });
    }
}

/// One step's kernel with its arguments.
struct Launch {
    entry: Entry,
    buffers: *const *mut u8,
    sizes: *const i64,
    constants: *const u8,
}

// SAFETY: threads run disjoint ranges of grid iterations, which by the kernel IR's rules are independent: what one of them
// writes no other writes or reads. Of scratch every piece has its own.
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
        (0..pieces).into_par_iter().for_each(|piece| self.run_piece(piece, grid, pieces));
    }

    fn run_piece(&self, piece: i64, grid: i64, pieces: i64) {
        let bound = |piece: i64| (i128::from(grid) * i128::from(piece) / i128::from(pieces)) as i64;
        self.run(bound(piece), bound(piece + 1));
    }
}

/// An estimate of one grid iteration's work: instructions, each times the extents of the loops around it.
struct Work {
    /// Instructions outside of inner loops.
    straight: f64,
    looped: Vec<(f64, SmallVec<[Around; 2]>)>,
}

/// A loop around instructions: its extent, and the most iterations to reckon with.
type Around = (Extent, f64);

impl Work {
    fn of(kernel: &kernel::Kernel) -> Self {
        let mut work = Self { straight: 0.0, looped: Vec::new() };
        work.block(&kernel.body, &SmallVec::new());
        work
    }

    fn block(&mut self, block: &Block, around: &SmallVec<[Around; 2]>) {
        let count = block.insts.len() as f64;
        if around.is_empty() {
            self.straight += count;
        } else {
            self.looped.push((count, around.clone()));
        }
        self.loops(block, around);
    }

    /// What the loops of a block run, also those on the expected sides of its branches.
    fn loops(&mut self, block: &Block, around: &SmallVec<[Around; 2]>) {
        for inst in &block.insts {
            match inst {
                Inst::Loop(nested) => {
                    let mut around = around.clone();
                    let most = if nested.condition().is_some() { WHILE_ITERATIONS } else { f64::INFINITY };
                    around.push((nested.extent, most));
                    inst.blocks().for_each(|block| self.block(block, &around));
                }
                Inst::If { then, .. } => self.loops(then, around),
                Inst::Constant { .. }
                | Inst::Scalar { .. }
                | Inst::Cast { .. }
                | Inst::Bitcast { .. }
                | Inst::Index { .. }
                | Inst::Load { .. }
                | Inst::Store { .. }
                | Inst::Lookup { .. } => {}
            }
        }
    }

    /// Into how many pieces to cut the grid: one per thread.
    #[inline(always)]
    fn pieces(&self, grid: i64, sizes: &Sizes, threads: Threads) -> usize {
        let mut instructions = self.straight;
        for (count, around) in &self.looped {
            instructions += around
                .iter()
                .fold(*count, |product, &(extent, most)| product * (extent_size(extent, sizes) as f64).min(most));
        }
        let nanoseconds = instructions * grid as f64 * NANOSECONDS_PER_INSTRUCTION;
        threads.pieces(nanoseconds).min(grid.max(1) as usize)
    }
}
