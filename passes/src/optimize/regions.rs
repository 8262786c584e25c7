//! Functions in functions: passes inside of them, and what crosses their edges.

use super::simplify::rebuild;
use super::{cse, dce, fold, simplify};
use rotrace_ir::Type;
use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, Scan, ValueId, Values, While};
use std::sync::Arc;

/// Runs all passes on the functions inside of loops and branches, takes out of loops what every iteration computes alike,
/// and drops operands that a function does not use and stacks that nobody reads.
#[must_use]
pub fn regions(function: &Function) -> Function {
    if !function.nodes.iter().any(has_region) {
        return function.clone();
    }
    let inner = rebuild(function, |builder, node, operands| match with_functions(&node.op, optimized) {
        Some(op) => builder.push_all(op, operands).expect("passes keep signatures"),
        None => builder.copy(function, node, operands),
    });
    trimmed(&hoist(&inner))
}

fn has_region(node: &Node) -> bool {
    matches!(node.op, Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_))
}

/// The operation with other functions in it; `None` for one without functions to compile.
fn with_functions(op: &Op, mut change: impl FnMut(&Function) -> Function) -> Option<Op> {
    Some(match op {
        Op::Call(function) => Op::Call(Arc::new(change(function))),
        Op::Checkpoint(function) => Op::Checkpoint(Arc::new(change(function))),
        Op::Switch(branches) => Op::Switch(branches.iter().map(change).collect()),
        Op::While(looped) => {
            let (condition, body) = (change(&looped.condition), change(&looped.body));
            Op::While(Arc::new(While { condition, body, ..(**looped).clone() }))
        }
        Op::Scan(scan) => Op::Scan(Arc::new(Scan { body: change(&scan.body), ..(**scan).clone() })),
        _ => return None,
    })
}

/// One round; the pipeline comes again.
fn optimized(function: &Function) -> Function {
    dce(&cse(&fold(&simplify(&regions(function)))))
}

/// Takes out of loops what depends on constants of the loop alone, and drops constants that are only used for that.
/// Literals stay, which cost nothing.
///
/// Also what makes derivatives with respect to constants cheap: the cotangent of a number that a batch shares is summed
/// over the batch once, behind the loop.
#[must_use]
pub fn hoist(function: &Function) -> Function {
    if !function.nodes.iter().any(has_region) {
        return function.clone();
    }
    rebuild(function, |builder, node, operands| match &node.op {
        Op::Scan(scan) if invariant(&scan.body, scan.carried + scan.scanned).contains(&true) => {
            let (body, operands) = hoisted(builder, &scan.body, scan.carried + scan.scanned, operands);
            let (scan, operands) = without_unused(Scan { body, ..(**scan).clone() }, &operands);
            builder.push_all(Op::Scan(Arc::new(scan)), &operands).expect("a loop with other constants")
        }
        _ => builder.copy(function, node, operands),
    })
}

/// For each node, whether it can be computed ahead of the loop: it depends on constants, and on at least one.
fn invariant(body: &Function, varying: usize) -> Vec<bool> {
    // Of each value: whether it is the same in every iteration, and whether it depends on a parameter.
    let mut same = vec![(true, false); body.values.len()];
    body.parameters.iter().enumerate().for_each(|(place, id)| same[id.0 as usize] = (place >= varying, true));
    let mut nodes = vec![false; body.nodes.len()];
    for (place, node) in body.nodes.iter().enumerate().skip(body.parameters.len()) {
        let operands = node.operands.iter().map(|id| same[id.0 as usize]);
        let (all, any) = operands.fold((true, false), |(all, any), (same, given)| (all && same, any || given));
        node.results.iter().for_each(|id| same[id.0 as usize] = (all, any));
        nodes[place] = all && any;
    }
    nodes
}

/// Emits what does not vary, and gives the body that takes it as further constants with the operands for that.
fn hoisted(
    builder: &mut GraphBuilder,
    body: &Function,
    varying: usize,
    operands: &[ValueId],
) -> (Function, Vec<ValueId>) {
    let invariant = invariant(body, varying);
    let location = builder.location;
    // Values of the body that are known outside.
    let mut outside: Vec<Option<ValueId>> = vec![None; body.values.len()];
    for (id, &operand) in body.parameters.iter().zip(operands).skip(varying) {
        outside[id.0 as usize] = Some(operand);
    }
    for (place, node) in body.nodes.iter().enumerate().skip(body.parameters.len()) {
        if invariant[place] {
            let operands: Values =
                node.operands.iter().map(|&id| known_outside(builder, body, &mut outside, id)).collect();
            let results = builder.copy(body, node, &operands);
            node.results.iter().zip(results).for_each(|(id, result)| outside[id.0 as usize] = Some(result));
        }
    }
    builder.location = location;
    let mut operands = operands.to_vec();
    let mut rest = GraphBuilder::new(body.name.clone(), body.dims.clone());
    for file in &body.files {
        rest.file(file);
    }
    let mut renamed: Vec<Option<ValueId>> = vec![None; body.values.len()];
    let mut parameter = |ty: &Type| rest.parameter(ty.clone()).expect("parameters come first");
    for &id in &body.parameters {
        renamed[id.0 as usize] = Some(parameter(body.ty(id)));
    }
    for id in edge(body, &invariant) {
        renamed[id.0 as usize] = Some(parameter(body.ty(id)));
        operands.push(outside[id.0 as usize].expect("computed above"));
    }
    for (place, node) in body.nodes.iter().enumerate().skip(body.parameters.len()) {
        if !invariant[place] {
            rest.location = node.location;
            let operands: Values = node.operands.iter().map(|id| renamed[id.0 as usize].expect("kept")).collect();
            let results = rest.copy(body, node, &operands);
            node.results.iter().zip(results).for_each(|(id, result)| renamed[id.0 as usize] = Some(result));
        }
    }
    let results = body.results.iter().map(|id| renamed[id.0 as usize].expect("kept")).collect();
    (rest.finish(results), operands)
}

/// An operand of an invariant node; what depends on nothing, such as a literal, is written again.
fn known_outside(builder: &mut GraphBuilder, body: &Function, outside: &mut [Option<ValueId>], id: ValueId) -> ValueId {
    if let Some(known) = outside[id.0 as usize] {
        return known;
    }
    let node = body.definition(id);
    let operands: Values = node.operands.iter().map(|&id| known_outside(builder, body, outside, id)).collect();
    let results = builder.copy(body, node, &operands);
    node.results.iter().zip(results).for_each(|(id, result)| outside[id.0 as usize] = Some(result));
    outside[id.0 as usize].expect("a result of the node")
}

/// What invariant nodes give that others or the results use.
fn edge(body: &Function, invariant: &[bool]) -> Vec<ValueId> {
    let mut wanted = vec![false; body.values.len()];
    let users = body.nodes.iter().zip(invariant).filter(|(_, invariant)| !**invariant);
    users.flat_map(|(node, _)| &node.operands).chain(&body.results).for_each(|id| wanted[id.0 as usize] = true);
    let crosses = |id: &ValueId| wanted[id.0 as usize] && invariant[body.value(*id).node.0 as usize];
    (0..body.values.len() as u32).map(ValueId).filter(crosses).collect()
}

/// Drops operands that a function does not use, and stacks that nobody reads.
fn trimmed(function: &Function) -> Function {
    let mut read = vec![false; function.values.len()];
    let operands = function.nodes.iter().flat_map(|node| &node.operands);
    operands.chain(&function.results).for_each(|id| read[id.0 as usize] = true);
    rebuild(function, |builder, node, operands| {
        let Op::Scan(scan) = &node.op else { return trimmed_operands(builder, function, node, operands) };
        let kept: Vec<bool> =
            node.results.iter().enumerate().map(|(place, id)| place < scan.carried || read[id.0 as usize]).collect();
        let scan = Scan { body: with_results(&scan.body, &kept), ..(**scan).clone() };
        let (scan, operands) = without_unused(scan, operands);
        if scan.body.results.is_empty() {
            return Values::from_elem(ValueId(u32::MAX), node.results.len());
        }
        let mut results =
            builder.push_all(Op::Scan(Arc::new(scan)), &operands).expect("a part of the loop").into_iter();
        kept.iter().map(|&kept| if kept { results.next().expect("kept") } else { ValueId(u32::MAX) }).collect()
    })
}

fn with_results(function: &Function, kept: &[bool]) -> Function {
    let results = function.results.iter().zip(kept).filter(|(_, kept)| **kept).map(|(&id, _)| id).collect();
    dce(&Function { results, ..function.clone() })
}

fn used(function: &Function) -> Vec<bool> {
    let mut used = vec![false; function.values.len()];
    let operands = function.nodes.iter().flat_map(|node| &node.operands);
    operands.chain(&function.results).for_each(|id| used[id.0 as usize] = true);
    function.parameters.iter().map(|id| used[id.0 as usize]).collect()
}

/// The loop without slices and constants that its body does not use.
fn without_unused(scan: Scan, operands: &[ValueId]) -> (Scan, Values) {
    let used = used(&scan.body);
    let kept: Vec<bool> = used.iter().enumerate().map(|(place, &used)| used || place < scan.carried).collect();
    if !kept.contains(&false) {
        return (scan, operands.into());
    }
    let scanned = (scan.carried..scan.carried + scan.scanned).filter(|&place| kept[place]).count();
    let body = with_parameters(&scan.body, &kept);
    (Scan { scanned, body, ..scan }, chosen(operands, &kept))
}

fn chosen(operands: &[ValueId], kept: &[bool]) -> Values {
    operands.iter().zip(kept).filter(|(_, kept)| **kept).map(|(&id, _)| id).collect()
}

/// The function without parameters that nobody uses.
fn with_parameters(function: &Function, kept: &[bool]) -> Function {
    let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
    let mut argument = |(ty, &kept): (&Type, &bool)| {
        if kept { builder.parameter(ty.clone()).expect("parameters come first") } else { ValueId(u32::MAX) }
    };
    let arguments: Vec<ValueId> = function.parameter_types().zip(kept).map(&mut argument).collect();
    let results = builder.inline(function, &arguments);
    builder.finish(results)
}

/// Other nodes without operands that none of their functions uses.
fn trimmed_operands(builder: &mut GraphBuilder, function: &Function, node: &Node, operands: &[ValueId]) -> Values {
    let fixed = match &node.op {
        Op::Switch(_) => 1,
        Op::While(looped) => looped.carried,
        Op::Call(_) | Op::Checkpoint(_) => 0,
        _ => return builder.copy(function, node, operands),
    };
    // The selector of a switch is no parameter.
    let ahead = usize::from(matches!(node.op, Op::Switch(_)));
    let mut kept: Vec<bool> = (0..operands.len()).map(|place| place < fixed).collect();
    for function in node.op.functions() {
        kept[ahead..].iter_mut().zip(used(function)).for_each(|(kept, used)| *kept |= used);
    }
    if !kept.contains(&false) {
        return builder.copy(function, node, operands);
    }
    let op = with_functions(&node.op, |function| with_parameters(function, &kept[ahead..]));
    builder.push_all(op.expect("it has functions"), &chosen(operands, &kept)).expect("what is dropped is not used")
}
