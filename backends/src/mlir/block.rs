//! Instructions, and the branches and loops between them, as structured control flow.

use super::code::{Code, Held, Several};
use super::grid::Thread;
use super::rows::Rows;
use melior::ir::r#type::Type;
use rotrace_ir::kernel::{Block, IndexId, Inst, Loop, LoopKind, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

impl<'c> Code<'c, '_> {
    pub(super) fn block(&mut self, block: &Block) {
        if self.lanes == 1 {
            return block.insts.iter().for_each(|inst| self.inst(inst));
        }
        let rows = Rows::of(self, block);
        let outer = std::mem::replace(&mut self.woven, rows);
        block.insts.iter().for_each(|inst| self.inst(inst));
        self.woven = outer;
    }

    fn inst(&mut self, inst: &Inst) {
        let value = match inst {
            Inst::Constant { result, value } => {
                self.literals[result.0 as usize] = Some(*value);
                self.constant(*value)
            }
            Inst::Scalar { result, op, operands } => {
                let dtype = self.dtype(*operands.last().expect("operations have operands"));
                let values = self.all_as(operands, &vec![*result; operands.len()]);
                self.scalar(*op, dtype, &values)
            }
            Inst::Cast { result, operand } => self.cast(self.get(*operand), self.dtype(*operand), self.dtype(*result)),
            Inst::Bitcast { result, operand } => {
                self.bitcast(self.get(*operand), self.dtype(*operand), self.dtype(*result))
            }
            Inst::Index { result, value } if self.varies(*result) => self.affine_wide(value),
            Inst::Index { value, .. } => self.affine(value),
            Inst::Load { result, buffer, at } if self.varies(*result) => self.load_wide(*buffer, at),
            Inst::Load { buffer, at, .. } => self.load(*buffer, at),
            Inst::Lookup { result, table, index } if self.varies(*result) => self.lookup_wide(*table, self.get(*index)),
            Inst::Lookup { table, index, .. } => self.lookup(*table, self.get(*index)),
            Inst::Store { buffer, at, value } if self.lanes > 1 => {
                let value = self.wide(*value);
                return self.store_wide(*buffer, at, value);
            }
            Inst::Store { buffer, at, value } => {
                return self.alone(|code| code.store(*buffer, at, code.get(*value)));
            }
            Inst::If { results, condition, then, otherwise, .. } if self.varies(*condition) => {
                return self.branch_wide(results, *condition, then, otherwise);
            }
            Inst::If { results, condition, then, otherwise, .. } => {
                return self.branch(results, *condition, then, otherwise);
            }
            Inst::Loop(looped) => return self.looped(looped),
        };
        self.define(inst.results()[0], value);
    }

    /// Instructions, and their yields handed to the operation around, as what they become there.
    fn yielding(&mut self, block: &Block, targets: &[Var]) {
        self.block(block);
        let values = self.all_as(&block.yields, targets);
        self.effect("scf.yield", &values, &[]);
    }

    fn branch(&mut self, results: &[Var], condition: Var, then: &Block, otherwise: &Block) {
        let kinds = self.kinds(results);
        let regions = [then, otherwise].map(|side| self.region(&[], |code, _| code.yielding(side, results)));
        let values = self.operation("scf.if", &[self.get(condition)], &kinds, &[], regions);
        self.define_all(results, &values);
    }

    /// Code with effects, where a condition holds.
    pub(super) fn only_if(&mut self, condition: Held<'c>, body: impl FnOnce(&mut Self)) {
        let ends = |code: &mut Self| code.effect("scf.yield", &[], &[]);
        let then = self.region(&[], |code, _| {
            body(code);
            ends(code);
        });
        let otherwise = self.region(&[], |code, _| ends(code));
        self.operation("scf.if", &[condition], &[], &[], [then, otherwise]);
    }

    fn looped(&mut self, looped: &Loop) {
        match &looped.kind {
            LoopKind::Reduce { accumulators } => match self.thread {
                Some(thread @ Thread { crowd: Some(threads), .. }) => {
                    self.crowded(looped, accumulators, thread, threads);
                }
                Some(thread @ Thread { lane: Some(lane), .. }) => self.shared(looped, accumulators, thread, lane),
                Some(Thread { lane: None, .. }) => self.reduction(looped, accumulators),
                None => {
                    if !self.along(looped, accumulators) {
                        self.reduction(looped, accumulators);
                    }
                }
            },
            LoopKind::Carry { initial, parameters } => {
                let (start, end) = (self.number(0), self.extent(looped.extent));
                let initial = self.all_as(initial, parameters);
                let kinds = self.kinds(parameters);
                let values = self.counted(looped.index, (start, end), &initial, &kinds, |code, current| {
                    code.define_all(parameters, current);
                    code.yielding(&looped.body, parameters);
                });
                self.define_all(&looped.results, &values);
            }
            LoopKind::While { initial, parameters, condition } => {
                if self.active.is_some() || self.varies(condition.yields[0]) {
                    return self.asking_wide(looped, condition);
                }
                let initial = self.all_as(initial, parameters);
                self.asking(looped, &initial, parameters, condition);
            }
        }
    }

    /// `for index in start..end`, with values that pass from one iteration to the next: `body` gets those of an iteration,
    /// and yields those of the next.
    pub(super) fn counted(
        &mut self,
        index: IndexId,
        (start, end): (Held<'c>, Held<'c>),
        initial: &[Held<'c>],
        kinds: &[Type<'c>],
        body: impl FnOnce(&mut Self, &[Held<'c>]),
    ) -> Several<'c> {
        let one = self.number(1);
        self.stepped((start, end), one, initial, kinds, |code, value, current| {
            code.indices[index.0 as usize] = Some(value);
            body(code, current);
        })
    }

    /// `for index in start..end, step apart`, without carried values.
    pub(super) fn steps(
        &mut self,
        (start, end): (Held<'c>, Held<'c>),
        step: Held<'c>,
        body: impl FnOnce(&mut Self, Held<'c>),
    ) {
        self.stepped((start, end), step, &[], &[], |code, index, _| {
            body(code, index);
            code.effect("scf.yield", &[], &[]);
        });
    }

    /// As [`steps`](Self::steps), with values that pass from one to the next, which `body` yields.
    pub(super) fn stepped(
        &mut self,
        (start, end): (Held<'c>, Held<'c>),
        step: Held<'c>,
        initial: &[Held<'c>],
        kinds: &[Type<'c>],
        body: impl FnOnce(&mut Self, Held<'c>, &[Held<'c>]),
    ) -> Several<'c> {
        let operands: SmallVec<[_; 8]> = [start, end, step].into_iter().chain(initial.iter().copied()).collect();
        let arguments: SmallVec<[_; 8]> = std::iter::once(self.integer(64)).chain(kinds.iter().copied()).collect();
        let region = self.region(&arguments, |code, values| body(code, values[0], &values[1..]));
        self.operation("scf.for", &operands, kinds, &[], [region])
    }

    /// A loop that asks before each iteration.
    fn asking(&mut self, looped: &Loop, initial: &[Held<'c>], parameters: &[Var], condition: &Block) {
        let (start, end) = (self.number(0), self.extent(looped.extent));
        let kinds: SmallVec<[_; 8]> = std::iter::once(self.integer(64)).chain(self.kinds(parameters)).collect();
        let position = looped.index.0 as usize;
        let before = self.region(&kinds, |code, values| {
            code.indices[position] = Some(values[0]);
            code.define_all(parameters, &values[1..]);
            let inside = code.compare(ScalarOp::Less, DType::I64, values[0], end);
            let asked = code.region(&[], |code, _| code.yielding(condition, &condition.yields));
            let ended = code.region(&[], |code, _| {
                let no = code.constant(Scalar::bool(false));
                code.effect("scf.yield", &[no], &[]);
            });
            let truth = code.integer(1);
            let more = code.operation("scf.if", &[inside], &[truth], &[], [asked, ended])[0];
            let operands: SmallVec<[_; 8]> = std::iter::once(more).chain(values.iter().copied()).collect();
            code.effect("scf.condition", &operands, &[]);
        });
        let after = self.region(&kinds, |code, values| {
            code.indices[position] = Some(values[0]);
            code.define_all(parameters, &values[1..]);
            code.block(&looped.body);
            let next = code.plus(values[0], 1);
            let operands: SmallVec<[_; 8]> =
                std::iter::once(next).chain(code.all_as(&looped.body.yields, parameters)).collect();
            code.effect("scf.yield", &operands, &[]);
        });
        let operands: SmallVec<[_; 8]> = std::iter::once(start).chain(initial.iter().copied()).collect();
        let values = self.operation("scf.while", &operands, &kinds, &[], [before, after]);
        self.define_all(&looped.results, &values[1..]);
    }
}
