//! What makes a kernel's instructions well formed: their dtypes, buffers, yields and results.

use super::kernel::{Context, Memory, Verifier};
use crate::kernel::{Access, Affine, Block, BufferId, IndexId, Inst, Loop, LoopKind, Var, Vars};
use crate::{DType, Scalar};

impl Verifier<'_> {
    /// Everything that is required of one instruction, but that its results are defined once.
    pub fn inst(&mut self, inst: &Inst, context: Context) {
        match inst {
            Inst::Constant { result, value } => {
                self.expect_dtype(inst, "K12", *result, value.dtype);
                if Scalar::from_bits(value.dtype, value.bits) != *value {
                    self.report_in(inst, "K12", format!("the literal has bits beyond {}", value.dtype));
                }
            }
            Inst::Scalar { result, op, operands } => {
                self.used(inst, operands);
                let dtypes: Option<Vec<DType>> = operands.iter().map(|&operand| self.dtype(operand)).collect();
                match dtypes.map(|dtypes| op.result_dtype(&dtypes)) {
                    Some(Ok(dtype)) => self.expect_dtype(inst, "K11", *result, dtype),
                    Some(Err(message)) => self.report_in(inst, "K11", message),
                    None => {}
                }
            }
            Inst::Cast { operand, .. } => self.used(inst, &[*operand]),
            Inst::Bitcast { result, operand } => self.bitcast(inst, *result, *operand),
            Inst::Index { result, value } => {
                self.affine(inst, value);
                self.expect_dtype(inst, "K12", *result, DType::I64);
            }
            Inst::Load { result, buffer, at } => {
                self.access(inst, context, (*buffer, at), (false, *result));
            }
            Inst::Store { buffer, at, value } => {
                self.used(inst, &[*value]);
                self.access(inst, context, (*buffer, at), (true, *value));
            }
            Inst::Lookup { result, table, index } => {
                self.used(inst, &[*index]);
                self.expect_dtype(inst, "K13", *index, DType::I64);
                match self.kernel.tables.get(table.0 as usize) {
                    Some(table) => self.expect_dtype(inst, "K13", *result, table.dtype),
                    None => self.report_in(inst, "K13", format!("there is no table t{}", table.0)),
                }
            }
            Inst::If { results, condition, then, otherwise, .. } => {
                self.branch(inst, context, *condition, (then, otherwise), results);
            }
            Inst::Loop(looped) => self.looped(inst, context, looped),
        }
    }

    /// Requires a dtype of a value that exists; one that does not is K6's or K7's matter.
    fn expect_dtype(&mut self, inst: &Inst, constraint: &'static str, var: Var, expected: DType) {
        if let Some(dtype) = self.dtype(var).filter(|&dtype| dtype != expected) {
            let name = self.var_name(var);
            self.report_in(inst, constraint, format!("{name} is {dtype} where {expected} is needed"));
        }
    }

    /// K12.
    fn bitcast(&mut self, inst: &Inst, result: Var, operand: Var) {
        self.used(inst, &[operand]);
        let (Some(to), Some(from)) = (self.dtype(result), self.dtype(operand)) else { return };
        if to.bits() != from.bits() || to == DType::Bool {
            self.report_in(inst, "K12", format!("{from} and {to} are not numbers of the same size"));
        }
    }

    /// K14, K15, K23.
    fn access(
        &mut self,
        inst: &Inst,
        context: Context,
        (buffer, at): (BufferId, &[Affine]),
        (stores, value): (bool, Var),
    ) {
        at.iter().for_each(|affine| self.affine(inst, affine));
        match (context.memory, stores) {
            (Memory::None, _) => self.report_in(inst, "K15", "branches neither load nor store"),
            (Memory::Loads, true) => self.report_in(inst, "K15", "while loops do not store"),
            (Memory::Loads, false) | (Memory::LoadsAndStores, _) => {}
        }
        let Some(declared) = self.kernel.buffers.get(buffer.0 as usize) else {
            return self.report_in(inst, "K14", format!("there is no buffer %{}", buffer.0));
        };
        match (declared.access, stores) {
            (Access::Read, true) => {
                self.report_in(inst, "K14", format!("buffer %{} is read and cannot be stored to", buffer.0));
            }
            (Access::Write, false) => {
                self.report_in(inst, "K14", format!("buffer %{} is written and cannot be loaded from", buffer.0));
            }
            (Access::Scratch, _) if at.iter().any(|affine| affine.factor(IndexId(0)) != 0) => {
                self.report_in(
                    inst,
                    "K23",
                    "each iteration of the grid has its own scratch, and does not name its index",
                );
            }
            (Access::Read, false) | (Access::Write, true) | (Access::Scratch, _) => {}
        }
        if declared.shape.len() != at.len() {
            let (axes, given) = (declared.shape.len(), at.len());
            self.report_in(inst, "K14", format!("buffer %{} has {axes} axes, got {given} coordinates", buffer.0));
        }
        self.expect_dtype(inst, "K14", value, declared.dtype);
    }

    /// K16.
    fn branch(
        &mut self,
        inst: &Inst,
        context: Context,
        condition: Var,
        (then, otherwise): (&Block, &Block),
        results: &Vars,
    ) {
        self.used(inst, &[condition]);
        self.expect_dtype(inst, "K16", condition, DType::Bool);
        for block in [then, otherwise] {
            if self.may_nest(inst, context) {
                self.block(Some(inst), block, &[], Context { depth: context.depth + 1, memory: Memory::None });
            }
            self.agree(inst, "K16", ("yielded", &block.yields), results);
        }
    }

    /// K17, K18, K22.
    fn looped(&mut self, inst: &Inst, context: Context, looped: &Loop) {
        self.used(inst, looped.initial());
        for &parameter in looped.parameters() {
            self.define_once(inst, parameter);
        }
        self.enter_loop(inst, looped.index, looped.extent);
        if self.may_nest(inst, context) {
            let allowed = if looped.condition().is_some() { Memory::Loads } else { Memory::LoadsAndStores };
            let inside = Context { depth: context.depth + 1, memory: context.memory.min(allowed) };
            looped.condition().into_iter().chain([&looped.body]).for_each(|block| {
                self.block(Some(inst), block, looped.parameters(), inside);
            });
        }
        self.leave_loop();
        match &looped.kind {
            LoopKind::Reduce { accumulators } => {
                self.agree(inst, "K17", ("yielded", &looped.body.yields), &looped.results);
                if accumulators.len() != looped.results.len() {
                    let (kinds, results) = (accumulators.len(), looped.results.len());
                    self.report_in(inst, "K17", format!("{kinds} accumulators for {results} results"));
                }
                for (kind, &result) in accumulators.iter().zip(&looped.results) {
                    if let Some(dtype) = self.dtype(result).filter(|&dtype| !kind.accepts(dtype)) {
                        self.report_in(inst, "K17", format!("{} does not reduce {dtype}", kind.name()));
                    }
                }
            }
            LoopKind::Carry { initial, parameters } | LoopKind::While { initial, parameters, .. } => {
                self.agree(inst, "K18", ("initial", initial), &looped.results);
                self.agree(inst, "K18", ("carried", parameters), &looped.results);
                self.agree(inst, "K18", ("yielded", &looped.body.yields), &looped.results);
            }
        }
        if let Some(condition) = looped.condition() {
            match condition.yields[..] {
                [asked] => self.expect_dtype(inst, "K22", asked, DType::Bool),
                _ => self.report_in(inst, "K22", format!("the condition yields {} values", condition.yields.len())),
            }
        }
    }

    /// Requires as many values as results, of the same dtypes.
    fn agree(&mut self, inst: &Inst, constraint: &'static str, (what, values): (&str, &[Var]), results: &[Var]) {
        if values.len() != results.len() {
            let (values, results) = (values.len(), results.len());
            return self.report_in(inst, constraint, format!("{values} {what} values for {results} results"));
        }
        for (&value, &result) in values.iter().zip(results) {
            if let (Some(value_dtype), Some(dtype)) = (self.dtype(value), self.dtype(result))
                && value_dtype != dtype
            {
                let name = self.var_name(value);
                self.report_in(inst, constraint, format!("{what} {name} is {value_dtype}, its result {dtype}"));
            }
        }
    }
}
