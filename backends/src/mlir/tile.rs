//! Tiles: rows of a team's iterations together, which pass through memory that the team shares.

use super::code::{Code, Held};
use super::grid::Thread;
use crate::mapping::tile::{Staged, staged};
use crate::mapping::{TEAM, VECTOR_BYTES};
use melior::ir::Region;
use melior::ir::attribute::{Attribute, StringAttribute, TypeAttribute};
use melior::ir::r#type::Type;
use rotrace_ir::DType;
use rotrace_ir::kernel::Access;

/// The name of the memory that a block's teams share.
const SHARED: &str = "shared_memory";

impl<'c> Code<'c, '_> {
    /// Declares the memory that a GPU's block shares.
    pub(super) fn shared_memory(&mut self, bytes: u64) {
        let kind: Type = melior::dialect::llvm::r#type::array(self.integer(8), bytes as u32);
        let attributes = [
            ("sym_name", StringAttribute::new(self.context, SHARED).into()),
            ("global_type", TypeAttribute::new(kind).into()),
            ("addr_space", self.attribute("3 : i32")),
            ("linkage", self.attribute("#llvm.linkage<internal>")),
            ("alignment", self.attribute("16 : i64")),
        ];
        self.operation("llvm.mlir.global", &[], &[], &attributes, [Region::new()]);
    }

    /// The address of that memory.
    pub(super) fn shared_address(&mut self) -> Held<'c> {
        let name = Attribute::parse(self.context, &format!("@{SHARED}")).expect("a symbol");
        let kind = self.shared_pointer();
        self.op("llvm.mlir.addressof", &[], kind, &[("global_name", name)])
    }

    pub(super) fn shared_pointer(&self) -> Type<'c> {
        melior::dialect::llvm::r#type::pointer(self.context, 3)
    }

    /// Tiles of `rows` iterations for each thread of a team, and the last iterations alone.
    pub(super) fn tiles(&mut self, rows: i64, end: Held<'c>, thread: Thread<'c>) {
        let all = staged(self.kernel, rows as u64);
        let memory = self.team_memory(&all, rows as u64, thread);
        let parts = all.iter().copied().zip(memory.iter().copied());
        let (read, written): (Vec<_>, Vec<_>) = parts.partition(|(staged, _)| self.is_read(*staged));
        let shift = self.number(i64::from(TEAM.trailing_zeros()));
        let team = self.like("arith.shrui", &[thread.number, shift]);
        let teams = self.like("arith.shrui", &[thread.count, shift]);
        let each = self.number(rows * TEAM as i64);
        let tiles = self.like("arith.divui", &[end, each]);
        self.rest(tiles, rows * TEAM as i64, end, thread);
        self.steps((team, tiles), teams, |code, tile| {
            let first = code.times(tile, rows * TEAM as i64);
            for &part in &read {
                code.exchange_tile(part, rows as u64, first, thread);
            }
            code.meet(thread);
            code.own_rows(&all, &memory, rows, first, thread);
            code.meet(thread);
            for &part in &written {
                code.exchange_tile(part, rows as u64, first, thread);
            }
        });
    }

    fn is_read(&self, staged: Staged) -> bool {
        self.kernel.buffers[staged.buffer.0 as usize].access == Access::Read
    }

    /// Where the team's parts of each staged buffer begin.
    fn team_memory(&mut self, all: &[Staged], rows: u64, thread: Thread<'c>) -> Vec<Held<'c>> {
        let shared = self.shared_pointer();
        let base = self.ask_for("team_memory", &[thread.context], shared);
        let mut parts = Vec::new();
        for staged in all {
            let before = self.number((staged.before * TEAM) as i64);
            parts.push(self.element(base, DType::U8, before));
        }
        debug_assert!(all.iter().all(|staged| staged.part(rows).is_multiple_of(VECTOR_BYTES)));
        parts
    }

    /// Waits for all of the team, whose writes to shared memory are seen by all afterwards.
    fn meet(&mut self, thread: Thread<'c>) {
        let operands = [thread.context];
        self.call("meet", &operands);
    }

    /// Copies a tile of a buffer to shared memory or from it, neighbouring vectors by neighbouring threads.
    fn exchange_tile(&mut self, (staged, memory): (Staged, Held<'c>), rows: u64, first: Held<'c>, thread: Thread<'c>) {
        let buffer = self.buffers[staged.buffer.0 as usize];
        let start = self.times(first, staged.row as i64);
        let start = self.element(buffer, DType::U8, start);
        let mask = self.number(TEAM as i64 - 1);
        let lane = self.like("arith.andi", &[thread.number, mask]);
        let vectors = staged.row * rows / VECTOR_BYTES;
        let kind = self.attribute_type("vector<4xi32>");
        let aligned = ("alignment", self.attribute("16 : i64"));
        for turn in 0..vectors {
            let vector = self.plus(lane, (turn * TEAM) as i64);
            let (part, within) = self.quotient(vector, vectors);
            let place = self.times(part, staged.part(rows) as i64);
            let within = self.times(within, VECTOR_BYTES as i64);
            let place = self.like("arith.addi", &[place, within]);
            let shared = self.element(memory, DType::U8, place);
            let offset = self.times(vector, VECTOR_BYTES as i64);
            let global = self.element(start, DType::U8, offset);
            let (from, to) = if self.is_read(staged) { (global, shared) } else { (shared, global) };
            // What is copied from a buffer that is read is the same for all of the launch.
            let attributes = [aligned, ("invariant", Attribute::unit(self.context))];
            let value = self.op("llvm.load", &[from], kind, &attributes[..1 + usize::from(self.is_read(staged))]);
            self.effect("llvm.store", &[value, to], &[aligned]);
        }
    }

    /// Quotient and remainder by a small number.
    fn quotient(&mut self, value: Held<'c>, divisor: u64) -> (Held<'c>, Held<'c>) {
        let divisor = self.number(divisor as i64);
        (self.like("arith.divui", &[value, divisor]), self.like("arith.remui", &[value, divisor]))
    }

    /// A thread's own iterations, on rows in shared memory.
    fn own_rows(&mut self, all: &[Staged], memory: &[Held<'c>], rows: i64, first: Held<'c>, thread: Thread<'c>) {
        let mask = self.number(TEAM as i64 - 1);
        let lane = self.like("arith.andi", &[thread.number, mask]);
        let before = self.times(lane, rows);
        let own = self.like("arith.addi", &[first, before]);
        for row in 0..rows {
            for (staged, &part) in all.iter().zip(memory) {
                let place = self.times(lane, staged.part(rows as u64) as i64);
                let place = self.plus(place, row * staged.row as i64);
                self.rows[staged.buffer.0 as usize] = Some(self.element(part, DType::U8, place));
            }
            let index = self.plus(own, row);
            self.iteration(index);
        }
        self.rows.fill(None);
    }
}
