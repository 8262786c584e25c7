//! What a loop computes alike in every iteration.

use super::super::simplify::rebuild;
use rotrace_ir::Type;
use rotrace_ir::graph::{Function, GraphBuilder, Location, Op, Scan, ValueId, Values};
use std::sync::Arc;

/// Takes out of loops what depends on constants of the loop alone. Literals stay, which cost nothing, and what may not
/// end, which a loop without iterations does not begin.
///
/// Also what makes derivatives with respect to constants cheap: the cotangent of a number that a batch shares is summed
/// over the batch once, behind the loop.
#[must_use]
pub fn hoist(function: &Function) -> Function {
    if !function.nodes.iter().any(|node| node.op.is_region()) {
        return function.clone();
    }
    rebuild(function, |builder, node, operands| {
        let Op::Scan(scan) = &node.op else { return builder.copy(function, node, operands) };
        let invariant = invariant(&scan.body, scan.carried + scan.scanned);
        if !invariant.contains(&true) {
            return builder.copy(function, node, operands);
        }
        let (body, operands) = hoisted(builder, &scan.body, &invariant, operands);
        let op = Op::Scan(Arc::new(Scan { body, ..(**scan).clone() }));
        builder.push_all(op, &operands).expect("a loop with further constants")
    })
}

/// For each node, whether it is computed ahead of the loop: it depends on constants, and on at least one.
fn invariant(body: &Function, varying: usize) -> Vec<bool> {
    // Of each value: whether it is the same in every iteration, and whether it depends on a parameter.
    let mut same = vec![(true, false); body.values.len()];
    body.parameters.iter().enumerate().for_each(|(place, id)| same[id.0 as usize] = (place >= varying, true));
    let mut nodes = vec![false; body.nodes.len()];
    for (place, node) in body.nodes.iter().enumerate().skip(body.parameters.len()) {
        let operands = node.operands.iter().map(|id| same[id.0 as usize]);
        let (all, any) = operands.fold((true, false), |(all, any), (same, given)| (all && same, any || given));
        let all = all && ends(&node.op);
        node.results.iter().for_each(|id| same[id.0 as usize] = (all, any));
        nodes[place] = all && any;
    }
    nodes
}

/// Whether an operation is known to end.
fn ends(op: &Op) -> bool {
    match op {
        Op::While(looped) if looped.bound.is_none() => false,
        Op::Custom(_) => true,
        _ => op.functions().iter().all(|function| function.nodes.iter().all(|node| ends(&node.op))),
    }
}

/// Emits what does not vary, and gives the body that takes it as further constants with the operands for that.
fn hoisted(
    builder: &mut GraphBuilder,
    body: &Function,
    invariant: &[bool],
    operands: &[ValueId],
) -> (Function, Vec<ValueId>) {
    let outside = emitted(builder, body, invariant, operands);
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
    for id in edge(body, invariant) {
        renamed[id.0 as usize] = Some(parameter(body.ty(id)));
        operands.push(outside[id.0 as usize].expect("computed outside"));
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

/// The values of the body that are known outside, after emitting what does not vary with the literals that it needs.
fn emitted(
    builder: &mut GraphBuilder,
    body: &Function,
    invariant: &[bool],
    operands: &[ValueId],
) -> Vec<Option<ValueId>> {
    let mut outside: Vec<Option<ValueId>> = vec![None; body.values.len()];
    // Parameters that vary are not used.
    body.parameters.iter().zip(operands).for_each(|(id, &operand)| outside[id.0 as usize] = Some(operand));
    let mut wanted = invariant.to_vec();
    for place in (0..body.nodes.len()).rev() {
        if wanted[place] {
            body.nodes[place].operands.iter().for_each(|id| wanted[body.value(*id).node.0 as usize] = true);
        }
    }
    let around = builder.location;
    let files: Vec<u32> = body.files.iter().map(|file| builder.file(file)).collect();
    for (place, node) in body.nodes.iter().enumerate().skip(body.parameters.len()) {
        if wanted[place] {
            let own = node.location.map(|location| Location { file: files[location.file as usize], ..location });
            builder.location = own.or(around);
            let operands: Values = node.operands.iter().map(|id| outside[id.0 as usize].expect("wanted")).collect();
            let results = builder.copy(body, node, &operands);
            node.results.iter().zip(results).for_each(|(id, result)| outside[id.0 as usize] = Some(result));
        }
    }
    builder.location = around;
    outside
}

/// What invariant nodes give that others or the results use.
fn edge(body: &Function, invariant: &[bool]) -> Vec<ValueId> {
    let mut wanted = vec![false; body.values.len()];
    let users = body.nodes.iter().zip(invariant).filter(|(_, invariant)| !**invariant);
    users.flat_map(|(node, _)| &node.operands).chain(&body.results).for_each(|id| wanted[id.0 as usize] = true);
    let crosses = |id: &ValueId| wanted[id.0 as usize] && invariant[body.value(*id).node.0 as usize];
    (0..body.values.len() as u32).map(ValueId).filter(crosses).collect()
}
