//! Derivatives that a rule gives.
//!
//! A rule is linear in its directions, so that its transpose with respect to them is the other mode. Transposing is
//! reverse mode of the rule itself; what that computes of the rule's value at zero directions nobody uses.

use super::emit::Emitter;
use super::{DifferentiateError, vjp};
use rotrace_ir::Type;
use rotrace_ir::graph::{Function, Rule, RuleKind, ValueId};

/// The tangents of the values for those of the operands; `None` is zero.
pub(super) fn push_forward(
    e: &mut Emitter,
    rule: &Rule,
    operands: &[ValueId],
    tangents: &[Option<ValueId>],
) -> Result<Vec<Option<ValueId>>, DifferentiateError> {
    let count = rule.values();
    if selected(rule).all(|place| tangents[place].is_none()) {
        return Ok(vec![None; count]);
    }
    let tangents: Vec<ValueId> =
        selected(rule).map(|place| tangents[place].unwrap_or_else(|| zeros_like(e, operands[place]))).collect();
    let arguments = &operands[count..];
    let mut results = match rule.kind {
        RuleKind::Jvp => e.builder.inline_here(&rule.function, &[arguments, &tangents].concat()),
        RuleKind::Vjp => {
            let zeros: Vec<ValueId> = operands[..count].iter().map(|&value| zeros_like(e, value)).collect();
            e.builder.inline_here(&transposed(&rule.function, rule)?, &[arguments, &zeros, &tangents].concat())
        }
    };
    Ok(results.split_off(results.len() - count).into_iter().map(Some).collect())
}

/// What the cotangents of the values add to those of the operands: places of operands, and cotangents.
pub(super) fn pull_back(
    e: &mut Emitter,
    rule: &Rule,
    operands: &[ValueId],
    cotangents: &[Option<ValueId>],
) -> Result<Vec<(usize, ValueId)>, DifferentiateError> {
    if cotangents.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    let arguments = &operands[rule.values()..];
    let mut results = match rule.kind {
        RuleKind::Vjp => {
            let given = cotangents.iter().zip(operands);
            let given: Vec<ValueId> =
                given.map(|(cotangent, &value)| cotangent.unwrap_or_else(|| neutral_like(e, value))).collect();
            e.builder.inline_here(&rule.function, &[arguments, &given].concat())
        }
        RuleKind::Jvp => {
            let zeros: Vec<ValueId> = selected(rule).map(|place| zeros_like(e, operands[place])).collect();
            // Of the values that have a cotangent.
            let results = rule.function.results.iter().zip(cotangents);
            let results = results.filter(|(_, cotangent)| cotangent.is_some()).map(|(&id, _)| id).collect();
            let function = Function { results, ..rule.function.clone() };
            let given: Vec<ValueId> = cotangents.iter().copied().flatten().collect();
            e.builder.inline_here(&transposed(&function, rule)?, &[arguments, &zeros, &given].concat())
        }
    };
    let places: Vec<usize> = selected(rule).collect();
    let cotangents = results.split_off(results.len() - places.len());
    Ok(places.into_iter().zip(cotangents).collect())
}

/// The operands with respect to which the rule differentiates.
fn selected(rule: &Rule) -> impl Iterator<Item = usize> {
    let values = rule.values();
    rule.wrt.iter().enumerate().filter(|&(_, &selected)| selected).map(move |(place, _)| values + place)
}

/// A rule's function with cotangents of its results as further parameters, whose last results are the cotangents of
/// the directions.
fn transposed(function: &Function, rule: &Rule) -> Result<Function, DifferentiateError> {
    let wrt: Vec<bool> = (0..function.parameters.len()).map(|place| place >= rule.wrt.len()).collect();
    vjp(function, &wrt)
}

fn zeros_like(e: &mut Emitter, value: ValueId) -> ValueId {
    let ty = e.ty(value).clone();
    e.zeros(&ty)
}

fn neutral_like(e: &mut Emitter, value: ValueId) -> ValueId {
    let Type { dtype, shape } = e.ty(value).clone();
    e.neutral(dtype, &shape)
}
