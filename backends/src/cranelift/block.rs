//! Instructions in program order, and branches.

use super::code::{Code, Held, Lanes, lane_type, scalar_type, vector_type};
use cranelift_codegen::ir::{BlockArg, InstBuilder, Type, Value, types};
use rotrace_ir::DType;
use rotrace_ir::kernel::{Affine, Block, Inst, Loop, LoopKind, TableId, Var};
use smallvec::SmallVec;

/// Block arguments.
pub(super) fn arguments(values: &[Value]) -> SmallVec<[BlockArg; 8]> {
    values.iter().map(|&value| BlockArg::Value(value)).collect()
}

impl Code<'_, '_> {
    /// Writes the instructions of a block.
    pub(super) fn insts<'b>(&mut self, insts: impl IntoIterator<Item = &'b Inst>) {
        for inst in insts {
            self.inst(inst);
        }
    }

    fn inst(&mut self, inst: &Inst) {
        match inst {
            Inst::Constant { result, value } => self.define(*result, Held::Constant(*value)),
            Inst::Scalar { result, op, operands } => {
                let held = if operands.iter().all(|&var| self.is_uniform(var)) {
                    Held::Scalar(self.scalar_op(*op, *result, operands))
                } else {
                    self.vector_op(*op, *result, operands)
                };
                self.define(*result, held);
            }
            Inst::Cast { result, operand } => {
                let (from, to) = (self.dtype(*operand), self.dtype(*result));
                let held = if self.is_uniform(*operand) {
                    let value = self.scalar(*operand);
                    Held::Scalar(self.scalar_cast(value, from, to))
                } else {
                    self.vector_cast(*operand, to)
                };
                self.define(*result, held);
            }
            Inst::Bitcast { result, operand } => self.bitcast(*result, *operand),
            Inst::Index { result, value } => self.index(*result, value),
            Inst::Load { result, buffer, at } => self.load(*result, *buffer, at),
            Inst::Store { buffer, at, value } => self.store(*buffer, at, *value),
            Inst::Lookup { result, table, index } => self.lookup(*result, *table, *index),
            Inst::If { results, condition, then, otherwise, often } => {
                if self.is_uniform(*condition) {
                    self.branch(results, *condition, then, (otherwise, *often));
                } else {
                    self.vector_branch(results, *condition, then, (otherwise, *often));
                }
            }
            Inst::Loop(inner) => self.inner_loop(inner),
        }
    }

    fn bitcast(&mut self, result: Var, operand: Var) {
        let to = self.dtype(result);
        let held = match self.held[operand.0 as usize].clone() {
            Held::Vector { size, parts } => {
                let parts = parts.iter().map(|&part| self.reinterpret(part, vector_type(to, size))).collect();
                Held::Vector { size, parts }
            }
            Held::Constant(_) | Held::Scalar(_) | Held::Undefined => {
                let value = self.scalar(operand);
                Held::Scalar(self.reinterpret(value, scalar_type(to)))
            }
        };
        self.define(result, held);
    }

    fn index(&mut self, result: Var, affine: &Affine) {
        let mut sum = self.dim(affine.offset);
        for &(index, factor) in &affine.terms {
            let value = self.index_value(index);
            let product = self.scaled(value, factor);
            sum = self.ins().iadd(sum, product);
        }
        let factor = if self.lanes == Lanes::One { 0 } else { affine.factor(self.rows.index) };
        let held = if factor == 0 {
            Held::Scalar(sum)
        } else {
            let first = self.splat(DType::I64, sum, 8);
            let parts = first.iter().enumerate().map(|(part, &value)| {
                let part = part as i64;
                let steps = [2 * part, 2 * part + 1].map(|lane| lane.wrapping_mul(factor).to_le_bytes());
                let steps = self.vector_literal(types::I64X2, std::array::from_fn(|at| steps[at / 8][at % 8]));
                self.ins().iadd(value, steps)
            });
            Held::Vector { size: 8, parts: parts.collect() }
        };
        self.define(result, held);
    }

    fn lookup(&mut self, result: Var, table: TableId, index: Var) {
        let held = if self.is_uniform(index) {
            let index = self.scalar(index);
            Held::Scalar(self.scalar_lookup(table, index))
        } else {
            let scalars: SmallVec<[Value; 4]> = (0..self.lanes.count())
                .map(|lane| {
                    let index = self.lane(index, lane);
                    self.scalar_lookup(table, index)
                })
                .collect();
            self.assembled(self.dtype(result), &scalars)
        };
        self.define(result, held);
    }

    /// Lanes from scalars.
    pub(super) fn assembled(&mut self, dtype: DType, scalars: &[Value]) -> Held {
        let size = if dtype == DType::Bool { self.lanes.mask_size() } else { dtype.size() };
        Held::Vector { size, parts: self.assemble(dtype, size, scalars) }
    }

    /// The types that hold a value across a branch or an iteration, and the width of its lanes.
    pub(super) fn carried_types(&self, dtype: DType) -> (usize, SmallVec<[Type; 2]>) {
        if self.lanes == Lanes::One {
            return (0, SmallVec::from_slice(&[scalar_type(dtype)]));
        }
        let size = if dtype == DType::Bool { self.lanes.mask_size() } else { dtype.size() };
        let kind = if dtype == DType::Bool { lane_type(size) } else { vector_type(dtype, size) };
        (size, SmallVec::from_elem(kind, self.lanes.parts(size)))
    }

    /// Values as they cross a branch or an iteration.
    pub(super) fn carried_values(&mut self, vars: &[Var]) -> SmallVec<[Value; 8]> {
        let mut values = SmallVec::new();
        for &var in vars {
            if self.lanes == Lanes::One {
                values.push(self.scalar(var));
            } else {
                let (size, _) = self.carried_types(self.dtype(var));
                values.extend(self.vector_of_size(var, size));
            }
        }
        values
    }

    /// Defines values from what crossed a branch or an iteration.
    pub(super) fn define_carried(&mut self, vars: &[Var], values: &[Value]) {
        let mut values = values.iter().copied();
        for &var in vars {
            let (size, kinds) = self.carried_types(self.dtype(var));
            let held = if self.lanes == Lanes::One {
                Held::Scalar(values.next().expect("one value per variable"))
            } else {
                Held::Vector { size, parts: values.by_ref().take(kinds.len()).collect() }
            };
            self.define(var, held);
        }
    }

    /// A block with parameters for `vars`.
    pub(super) fn merge_block(&mut self, vars: &[Var]) -> cranelift_codegen::ir::Block {
        let block = self.builder.create_block();
        for &var in vars {
            let (_, kinds) = self.carried_types(self.dtype(var));
            for kind in kinds {
                self.builder.append_block_param(block, kind);
            }
        }
        block
    }

    pub(super) fn finish_merge(&mut self, merge: cranelift_codegen::ir::Block, results: &[Var]) {
        self.builder.switch_to_block(merge);
        let values: SmallVec<[Value; 8]> = SmallVec::from_slice(self.builder.block_params(merge));
        self.define_carried(results, &values);
    }

    /// A branch that all lanes take alike.
    fn branch(&mut self, results: &[Var], condition: Var, then: &Block, (otherwise, often): (&Block, bool)) {
        let condition = self.scalar(condition);
        let (first, second) = (self.builder.create_block(), self.builder.create_block());
        if !often {
            self.builder.set_cold_block(second);
        }
        let merge = self.merge_block(results);
        self.ins().brif(condition, first, &[], second, &[]);
        for (start, block) in [(first, then), (second, otherwise)] {
            self.builder.switch_to_block(start);
            self.scopes.open();
            let values = self.side(results, block, start == second && !often);
            self.scopes.close();
            self.ins().jump(merge, &arguments(&values));
        }
        self.finish_merge(merge, results);
    }

    /// A branch that lanes take differently: `then`, the expected side, for all of them, and `otherwise` on top if any
    /// lane asks for it.
    fn vector_branch(&mut self, results: &[Var], condition: Var, then: &Block, (otherwise, often): (&Block, bool)) {
        let active = self.narrow(condition, true, then);
        self.insts(&then.insts);
        self.active.clone_from(&active);
        let common = self.carried_values(&then.yields);
        let off = self.any_lane_off(condition);
        let rare = self.builder.create_block();
        if !often {
            self.builder.set_cold_block(rare);
        }
        let merge = self.merge_block(results);
        self.ins().brif(off, rare, &[], merge, &arguments(&common));

        self.builder.switch_to_block(rare);
        self.scopes.open();
        self.narrow(condition, false, otherwise);
        let chosen = self.side(results, otherwise, !often);
        self.active = active;
        let mut selected: SmallVec<[Value; 8]> = SmallVec::new();
        for &var in results {
            let (size, kinds) = self.carried_types(self.dtype(var));
            let masks = self.vector_of_size(condition, size);
            for (part, _) in kinds.iter().enumerate() {
                let at = selected.len();
                let value = self.blend(masks[part], common[at], chosen[at]);
                selected.push(value);
            }
        }
        self.scopes.close();
        self.ins().jump(merge, &arguments(&selected));
        self.finish_merge(merge, results);
    }

    fn inner_loop(&mut self, inner: &Loop) {
        match &inner.kind {
            LoopKind::Reduce { accumulators } => self.reduction(inner, accumulators),
            LoopKind::Carry { .. } => self.carry_loop(inner),
            LoopKind::While { condition, .. } => self.while_loop(inner, condition),
        }
    }
}
