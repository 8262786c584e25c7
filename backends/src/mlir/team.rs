//! Loops that the threads of a team share: iteration `k` is that of lane `k mod 16`, as the defined order of reductions has
//! it, so that every lane holds one accumulator.

use super::code::{Code, Held};
use super::grid::Thread;
use crate::mapping::TEAM;
use rotrace_ir::DType;
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Inst, Loop};
use rotrace_ir::reduce::LANES;
use rotrace_ir::scalar::ScalarOp;
use smallvec::SmallVec;

/// How many iterations of a lane are written together, so that it can load their elements ahead of combining them.
fn ahead(looped: &Loop) -> i64 {
    let nested = looped.body.insts.iter().any(|inst| matches!(inst, Inst::Loop(_)));
    match looped.body.insts.len() {
        _ if nested => 1,
        0..=6 => 32,
        7..=24 => 8,
        25..=100 => 2,
        _ => 1,
    }
}

impl<'c> Code<'c, '_> {
    /// Independent iterations, shared by the lanes of a team.
    pub(super) fn shared(&mut self, looped: &Loop, kinds: &[Reduction], thread: Thread<'c>, lane: Held<'c>) {
        const { assert!(TEAM == LANES) };
        self.thread = Some(Thread { lane: None, ..thread });
        let end = self.extent(looped.extent);
        let dtypes: SmallVec<[DType; 4]> = looped.results.iter().map(|&result| self.dtype(result)).collect();
        let mut current: SmallVec<[Held; 4]> = SmallVec::new();
        for (&kind, &dtype) in kinds.iter().zip(&dtypes) {
            current.push(self.constant(kind.identity(dtype)));
        }
        let mut start = lane;
        let ahead = ahead(looped);
        if ahead > 1 {
            // Whole rounds: so many iterations of every lane.
            let round = ahead * TEAM as i64;
            let mask = self.number(!(round - 1));
            let whole = self.like("arith.andi", &[end, mask]);
            current = self.lane_loop(looped, kinds, (start, whole), ahead, &current);
            start = self.like("arith.addi", &[whole, lane]);
        }
        current = self.lane_loop(looped, kinds, (start, end), 1, &current);
        self.thread = Some(Thread { lane: Some(lane), ..thread });
        for (position, &result) in looped.results.iter().enumerate() {
            let value = self.halves(kinds[position], dtypes[position], current[position], thread, lane);
            self.define(result, value);
        }
    }

    /// Code with effects: of a team, the first lane runs it.
    pub(super) fn alone(&mut self, body: impl FnOnce(&mut Self)) {
        let Some(Thread { lane: Some(lane), .. }) = self.thread else { return body(self) };
        let first = self.number(0);
        let first = self.compare(ScalarOp::Equal, DType::I64, lane, first);
        self.only_if(first, body);
    }

    /// The lane's iterations, `times` of them in one round of the loop.
    fn lane_loop(
        &mut self,
        looped: &Loop,
        kinds: &[Reduction],
        (start, end): (Held<'c>, Held<'c>),
        times: i64,
        initial: &[Held<'c>],
    ) -> SmallVec<[Held<'c>; 4]> {
        let step = self.number(times * TEAM as i64);
        let types = self.kinds(&looped.results);
        self.stepped((start, end), step, initial, &types, |code, index, current| {
            let mut elements: Vec<SmallVec<[Held; 4]>> = Vec::new();
            for turn in 0..times {
                let index = code.plus(index, turn * TEAM as i64);
                code.indices[looped.index.0 as usize] = Some(index);
                code.block(&looped.body);
                elements.push(code.all(&looped.body.yields));
            }
            let mut current: SmallVec<[Held; 4]> = current.into();
            for elements in elements {
                for (position, &element) in elements.iter().enumerate() {
                    let dtype = code.dtype(looped.results[position]);
                    current[position] = code.combine(kinds[position], dtype, current[position], element);
                }
            }
            code.effect("scf.yield", &current, &[]);
        })
    }

    /// The tree of halves over the lanes' accumulators; every lane gets its root.
    pub(super) fn halves(
        &mut self,
        kind: Reduction,
        dtype: DType,
        mut value: Held<'c>,
        thread: Thread<'c>,
        lane: Held<'c>,
    ) -> Held<'c> {
        let mut half = TEAM as i64 / 2;
        while half > 0 {
            let (half_number, mask) = (self.number(half), self.number(TEAM as i64 - 1));
            let above = self.like("arith.addi", &[lane, half_number]);
            // Lanes of the upper half get what is of no use.
            let source = self.like("arith.andi", &[above, mask]);
            let other = self.exchanged(value, dtype, source, thread);
            value = self.combine(kind, dtype, value, other);
            half /= 2;
        }
        let first = self.number(0);
        self.exchanged(value, dtype, first, thread)
    }

    /// The value of another lane.
    fn exchanged(&mut self, value: Held<'c>, dtype: DType, source: Held<'c>, thread: Thread<'c>) -> Held<'c> {
        let bits = dtype.bits_dtype().unwrap_or(dtype);
        let value = self.bitcast(value, dtype, bits);
        let long = self.cast(value, unsigned(bits), DType::U64);
        let source = self.cast(source, DType::U64, DType::U32);
        let mut result = self.exchanged_word(long, source, thread);
        if bits.bits() == 64 {
            let shift = self.number(32);
            let high = self.like("arith.shrui", &[long, shift]);
            let high = self.exchanged_word(high, source, thread);
            let high = self.like("arith.shli", &[high, shift]);
            result = self.like("arith.ori", &[result, high]);
        }
        let narrow = match bits {
            DType::Bool => self.cast(result, DType::U64, DType::Bool),
            other => self.cast(result, DType::U64, unsigned(other)),
        };
        self.bitcast(narrow, bits, dtype)
    }

    /// The lowest 32 bits of another lane's value.
    fn exchanged_word(&mut self, value: Held<'c>, source: Held<'c>, thread: Thread<'c>) -> Held<'c> {
        let word = self.cast(value, DType::U64, DType::U32);
        let word = self.ask("exchange", &[thread.context, word, source], 32);
        self.cast(word, DType::U32, DType::U64)
    }
}

/// The unsigned integer of as many bits.
fn unsigned(dtype: DType) -> DType {
    match dtype.bits() {
        1 => DType::Bool,
        8 => DType::U8,
        16 => DType::U16,
        32 => DType::U32,
        _ => DType::U64,
    }
}
