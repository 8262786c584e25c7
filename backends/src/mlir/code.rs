//! What is being written: types, constants, and operations at the end of the innermost open block.

use super::foreign;
use super::grid::Thread;
use super::places::Places;
use super::rows::Rows;
use melior::Context;
use melior::ir::attribute::{Attribute, FloatAttribute, IntegerAttribute, StringAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::{OperationBuilder, OperationLike};
use melior::ir::r#type::{IntegerType, Type};
use melior::ir::{Block, Identifier, Location, Region, RegionLike, Value};
use rotrace_ir::kernel::{IndexId, Kernel, Var};
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

/// A value of the module that is being written.
pub(super) type Held<'c> = Value<'c, 'c>;

/// Values of one operation.
pub(super) type Several<'c> = SmallVec<[Held<'c>; 4]>;

/// A function under construction.
pub(super) struct Code<'c, 'k> {
    pub(super) context: &'c Context,
    pub(super) kernel: &'k Kernel,
    /// Of every [`Var`] that has been computed.
    pub(super) values: Vec<Option<Held<'c>>>,
    /// Of every loop that is open.
    pub(super) indices: Vec<Option<Held<'c>>>,
    /// First elements, indexed by buffer.
    pub(super) buffers: Several<'c>,
    /// Sizes of named dimensions.
    pub(super) dims: Several<'c>,
    /// Whether loops over independent iterations may run in lanes.
    pub(super) vectors: bool,
    /// How many elements of 64 bits the widest vectors have.
    pub(super) widest: u32,
    /// How many iterations run at once.
    pub(super) lanes: u32,
    /// In which order.
    pub(super) places: Places,
    /// Of which loop, if it is more than one.
    pub(super) lane_index: IndexId,
    /// Which values differ between them, indexed by [`Var`].
    pub(super) varying: Vec<bool>,
    /// Of every [`Var`] that is a literal.
    pub(super) literals: Vec<Option<Scalar>>,
    /// The lanes that count, if not all do.
    pub(super) active: Option<Held<'c>>,
    /// How the block that is being written loads and stores rows.
    pub(super) woven: Rows<'c>,
    /// Blocks that are open, the function's first.
    pub(super) open: Vec<Block<'c>>,
    /// Who runs the code, if many threads do.
    pub(super) thread: Option<Thread<'c>>,
    /// The row of the iteration at hand of every buffer that is staged in shared memory.
    pub(super) rows: Vec<Option<Held<'c>>>,
    /// Whether it is a GPU's assembler that gets the code.
    pub(super) for_gpu: bool,
    /// The address space of buffers.
    pub(super) space: u32,
}

impl<'c, 'k> Code<'c, 'k> {
    pub(super) fn new(context: &'c Context, kernel: &'k Kernel) -> Self {
        Self {
            context,
            kernel,
            values: vec![None; kernel.values.len()],
            indices: vec![None; kernel.index_count as usize],
            buffers: Several::new(),
            dims: Several::new(),
            vectors: false,
            widest: 1,
            lanes: 1,
            places: Places::natural(1),
            lane_index: IndexId(0),
            varying: Vec::new(),
            literals: vec![None; kernel.values.len()],
            active: None,
            woven: Rows::default(),
            open: Vec::new(),
            thread: None,
            rows: vec![None; kernel.buffers.len()],
            for_gpu: false,
            space: 0,
        }
    }

    pub(super) fn location(&self) -> Location<'c> {
        Location::unknown(self.context)
    }

    /// The type of a value in a register.
    pub(super) fn kind(&self, dtype: DType) -> Type<'c> {
        match dtype {
            DType::F32 => Type::float32(self.context),
            DType::F64 => Type::float64(self.context),
            DType::Bool
            | DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64 => self.integer(dtype.bits()),
        }
    }

    /// The type of an element in memory: that in a register, but a byte for a `bool`.
    pub(super) fn stored_kind(&self, dtype: DType) -> Type<'c> {
        if dtype == DType::Bool { self.integer(8) } else { self.kind(dtype) }
    }

    pub(super) fn integer(&self, bits: u32) -> Type<'c> {
        IntegerType::new(self.context, bits).into()
    }

    pub(super) fn pointer(&self) -> Type<'c> {
        melior::dialect::llvm::r#type::pointer(self.context, 0)
    }

    /// The type of a pointer to an element of a buffer.
    pub(super) fn global_pointer(&self) -> Type<'c> {
        melior::dialect::llvm::r#type::pointer(self.context, self.space)
    }

    /// An attribute that is written as text.
    pub(super) fn attribute(&self, text: &str) -> Attribute<'c> {
        Attribute::parse(self.context, text).unwrap_or_else(|| panic!("`{text}` is an attribute"))
    }

    /// A type that is written as text.
    pub(super) fn attribute_type(&self, text: &str) -> Type<'c> {
        Type::parse(self.context, text).unwrap_or_else(|| panic!("`{text}` is a type"))
    }

    /// A literal as an attribute.
    pub(super) fn literal(&self, value: Scalar) -> Attribute<'c> {
        let kind = self.kind(value.dtype);
        if value.dtype.is_float() {
            FloatAttribute::new(self.context, kind, value.as_f64()).into()
        } else {
            IntegerAttribute::new(kind, value.as_i64()).into()
        }
    }

    pub(super) fn constant(&mut self, value: Scalar) -> Held<'c> {
        let (literal, kind) = (self.literal(value), self.kind(value.dtype));
        self.op("arith.constant", &[], kind, &[("value", literal)])
    }

    /// An `i64`.
    pub(super) fn number(&mut self, value: i64) -> Held<'c> {
        self.constant(Scalar::i64(value))
    }

    /// An operation with one result.
    pub(super) fn op(
        &mut self,
        name: &str,
        operands: &[Held<'c>],
        result: Type<'c>,
        attributes: &[(&str, Attribute<'c>)],
    ) -> Held<'c> {
        self.operation(name, operands, &[result], attributes, [])[0]
    }

    /// An operation whose result has the type of its first operand.
    pub(super) fn like(&mut self, name: &str, operands: &[Held<'c>]) -> Held<'c> {
        let kind = melior::ir::ValueLike::r#type(&operands[0]);
        self.op(name, operands, kind, &[])
    }

    /// An intrinsic of LLVM's that no dialect has.
    pub(super) fn intrinsic(&mut self, name: &str, operands: &[Held<'c>], result: Type<'c>) -> Held<'c> {
        let name = StringAttribute::new(self.context, name).into();
        let segments = self.attribute(&format!("array<i32: {}, 0>", operands.len()));
        let none = self.attribute("array<i32>");
        let attributes = [("intrin", name), ("operandSegmentSizes", segments), ("op_bundle_sizes", none)];
        self.op("llvm.call_intrinsic", operands, result, &attributes)
    }

    /// An operation without results.
    pub(super) fn effect(&mut self, name: &str, operands: &[Held<'c>], attributes: &[(&str, Attribute<'c>)]) {
        self.operation(name, operands, &[], attributes, []);
    }

    /// Any operation; gives its results.
    pub(super) fn operation<const REGIONS: usize>(
        &mut self,
        name: &str,
        operands: &[Held<'c>],
        results: &[Type<'c>],
        attributes: &[(&str, Attribute<'c>)],
        regions: [Region<'c>; REGIONS],
    ) -> Several<'c> {
        let named = |&(name, attribute): &(&str, _)| (Identifier::new(self.context, name), attribute);
        let attributes: SmallVec<[_; 4]> = attributes.iter().map(named).collect();
        let builder = OperationBuilder::new(name, self.location())
            .add_operands(operands)
            .add_results(results)
            .add_attributes(&attributes)
            .add_regions(regions);
        let built = builder.build().unwrap_or_else(|error| panic!("{name}: {error}"));
        let operation = self.open.last().expect("a block is open").append_operation(built);
        operation.results().map(|result| foreign::held(result.into())).collect()
    }

    /// A region of one block, with what `body` writes into it.
    pub(super) fn region(&mut self, arguments: &[Type<'c>], body: impl FnOnce(&mut Self, &[Held<'c>])) -> Region<'c> {
        let location = self.location();
        let arguments: SmallVec<[_; 4]> = arguments.iter().map(|&kind| (kind, location)).collect();
        let block = Block::new(&arguments);
        let argument = |position| foreign::held(block.argument(position).expect("it has so many").into());
        let parameters: Several<'c> = (0..arguments.len()).map(argument).collect();
        self.open.push(block);
        body(self, &parameters);
        let region = Region::new();
        region.append_block(self.open.pop().expect("it was opened here"));
        region
    }

    /// Memory of the function's own for so many values like one of the kernel's, for all of a call. It is reserved at the start of the function: in a loop it would
    /// be reserved anew in every iteration.
    pub(super) fn slot(&mut self, var: Var, elements: u64) -> Held<'c> {
        let dtype = self.dtype(var);
        let lanes = if self.varies(var) { self.lanes } else { 1 };
        let count: Attribute = IntegerAttribute::new(self.integer(64), elements as i64 * i64::from(lanes)).into();
        let location = self.location();
        let identifier = |name| Identifier::new(self.context, name);
        let count = OperationBuilder::new("llvm.mlir.constant", location)
            .add_attributes(&[(identifier("value"), count)])
            .add_results(&[self.integer(64)])
            .build()
            .expect("a constant");
        let first = self.open.first().expect("the function is open");
        let count = foreign::held(first.insert_operation(0, count).result(0).expect("it has one").into());
        let element: Attribute = melior::ir::attribute::TypeAttribute::new(self.stored_kind(dtype)).into();
        let memory = OperationBuilder::new("llvm.alloca", location)
            .add_operands(&[count])
            .add_attributes(&[
                (identifier("elem_type"), element),
                (identifier("alignment"), self.attribute("64 : i64")),
            ])
            .add_results(&[self.pointer()])
            .build()
            .expect("memory");
        foreign::held(first.insert_operation(1, memory).result(0).expect("it has one").into())
    }

    pub(super) fn dtype(&self, var: Var) -> DType {
        self.kernel.dtype(var)
    }

    pub(super) fn get(&self, var: Var) -> Held<'c> {
        self.values[var.0 as usize].expect("a value is used after its definition")
    }

    pub(super) fn all(&self, vars: &[Var]) -> Several<'c> {
        vars.iter().map(|&var| self.get(var)).collect()
    }

    pub(super) fn define(&mut self, var: Var, value: Held<'c>) {
        self.values[var.0 as usize] = Some(value);
    }

    pub(super) fn define_all(&mut self, vars: &[Var], values: &[Held<'c>]) {
        vars.iter().zip(values).for_each(|(&var, &value)| self.define(var, value));
    }

    pub(super) fn kinds(&self, vars: &[Var]) -> SmallVec<[Type<'c>; 4]> {
        vars.iter().map(|&var| self.kind_of(var)).collect()
    }
}
