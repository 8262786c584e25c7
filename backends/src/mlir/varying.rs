//! What differs between lanes, and whether there are to be any.

use super::access;
use super::lanes::GRID;
use super::places::Places;
use rotrace_ir::kernel::{Access, Block, Extent, IndexId, Inst, Kernel, Loop, LoopKind, Var};

/// A loop over independent iterations, or the grid.
pub(super) struct Target<'k> {
    pub(super) index: IndexId,
    pub(super) extent: Extent,
    pub(super) body: &'k Block,
}

/// How many iterations run at once, and which values differ between them.
pub(super) struct Plan {
    /// 1 if each runs alone.
    pub(super) lanes: u32,
    /// In which order. Accumulators of a loop's own are in that of iterations.
    pub(super) places: Places,
    /// Indexed by [`Var`].
    pub(super) varying: Vec<bool>,
}

impl Target<'_> {
    /// Decides about lanes. None where there are known to be fewer iterations than a vector has elements, where lanes would
    /// differ in how often a loop runs, and where vectors better run along a loop inside.
    pub(super) fn plan(&self, kernel: &Kernel, widest: u32) -> Plan {
        let varying = vec![false; kernel.values.len()];
        let mut analysis = Analysis { kernel, index: self.index, varying, changed: true };
        while std::mem::take(&mut analysis.changed) {
            analysis.block(self.body, false);
        }
        let varying = analysis.varying;
        let all = if has_large(kernel, self.body, &varying) { widest } else { 2 * widest };
        let short = match self.extent {
            Extent::Dim(dim) => dim.as_fixed().is_some_and(|size| size < u64::from(all)),
            Extent::Blocks(_) | Extent::Block { .. } => false,
        };
        let lanes = if short || !suits(kernel, self.body, self.index) { 1 } else { all };
        let grid = self.index == GRID && lanes > 1;
        let places = if grid { Places::suited(kernel, self.body, GRID, lanes) } else { Places::natural(lanes) };
        Plan { lanes, places, varying }
    }
}

/// Whether values of 64 bits differ between lanes. Those of rare sides are taken for two vectors if need be.
fn has_large(kernel: &Kernel, block: &Block, varying: &[bool]) -> bool {
    block.insts.iter().any(|inst| {
        let large = |var: &Var| varying[var.0 as usize] && kernel.dtype(*var).size() == 8;
        let own = inst.results().iter().any(large);
        own || match inst {
            Inst::If { then, otherwise, often, .. } => {
                has_large(kernel, then, varying) || (*often && has_large(kernel, otherwise, varying))
            }
            Inst::Loop(_) => inst.blocks().any(|inner| has_large(kernel, inner, varying)),
            Inst::Constant { .. }
            | Inst::Scalar { .. }
            | Inst::Cast { .. }
            | Inst::Bitcast { .. }
            | Inst::Index { .. }
            | Inst::Load { .. }
            | Inst::Store { .. }
            | Inst::Lookup { .. } => false,
        }
    })
}

/// Whether a block can run in lanes of the loop over an index around it.
fn suits(kernel: &Kernel, block: &Block, lanes: IndexId) -> bool {
    block.insts.iter().all(|inst| {
        let fits = match inst {
            Inst::Loop(looped) => {
                let reduces = matches!(looped.kind, LoopKind::Reduce { .. });
                let ragged = matches!(looped.extent, Extent::Block { index, .. } if index == lanes);
                !ragged && (!reduces || access::prefers_outer(kernel, looped, lanes))
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
        fits && inst.blocks().all(|inner| suits(kernel, inner, lanes))
    })
}

/// The least set of values that differ: what is loaded from places that do, and what follows.
struct Analysis<'k> {
    kernel: &'k Kernel,
    /// Of the loop whose iterations are lanes.
    index: IndexId,
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
            Inst::Index { value, .. } => value.factor(self.index) != 0,
            Inst::Load { buffer, at, .. } => {
                let scratch = self.kernel.buffers[buffer.0 as usize].access == Access::Scratch;
                (scratch && self.index == GRID) || at.iter().any(|coordinate| coordinate.factor(self.index) != 0)
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
