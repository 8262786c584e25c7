//! The functions around the grid loop: one that takes every buffer as an argument of its own, so that LLVM knows that no two
//! of them overlap, and the entry that [`crate::Artifact`] asks for, which unpacks its arguments for it.

use super::code::{Code, Held};
use super::varying;
use melior::Context;
use melior::dialect::llvm;
use melior::ir::attribute::{Attribute, StringAttribute, TypeAttribute};
use melior::ir::operation::OperationBuilder;
use melior::ir::{Module, Type};
use rotrace_ir::DType;
use rotrace_ir::kernel::{IndexId, Kernel};
use rotrace_ir::scalar::ScalarOp;

/// The name of the entry.
pub(super) const ENTRY: &str = "entry";

/// The name of the function with the grid.
const BODY: &str = "body";

/// Writes a kernel as a module.
pub(super) fn write<'c>(context: &'c Context, kernel: &Kernel) -> Module<'c> {
    let mut code = Code::new(context, kernel);
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
        self.function(BODY, "internal", &arguments, |code, values| {
            let (sizes, buffers) = values[2..].split_at(kernel.dims.len());
            code.dims = sizes.into();
            code.buffers = buffers.into();
            code.grid((values[0], values[1]));
        });
    }

    /// The grid, in lanes if there are enough iterations. The last vector begins where it is full: iterations that run twice
    /// store the same again.
    fn grid(&mut self, (start, end): (Held<'c>, Held<'c>)) {
        let varying::Plan { lanes, varying } = varying::plan(self.kernel);
        if lanes == 1 {
            return self.single((start, end));
        }
        let (length, count) = (self.like("arith.subi", &[end, start]), self.number(lanes.into()));
        let enough = self.compare(ScalarOp::GreaterEqual, DType::I64, length, count);
        let wide = self.region(&[], |code, _| {
            let last = code.like("arith.subi", &[end, count]);
            code.lanes = lanes;
            code.varying = varying;
            code.steps((start, end), count, |code, index| {
                let first = code.like("arith.minsi", &[index, last]);
                code.indices[0] = Some(first);
                code.block(&code.kernel.body);
            });
            code.lanes = 1;
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
        self.counted(IndexId(0), range, &[], &[], |code, _| {
            code.block(&kernel.body);
            code.effect("scf.yield", &[], &[]);
        });
    }

    fn entry(&mut self) {
        let (pointer, number) = (self.pointer(), self.integer(64));
        let kernel = self.kernel;
        self.function(ENTRY, "external", &[pointer, pointer, number, number, pointer], |code, values| {
            let mut operands = vec![values[2], values[3]];
            for position in 0..kernel.dims.len() {
                let address = code.at(values[1], position);
                operands.push(code.load_from(address, DType::I64, true));
            }
            for position in 0..kernel.buffers.len() {
                let address = code.at(values[0], position);
                operands.push(code.op("llvm.load", &[address], pointer, &[]));
            }
            let segments = code.attribute(&format!("array<i32: {}, 0>", operands.len()));
            let callee = code.attribute(&format!("@{BODY}"));
            let none = code.attribute("array<i32>");
            let attributes = [("callee", callee), ("operandSegmentSizes", segments), ("op_bundle_sizes", none)];
            code.effect("llvm.call", &operands, &attributes);
        });
    }

    /// The address of a word of an array of words.
    fn at(&mut self, first: Held<'c>, position: usize) -> Held<'c> {
        let position = self.number(position as i64);
        self.element(first, DType::I64, position)
    }

    /// A function, with what `body` writes into it. Its pointers do not overlap.
    fn function(
        &mut self,
        name: &str,
        linkage: &str,
        arguments: &[Type<'c>],
        body: impl FnOnce(&mut Self, &[Held<'c>]),
    ) {
        let outer = std::mem::take(&mut self.open);
        let region = self.region(arguments, |code, values| {
            body(code, values);
            code.effect("llvm.return", &[], &[]);
        });
        self.open = outer;
        let pointer = self.pointer();
        let apart = |&kind: &Type| if kind == pointer { "{llvm.noalias}" } else { "{}" };
        let apart: Vec<&str> = arguments.iter().map(apart).collect();
        let kind = llvm::r#type::function(llvm::r#type::void(self.context), arguments, false);
        let attributes: [(&str, Attribute); 4] = [
            ("sym_name", StringAttribute::new(self.context, name).into()),
            ("function_type", TypeAttribute::new(kind).into()),
            ("linkage", self.attribute(&format!("#llvm.linkage<{linkage}>"))),
            ("arg_attrs", self.attribute(&format!("[{}]", apart.join(", ")))),
        ];
        self.operation("llvm.func", &[], &[], &attributes, [region]);
    }
}
