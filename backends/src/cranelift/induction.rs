//! Pointers that move along with a loop whose iterations run in order.
//!
//! What such a loop accesses at one place, up to constant coordinates, shares one pointer, which an addition moves to the
//! next iteration. Constant coordinates along axes whose stride is only known at run time are reached from one another,
//! by additions too: no iteration multiplies for its addresses.

use super::address::{Key, Place};
use super::code::{Code, Lanes};
use super::loops::Carried;
use cranelift_codegen::ir::{InstBuilder, Value};
use rotrace_ir::kernel::{IndexId, Inst};

/// A pointer that moves.
pub(super) struct Moving {
    place: Place,
    /// In the first iteration.
    first: Value,
    /// From one iteration to the next.
    step: Value,
}

impl Code<'_, '_> {
    /// The pointers of a loop's body, prepared ahead of the loop.
    pub(super) fn moving_pointers(&mut self, index: IndexId, insts: &[&Inst]) -> Vec<Moving> {
        let mut all = Vec::new();
        for inst in insts {
            self.gather_places(inst, &mut Vec::new(), &mut all);
        }
        // Neighbours stand together, the one of the lowest coordinates first.
        all.sort_by_cached_key(|place| (place.without_constants(), place.constants()));
        all.dedup();
        let mut moving: Vec<Moving> = Vec::new();
        for (position, place) in all.iter().enumerate() {
            let shared = place.without_constants();
            let before = position.checked_sub(1).map(|before| &all[before]);
            let from = before.filter(|before| before.without_constants() == shared).unwrap_or(&shared);
            if from != place {
                self.strides_between(from, place);
                self.neighbours.insert(place.clone(), from.clone());
            }
            self.lane_strides(place);
            if moving.iter().any(|known| known.place == shared) {
                continue;
            }
            let first = self.pointer(&shared.without(index));
            if let Some(step) = self.step_in_bytes(&shared, index) {
                moving.push(Moving { place: shared, first, step });
            }
        }
        moving
    }

    /// The places of an instruction and of those in it, as they are ahead of the loops in it.
    fn gather_places(&self, inst: &Inst, inside: &mut Vec<IndexId>, all: &mut Vec<Place>) {
        if let Some((buffer, at, _)) = inst.access() {
            let (place, _) = self.access(buffer, at);
            all.push(inside.iter().fold(place, |place, &index| place.without(index)));
        }
        if let Inst::Loop(inner) = inst {
            inside.push(inner.index);
        }
        for block in inst.blocks() {
            block.insts.iter().for_each(|nested| self.gather_places(nested, inside, all));
        }
        if let Inst::Loop(_) = inst {
            inside.pop();
        }
    }

    /// Computes ahead what the lanes of an access are apart.
    fn lane_strides(&mut self, place: &Place) {
        if self.lanes != Lanes::One {
            for lane in 1..self.lanes.count() {
                self.lane_distance(place, self.rows.index, lane);
            }
        }
    }

    /// Makes the pointers of an iteration known.
    pub(super) fn arrive(&mut self, moving: &[Moving], pointers: &[Value]) {
        for (pointer, &value) in moving.iter().zip(pointers) {
            self.scopes.insert(Key::Pointer(pointer.place.clone()), value);
        }
    }

    /// Where the pointers are in the next iteration.
    pub(super) fn depart(&mut self, moving: &[Moving], pointers: &[Value]) -> Carried {
        moving.iter().zip(pointers).map(|(pointer, &value)| self.ins().iadd(value, pointer.step)).collect()
    }
}

/// Where pointers are in the first iteration.
pub(super) fn first_pointers(moving: &[Moving]) -> impl Iterator<Item = Value> {
    moving.iter().map(|pointer| pointer.first)
}
