//! What can be said about a block before its code is written.

use super::code::Lanes;
use rotrace_ir::DType;
use rotrace_ir::kernel::{Access, Affine, Block, BufferId, Extent, IndexId, Inst, Kernel, Loop, LoopKind, Var};
use rotrace_ir::scalar::ScalarOp;

/// Two vectors of so many values take half of the vector registers.
const MOST_CARRIED: usize = 4;

/// The processor looks ahead over about so many instructions on two vectors.
const MOST_WAITING: usize = 48;

/// Why the kernel is beyond this backend, if it holds an operation that is not core.
pub(super) fn check_core(kernel: &Kernel) -> Result<(), String> {
    let mut outcome = Ok(());
    visit(&kernel.body, &mut |inst| {
        if let Inst::Scalar { op, operands, .. } = inst {
            let dtype = operands.last().map_or(DType::Bool, |&var| kernel.dtype(var));
            if !op.is_core(dtype) {
                outcome = Err(format!("`{op}` on {dtype} is not a core operation; the `expand` pass must run first"));
            }
        }
    });
    outcome
}

/// Instructions of a block and of the blocks in it.
pub(super) fn instruction_count(block: &Block) -> usize {
    let mut count = 0;
    visit(block, &mut |_| count += 1);
    count
}

/// Indexed by value: negations of floats of which a fused multiply-add is a user. Those are written as negations, which
/// disappear in the instruction that multiplies and adds; the others flip the sign bit.
pub(super) fn absorbed_negations(kernel: &Kernel) -> Vec<bool> {
    let mut absorbed = vec![false; kernel.values.len()];
    visit(&kernel.body, &mut |inst| {
        if let Inst::Scalar { op: ScalarOp::Fma, operands, .. } = inst {
            operands.iter().for_each(|var| absorbed[var.0 as usize] = true);
        }
    });
    absorbed
}

/// Calls `see` on every instruction, nested ones after the one that holds them.
pub(super) fn visit<'b>(block: &'b Block, see: &mut impl FnMut(&'b Inst)) {
    for inst in &block.insts {
        see(inst);
        inst.blocks().for_each(|block| visit(block, see));
    }
}

/// Whether a block holds a loop that ends when its condition does not hold.
pub(super) fn holds_while(block: &Block) -> bool {
    let mut holds = false;
    visit(block, &mut |inst| holds |= matches!(inst, Inst::Loop(inner) if inner.condition().is_some()));
    holds
}

/// Whether a block names the index of a loop.
pub(super) fn block_names_index(block: &Block, index: IndexId) -> bool {
    let mut names = false;
    visit(block, &mut |inst| names |= names_index(inst, index));
    names
}

/// Whether a kernel stores to a buffer.
fn is_stored(kernel: &Kernel, buffer: BufferId) -> bool {
    match kernel.buffers[buffer.0 as usize].access {
        Access::Read => false,
        Access::Write | Access::Scratch => true,
    }
}

/// Whether the body of a loop, apart from the loops in it, has all accesses, none of which is to scratch.
pub(super) fn accesses_once(kernel: &Kernel, insts: &[&Inst]) -> bool {
    let scratch = |buffer: BufferId| kernel.buffers[buffer.0 as usize].access == Access::Scratch;
    insts.iter().all(|inst| {
        let mut deeper = false;
        inst.blocks().for_each(|block| visit(block, &mut |inner| deeper |= inner.access().is_some()));
        !deeper && inst.access().is_none_or(|(buffer, ..)| !scratch(buffer))
    })
}

/// The values an instruction reads itself, without the blocks in it but with what those yield.
pub(super) fn operands(inst: &Inst) -> Vec<Var> {
    match inst {
        Inst::Constant { .. } | Inst::Index { .. } | Inst::Load { .. } => Vec::new(),
        Inst::Scalar { operands, .. } => operands.to_vec(),
        Inst::Cast { operand, .. } | Inst::Bitcast { operand, .. } => vec![*operand],
        Inst::Store { value, .. } => vec![*value],
        Inst::Lookup { index, .. } => vec![*index],
        Inst::If { condition, then, otherwise, .. } => {
            [*condition].iter().chain(&then.yields).chain(&otherwise.yields).copied().collect()
        }
        Inst::Loop(inner) => {
            let asked = inner.condition().map_or(&[][..], |condition| &condition.yields);
            inner.initial().iter().chain(asked).chain(&inner.body.yields).copied().collect()
        }
    }
}

/// Whether an instruction itself names a loop index.
fn names_index(inst: &Inst, index: IndexId) -> bool {
    let any = |at: &[Affine]| at.iter().any(|affine| affine.factor(index) != 0);
    match inst {
        Inst::Index { value, .. } => value.factor(index) != 0,
        Inst::Load { at, .. } | Inst::Store { at, .. } => any(at),
        Inst::Loop(inner) => matches!(inner.extent, Extent::Block { index: counted, .. } if counted == index),
        Inst::Constant { .. }
        | Inst::Scalar { .. }
        | Inst::Cast { .. }
        | Inst::Bitcast { .. }
        | Inst::Lookup { .. }
        | Inst::If { .. } => false,
    }
}

/// The instructions of a loop's body, in order, apart: those that are the same in every iteration, and the others.
pub(super) struct Split<'b> {
    pub(super) invariant: Vec<&'b Inst>,
    pub(super) varying: Vec<&'b Inst>,
}

/// Splits a block of the loop over `index`, whose `parameters` vary.
pub(super) fn split<'b>(kernel: &Kernel, body: &'b Block, index: IndexId, parameters: &[Var]) -> Split<'b> {
    split_if(kernel, body, index, parameters, |_| true)
}

/// Splits a block of a while loop. No loop in it moves: it might not end where the condition does not hold.
pub(super) fn split_while<'b>(kernel: &Kernel, block: &'b Block, inner: &Loop) -> Split<'b> {
    split_if(kernel, block, inner.index, inner.parameters(), |inst| !matches!(inst, Inst::Loop(_)))
}

fn split_if<'b>(
    kernel: &Kernel,
    body: &'b Block,
    index: IndexId,
    parameters: &[Var],
    movable: impl Fn(&Inst) -> bool,
) -> Split<'b> {
    let mut varies = vec![false; kernel.values.len()];
    parameters.iter().for_each(|var| varies[var.0 as usize] = true);
    let mut split = Split { invariant: Vec::new(), varying: Vec::new() };
    for inst in &body.insts {
        let mut moves = true;
        let mut see = |inst| moves &= movable(inst) && !depends(kernel, inst, index, &varies);
        see(inst);
        inst.blocks().for_each(|block| visit(block, &mut see));
        if moves {
            split.invariant.push(inst);
        } else {
            inst.results().iter().for_each(|var| varies[var.0 as usize] = true);
            split.varying.push(inst);
        }
    }
    split
}

/// Whether an instruction itself must stay in the loop over an index: it varies, or touches what is stored.
fn depends(kernel: &Kernel, inst: &Inst, index: IndexId, varies: &[bool]) -> bool {
    inst.access().is_some_and(|(buffer, ..)| is_stored(kernel, buffer))
        || names_index(inst, index)
        || operands(inst).iter().any(|var| varies[var.0 as usize])
}

/// How many iterations of the loop over `index` vector code runs at once; [`Lanes::One`] if the varying part of its body
/// cannot be written as vectors.
pub(super) fn lanes(kernel: &Kernel, split: &Split, yields: &[Var], index: IndexId) -> Lanes {
    let mut lanes = Lanes::Two;
    let mut possible = true;
    let mut see_value = |var: Var| match kernel.dtype(var) {
        DType::I8 | DType::U8 | DType::I16 | DType::U16 => possible = false,
        DType::I32 | DType::U32 | DType::F32 => lanes = Lanes::Four,
        DType::Bool | DType::I64 | DType::U64 | DType::F64 => {}
    };
    yields.iter().for_each(|&var| see_value(var));
    let mut plain = true;
    let mut see = |inst: &Inst| {
        inst.results().iter().for_each(|&var| see_value(var));
        operands(inst).iter().for_each(|&var| see_value(var));
        if let Inst::Loop(inner) = inst {
            // An inner loop over independent iterations is vectorised itself; lanes cannot differ in their trip counts.
            plain &= !matches!(inner.kind, LoopKind::Reduce { .. }) && !names_index(inst, index);
        }
    };
    for inst in &split.varying {
        see(inst);
        inst.blocks().for_each(|block| visit(block, &mut see));
    }
    if possible && plain { lanes } else { Lanes::One }
}

/// Whether a body spends its time in loops in order that are so short, and carry so little, that another vector of lanes
/// fits beside them.
pub(super) fn waits(split: &Split) -> bool {
    let (mut carried, mut instructions) = (0, 0);
    for inst in &split.varying {
        // Those in branches are rare.
        if let Inst::Loop(inner) = inst {
            carried += inner.parameters().len();
            inst.blocks().for_each(|block| {
                visit(block, &mut |nested| {
                    instructions += 1;
                    carried += if let Inst::Loop(nested) = nested { nested.parameters().len() } else { 0 };
                });
            });
        }
    }
    instructions > 0 && carried <= MOST_CARRIED && instructions <= MOST_WAITING
}

/// Values that instructions read or yield and do not define.
pub(super) fn outer_operands<'b>(insts: impl IntoIterator<Item = &'b Inst>, yields: &[Var]) -> Vec<Var> {
    let mut outer: Vec<Var> = yields.to_vec();
    let mut defined: Vec<Var> = Vec::new();
    let mut see = |inst: &Inst| {
        outer.extend(operands(inst));
        defined.extend(inst.results());
        if let Inst::Loop(inner) = inst {
            defined.extend(inner.parameters());
        }
    };
    for inst in insts {
        see(inst);
        inst.blocks().for_each(|block| visit(block, &mut see));
    }
    outer.sort_unstable();
    outer.dedup();
    defined.sort_unstable();
    outer.retain(|var| defined.binary_search(var).is_err());
    outer
}
