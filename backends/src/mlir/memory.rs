//! Sizes, coordinates, elements of buffers and tables.

use super::code::{Code, Held};
use melior::ir::Region;
use melior::ir::attribute::{Attribute, DenseElementsAttribute, IntegerAttribute, StringAttribute, TypeAttribute};
use melior::ir::r#type::{RankedTensorType, Type};
use rotrace_ir::dim::Dim;
use rotrace_ir::kernel::{Access, Affine, BufferId, Extent, IndexId, TableId};
use rotrace_ir::reduce::BLOCK;
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};

impl<'c> Code<'c, '_> {
    /// `value + constant`.
    pub(super) fn plus(&mut self, value: Held<'c>, constant: i64) -> Held<'c> {
        if constant == 0 {
            return value;
        }
        let constant = self.number(constant);
        self.like("arith.addi", &[value, constant])
    }

    /// `value * factor`.
    pub(super) fn times(&mut self, value: Held<'c>, factor: i64) -> Held<'c> {
        if factor == 1 {
            return value;
        }
        let factor = self.number(factor);
        self.like("arith.muli", &[value, factor])
    }

    fn dim(&mut self, dim: Dim) -> Held<'c> {
        match dim.name {
            None => self.number(dim.constant),
            Some(name) => {
                let size = self.dims[name.0 as usize];
                self.plus(size, dim.constant)
            }
        }
    }

    pub(super) fn extent(&mut self, extent: Extent) -> Held<'c> {
        match extent {
            Extent::Dim(dim) => self.dim(dim),
            Extent::Blocks(dim) => {
                let size = self.dim(dim);
                let raised = self.plus(size, BLOCK as i64 - 1);
                let shift = self.number(i64::from(BLOCK.trailing_zeros()));
                self.like("arith.shrui", &[raised, shift])
            }
            Extent::Block { dim, index } => {
                let size = self.dim(dim);
                let index = self.index(index);
                let before = self.times(index, BLOCK as i64);
                let left = self.like("arith.subi", &[size, before]);
                let block = self.number(BLOCK as i64);
                self.like("arith.minsi", &[left, block])
            }
        }
    }

    pub(super) fn index(&self, index: IndexId) -> Held<'c> {
        self.indices[index.0 as usize].expect("an index is used inside its loop")
    }

    /// A coordinate as an `i64`.
    pub(super) fn affine(&mut self, affine: &Affine) -> Held<'c> {
        let mut sum: Option<Held<'c>> = None;
        for &(index, factor) in &affine.terms {
            let index = self.index(index);
            let term = self.times(index, factor);
            sum = Some(sum.map_or(term, |sum| self.like("arith.addi", &[sum, term])));
        }
        match (sum, affine.offset.name) {
            (None, _) => self.dim(affine.offset),
            (Some(sum), None) => self.plus(sum, affine.offset.constant),
            (Some(sum), Some(_)) => {
                let offset = self.dim(affine.offset);
                self.like("arith.addi", &[sum, offset])
            }
        }
    }

    /// The address of an element at a position.
    pub(super) fn element(&mut self, first: Held<'c>, dtype: DType, position: Held<'c>) -> Held<'c> {
        let element = TypeAttribute::new(self.stored_kind(dtype)).into();
        let dynamic = self.attribute("array<i32: -2147483648>");
        let attributes = [("elem_type", element), ("rawConstantIndices", dynamic)];
        let pointer = melior::ir::ValueLike::r#type(&first);
        self.op("llvm.getelementptr", &[first, position], pointer, &attributes)
    }

    pub(super) fn address(&mut self, buffer: BufferId, at: &[Affine]) -> Held<'c> {
        let declared = &self.kernel.buffers[buffer.0 as usize];
        // A row that is staged has its own coordinates alone.
        let staged = self.rows[buffer.0 as usize];
        let first = staged.unwrap_or(self.buffers[buffer.0 as usize]);
        let mut position = self.flat(buffer, at);
        if declared.access == Access::Scratch {
            position = self.own_copy(buffer, position);
        }
        match position {
            None => first,
            Some(position) => self.element(first, declared.dtype, position),
        }
    }

    /// The number of an element of a buffer; none of what has no axes.
    pub(super) fn flat(&mut self, buffer: BufferId, at: &[Affine]) -> Option<Held<'c>> {
        let kernel = self.kernel;
        let declared = &kernel.buffers[buffer.0 as usize];
        let outer = usize::from(self.rows[buffer.0 as usize].is_some());
        let mut position: Option<Held<'c>> = None;
        for (coordinate, &size) in at.iter().zip(&declared.shape).skip(outer) {
            let inner = self.affine(coordinate);
            position = Some(match position {
                None => inner,
                Some(outer) => {
                    let size = self.extent(size);
                    let before = self.like("arith.muli", &[outer, size]);
                    self.like("arith.addi", &[before, inner])
                }
            });
        }
        position
    }

    pub(super) fn load(&mut self, buffer: BufferId, at: &[Affine]) -> Held<'c> {
        let address = self.address(buffer, at);
        let declared = &self.kernel.buffers[buffer.0 as usize];
        let constant = declared.access == Access::Read && self.rows[buffer.0 as usize].is_none();
        self.load_from(address, declared.dtype, constant)
    }

    pub(super) fn store(&mut self, buffer: BufferId, at: &[Affine], value: Held<'c>) {
        let address = self.address(buffer, at);
        self.store_to(address, self.kernel.buffers[buffer.0 as usize].dtype, value);
    }

    /// An element as a value. What is constant holds the same for all of the call.
    pub(super) fn load_from(&mut self, address: Held<'c>, dtype: DType, constant: bool) -> Held<'c> {
        let kind = self.stored_kind(dtype);
        let (alignment, invariant) =
            (("alignment", self.alignment(dtype)), ("invariant", Attribute::unit(self.context)));
        let attributes = [alignment, invariant];
        let stored = self.op("llvm.load", &[address], kind, &attributes[..1 + usize::from(constant)]);
        if dtype == DType::Bool { self.cast(stored, DType::U8, DType::Bool) } else { stored }
    }

    pub(super) fn store_to(&mut self, address: Held<'c>, dtype: DType, value: Held<'c>) {
        let stored = if dtype == DType::Bool { self.cast(value, DType::Bool, DType::U8) } else { value };
        let alignment = self.alignment(dtype);
        self.effect("llvm.store", &[stored, address], &[("alignment", alignment)]);
    }

    pub(super) fn alignment(&self, dtype: DType) -> Attribute<'c> {
        IntegerAttribute::new(self.integer(64), dtype.size() as i64).into()
    }

    pub(super) fn lookup(&mut self, table: TableId, index: Held<'c>) -> Held<'c> {
        let kernel = self.kernel;
        let declared = &kernel.tables[table.0 as usize];
        let (zero, length) = (self.number(0), self.number(declared.elements.len() as i64));
        let inside = self.compare(ScalarOp::Less, DType::U64, index, length);
        let position = self.select(inside, index, zero);
        let name = Attribute::parse(self.context, &format!("@{}", table_name(table))).expect("a symbol");
        let pointer = self.pointer();
        let first = self.op("llvm.mlir.addressof", &[], pointer, &[("global_name", name)]);
        let address = self.element(first, declared.dtype, position);
        self.load_from(address, declared.dtype, true)
    }

    /// Declares the tables, outside of all functions.
    pub(super) fn tables(&mut self) {
        for (position, table) in self.kernel.tables.iter().enumerate() {
            let stored = if table.dtype == DType::Bool { DType::U8 } else { table.dtype };
            let literal = |&bits: &u64| self.literal(Scalar::from_bits(stored, bits));
            let elements: Vec<Attribute> = table.elements.iter().map(literal).collect();
            let length = elements.len();
            let shape = RankedTensorType::new(&[length as u64], self.kind(stored), None);
            let dense = DenseElementsAttribute::new(shape.into(), &elements).expect("elements of one type");
            let kind: Type = melior::dialect::llvm::r#type::array(self.kind(stored), length as u32);
            let attributes = [
                ("sym_name", StringAttribute::new(self.context, &table_name(TableId(position as u32))).into()),
                ("global_type", TypeAttribute::new(kind).into()),
                ("value", dense.into()),
                ("constant", Attribute::unit(self.context)),
                ("linkage", self.attribute("#llvm.linkage<internal>")),
                ("alignment", self.attribute("64 : i64")),
            ];
            self.operation("llvm.mlir.global", &[], &[], &attributes, [Region::new()]);
        }
    }
}

fn table_name(table: TableId) -> String {
    format!("table{}", table.0)
}
