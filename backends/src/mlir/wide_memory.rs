//! Loads and stores of all lanes.
//!
//! What lies side by side, scratch among it, is one access; small rows are transposed in registers; anything else goes lane
//! by lane.

use super::access::{self, Step};
use super::code::{Code, Held};
use melior::ir::ValueLike;
use melior::ir::attribute::{Attribute, IntegerAttribute};
use rotrace_ir::DType;
use rotrace_ir::kernel::{Access, Affine, BufferId, TableId};

impl<'c> Code<'c, '_> {
    /// How far apart the elements of neighbouring lanes are.
    fn lane_step(&self, buffer: BufferId, at: &[Affine]) -> Step {
        let declared = &self.kernel.buffers[buffer.0 as usize];
        if self.has_copies(buffer) { Step::Fixed(1) } else { access::step(declared, at, self.lane_index) }
    }

    pub(super) fn load_wide(&mut self, buffer: BufferId, at: &[Affine]) -> Held<'c> {
        if let Some(element) = self.load_row(buffer, at) {
            return element;
        }
        let declared = &self.kernel.buffers[buffer.0 as usize];
        let (dtype, constant) = (declared.dtype, declared.access == Access::Read);
        let address = self.address(buffer, at);
        let all = vec![true; self.lanes as usize];
        match self.lane_step(buffer, at) {
            Step::Fixed(1) => self.load_lanes(address, dtype, &all),
            Step::Fixed(-1) => {
                let first = self.moved(address, dtype, 1 - i64::from(self.lanes));
                let value = self.load_lanes(first, dtype, &all);
                self.reversed(value)
            }
            step @ (Step::Fixed(_) | Step::Dynamic) => {
                let apart = self.elements_apart(buffer, at, step);
                let elements: Vec<Held<'c>> = (0..self.lanes)
                    .map(|lane| {
                        let place = self.lane_address(address, dtype, apart, lane);
                        self.load_from(place, dtype, constant)
                    })
                    .collect();
                self.collected(&elements)
            }
        }
    }

    pub(super) fn store_wide(&mut self, buffer: BufferId, at: &[Affine], value: Held<'c>) {
        if self.store_row(buffer, at, value) {
            return;
        }
        let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
        let address = self.address(buffer, at);
        let all = vec![true; self.lanes as usize];
        match self.lane_step(buffer, at) {
            Step::Fixed(1) => self.store_lanes(address, dtype, value, &all),
            Step::Fixed(-1) => {
                let first = self.moved(address, dtype, 1 - i64::from(self.lanes));
                let value = self.reversed(value);
                self.store_lanes(first, dtype, value, &all);
            }
            step @ (Step::Fixed(_) | Step::Dynamic) => {
                let apart = self.elements_apart(buffer, at, step);
                for lane in 0..self.lanes {
                    let place = self.lane_address(address, dtype, apart, lane);
                    let element = self.lane(value, lane, dtype);
                    self.store_to(place, dtype, element);
                }
            }
        }
    }

    fn reversed(&mut self, value: Held<'c>) -> Held<'c> {
        let backwards: Vec<i32> = (0..self.lanes as i32).rev().collect();
        self.arranged(value, value, &backwards)
    }

    /// Elements from one lane to the next.
    fn elements_apart(&mut self, buffer: BufferId, at: &[Affine], step: Step) -> Held<'c> {
        match step {
            Step::Fixed(step) => self.number(step),
            Step::Dynamic => {
                let factor = |coordinate: &Affine| Affine::constant(coordinate.factor(self.lane_index));
                let factors: Vec<Affine> = at.iter().map(factor).collect();
                self.flat(buffer, &factors).expect("it has an axis")
            }
        }
    }

    fn lane_address(&mut self, first: Held<'c>, dtype: DType, apart: Held<'c>, lane: u32) -> Held<'c> {
        let elements = self.times(apart, lane.into());
        self.element(first, dtype, elements)
    }

    /// Neighbouring elements, of the lanes that are asked for; what others hold means nothing.
    pub(super) fn load_lanes(&mut self, address: Held<'c>, dtype: DType, mask: &[bool]) -> Held<'c> {
        let kind = self.wide_kind(self.stored_kind(dtype));
        let stored = if mask.iter().all(|&lane| lane) {
            let alignment = ("alignment", self.alignment(dtype));
            self.op("llvm.load", &[address], kind, &[alignment])
        } else {
            let mask = self.known_mask(mask);
            let alignment = ("alignment", self.short_alignment(dtype));
            self.op("llvm.intr.masked.load", &[address, mask], kind, &[alignment])
        };
        if dtype == DType::Bool { self.cast(stored, DType::U8, DType::Bool) } else { stored }
    }

    pub(super) fn store_lanes(&mut self, address: Held<'c>, dtype: DType, value: Held<'c>, mask: &[bool]) {
        let stored = if dtype == DType::Bool { self.cast(value, DType::Bool, DType::U8) } else { value };
        if mask.iter().all(|&lane| lane) {
            let alignment = ("alignment", self.alignment(dtype));
            self.effect("llvm.store", &[stored, address], &[alignment]);
        } else {
            let mask = self.known_mask(mask);
            let alignment = ("alignment", self.short_alignment(dtype));
            self.effect("llvm.intr.masked.store", &[stored, address, mask], &[alignment]);
        }
    }

    fn short_alignment(&self, dtype: DType) -> Attribute<'c> {
        IntegerAttribute::new(self.integer(32), dtype.size() as i64).into()
    }

    /// An element of a table in every lane.
    pub(super) fn lookup_wide(&mut self, table: TableId, index: Held<'c>) -> Held<'c> {
        let elements: Vec<Held<'c>> = (0..self.lanes)
            .map(|lane| {
                let index = self.lane(index, lane, DType::I64);
                self.lookup(table, index)
            })
            .collect();
        self.collected(&elements)
    }

    /// A coordinate in every lane.
    pub(super) fn affine_wide(&mut self, affine: &Affine) -> Held<'c> {
        let first = self.affine(affine);
        let (first, steps) = (self.spread(first), self.staircase(affine.factor(self.lane_index)));
        debug_assert_eq!(first.r#type(), steps.r#type());
        self.like("arith.addi", &[first, steps])
    }
}
