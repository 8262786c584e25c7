//! The functions around the grid loop: one that takes every buffer as an argument of its own, so that LLVM knows that no two
//! of them overlap, and the entry that [`crate::Artifact`] asks for, which unpacks its arguments for it.

use super::code::{Code, Held};
use super::lanes::{GRID, widest};
use super::varying::Target;
use crate::Processor;
use melior::Context;
use melior::dialect::llvm;
use melior::ir::attribute::{Attribute, StringAttribute, TypeAttribute};
use melior::ir::operation::OperationBuilder;
use melior::ir::{Module, Type};
use rotrace_ir::DType;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::scalar::ScalarOp;

/// The name of the entry.
pub(super) const ENTRY: &str = "entry";

/// The name of the function with the grid.
const BODY: &str = "body";

/// Writes a kernel as a module.
pub(super) fn write<'c>(context: &'c Context, kernel: &Kernel, processor: Processor) -> Module<'c> {
    let mut code = Code::new(context, kernel);
    code.widest = widest(processor);
    let region = code.region(&[], |code, _| {
        code.tables();
        code.body();
        code.entry();
    });
    let module = OperationBuilder::new("builtin.module", code.location()).add_regions([region]).build();
    Module::from_operation(module.expect("it is well formed")).expect("it is a module")
}

impl<'c> Code<'c, '_> {
    fn body(&mut self) {
        let mut arguments = vec![self.integer(64); 2 + self.kernel.dims.len()];
        arguments.extend(self.kernel.buffers.iter().map(|_| self.pointer()));
        let kernel = self.kernel;
        self.function(BODY, "internal", &arguments, 1, |code, values| {
            let (sizes, buffers) = values[2..].split_at(kernel.dims.len());
            code.dims = sizes.into();
            code.buffers = buffers.into();
            code.grid((values[0], values[1]));
        });
    }

    /// The grid, in lanes if there are enough iterations. The last vector begins where it is full: iterations that run twice
    /// store the same again.
    fn grid(&mut self, (start, end): (Held<'c>, Held<'c>)) {
        let kernel = self.kernel;
        let plan = Target { index: GRID, extent: kernel.grid, body: &kernel.body }.plan(kernel, self.widest);
        let lanes = plan.lanes;
        if lanes == 1 {
            self.vectors = true;
            return self.single((start, end));
        }
        let (length, count) = (self.like("arith.subi", &[end, start]), self.number(lanes.into()));
        let enough = self.compare(ScalarOp::GreaterEqual, DType::I64, length, count);
        let wide = self.region(&[], |code, _| {
            let last = code.like("arith.subi", &[end, count]);
            code.in_lanes(GRID, plan, |code| {
                code.steps((start, end), count, |code, index| {
                    let first = code.like("arith.minsi", &[index, last]);
                    code.indices[0] = Some(first);
                    code.block(&kernel.body);
                });
            });
            code.effect("scf.yield", &[], &[]);
        });
        let single = self.region(&[], |code, _| {
            code.single((start, end));
            code.effect("scf.yield", &[], &[]);
        });
        self.operation("scf.if", &[enough], &[], &[], [wide, single]);
    }

    /// The grid, one iteration after the other.
    fn single(&mut self, range: (Held<'c>, Held<'c>)) {
        let kernel = self.kernel;
        self.counted(GRID, range, &[], &[], |code, _| {
            code.block(&kernel.body);
            code.effect("scf.yield", &[], &[]);
        });
    }

    fn entry(&mut self) {
        let (pointer, number) = (self.pointer(), self.integer(64));
        self.function(ENTRY, "external", &[pointer, pointer, number, number, pointer], 1, |code, values| {
            let mut operands = vec![values[2], values[3]];
            operands.extend(code.unpacked(values[1], values[0]));
            code.call(BODY, &operands);
        });
    }

    /// What the arrays of sizes and of pointers hold.
    pub(super) fn unpacked(&mut self, dims: Held<'c>, buffers: Held<'c>) -> Vec<Held<'c>> {
        let (kernel, pointer) = (self.kernel, self.pointer());
        let mut values = Vec::new();
        for position in 0..kernel.dims.len() {
            let address = self.at(dims, position);
            values.push(self.load_from(address, DType::I64, true));
        }
        for position in 0..kernel.buffers.len() {
            let address = self.at(buffers, position);
            values.push(self.op("llvm.load", &[address], pointer, &[]));
        }
        values
    }

    /// The address of a word of an array of words.
    pub(super) fn at(&mut self, first: Held<'c>, position: usize) -> Held<'c> {
        let position = self.number(position as i64);
        self.element(first, DType::I64, position)
    }

    /// A function, with what `body` writes into it. Its pointers do not overlap, and are multiples of `alignment`.
    pub(super) fn function(
        &mut self,
        name: &str,
        linkage: &str,
        arguments: &[Type<'c>],
        alignment: u64,
        body: impl FnOnce(&mut Self, &[Held<'c>]),
    ) {
        let pointers = format!("{{llvm.noalias, llvm.align = {alignment} : i64}}");
        let nothing = llvm::r#type::void(self.context);
        self.declared((name, linkage), (arguments, &pointers), nothing, |code, values| {
            body(code, values);
            code.effect("llvm.return", &[], &[]);
        });
    }

    /// A function of the module's own with one result.
    pub(super) fn returning(
        &mut self,
        name: &str,
        arguments: &[Type<'c>],
        result: Type<'c>,
        body: impl FnOnce(&mut Self, &[Held<'c>]) -> Held<'c>,
    ) {
        self.declared((name, "internal"), (arguments, "{}"), result, |code, values| {
            let value = body(code, values);
            code.effect("llvm.return", &[value], &[]);
        });
    }

    /// A function whose pointers have an attribute.
    fn declared(
        &mut self,
        (name, linkage): (&str, &str),
        (arguments, pointers): (&[Type<'c>], &str),
        result: Type<'c>,
        body: impl FnOnce(&mut Self, &[Held<'c>]),
    ) {
        let outer = std::mem::take(&mut self.open);
        let region = self.region(arguments, body);
        self.open = outer;
        let own = [self.pointer(), self.global_pointer()];
        let apart: Vec<&str> = arguments.iter().map(|kind| if own.contains(kind) { pointers } else { "{}" }).collect();
        let kind = llvm::r#type::function(result, arguments, false);
        let attributes: [(&str, Attribute); 4] = [
            ("sym_name", StringAttribute::new(self.context, name).into()),
            ("function_type", TypeAttribute::new(kind).into()),
            ("linkage", self.attribute(&format!("#llvm.linkage<{linkage}>"))),
            ("arg_attrs", self.attribute(&format!("[{}]", apart.join(", ")))),
        ];
        self.operation("llvm.func", &[], &[], &attributes, [region]);
    }

    /// Calls a function of the module's.
    pub(super) fn call(&mut self, name: &str, operands: &[Held<'c>]) {
        let attributes = self.callee(name, operands);
        self.effect("llvm.call", operands, &attributes);
    }

    /// The attributes of a call.
    pub(super) fn callee(&self, name: &str, operands: &[Held<'c>]) -> [(&'static str, Attribute<'c>); 3] {
        let segments = self.attribute(&format!("array<i32: {}, 0>", operands.len()));
        [
            ("callee", self.attribute(&format!("@{name}"))),
            ("operandSegmentSizes", segments),
            ("op_bundle_sizes", self.attribute("array<i32>")),
        ]
    }
}
