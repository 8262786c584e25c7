//! Loops over independent iterations, in lanes: neighbouring iterations at once.
//!
//! The 16 accumulators of a reduction are as many vectors as that takes, of which an iteration of the loop needs the next:
//! they take turns in being the first. What is left over continues one by one, in memory.

use super::code::{Code, Held};
use super::places::Places;
use super::varying::{Plan, Target};
use melior::ir::ValueLike;
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::Loop;
use rotrace_ir::reduce::LANES;

impl<'c> Code<'c, '_> {
    /// A loop over independent iterations in lanes of its own; `false` if it is not for lanes.
    pub(super) fn along(&mut self, looped: &Loop, kinds: &[Reduction]) -> bool {
        if !self.vectors || self.lanes > 1 {
            return false;
        }
        let target = Target { index: looped.index, extent: looped.extent, body: &looped.body };
        let plan = target.plan(self.kernel, self.widest);
        if plan.lanes == 1 {
            return false;
        }
        let (start, end) = (self.number(0), self.extent(looped.extent));
        let mask = self.number(!(i64::from(plan.lanes) - 1));
        let whole = self.like("arith.andi", &[end, mask]);
        let slots = self.slots(looped, kinds);
        let turns = LANES as usize / plan.lanes as usize;
        self.in_lanes(looped.index, plan, |code| {
            let accumulators = code.turning(looped, kinds, (start, whole), turns);
            code.put_back(looped, &slots, (&accumulators, whole), turns);
        });
        let (one, mask) = (self.number(1), self.number(LANES as i64 - 1));
        self.steps((whole, end), one, |code, index| {
            let lane = code.like("arith.andi", &[index, mask]);
            code.accumulate(looped, kinds, &slots, (index, lane));
        });
        self.trees(looped, kinds, &slots);
        true
    }

    /// Writes code in lanes.
    pub(super) fn in_lanes(&mut self, index: rotrace_ir::kernel::IndexId, plan: Plan, body: impl FnOnce(&mut Self)) {
        (self.lanes, self.varying, self.lane_index) = (plan.lanes, plan.varying, index);
        self.places = plan.places;
        body(self);
        (self.lanes, self.varying, self.places) = (1, Vec::new(), Places::natural(1));
    }

    /// Whole vectors of iterations. Gives the accumulators, the first of which is the one for the next vector.
    fn turning(
        &mut self,
        looped: &Loop,
        kinds: &[Reduction],
        (start, end): (Held<'c>, Held<'c>),
        turns: usize,
    ) -> Vec<Held<'c>> {
        let mut initial = Vec::new();
        for (&kind, &result) in kinds.iter().zip(&looped.results) {
            let identity = self.wide_constant(kind.identity(self.dtype(result)));
            initial.extend(vec![identity; turns]);
        }
        let types: Vec<_> = initial.iter().map(Held::r#type).collect();
        let step = self.number(self.lanes.into());
        let last = self.stepped((start, end), step, &initial, &types, |code, index, current| {
            code.indices[looped.index.0 as usize] = Some(index);
            code.block(&looped.body);
            let mut next = Vec::new();
            for (position, current) in current.chunks(turns).enumerate() {
                let (element, result) = (code.wide(looped.body.yields[position]), looped.results[position]);
                let met = code.combine(kinds[position], code.dtype(result), current[0], element);
                next.extend(current[1..].iter().copied().chain([met]));
            }
            code.effect("scf.yield", &next, &[]);
        });
        last.to_vec()
    }

    /// Stores accumulators where they belong, after iterations up to `whole`.
    fn put_back(
        &mut self,
        looped: &Loop,
        slots: &[Held<'c>],
        (accumulators, whole): (&[Held<'c>], Held<'c>),
        turns: usize,
    ) {
        let mask = self.number(LANES as i64 - 1);
        let all = vec![true; self.lanes as usize];
        for ((&slot, &result), accumulators) in slots.iter().zip(&looped.results).zip(accumulators.chunks(turns)) {
            let dtype = self.dtype(result);
            for (turn, &accumulator) in accumulators.iter().enumerate() {
                let next = self.plus(whole, turn as i64 * i64::from(self.lanes));
                let position = self.like("arith.andi", &[next, mask]);
                let address = self.element(slot, dtype, position);
                self.store_lanes(address, dtype, accumulator, &all);
            }
        }
    }
}
