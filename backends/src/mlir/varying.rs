//! What differs between lanes, and whether there are to be any.

use super::access;
use super::lanes::widest;
use rotrace_ir::DType;
use rotrace_ir::kernel::{Access, Block, Extent, IndexId, Inst, Kernel, Loop, LoopKind, Var};

const GRID: IndexId = IndexId(0);

/// How many iterations of a kernel's grid run at once, and which values differ between them.
pub(super) struct Plan {
    /// 1 if each runs alone.
    pub(super) lanes: u32,
    /// Indexed by [`Var`].
    pub(super) varying: Vec<bool>,
}

/// Decides about the lanes of a kernel. None where the grid is known to be shorter than a vector, and where lanes would
/// differ in how often a loop runs.
pub(super) fn plan(kernel: &Kernel) -> Plan {
    let mut analysis = Analysis { kernel, varying: vec![false; kernel.values.len()], changed: true };
    while std::mem::take(&mut analysis.changed) {
        analysis.block(&kernel.body, false);
    }
    let varying = analysis.varying;
    let large = |(&dtype, &varies): (&DType, &bool)| varies && dtype.size() == 8;
    let all = if kernel.values.iter().zip(&varying).any(large) { widest() } else { 2 * widest() };
    let short = match kernel.grid {
        Extent::Dim(dim) => dim.as_fixed().is_some_and(|size| size < u64::from(all)),
        Extent::Blocks(_) | Extent::Block { .. } => false,
    };
    let lanes = if short || !suits(kernel, &kernel.body) { 1 } else { all };
    Plan { lanes, varying }
}

/// Whether a block can run in lanes of the grid. A reduction is a loop that vectors can run along themselves.
fn suits(kernel: &Kernel, block: &Block) -> bool {
    block.insts.iter().all(|inst| {
        let fits = match inst {
            Inst::Loop(looped) => {
                let reduces = matches!(looped.kind, LoopKind::Reduce { .. });
                let ragged = matches!(looped.extent, Extent::Block { index: GRID, .. });
                !ragged && (!reduces || access::prefers_grid(kernel, looped))
            }
            Inst::Constant { .. }
            | Inst::Scalar { .. }
            | Inst::Cast { .. }
            | Inst::Bitcast { .. }
            | Inst::Index { .. }
            | Inst::Load { .. }
            | Inst::Store { .. }
            | Inst::Lookup { .. }
            | Inst::If { .. } => true,
        };
        fits && inst.blocks().all(|inner| suits(kernel, inner))
    })
}

/// The least set of values that differ: what is loaded from places that do, and what follows.
struct Analysis<'k> {
    kernel: &'k Kernel,
    varying: Vec<bool>,
    changed: bool,
}

impl Analysis<'_> {
    fn get(&self, var: Var) -> bool {
        self.varying[var.0 as usize]
    }

    fn any(&self, vars: &[Var]) -> bool {
        vars.iter().any(|&var| self.get(var))
    }

    fn set(&mut self, var: Var, varies: bool) {
        let known = &mut self.varying[var.0 as usize];
        self.changed |= varies && !*known;
        *known |= varies;
    }

    /// `apart`: whether lanes may have come to the block, or not, by ways of their own.
    fn block(&mut self, block: &Block, apart: bool) {
        block.insts.iter().for_each(|inst| self.inst(inst, apart));
    }

    fn inst(&mut self, inst: &Inst, apart: bool) {
        let varies = match inst {
            Inst::Constant { .. } => false,
            Inst::Scalar { operands, .. } => self.any(operands),
            Inst::Cast { operand, .. } | Inst::Bitcast { operand, .. } => self.get(*operand),
            Inst::Lookup { index, .. } => self.get(*index),
            Inst::Index { value, .. } => value.factor(GRID) != 0,
            Inst::Load { buffer, at, .. } => {
                let copied = self.kernel.buffers[buffer.0 as usize].access == Access::Scratch;
                copied || at.iter().any(|coordinate| coordinate.factor(GRID) != 0)
            }
            Inst::Store { .. } => return,
            Inst::If { results, condition, then, otherwise, .. } => {
                let apart_inside = apart || self.get(*condition);
                self.block(then, apart_inside);
                self.block(otherwise, apart_inside);
                for (position, &result) in results.iter().enumerate() {
                    let sides = [*condition, then.yields[position], otherwise.yields[position]];
                    self.set(result, self.any(&sides));
                }
                return;
            }
            Inst::Loop(looped) => return self.looped(looped, apart),
        };
        self.set(inst.results()[0], varies);
    }

    fn looped(&mut self, looped: &Loop, apart: bool) {
        let all = match &looped.kind {
            LoopKind::Reduce { .. } => {
                self.block(&looped.body, apart);
                for (&result, &element) in looped.results.iter().zip(&looped.body.yields) {
                    self.set(result, self.get(element));
                }
                return;
            }
            LoopKind::Carry { .. } => false,
            LoopKind::While { condition, .. } => {
                // Where lanes are apart, a loop is to end when those are done that came to it.
                let all = apart || self.get(condition.yields[0]);
                self.block(condition, all);
                all
            }
        };
        self.block(&looped.body, apart || all);
        for (position, &parameter) in looped.parameters().iter().enumerate() {
            let (first, next) = (looped.initial()[position], looped.body.yields[position]);
            let varies = all || self.any(&[first, next, parameter]);
            self.set(parameter, varies);
            self.set(looped.results[position], varies);
        }
    }
}
