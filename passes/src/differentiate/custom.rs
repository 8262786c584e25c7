//! Derivatives that a rule gives.
//!
//! A rule is linear in its directions, so that its transpose with respect to them is the other mode. Transposing is
//! reverse mode of the rule itself; what that computes of the rule's value at zero directions nobody uses.

use super::emit::Emitter;
use super::{DifferentiateError, vjp};
use rotrace_ir::graph::{Function, Rule, RuleKind, ValueId};

/// The tangent of the value for those of the operands; `None` is zero.
pub(super) fn push_forward(
    e: &mut Emitter,
    rule: &Rule,
    operands: &[ValueId],
    tangents: &[Option<ValueId>],
) -> Result<Option<ValueId>, DifferentiateError> {
    if selected(rule, operands, tangents).all(|(_, tangent)| tangent.is_none()) {
        return Ok(None);
    }
    let tangents: Vec<ValueId> = selected(rule, operands, tangents)
        .map(|(operand, tangent)| tangent.unwrap_or_else(|| zeros_like(e, operand)))
        .collect();
    let (function, directions) = match rule.kind {
        RuleKind::Jvp => (rule.function.clone(), tangents),
        RuleKind::Vjp => {
            let zeros = zeros_like(e, operands[0]);
            (transposed(rule)?, [vec![zeros], tangents].concat())
        }
    };
    let results = inline(e, &function, operands, directions);
    Ok(results.last().copied())
}

/// What the value's cotangent adds to those of the operands: places of operands, and cotangents.
pub(super) fn pull_back(
    e: &mut Emitter,
    rule: &Rule,
    operands: &[ValueId],
    cotangent: ValueId,
) -> Result<Vec<(usize, ValueId)>, DifferentiateError> {
    let (function, directions) = match rule.kind {
        RuleKind::Vjp => (rule.function.clone(), vec![cotangent]),
        RuleKind::Jvp => {
            let none = vec![None; operands.len()];
            let zeros = selected(rule, operands, &none).map(|(operand, _)| zeros_like(e, operand));
            let directions = zeros.chain([cotangent]).collect();
            (transposed(rule)?, directions)
        }
    };
    let places: Vec<usize> =
        rule.wrt.iter().enumerate().filter(|&(_, &selected)| selected).map(|(place, _)| place + 1).collect();
    let mut results = inline(e, &function, operands, directions);
    let cotangents = results.split_off(results.len() - places.len());
    Ok(places.into_iter().zip(cotangents).collect())
}

/// The operands with respect to which the rule differentiates, with their tangents.
fn selected<'a>(
    rule: &'a Rule,
    operands: &'a [ValueId],
    tangents: &'a [Option<ValueId>],
) -> impl Iterator<Item = (ValueId, Option<ValueId>)> + 'a {
    let all = operands[1..].iter().copied().zip(tangents[1..].iter().copied());
    all.zip(&rule.wrt).filter(|&(_, &selected)| selected).map(|(pair, _)| pair)
}

/// The rule's function with a cotangent of its results as further parameters, whose last results are the cotangents of
/// the directions.
fn transposed(rule: &Rule) -> Result<Function, DifferentiateError> {
    let parameters = rule.function.parameters.len();
    let wrt: Vec<bool> = (0..parameters).map(|place| place >= rule.wrt.len()).collect();
    vjp(&rule.function, &wrt)
}

fn zeros_like(e: &mut Emitter, value: ValueId) -> ValueId {
    let ty = e.ty(value).clone();
    e.zeros(&ty)
}

/// Emits a function of the arguments and directions; its nodes belong to the line of the node that is differentiated.
fn inline(e: &mut Emitter, function: &Function, operands: &[ValueId], directions: Vec<ValueId>) -> Vec<ValueId> {
    let arguments = [&operands[1..], &directions].concat();
    e.builder.inline_here(function, &arguments)
}
