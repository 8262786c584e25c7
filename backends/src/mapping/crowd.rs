//! Loops whose elements all threads of a block compute, and 16 of them reduce.

use super::tile::SHARED_BYTES;
use rotrace_ir::kernel::{Extent, Inst, Kernel, Loop, LoopKind};

/// Threads of a block that share an iteration's loops.
pub(super) const THREADS: u32 = 256;

/// Whether teams of a whole block are of use: for loops over a block of a long axis, or over the results of its blocks.
pub(super) fn is_of_use(kernel: &Kernel) -> bool {
    let mut loops = Vec::new();
    collect(&kernel.body.insts, &mut loops);
    let cut = |looped: &&Loop| matches!(looped.extent, Extent::Block { .. } | Extent::Blocks(_));
    loops.iter().any(cut) && block_bytes(kernel, THREADS) <= SHARED_BYTES
}

/// Bytes of shared memory of a block.
pub(crate) fn block_bytes(kernel: &Kernel, threads: u32) -> u64 {
    let mut loops = Vec::new();
    collect(&kernel.body.insts, &mut loops);
    let bytes = |looped: &Loop| element_bytes(kernel, looped) * elements(kernel, looped) * u64::from(threads);
    loops.into_iter().map(bytes).max().unwrap_or(0).max(16)
}

/// How many elements a thread computes ahead of their reduction: several of short loops, so that many loads are on their way.
pub(crate) fn elements(kernel: &Kernel, looped: &Loop) -> u64 {
    let nested = looped.body.insts.iter().any(|inst| matches!(inst, Inst::Loop(_)));
    let wanted = match looped.body.insts.len() {
        _ if nested => 1,
        0..=8 => 8,
        9..=32 => 4,
        33..=80 => 2,
        _ => 1,
    };
    let fitting = SHARED_BYTES / (element_bytes(kernel, looped).max(1) * u64::from(THREADS));
    if fitting >= wanted { wanted } else { 1 }
}

/// Bytes that one iteration yields.
fn element_bytes(kernel: &Kernel, looped: &Loop) -> u64 {
    looped.results.iter().map(|&result| kernel.dtype(result).size() as u64).sum()
}

/// The loops over independent iterations, those inside of them left out.
fn collect<'k>(insts: &'k [Inst], loops: &mut Vec<&'k Loop>) {
    for inst in insts {
        match inst {
            Inst::Loop(looped) if matches!(looped.kind, LoopKind::Reduce { .. }) => loops.push(looped),
            _ => inst.blocks().for_each(|block| collect(&block.insts, loops)),
        }
    }
}
