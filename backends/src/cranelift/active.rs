//! The lanes that count.
//!
//! Lanes that take different ways run both, and what they should not have computed is dropped. That is enough where every
//! way ends. A while loop ends when its condition says so, and might never do so for values that it was not meant for:
//! it asks only the lanes that came to it.

use super::code::{Code, Lanes, Parts};
use super::invariant;
use super::loops::Carried;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::kernel::{Block, Loop, Var};

/// Lanes: bytes per lane of a mask, and the mask.
pub(super) type Mask = (usize, Parts);

impl Code<'_, '_> {
    /// Lets only the lanes count in which a condition is as given, if that matters in a block. Returns which counted
    /// before.
    pub(super) fn narrow(&mut self, condition: Var, holds: bool, block: &Block) -> Option<Mask> {
        let before = self.active.clone();
        if invariant::holds_while(block) {
            self.active = Some(self.lanes_where(condition, holds));
        }
        before
    }

    /// The lanes that count and in which a condition is as given.
    pub(super) fn lanes_where(&mut self, condition: Var, holds: bool) -> Mask {
        let size = self.size_of(condition);
        let mut parts = self.vector_of_size(condition, size);
        if !holds {
            parts = parts.iter().map(|&part| self.ins().bnot(part)).collect();
        }
        if let Some(active) = self.active.clone() {
            let active = self.mask_of_size(&active, size);
            parts = parts.iter().zip(&active).map(|(&part, &active)| self.ins().band(part, active)).collect();
        }
        (size, parts)
    }

    /// A mask with lanes of so many bytes.
    pub(super) fn mask_of_size(&mut self, (own, parts): &Mask, size: usize) -> Parts {
        if *own == size { parts.clone() } else { self.resize_mask(parts, size) }
    }

    /// The lanes that count, with lanes of so many bytes.
    pub(super) fn active_of_size(&mut self, size: usize) -> Parts {
        match self.active.clone() {
            Some(active) => self.mask_of_size(&active, size),
            None => {
                let all = self.vector_literal(super::code::lane_type(size), [0xff; 16]);
                Parts::from_elem(all, self.lanes.parts(size))
            }
        }
    }

    /// Whether a condition holds in any lane that counts, and if it differs between lanes, in which.
    pub(super) fn asks(&mut self, condition: Var) -> (Value, Option<Mask>) {
        if self.lanes == Lanes::One {
            return (self.scalar(condition), None);
        }
        let mask = self.lanes_where(condition, true);
        let any = mask.1[1..].iter().fold(mask.1[0], |any, &part| self.ins().bor(any, part));
        let bits = self.ins().vhigh_bits(types::I32, any);
        (self.ins().icmp_imm_u(IntCC::NotEqual, bits, 0), Some(mask))
    }

    /// What a loop yields in the lanes of a mask, and what it had before in the others.
    pub(super) fn yielded_where(&mut self, mask: &Mask, inner: &Loop, before: &[Value]) -> Carried {
        let mut values = Carried::new();
        for &var in &inner.body.yields {
            let (size, kinds) = self.carried_types(self.dtype(var));
            let (masks, next) = (self.mask_of_size(mask, size), self.vector_of_size(var, size));
            for part in 0..kinds.len() {
                let kept = before[values.len()];
                let value = if next[part] == kept { kept } else { self.blend(masks[part], next[part], kept) };
                values.push(value);
            }
        }
        values
    }
}
