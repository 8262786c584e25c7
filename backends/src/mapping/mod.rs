//! How the iterations of a grid meet the threads of a GPU.

pub(crate) mod crowd;
pub(crate) mod tile;

use rotrace_ir::kernel::{Access, Block, Buffer, Extent, Inst, Kernel, Loop, LoopKind};
use rotrace_ir::reduce::LANES;

/// How iterations of a grid meet threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Mapping {
    /// One iteration after the other.
    Single,
    /// So many neighbouring iterations at once, whose elements are loaded and stored as vectors of 16 bytes. Buffers must begin
    /// at multiples of 16 bytes.
    Rows(u32),
    /// As many neighbouring iterations per thread, and those of a team of 16 threads together: their longest rows pass through
    /// memory that the team shares, so that each access of the team is to neighbouring bytes. Buffers must begin at multiples of
    /// 16 bytes.
    Tile(u32),
    /// One iteration by a team of 16 threads, which share its loops: as many as a reduction has accumulators.
    Team,
    /// As [`Self::Team`], by all threads of a block, which are so many.
    Crowd(u32),
}

/// The most threads of a block: with all the registers that a thread can have, 255, they take all that a multiprocessor has.
const MOST_BLOCK_THREADS: u32 = 256;

/// As [`MOST_BLOCK_THREADS`], of blocks with memory that teams share.
const TILE_BLOCK_THREADS: u32 = 64;

/// Threads of a team.
pub const TEAM: u64 = LANES;

/// So many bytes are loaded or stored at once.
pub(crate) const VECTOR_BYTES: u64 = 16;

/// The most iterations that a thread takes at once: with as many, rows of elements of 4 bytes are whole vectors whatever their number.
/// Rows of bytes would need 16.
const MOST_ROWS: u64 = 4;

/// Instructions of an iteration from which it is run alone: what it computes takes longer than its memory, and several at once would
/// need too many registers. With so many in 4 rows, no spatial operation needs more than half of the 255 that there are, divisions
/// and roots included, whose slow ways are routines of the assembler's.
const MOST_INSTRUCTIONS: usize = 160;

impl Mapping {
    /// The mappings of use for a kernel. The first always is.
    #[must_use]
    pub fn of(kernel: &Kernel) -> Vec<Self> {
        let mut mappings = vec![Self::Single];
        mappings.extend(rows(kernel).map(Self::Rows));
        mappings.extend(tile::rows(kernel).map(Self::Tile));
        let scratch = kernel.buffers.iter().any(|buffer| buffer.access == Access::Scratch);
        if !scratch && crowd::is_of_use(kernel) {
            mappings.push(Self::Crowd(crowd::THREADS));
        } else if !scratch && has_long_loop(&kernel.body) {
            mappings.push(Self::Team);
        }
        mappings
    }

    /// What the address of every buffer must be a multiple of, beyond the size of its elements.
    #[must_use]
    pub fn alignment(self) -> u64 {
        match self {
            Self::Single | Self::Team | Self::Crowd(_) => 1,
            Self::Rows(_) | Self::Tile(_) => VECTOR_BYTES,
        }
    }

    /// The most threads of a block.
    #[must_use]
    pub fn block_threads(self) -> u32 {
        match self {
            Self::Single | Self::Rows(_) | Self::Team => MOST_BLOCK_THREADS,
            Self::Tile(_) => TILE_BLOCK_THREADS,
            Self::Crowd(threads) => threads,
        }
    }

    /// The name of its function.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Rows(_) => "rows",
            Self::Tile(_) => "tile",
            Self::Team => "team",
            Self::Crowd(_) => "crowd",
        }
    }
}

/// How many rows are a multiple of vectors, if loading them so pays.
fn rows(kernel: &Kernel) -> Option<u32> {
    let mut instructions = 0;
    let straight = count(&kernel.body, &mut instructions);
    if !straight || instructions > MOST_INSTRUCTIONS {
        return None;
    }
    let rows = kernel.buffers.iter().filter_map(row_bytes).map(|bytes| VECTOR_BYTES >> bytes.trailing_zeros().min(4));
    let rows = rows.max()?.min(MOST_ROWS);
    // One row that is a vector gains by the promise that it is aligned.
    let aligned = kernel.buffers.iter().filter_map(row_bytes).any(|bytes| bytes.is_multiple_of(VECTOR_BYTES));
    (rows > 1 || aligned).then_some(rows as u32)
}

/// Bytes of what is at one index of the leading axis, if that is known; not of arrays without axes.
fn row_bytes(buffer: &Buffer) -> Option<u64> {
    let (_, inner) = buffer.shape.split_first()?;
    let size = |extent: &Extent| match extent {
        Extent::Dim(dim) => dim.as_fixed(),
        Extent::Blocks(_) | Extent::Block { .. } => None,
    };
    let elements = inner.iter().try_fold(1_u64, |product, extent| product.checked_mul(size(extent)?))?;
    Some(elements * buffer.dtype.size() as u64).filter(|&bytes| bytes > 0)
}

/// Adds the instructions of a block; false if there is a loop.
fn count(block: &Block, instructions: &mut usize) -> bool {
    *instructions += block.insts.len();
    block
        .insts
        .iter()
        .all(|inst| !matches!(inst, Inst::Loop(_)) && inst.blocks().all(|block| count(block, instructions)))
}

/// Whether there is a loop worth sharing: over independent iterations, and of more than a few.
fn has_long_loop(block: &Block) -> bool {
    block.insts.iter().any(|inst| match inst {
        Inst::Loop(looped) if is_long(looped) => true,
        _ => inst.blocks().any(has_long_loop),
    })
}

fn is_long(looped: &Loop) -> bool {
    let few = matches!(looped.extent, Extent::Dim(dim) if dim.as_fixed().is_some_and(|size| size < 2 * TEAM));
    matches!(looped.kind, LoopKind::Reduce { .. }) && !few
}
