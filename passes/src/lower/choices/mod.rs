//! Choices between values that are dear to compute become branches.
//!
//! A `select` takes one of two values, and both are computed. Formulas that are written as two, a series near a singular point and
//! a closed form elsewhere, so compute both everywhere. What only one side needs moves into a branch: an engine
//! that runs lanes together runs the dear side only if one of them takes it. All selects of one condition become one
//! branch, so that what their sides share stays shared. No bit changes.

mod branch;
mod operands;

use crate::expand::expand;
use branch::Branch;
use operands::each_operand;
use rotrace_ir::kernel::{Block, Inst, Kernel, Var};
use rotrace_ir::{DType, ScalarOp};
use rustc_hash::{FxHashMap, FxHashSet};

/// What fewer operations compute is not worth a branch.
const DEAR: u32 = 24;

/// Divisions and square roots count for so many operations.
const SLOW: u32 = 8;

/// How many branches a block gets at most, and how many instructions it may have, so that time stays linear in code.
const MOST_BRANCHES: usize = 16;
const MOST_INSTRUCTIONS: usize = 1 << 14;

/// Blocks that stand deeper get none: kernels may nest twice as deep.
const DEEPEST: usize = 32;

/// The kernel with branches in place of selects between what is dear.
pub(super) fn branched(mut kernel: Kernel) -> Kernel {
    let mut blocks = Blocks { values: &mut kernel.values, changed: false };
    blocks.visit(&mut kernel.body, 0);
    // Values are numbered in their order, which has changed.
    if blocks.changed { expand(&kernel) } else { kernel }
}

struct Blocks<'k> {
    /// The kernel's.
    values: &'k mut Vec<DType>,
    changed: bool,
}

impl Blocks<'_> {
    fn visit(&mut self, block: &mut Block, depth: usize) {
        if block.insts.len() <= MOST_INSTRUCTIONS && depth < DEEPEST {
            self.branches(block);
        }
        for inst in &mut block.insts {
            match inst {
                Inst::If { then, otherwise, .. } => {
                    self.visit(then, depth + 1);
                    self.visit(otherwise, depth + 1);
                }
                // The condition of a loop runs once more than the loop, and is short.
                Inst::Loop(inner) => self.visit(&mut inner.body, depth + 1),
                _ => {}
            }
        }
    }

    fn branches(&mut self, block: &mut Block) {
        let mut tried: FxHashSet<Var> = FxHashSet::default();
        for _ in 0..MOST_BRANCHES {
            let Some(condition) = candidate(block, &tried) else { return };
            tried.insert(condition);
            if let Some(branch) = Branch::of(block, condition) {
                let inverse = branch.is_inverse.then_some(Var(self.values.len() as u32));
                *block = branch.apply(block, inverse);
                if inverse.is_some() {
                    self.values.push(DType::Bool);
                }
                self.changed = true;
            }
        }
    }
}

/// The condition of a select one of whose values may be dear: a sum over what it is computed from, in which what is shared
/// counts as often as it is used.
fn candidate(block: &Block, tried: &FxHashSet<Var>) -> Option<Var> {
    let mut costs: FxHashMap<Var, u32> = FxHashMap::default();
    let cost_of = |costs: &FxHashMap<Var, u32>, var: &Var| costs.get(var).copied().unwrap_or(0);
    for inst in &block.insts {
        if let Some((condition, [first, second])) = select(inst)
            && [first, second].iter().any(|var| cost_of(&costs, var) >= DEAR)
            && !tried.contains(&condition)
        {
            return Some(condition);
        }
        let mut cost = own_cost(inst);
        if is_movable(inst) {
            each_operand(inst, &mut |var| cost = cost.saturating_add(cost_of(&costs, &var)));
        }
        inst.results().iter().for_each(|&var| {
            costs.insert(var, cost);
        });
    }
    None
}

/// The condition and the two values of a select.
fn select(inst: &Inst) -> Option<(Var, [Var; 2])> {
    match inst {
        Inst::Scalar { op: ScalarOp::Select, operands, .. } => Some((operands[0], [operands[1], operands[2]])),
        _ => None,
    }
}

/// Whether an instruction may stand in a branch.
fn is_movable(inst: &Inst) -> bool {
    match inst {
        Inst::Constant { .. }
        | Inst::Scalar { .. }
        | Inst::Cast { .. }
        | Inst::Bitcast { .. }
        | Inst::Lookup { .. }
        | Inst::If { .. } => true,
        Inst::Index { .. } | Inst::Load { .. } | Inst::Store { .. } | Inst::Loop(_) => false,
    }
}

fn own_cost(inst: &Inst) -> u32 {
    match inst {
        Inst::Scalar { op: ScalarOp::Divide | ScalarOp::Sqrt, .. } => SLOW,
        Inst::Scalar { .. } | Inst::Cast { .. } | Inst::Bitcast { .. } | Inst::Lookup { .. } => 1,
        Inst::If { then, .. } => then.insts.iter().map(own_cost).sum(),
        Inst::Constant { .. } | Inst::Index { .. } | Inst::Load { .. } | Inst::Store { .. } | Inst::Loop(_) => 0,
    }
}
