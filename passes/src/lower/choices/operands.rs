//! The values that instructions name.

use rotrace_ir::kernel::{Inst, Var};
use rustc_hash::FxHashMap;

/// Every value that an instruction names, in blocks inside of it too.
pub(super) fn each_operand(inst: &Inst, found: &mut dyn FnMut(Var)) {
    match inst {
        Inst::Constant { .. } | Inst::Index { .. } | Inst::Load { .. } => {}
        Inst::Scalar { operands, .. } => operands.iter().for_each(|&var| found(var)),
        Inst::Cast { operand: var, .. }
        | Inst::Bitcast { operand: var, .. }
        | Inst::Store { value: var, .. }
        | Inst::Lookup { index: var, .. } => found(*var),
        Inst::If { condition, .. } => found(*condition),
        Inst::Loop(inner) => inner.initial().iter().for_each(|&var| found(var)),
    }
    for block in inst.blocks() {
        block.insts.iter().for_each(|inner| each_operand(inner, found));
        block.yields.iter().for_each(|&var| found(var));
    }
}

/// Lets an instruction, and those in it, name other values.
pub(super) fn replace(inst: &mut Inst, replaced: &FxHashMap<Var, Var>) {
    let new = |var: &mut Var| {
        if let Some(&other) = replaced.get(var) {
            *var = other;
        }
    };
    match inst {
        Inst::Constant { .. } | Inst::Index { .. } | Inst::Load { .. } => {}
        Inst::Scalar { operands, .. } => operands.iter_mut().for_each(new),
        Inst::Cast { operand: var, .. }
        | Inst::Bitcast { operand: var, .. }
        | Inst::Store { value: var, .. }
        | Inst::Lookup { index: var, .. } => new(var),
        Inst::If { condition, then, otherwise, .. } => {
            new(condition);
            for block in [then, otherwise] {
                block.insts.iter_mut().for_each(|inner| replace(inner, replaced));
                block.yields.iter_mut().for_each(new);
            }
        }
        Inst::Loop(_) => unreachable!("loops do not move"),
    }
}
