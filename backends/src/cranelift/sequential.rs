//! Loops whose iterations run in order and carry values.

use super::block::arguments;
use super::code::Code;
use super::induction::first_pointers;
use super::invariant;
use super::loops::Carried;
use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::condcodes::IntCC;
use rotrace_ir::kernel::{Extent, Loop, Var};

impl Code<'_, '_> {
    /// A loop that runs as often as its extent says.
    pub(super) fn carry_loop(&mut self, inner: &Loop, initial: &[Var], parameters: &[Var]) {
        let first = self.carried_values(initial);
        let length = match inner.extent {
            Extent::Dim(dim) => dim.as_fixed(),
            Extent::Blocks(_) | Extent::Block { .. } => None,
        };
        if length == Some(0) {
            return self.define_carried(&inner.results, &first);
        }
        let (start, end) = (self.number(0), self.extent(inner.extent));
        let (run, merge) = (self.builder.create_block(), self.merge_block(&inner.results));
        if length.is_some() {
            self.ins().jump(run, &[]);
        } else {
            let any = self.ins().icmp(IntCC::SignedLessThan, start, end);
            self.ins().brif(any, run, &[], merge, &arguments(&first));
        }
        self.builder.switch_to_block(run);
        self.scopes.open();
        let split = invariant::split(self.kernel, &inner.body, inner.index, parameters);
        self.insts(split.invariant);
        let splatted = self.presplat(&split.varying, &inner.body.yields);
        let moving = self.moving_pointers(inner.index, &split.varying);
        let carried = first.len();
        let all: Carried = first.into_iter().chain(first_pointers(&moving)).collect();
        let last = self.repeated((start, end), 1, &all, |code, index, values| {
            code.define_carried(parameters, &values[..carried]);
            code.enter(inner.index, index);
            code.arrive(&moving, &values[carried..]);
            code.insts(split.varying);
            let mut next = code.carried_values(&inner.body.yields);
            next.extend(code.depart(&moving, &values[carried..]));
            code.leave();
            next
        });
        self.forget_splats(&splatted);
        self.scopes.close();
        self.ins().jump(merge, &arguments(&last[..carried]));
        self.finish_merge(merge, &inner.results);
    }
}
