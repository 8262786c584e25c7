//! Reverse mode.

use super::custom;
use super::emit::Emitter;
use super::native::underivable;
use super::partials::{self, partial};
use super::regions::{self, Way};
use super::slopes::Slopes;
use super::transpose::{Joined, transpose};
use super::{Applied, DifferentiateError, check_selection, differentiable};
use crate::optimize::dce;
use rotrace_ir::graph::{Function, Op, ValueId, Values};
use rustc_hash::FxHashMap;

/// The function that also pulls cotangents back.
///
/// Parameters: those of `function`, then one cotangent for each float result. Results: those of `function`, then one
/// cotangent for each parameter that `wrt` selects, zeros if nothing depends on it.
pub fn vjp(function: &Function, wrt: &[bool]) -> Result<Function, DifferentiateError> {
    check_selection(function, wrt)?;
    let mut e = Emitter::new(function, "vjp");
    let seeds: Vec<bool> = function.result_types().map(|ty| ty.dtype.is_float()).collect();
    let Pulled { mut results, cotangents } = pull_back(&mut e, function, wrt, Seed::Parameters(&seeds))?;
    results.extend(finished(&mut e, function, wrt, &cotangents));
    Ok(e.finish(results))
}

/// Only the way back, for a function in a derivative: cotangents of the selected parameters from those of some results.
///
/// Parameters: those of `function`, then one cotangent for each result that `seeds` selects. Results: one cotangent for
/// each parameter that `wrt` selects, which may be a -0.0 that nobody is to see ([`Emitter::neutral`]).
pub(super) fn way_back(function: &Function, wrt: &[bool], seeds: &[bool]) -> Result<Function, DifferentiateError> {
    let mut e = Emitter::new(function, "vjp");
    let Pulled { cotangents, .. } = pull_back(&mut e, function, wrt, Seed::Parameters(seeds))?;
    let types = selected(function, wrt).map(|id| function.ty(id));
    let results = cotangents.into_iter().zip(types);
    let results = results.map(|(cotangent, ty)| cotangent.unwrap_or_else(|| e.neutral(ty.dtype, &ty.shape))).collect();
    Ok(dce(&e.finish(results)))
}

/// Where the cotangents of the results come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seed<'a> {
    /// A parameter for each of these float results; the others have none.
    Parameters(&'a [bool]),
    /// The constant 1.
    One,
}

/// A function's results, and the cotangents of the selected parameters; `None` is zero.
pub struct Pulled {
    pub results: Vec<ValueId>,
    pub cotangents: Vec<Option<ValueId>>,
}

/// The cotangents of the selected parameters as results.
pub fn finished(e: &mut Emitter, function: &Function, wrt: &[bool], cotangents: &[Option<ValueId>]) -> Vec<ValueId> {
    selected(function, wrt).zip(cotangents).map(|(id, &cotangent)| e.derivative(cotangent, function.ty(id))).collect()
}

fn selected<'a>(function: &'a Function, wrt: &'a [bool]) -> impl Iterator<Item = ValueId> + 'a {
    function.parameters.iter().zip(wrt).filter(|&(_, &selected)| selected).map(|(&id, _)| id)
}

/// Emits the function and the way back.
pub fn pull_back(
    e: &mut Emitter,
    function: &Function,
    wrt: &[bool],
    seed: Seed<'_>,
) -> Result<Pulled, DifferentiateError> {
    let chosen = match seed {
        Seed::Parameters(chosen) => chosen.to_vec(),
        Seed::One => vec![true; function.results.len()],
    };
    let function = &*regions::prepared(function, wrt, &chosen)?;
    // Where calls stood, there are files of theirs.
    for file in &function.files {
        e.builder.file(file);
    }
    let varied = varied(function, wrt);
    let mut primal: Vec<ValueId> = Vec::with_capacity(function.values.len());
    primal.extend(function.parameter_types().map(|ty| e.parameter(ty)));
    // Results with a cotangent, each with it if it is a parameter.
    let results = function.results.iter().zip(&chosen).filter(|&(_, &chosen)| chosen);
    let seeds: Vec<(ValueId, Option<ValueId>)> =
        results.map(|(&id, _)| (id, (seed != Seed::One).then(|| e.parameter(function.ty(id))))).collect();
    let asked = asked(function, &varied, &chosen);
    let mut ways: FxHashMap<usize, Way> = FxHashMap::default();
    for (place, node) in function.nodes.iter().enumerate().skip(function.parameters.len()) {
        e.builder.location = node.location;
        let operands: Values = node.operands.iter().map(|id| primal[id.0 as usize]).collect();
        if let Some(prepared) = regions::forward(e, function, node, &operands, &varied, &asked)? {
            ways.insert(place, prepared.way);
            primal.extend(prepared.results);
        } else {
            primal.extend(e.builder.copy(function, node, &operands));
        }
    }
    let slopes = Slopes::of(e, function, &varied, &primal);
    let mut cotangents: Vec<Option<ValueId>> = vec![None; function.values.len()];
    for (id, seed) in seeds {
        let cotangent = seed.unwrap_or_else(|| e.number(1.0, primal[id.0 as usize]));
        accumulate(e, &mut cotangents[id.0 as usize], cotangent);
    }
    for (place, node) in function.nodes.iter().enumerate().skip(function.parameters.len()).rev() {
        if let Some(way) = ways.get(&place) {
            e.builder.location = node.location;
            let results: Vec<_> = node.results.iter().map(|id| cotangents[id.0 as usize].take()).collect();
            for (operand, part) in way.back(e, &results) {
                let operand = node.operands[operand].0 as usize;
                if asked[operand] {
                    accumulate(e, &mut cotangents[operand], part);
                }
            }
            continue;
        }
        if let Op::Native(native) = &node.op {
            if node.results.iter().any(|id| varied[id.0 as usize] && cotangents[id.0 as usize].is_some()) {
                return Err(underivable(function, node, native));
            }
            continue;
        }
        if let Op::Custom(rule) = &node.op {
            e.builder.location = node.location;
            let operands: Values = node.operands.iter().map(|id| primal[id.0 as usize]).collect();
            // A rule is not asked about values that do not vary: it might not be one that can be transposed.
            let own = node.results.iter().map(|id| cotangents[id.0 as usize].take().filter(|_| varied[id.0 as usize]));
            let own: Vec<_> = own.collect();
            for (place, part) in custom::pull_back(e, rule, &operands, &own)? {
                let operand = node.operands[place].0 as usize;
                if varied[operand] {
                    accumulate(e, &mut cotangents[operand], part);
                }
            }
            continue;
        }
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
        let joined = Joined::of(e, applied);
        for (place, &operand) in node.operands.iter().enumerate() {
            let active = varied[operand.0 as usize] && flows(function, &node.op, place, operand, node.results[0]);
            if active {
                contribute(e, applied, &joined, place, cotangent, &mut cotangents[operand.0 as usize]);
            }
        }
    }
    e.builder.location = None;
    let results = function.results.iter().map(|id| primal[id.0 as usize]).collect();
    Ok(Pulled { results, cotangents: selected(function, wrt).map(|id| cotangents[id.0 as usize]).collect() })
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
pub(super) fn varied(function: &Function, wrt: &[bool]) -> Vec<bool> {
    let mut varied = Vec::with_capacity(function.values.len());
    varied.extend_from_slice(wrt);
    for node in &function.nodes[function.parameters.len()..] {
        let of_operands = node.operands.iter().map(|id| varied[id.0 as usize]).collect();
        if let Some(results) = regions::varied_results(&node.op, of_operands) {
            varied.extend(results);
            continue;
        }
        let mut operands = node.operands.iter().enumerate();
        let depends = operands.any(|(place, &operand)| {
            varied[operand.0 as usize] && flows(function, &node.op, place, operand, node.results[0])
        });
        varied.push(depends);
    }
    varied
}

/// For every value, whether it has a cotangent where the chosen results have one.
pub(super) fn asked(function: &Function, varied: &[bool], chosen: &[bool]) -> Vec<bool> {
    let mut asked = vec![false; function.values.len()];
    let results = function.results.iter().zip(chosen).filter(|&(_, &chosen)| chosen);
    results.for_each(|(id, _)| asked[id.0 as usize] = varied[id.0 as usize]);
    for node in function.nodes.iter().rev() {
        if node.results.iter().any(|id| asked[id.0 as usize]) {
            let flags = |ids: &[ValueId], of: &[bool]| ids.iter().map(|id| of[id.0 as usize]).collect::<Vec<_>>();
            let of_operands = flags(&node.operands, varied);
            let wanted = regions::asked_operands(&node.op, of_operands.clone(), &flags(&node.results, &asked));
            for (operand, wanted) in node.operands.iter().zip(wanted.unwrap_or(of_operands)) {
                asked[operand.0 as usize] |= wanted && varied[operand.0 as usize];
            }
        }
    }
    asked
}

/// Adds to a cotangent, in the order in which contributions come: that of the users, last first.
fn accumulate(e: &mut Emitter, total: &mut Option<ValueId>, part: ValueId) {
    *total = Some(total.map_or(part, |total| e.add(total, part)));
}
