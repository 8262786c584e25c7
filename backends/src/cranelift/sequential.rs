//! Loops whose iterations run in order and carry values.
//!
//! Lanes run the iterations of a while loop together as long as any of them asks for one; one that does not keeps its
//! values.

use super::block::arguments;
use super::code::{Code, Lanes, Parts};
use super::induction::first_pointers;
use super::invariant;
use super::loops::Carried;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Type, Value, types};
use rotrace_ir::kernel::{Block, Extent, Inst, Loop, Var};

/// A loop in order, begun: at least one iteration is within its extent.
struct Begun {
    /// What it carries into its first iteration.
    first: Carried,
    /// One more than the last index.
    end: Value,
    /// Where to jump with its results.
    merge: ir::Block,
}

impl Code<'_, '_> {
    /// A loop that runs as often as its extent says.
    pub(super) fn carry_loop(&mut self, inner: &Loop) {
        let Some(Begun { first, end, merge }) = self.begin_in_order(inner) else { return };
        let split = invariant::split(self.kernel, &inner.body, inner.index, inner.parameters());
        self.insts(split.invariant);
        let splatted = self.presplat(&split.varying, &inner.body.yields);
        let moving = self.moving_pointers(inner.index, &split.varying);
        let carried = first.len();
        let all: Carried = first.into_iter().chain(first_pointers(&moving)).collect();
        let start = self.number(0);
        let last = self.repeated((start, end), 1, &all, |code, index, values| {
            code.define_carried(inner.parameters(), &values[..carried]);
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

    /// Branches around a loop without iterations; `None` if it is known to have none.
    fn begin_in_order(&mut self, inner: &Loop) -> Option<Begun> {
        let first = self.carried_values(inner.initial());
        let length = match inner.extent {
            Extent::Dim(dim) => dim.as_fixed(),
            Extent::Blocks(_) | Extent::Block { .. } => None,
        };
        if length == Some(0) {
            self.define_carried(&inner.results, &first);
            return None;
        }
        let end = self.extent(inner.extent);
        let (run, merge) = (self.builder.create_block(), self.merge_block(&inner.results));
        if length.is_some() {
            self.ins().jump(run, &[]);
        } else {
            let any = self.ins().icmp_imm_s(IntCC::SignedGreaterThan, end, 0);
            self.ins().brif(any, run, &[], merge, &arguments(&first));
        }
        self.builder.switch_to_block(run);
        self.scopes.open();
        Some(Begun { first, end, merge })
    }

    /// A loop that runs as long as a condition holds.
    pub(super) fn while_loop(&mut self, inner: &Loop, condition: &Block) {
        let Some(Begun { first, end, merge }) = self.begin_in_order(inner) else { return };
        let [ask, body] = [condition, &inner.body].map(|block| invariant::split_while(self.kernel, block, inner));
        self.insts(ask.invariant);
        self.insts(body.invariant);
        let varying: Vec<&Inst> = ask.varying.iter().chain(&body.varying).copied().collect();
        let yields: Vec<Var> = condition.yields.iter().chain(&inner.body.yields).copied().collect();
        let splatted = self.presplat(&varying, &yields);
        let moving = self.moving_pointers(inner.index, &varying);
        // A lane that is done keeps its values, and so its answer, unless that depends on the iteration.
        let asks_again = self.lanes != Lanes::One && invariant::block_names_index(condition, inner.index);
        let (outer, mask_size) = (self.active.clone(), self.lanes.mask_size());
        let (carried, pointers) = (first.len(), first.len() + moving.len());
        let mut all: Carried = first.into_iter().chain(first_pointers(&moving)).collect();
        if asks_again {
            all.extend(self.active_of_size(mask_size));
        }

        let (head, run) = (self.builder.create_block(), self.builder.create_block());
        let index = self.builder.append_block_param(head, types::I64);
        let kinds: Vec<Type> = all.iter().map(|&value| self.kind(value)).collect();
        let values: Carried = kinds.into_iter().map(|kind| self.builder.append_block_param(head, kind)).collect();
        let start = self.number(0);
        let initial: Carried = std::iter::once(start).chain(all).collect();
        self.ins().jump(head, &arguments(&initial));

        self.builder.switch_to_block(head);
        self.define_carried(inner.parameters(), &values[..carried]);
        self.enter(inner.index, index);
        self.arrive(&moving, &values[carried..pointers]);
        if asks_again {
            self.active = Some((mask_size, Parts::from_slice(&values[pointers..])));
        }
        self.insts(ask.varying);
        let (any, mask) = self.asks(condition.yields[0]);
        self.ins().brif(any, run, &[], merge, &arguments(&values[..carried]));

        self.builder.switch_to_block(run);
        self.active = mask.clone();
        self.insts(body.varying);
        let mut next = Carried::from_slice(&[self.plus(index, 1)]);
        next.extend(match &mask {
            Some(mask) => self.yielded_where(mask, inner, &values[..carried]),
            None => self.carried_values(&inner.body.yields),
        });
        next.extend(self.depart(&moving, &values[carried..pointers]));
        if let Some(mask) = mask.filter(|_| asks_again) {
            next.extend(self.mask_of_size(&mask, mask_size));
        }
        self.leave();
        self.active = outer;
        self.forget_splats(&splatted);
        self.scopes.close();
        let more = self.ins().icmp(IntCC::SignedLessThan, next[0], end);
        self.ins().brif(more, head, &arguments(&next), merge, &arguments(&next[1..=carried]));
        self.finish_merge(merge, &inner.results);
    }
}
