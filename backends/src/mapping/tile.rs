//! Which buffers of a kernel pass through memory that a team shares.
//!
//! Threads that read a vector each, of rows that are far from each other, use a tag of the cache for each of them: from rows of 64
//! bytes on, that and not memory sets the pace.

use super::{MOST_INSTRUCTIONS, TILE_BLOCK_THREADS, VECTOR_BYTES, count, row_bytes};
use rotrace_ir::kernel::{Access, Affine, BufferId, IndexId, Kernel};
use std::collections::BTreeSet;

/// Rows of more bytes pass through shared memory.
const LONG_ROW: u64 = 32;

/// Bytes of shared memory of a block, on every GPU without asking for more.
pub(super) const SHARED_BYTES: u64 = 48 << 10;

/// A buffer with long rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Staged {
    pub(crate) buffer: BufferId,
    /// Bytes of a row.
    pub(crate) row: u64,
    /// Where the part of a thread's begins in that of its block's memory, in bytes for each thread of the block.
    pub(crate) before: u64,
}

impl Staged {
    /// Bytes of a thread's part, with a gap behind it that spreads parts over the banks of the memory.
    pub(crate) fn part(self, rows: u64) -> u64 {
        self.row * rows + VECTOR_BYTES
    }
}

/// How many rows a thread takes, if any buffer is to be staged.
pub(super) fn rows(kernel: &Kernel) -> Option<u32> {
    let mut instructions = 0;
    if !count(&kernel.body, &mut instructions) || instructions > MOST_INSTRUCTIONS {
        return None;
    }
    let long = long_rows(kernel);
    let rows = long.iter().map(|&(_, row)| VECTOR_BYTES >> row.trailing_zeros().min(4)).max()?;
    (block_bytes(kernel, rows) <= SHARED_BYTES).then_some(rows as u32)
}

/// The staged buffers, if a thread takes so many rows.
pub(crate) fn staged(kernel: &Kernel, rows: u64) -> Vec<Staged> {
    let mut before = 0;
    let mut all = Vec::new();
    for (buffer, row) in long_rows(kernel) {
        let staged = Staged { buffer, row, before };
        before += staged.part(rows);
        all.push(staged);
    }
    all
}

/// Bytes of shared memory of a block.
pub(crate) fn block_bytes(kernel: &Kernel, rows: u64) -> u64 {
    staged(kernel, rows).iter().map(|staged| staged.part(rows)).sum::<u64>() * u64::from(TILE_BLOCK_THREADS)
}

/// Buffers with long rows, of which every iteration touches its own alone, and writes it whole.
fn long_rows(kernel: &Kernel) -> Vec<(BufferId, u64)> {
    let buffers = (0..).map(BufferId).zip(&kernel.buffers);
    let long = buffers.filter_map(|(id, buffer)| {
        let row = row_bytes(buffer).filter(|&row| row > LONG_ROW)?;
        let touched = touched(kernel, id)?;
        let whole = match buffer.access {
            Access::Read => !touched.is_empty(),
            Access::Write => touched.len() as u64 * buffer.dtype.size() as u64 == row,
            Access::Scratch => false,
        };
        whole.then_some((id, row))
    });
    long.collect()
}

/// The places in its own row that an iteration touches; none if it may touch others.
fn touched(kernel: &Kernel, buffer: BufferId) -> Option<BTreeSet<Vec<i64>>> {
    let mut places = BTreeSet::new();
    // There are no loops, and branches touch no buffers.
    for inst in &kernel.body.insts {
        let Some((_, at, _)) = inst.access().filter(|(touched, ..)| *touched == buffer) else { continue };
        let (row, inner) = at.split_first()?;
        let number = |affine: &Affine| affine.terms.is_empty().then(|| affine.offset.as_fixed()).flatten();
        let own = row.terms.as_slice() == [(IndexId(0), 1)] && row.offset.as_fixed() == Some(0);
        if !own {
            return None;
        }
        places.insert(inner.iter().map(|affine| number(affine).map(|place| place as i64)).collect::<Option<_>>()?);
    }
    Some(places)
}
