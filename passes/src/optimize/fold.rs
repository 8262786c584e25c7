//! Constant folding.

use super::simplify::rebuild;
use rotrace_ir::Scalar;
use rotrace_ir::dim::{Shape, fixed_element_count};
use rotrace_ir::graph::{Constant, Function, GraphBuilder, Node, Op, ValueId, Values, selected_branch};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::scalar::evaluate_core;
use smallvec::{SmallVec, smallvec};

/// The most elements that a folded constant has. Larger ones would cost memory that a loop does not.
pub const ELEMENTS: u64 = 1024;

/// Evaluates nodes whose operands are constants (or small broadcasts of constants, or small counts), if the result is
/// small; and elementwise nodes whose operands are each one number everywhere, for any shape, named dimensions too.
/// Equal elements stay a broadcast of one number. A branch that is known to be taken stands in place of its switch.
#[must_use]
pub fn fold(function: &Function) -> Function {
    rebuild(function, |builder, node, operands| {
        if let Op::Switch(branches) = &node.op
            && let Some(branch) = known_branch(builder.function(), operands[0], branches)
        {
            return builder.inline(branch, &operands[1..]).into();
        }
        if !node.op.functions().is_empty() {
            return builder.copy(function, node, operands);
        }
        let ty = function.ty(node.results[0]);
        let small = fixed_element_count(&ty.shape).is_some_and(|count| count <= ELEMENTS);
        let known = builder.function();
        let folded = if small { evaluate(known, node, operands) } else { evaluate_uniform(known, node, operands) };
        match folded {
            None => builder.copy(function, node, operands),
            Some(constant) => smallvec![push_constant(builder, constant, &ty.shape)],
        }
    })
}

/// The branch that a constant selects, or the only one.
fn known_branch<'b>(function: &Function, selector: ValueId, branches: &'b [Function]) -> Option<&'b Function> {
    match (&function.definition(selector).op, branches) {
        (_, [only]) => Some(only),
        (Op::Constant(constant), _) => Some(&branches[selected_branch(constant.element(0), branches.len())]),
        _ => None,
    }
}

fn push_constant(builder: &mut GraphBuilder, constant: Constant, shape: &Shape) -> ValueId {
    let mut push =
        |op: Op, operands: &[ValueId]| builder.push(op, operands).expect("a constant of the folded node's type");
    match constant.splat() {
        Some(value) if !shape.is_empty() => {
            let value = push(Op::constant(value), &[]);
            push(Op::Broadcast { shape: shape.clone(), axes: Vec::new() }, &[value])
        }
        _ => push(Op::Constant(constant), &[]),
    }
}

/// The node's value by the interpreter, in a function of its own that has nothing but the constants and the node.
fn evaluate(function: &Function, node: &Node, operands: &[ValueId]) -> Option<Constant> {
    if operands.is_empty() || matches!(node.op, Op::Broadcast { .. }) {
        return None;
    }
    if let Some(number) = evaluate_number(function, &node.op, operands) {
        return Some(number);
    }
    // Check all before copying any.
    if !operands.iter().all(|&id| is_small_constant(function, id)) {
        return None;
    }
    let mut builder = GraphBuilder::new("fold", Vec::new());
    let operands: Option<Vec<ValueId>> = operands.iter().map(|&id| import(&mut builder, function, id)).collect();
    let result = builder.push(node.op.clone(), &operands?).ok()?;
    // An operation without a definition, or one beyond the interpreter's budget, stays.
    interpret(&builder.finish(vec![result]), &[]).ok()?.pop()
}

/// A core operation on numbers: what a long chain of constants consists of, without the cost of a function.
fn evaluate_number(function: &Function, op: &Op, operands: &[ValueId]) -> Option<Constant> {
    let Op::Scalar(op) = op else { return None };
    let number = |&id: &ValueId| match &function.definition(id).op {
        Op::Constant(constant) if constant.shape.is_empty() => Some(constant.element(0)),
        _ => None,
    };
    let numbers: Option<SmallVec<[Scalar; 3]>> = operands.iter().map(number).collect();
    evaluate_core(*op, &numbers?).map(Constant::scalar)
}

/// The number that all elements of an elementwise node are, if each of its operands is one number everywhere.
fn evaluate_uniform(function: &Function, node: &Node, operands: &[ValueId]) -> Option<Constant> {
    match node.op {
        Op::Scalar(_) | Op::Cast(_) | Op::Bitcast(_) => {}
        _ => return None,
    }
    let number = |&id: &ValueId| {
        let broadcast = function.definition(id);
        let Op::Broadcast { .. } = broadcast.op else { return None };
        let Op::Constant(constant) = &function.definition(broadcast.operands[0]).op else { return None };
        constant.splat()
    };
    let numbers: Option<SmallVec<[Scalar; 3]>> = operands.iter().map(number).collect();
    let mut builder = GraphBuilder::new("fold", Vec::new());
    let numbers: Option<Values> =
        numbers?.into_iter().map(|number| builder.push(Op::constant(number), &[]).ok()).collect();
    let result = builder.push(node.op.clone(), &numbers?).ok()?;
    interpret(&builder.finish(vec![result]), &[]).ok()?.pop()
}

fn is_small_constant(function: &Function, id: ValueId) -> bool {
    let node = function.definition(id);
    let small = || fixed_element_count(&function.ty(id).shape).is_some_and(|count| count <= ELEMENTS);
    match &node.op {
        Op::Constant(_) | Op::Iota { .. } => small(),
        Op::Broadcast { .. } => small() && matches!(function.definition(node.operands[0]).op, Op::Constant(_)),
        _ => false,
    }
}

fn import(builder: &mut GraphBuilder, function: &Function, id: ValueId) -> Option<ValueId> {
    let node = function.definition(id);
    let operands: Vec<ValueId> = match node.operands[..] {
        [] => Vec::new(),
        [source, ..] => vec![builder.push(function.definition(source).op.clone(), &[]).ok()?],
    };
    builder.push(node.op.clone(), &operands).ok()
}
