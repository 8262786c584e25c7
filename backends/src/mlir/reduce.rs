//! Loops that reduce, in the order of [`rotrace_ir::reduce`]: 16 accumulators in memory, and a tree of halves over them.
//!
//! Where the number of iterations is small and known, LLVM unrolls the loop and keeps the accumulators in registers.

use super::code::{Code, Held};
use super::lanes::is_wide;
use rotrace_ir::DType;
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Loop, Var};
use rotrace_ir::reduce::LANES;
use rotrace_ir::scalar::ScalarOp;

impl<'c> Code<'c, '_> {
    /// A loop over independent iterations, with what it reduces.
    pub(super) fn reduction(&mut self, looped: &Loop, kinds: &[Reduction]) {
        let (start, end) = (self.number(0), self.extent(looped.extent));
        let slots = self.slots(looped, kinds);
        let lanes = self.number(LANES as i64);
        let mut rest = start;
        // Whole rounds, each a loop of its own over all accumulators, which LLVM vectorises; then what is left. A body with
        // loops is not vectorised, and not worth writing twice.
        if !looped.body.insts.iter().any(|inst| inst.blocks().next().is_some()) {
            let mask = self.number(!(LANES as i64 - 1));
            rest = self.like("arith.andi", &[end, mask]);
            self.steps((start, rest), lanes, |code, base| {
                let one = code.number(1);
                code.steps((start, lanes), one, |code, lane| {
                    let index = code.like("arith.addi", &[base, lane]);
                    code.accumulate(looped, kinds, &slots, (index, lane));
                });
            });
        }
        let (one, mask) = (self.number(1), self.number(LANES as i64 - 1));
        self.steps((rest, end), one, |code, index| {
            let lane = code.like("arith.andi", &[index, mask]);
            code.accumulate(looped, kinds, &slots, (index, lane));
        });
        self.trees(looped, kinds, &slots);
    }

    /// Memory for the accumulators of each result, which have met nothing.
    pub(super) fn slots(&mut self, looped: &Loop, kinds: &[Reduction]) -> Vec<Held<'c>> {
        let mut slots = Vec::new();
        for (&kind, &result) in kinds.iter().zip(&looped.results) {
            let (dtype, slot) = (self.dtype(result), self.slot(result, LANES));
            let identity = kind.identity(dtype);
            let identity = if self.varies(result) { self.wide_constant(identity) } else { self.constant(identity) };
            for lane in 0..LANES {
                let address = self.accumulator(slot, result, lane);
                self.put(address, dtype, identity);
            }
            slots.push(slot);
        }
        slots
    }

    /// Defines the results, of which each is the root of a tree over accumulators.
    pub(super) fn trees(&mut self, looped: &Loop, kinds: &[Reduction], slots: &[Held<'c>]) {
        for (position, &result) in looped.results.iter().enumerate() {
            let value = self.tree(kinds[position], result, slots[position]);
            self.define(result, value);
        }
    }

    /// One iteration, whose elements go to their accumulators.
    pub(super) fn accumulate(
        &mut self,
        looped: &Loop,
        kinds: &[Reduction],
        slots: &[Held<'c>],
        (index, lane): (Held<'c>, Held<'c>),
    ) {
        self.indices[looped.index.0 as usize] = Some(index);
        self.block(&looped.body);
        let elements = self.all_as(&looped.body.yields, &looped.results);
        for (((&element, &kind), &slot), &result) in elements.iter().zip(kinds).zip(slots).zip(&looped.results) {
            let dtype = self.dtype(result);
            let address = self.slot_element(slot, result, lane);
            let current = self.taken(address, result);
            let next = self.combine(kind, dtype, current, element);
            self.put(address, dtype, next);
        }
    }

    fn accumulator(&mut self, slot: Held<'c>, result: Var, lane: u64) -> Held<'c> {
        let lane = self.number(lane as i64);
        self.slot_element(slot, result, lane)
    }

    /// The address of an accumulator, which is one for each lane of the grid.
    fn slot_element(&mut self, slot: Held<'c>, result: Var, position: Held<'c>) -> Held<'c> {
        let copies = if self.varies(result) { self.lanes } else { 1 };
        let position = self.times(position, copies.into());
        self.element(slot, self.dtype(result), position)
    }

    fn taken(&mut self, address: Held<'c>, result: Var) -> Held<'c> {
        let dtype = self.dtype(result);
        if self.varies(result) {
            return self.load_lanes(address, dtype, &vec![true; self.lanes as usize]);
        }
        self.load_from(address, dtype, false)
    }

    fn put(&mut self, address: Held<'c>, dtype: DType, value: Held<'c>) {
        if is_wide(value) {
            return self.store_lanes(address, dtype, value, &vec![true; self.lanes as usize]);
        }
        self.store_to(address, dtype, value);
    }

    fn tree(&mut self, kind: Reduction, result: Var, slot: Held<'c>) -> Held<'c> {
        let dtype = self.dtype(result);
        let mut values = Vec::new();
        for lane in 0..LANES {
            let address = self.accumulator(slot, result, lane);
            values.push(self.taken(address, result));
        }
        self.halved(kind, dtype, values)
    }

    /// The tree of halves over the accumulators.
    fn halved(&mut self, kind: Reduction, dtype: DType, mut values: Vec<Held<'c>>) -> Held<'c> {
        while values.len() > 1 {
            let half = values.len() / 2;
            for lane in 0..half {
                values[lane] = self.combine(kind, dtype, values[lane], values[lane + half]);
            }
            values.truncate(half);
        }
        values[0]
    }

    pub(super) fn combine(&mut self, kind: Reduction, dtype: DType, a: Held<'c>, b: Held<'c>) -> Held<'c> {
        match (kind, dtype.is_float()) {
            (Reduction::Maximum, true) => self.extreme(ScalarOp::Greater, ScalarOp::And, dtype, a, b),
            (Reduction::Minimum, true) => self.extreme(ScalarOp::Less, ScalarOp::Or, dtype, a, b),
            (Reduction::Sum | Reduction::Product | Reduction::All | Reduction::Any, _)
            | (Reduction::Maximum | Reduction::Minimum, false) => self.scalar(kind.combine(), dtype, &[a, b]),
        }
    }

    /// The better of two floats: a NaN wins, and equal values (zeros) merge their bits.
    fn extreme(&mut self, better: ScalarOp, merge: ScalarOp, dtype: DType, a: Held<'c>, b: Held<'c>) -> Held<'c> {
        let bits = dtype.bits_dtype().expect("a float");
        let [x, y] = [a, b].map(|value| self.bitcast(value, dtype, bits));
        let merged = self.scalar(merge, bits, &[x, y]);
        let merged = self.bitcast(merged, bits, dtype);
        let equal = self.compare(ScalarOp::Equal, dtype, a, b);
        let other = self.select(equal, merged, b);
        let first = self.compare(better, dtype, a, b);
        let missing = self.compare(ScalarOp::NotEqual, dtype, a, a);
        let first = self.scalar(ScalarOp::Or, DType::Bool, &[first, missing]);
        self.select(first, a, other)
    }
}
