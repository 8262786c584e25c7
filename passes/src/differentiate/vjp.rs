//! Reverse mode.

use super::custom;
use super::emit::Emitter;
use super::partials::{self, partial};
use super::slopes::Slopes;
use super::transpose::{Joined, transpose};
use super::{Applied, DifferentiateError, check_selection, differentiable};
use rotrace_ir::graph::{Function, Op, ValueId, Values};

/// The function that also pulls cotangents back.
///
/// Parameters: those of `function`, then one cotangent for each float result. Results: those of `function`, then one
/// cotangent for each parameter that `wrt` selects, zeros if nothing depends on it.
pub fn vjp(function: &Function, wrt: &[bool]) -> Result<Function, DifferentiateError> {
    check_selection(function, wrt)?;
    let mut e = Emitter::new(function, "vjp");
    let (mut results, cotangents) = pull_back(&mut e, function, wrt, Seed::Parameters);
    results.extend(cotangents);
    Ok(e.finish(results, function))
}

/// Where the cotangents of the results come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// A parameter for each float result.
    Parameters,
    /// The constant 1.
    One,
}

/// Emits the function and the way back; returns its results and the cotangents of the selected parameters.
pub fn pull_back(e: &mut Emitter, function: &Function, wrt: &[bool], seed: Seed) -> (Vec<ValueId>, Vec<ValueId>) {
    let mut primal: Vec<ValueId> = Vec::with_capacity(function.values.len());
    primal.extend(function.parameter_types().map(|ty| e.parameter(ty)));
    let float_results = || function.results.iter().copied().filter(|&id| function.ty(id).dtype.is_float());
    let seeds: Vec<ValueId> = match seed {
        Seed::Parameters => float_results().map(|id| e.parameter(function.ty(id))).collect(),
        Seed::One => Vec::new(),
    };
    for node in &function.nodes[function.parameters.len()..] {
        e.builder.location = node.location;
        let operands: Values = node.operands.iter().map(|id| primal[id.0 as usize]).collect();
        primal.push(e.builder.copy(function, node, &operands)[0]);
    }
    let varied = varied(function, wrt);
    let slopes = Slopes::of(e, function, &varied, &primal);
    let mut cotangents: Vec<Option<ValueId>> = vec![None; function.values.len()];
    for (place, id) in float_results().enumerate() {
        let cotangent = match seed {
            Seed::Parameters => seeds[place],
            Seed::One => e.number(1.0, primal[id.0 as usize]),
        };
        accumulate(e, &mut cotangents[id.0 as usize], cotangent);
    }
    for node in function.nodes[function.parameters.len()..].iter().rev() {
        let result = node.results[0].0 as usize;
        let (true, Some(cotangent)) = (varied[result], cotangents[result].take()) else { continue };
        e.builder.location = node.location;
        if let Some((source, partial)) = slopes.get(result) {
            let total = &mut cotangents[source];
            *total = Some(partials::apply_onto(e, *total, &partial, cotangent));
            continue;
        }
        let operands: Values = node.operands.iter().map(|id| primal[id.0 as usize]).collect();
        let applied = Applied { op: &node.op, operands: &operands, result: primal[result] };
        if let Op::Custom(rule) = &node.op {
            for (place, part) in custom::pull_back(e, rule, &operands, cotangent) {
                let operand = node.operands[place].0 as usize;
                if varied[operand] {
                    accumulate(e, &mut cotangents[operand], part);
                }
            }
            continue;
        }
        let joined = Joined::of(e, applied);
        for (place, &operand) in node.operands.iter().enumerate() {
            let active = varied[operand.0 as usize] && flows(function, &node.op, place, operand, node.results[0]);
            if active {
                contribute(e, applied, &joined, place, cotangent, &mut cotangents[operand.0 as usize]);
            }
        }
    }
    e.builder.location = None;
    let selected = function.parameters.iter().zip(wrt).filter(|&(_, &selected)| selected);
    let cotangents = selected.map(|(&id, _)| e.derivative(cotangents[id.0 as usize], function.ty(id))).collect();
    (function.results.iter().map(|id| primal[id.0 as usize]).collect(), cotangents)
}

/// Adds what the result's cotangent contributes to that of one operand.
fn contribute(
    e: &mut Emitter,
    node: Applied,
    joined: &Joined,
    operand: usize,
    cotangent: ValueId,
    total: &mut Option<ValueId>,
) {
    if let Op::Scalar(op) = node.op {
        let partial = partial(e, *op, operand, node.operands, node.result);
        *total = Some(partials::apply_onto(e, *total, &partial, cotangent));
    } else if let Some(part) = transpose(e, node, joined, operand, cotangent) {
        accumulate(e, total, part);
    }
}

pub(super) fn flows(function: &Function, op: &Op, place: usize, operand: ValueId, result: ValueId) -> bool {
    differentiable(op, place, function.ty(operand).dtype, function.ty(result).dtype)
}

/// For every value, whether it depends differentiably on a selected parameter.
fn varied(function: &Function, wrt: &[bool]) -> Vec<bool> {
    let mut varied = Vec::with_capacity(function.values.len());
    varied.extend_from_slice(wrt);
    for node in &function.nodes[function.parameters.len()..] {
        let mut operands = node.operands.iter().enumerate();
        let depends = operands.any(|(place, &operand)| {
            varied[operand.0 as usize] && flows(function, &node.op, place, operand, node.results[0])
        });
        varied.push(depends);
    }
    varied
}

/// Adds to a cotangent, in the order in which contributions come: that of the users, last first.
fn accumulate(e: &mut Emitter, total: &mut Option<ValueId>, part: ValueId) {
    *total = Some(total.map_or(part, |total| e.add(total, part)));
}
