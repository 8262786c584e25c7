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
            Step::Fixed(step @ (1 | -1)) => {
                let first = self.lowest(address, dtype, step);
                let value = self.load_lanes(first, dtype, &all);
                let lanes = self.places.lanes();
                if self.has_copies(buffer) { value } else { self.side_by_side(value, &lanes, step) }
            }
            step @ (Step::Fixed(_) | Step::Dynamic) => {
                let apart = self.elements_apart(buffer, at, step);
                let lanes = self.places.lanes();
                let elements: Vec<Held<'c>> = lanes
                    .into_iter()
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
            Step::Fixed(step @ (1 | -1)) => {
                let first = self.lowest(address, dtype, step);
                let places = self.places.places();
                let value = if self.has_copies(buffer) { value } else { self.side_by_side(value, &places, step) };
                self.store_lanes(first, dtype, value, &all);
            }
            step @ (Step::Fixed(_) | Step::Dynamic) => {
                let apart = self.elements_apart(buffer, at, step);
                for (place, lane) in self.places.lanes().into_iter().enumerate() {
                    let element = self.lane(value, place as u32, dtype);
                    let place = self.lane_address(address, dtype, apart, lane);
                    self.store_to(place, dtype, element);
                }
            }
        }
    }

    /// The address of the element that is first in memory, from that of the first lane, of lanes side by side in one direction or
    /// the other.
    fn lowest(&mut self, address: Held<'c>, dtype: DType, step: i64) -> Held<'c> {
        if step > 0 { address } else { self.moved(address, dtype, 1 - i64::from(self.lanes)) }
    }

    /// Brings elements from the order of memory into that of lanes, or back; in reverse if the step is negative. As bits of
    /// numbers change places only, it is the same whether they are reversed before or after.
    fn side_by_side(&mut self, value: Held<'c>, sources: &[usize], step: i64) -> Held<'c> {
        if step > 0 && self.places.are_natural() {
            return value;
        }
        let last = sources.len() - 1;
        let from = |&source: &usize| if step > 0 { source as i32 } else { (last - source) as i32 };
        let mask: Vec<i32> = sources.iter().map(from).collect();
        self.arranged(value, value, &mask)
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

    fn lane_address(&mut self, first: Held<'c>, dtype: DType, apart: Held<'c>, lane: usize) -> Held<'c> {
        let elements = self.times(apart, lane as i64);
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
