//! Values that differ between lanes: neighbouring iterations of the grid that run at once.
//!
//! Such a value is a vector with one element per lane, on which `arith` and `math` work as on scalars. What is the same in all
//! lanes stays a scalar, and is spread where it meets vectors.

use super::code::{Code, Held};
use crate::Processor;
use melior::ir::ValueLike;
use melior::ir::attribute::{Attribute, DenseElementsAttribute, DenseI32ArrayAttribute, IntegerAttribute};
use melior::ir::r#type::{Type, TypeLike};
use rotrace_ir::kernel::{Access, BufferId, IndexId, Var};
use rotrace_ir::{DType, Scalar};

/// The grid's index.
pub(super) const GRID: IndexId = IndexId(0);

/// How many elements of 64 bits a processor's widest vectors have.
pub(super) fn widest(processor: Processor) -> u32 {
    if processor.is_widest() { 8 } else { 4 }
}

pub(super) fn is_wide(value: Held) -> bool {
    value.r#type().is_vector()
}

impl<'c> Code<'c, '_> {
    /// The type with an element per lane.
    pub(super) fn wide_kind(&self, element: Type<'c>) -> Type<'c> {
        Type::vector(&[u64::from(self.lanes)], element)
    }

    /// The type of a dtype, with lanes if a value has them.
    pub(super) fn kind_like(&self, value: Held<'c>, dtype: DType) -> Type<'c> {
        let kind = self.kind(dtype);
        if is_wide(value) { self.wide_kind(kind) } else { kind }
    }

    /// The type of a value of the kernel.
    pub(super) fn kind_of(&self, var: Var) -> Type<'c> {
        let kind = self.kind(self.dtype(var));
        if self.varies(var) { self.wide_kind(kind) } else { kind }
    }

    /// Whether a value of the kernel differs between lanes, in the code that is being written.
    pub(super) fn varies(&self, var: Var) -> bool {
        self.lanes > 1 && self.varying[var.0 as usize]
    }

    /// Whether each lane has its own copy of a buffer. An element's copies are neighbours.
    pub(super) fn has_copies(&self, buffer: BufferId) -> bool {
        let scratch = self.kernel.buffers[buffer.0 as usize].access == Access::Scratch;
        scratch && self.lanes > 1 && self.lane_index == GRID
    }

    /// A literal, in all lanes if a value has them.
    pub(super) fn constant_like(&mut self, value: Held<'c>, literal: Scalar) -> Held<'c> {
        if is_wide(value) { self.wide_constant(literal) } else { self.constant(literal) }
    }

    pub(super) fn wide_constant(&mut self, value: Scalar) -> Held<'c> {
        let kind = self.wide_kind(self.kind(value.dtype));
        let literal = DenseElementsAttribute::splat(kind, self.literal(value)).into();
        self.op("arith.constant", &[], kind, &[("value", literal)])
    }

    /// A value of the kernel with lanes.
    pub(super) fn wide(&mut self, var: Var) -> Held<'c> {
        match self.literals[var.0 as usize] {
            Some(literal) => self.wide_constant(literal),
            None => self.spread(self.get(var)),
        }
    }

    /// Values of the kernel, with lanes where what they become has them.
    pub(super) fn all_as(&mut self, vars: &[Var], targets: &[Var]) -> super::code::Several<'c> {
        let as_target = |(&var, &target)| if self.varies(target) { self.wide(var) } else { self.get(var) };
        vars.iter().zip(targets).map(as_target).collect()
    }

    /// The same in all lanes.
    pub(super) fn spread(&mut self, value: Held<'c>) -> Held<'c> {
        if is_wide(value) {
            return value;
        }
        let kind = self.wide_kind(value.r#type());
        let (none, first) = (self.op("llvm.mlir.poison", &[], kind, &[]), self.position(0));
        let single = self.op("llvm.insertelement", &[none, value, first], kind, &[]);
        self.arranged(single, single, &vec![0; self.lanes as usize])
    }

    /// The elements of two vectors that have so many lanes each, by number; those of the second come after those of the
    /// first.
    pub(super) fn arranged(&mut self, first: Held<'c>, second: Held<'c>, elements: &[i32]) -> Held<'c> {
        let mask = DenseI32ArrayAttribute::new(self.context, elements).into();
        self.op("llvm.shufflevector", &[first, second], first.r#type(), &[("mask", mask)])
    }

    fn position(&mut self, lane: u32) -> Held<'c> {
        self.constant(Scalar::from_i64(DType::I32, i64::from(lane)))
    }

    /// The element of one lane.
    pub(super) fn lane(&mut self, value: Held<'c>, lane: u32, dtype: DType) -> Held<'c> {
        let (position, kind) = (self.position(lane), self.kind(dtype));
        self.op("llvm.extractelement", &[value, position], kind, &[])
    }

    /// One element per lane.
    pub(super) fn collected(&mut self, elements: &[Held<'c>]) -> Held<'c> {
        let kind = self.wide_kind(elements[0].r#type());
        let mut whole = self.op("llvm.mlir.poison", &[], kind, &[]);
        for (lane, &element) in elements.iter().enumerate() {
            let position = self.position(lane as u32);
            whole = self.op("llvm.insertelement", &[whole, element, position], kind, &[]);
        }
        whole
    }

    /// `factor * lane` in every lane.
    pub(super) fn staircase(&mut self, factor: i64) -> Held<'c> {
        let element = self.integer(64);
        let step =
            |lane: usize| -> Attribute { IntegerAttribute::new(element, factor.wrapping_mul(lane as i64)).into() };
        let steps: Vec<Attribute> = self.places.lanes().into_iter().map(step).collect();
        self.listed(element, &steps)
    }

    /// A mask of lanes that are known.
    pub(super) fn known_mask(&mut self, lanes: &[bool]) -> Held<'c> {
        let element = self.integer(1);
        let bit = |&lane: &bool| -> Attribute { IntegerAttribute::new(element, lane.into()).into() };
        let bits: Vec<Attribute> = lanes.iter().map(bit).collect();
        self.listed(element, &bits)
    }

    fn listed(&mut self, element: Type<'c>, elements: &[Attribute<'c>]) -> Held<'c> {
        let kind = self.wide_kind(element);
        let literal = DenseElementsAttribute::new(kind, elements).expect("one element per lane").into();
        self.op("arith.constant", &[], kind, &[("value", literal)])
    }

    /// Whether a mask holds in any lane.
    pub(super) fn any(&mut self, mask: Held<'c>) -> Held<'c> {
        let truth = self.integer(1);
        self.op("llvm.intr.vector.reduce.or", &[mask], truth, &[])
    }
}
