//! Tangents through branches and loops.

use super::super::emit::Emitter;
use super::super::{DifferentiateError, jvp};
use super::flow::{VariedInLoop, branch_results, function_results, varied_in_loop};
use super::{places, rewired};
use rotrace_ir::Type;
use rotrace_ir::graph::{Function, Node, Op, Scan, ValueId, While};
use std::ops::Range;
use std::sync::Arc;

/// What a node with tangents gives.
pub struct Pushed {
    pub results: Vec<ValueId>,
    pub tangents: Vec<Option<ValueId>>,
}

/// The node of which the operands are those of `node`, with their tangents where there are any. `None` for an operation
/// without functions of its own, or without tangents.
pub fn push_forward(
    e: &mut Emitter,
    node: &Node,
    operands: &[ValueId],
    tangents: &[Option<ValueId>],
) -> Result<Option<Pushed>, DifferentiateError> {
    if tangents.iter().all(Option::is_none) {
        return Ok(None);
    }
    let active: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    let (op, operands, results) = match &node.op {
        Op::Call(function) | Op::Checkpoint(function) => {
            let groups = Groups::new(&[operands.len()], active);
            let results = function_results(function, &groups.active);
            let pushed = groups.pushed(function, &[results.len()], &results)?;
            let op = if matches!(node.op, Op::Call(_)) { Op::Call } else { Op::Checkpoint };
            (op(Arc::new(pushed)), groups.operands(e, operands, tangents), results)
        }
        Op::Switch(branches) => switch(e, branches, operands, tangents)?,
        Op::While(looped) => while_loop(e, looped, operands, tangents)?,
        Op::Scan(scan) => self::scan(e, scan, operands, tangents)?,
        _ => return Ok(None),
    };
    let mut values = match e.builder.push_all(op, &operands) {
        Ok(values) => values.into_iter(),
        Err(violation) => unreachable!("tangents have the types of values: {violation}"),
    };
    let mut pushed = Pushed { results: vec![ValueId(0); node.results.len()], tangents: vec![None; node.results.len()] };
    for (place, tangent) in ordered(&result_groups(node), &results) {
        let value = values.next().expect("one for each value and tangent");
        if tangent { pushed.tangents[place] = Some(value) } else { pushed.results[place] = value }
    }
    Ok(Some(pushed))
}

type Parts = (Op, Vec<ValueId>, Vec<bool>);

/// Where the groups of results end.
fn result_groups(node: &Node) -> Vec<usize> {
    let all = node.results.len();
    match &node.op {
        Op::Scan(scan) => vec![scan.carried, all],
        _ => vec![all],
    }
}

fn switch(
    e: &mut Emitter,
    branches: &[Function],
    operands: &[ValueId],
    tangents: &[Option<ValueId>],
) -> Result<Parts, DifferentiateError> {
    let active: Vec<bool> = tangents[1..].iter().map(Option::is_some).collect();
    let groups = Groups::new(&[active.len()], active);
    let results = branch_results(branches, &groups.active);
    let pushed = branches.iter().map(|branch| groups.pushed(branch, &[results.len()], &results));
    let op = Op::Switch(pushed.collect::<Result<Vec<_>, _>>()?.into());
    let mut all = vec![operands[0]];
    all.extend(groups.operands(e, &operands[1..], &tangents[1..]));
    Ok((op, all, results))
}

fn while_loop(
    e: &mut Emitter,
    looped: &While,
    operands: &[ValueId],
    tangents: &[Option<ValueId>],
) -> Result<Parts, DifferentiateError> {
    let active = tangents.iter().map(Option::is_some).collect();
    let active = varied_in_loop(&looped.body, looped.carried, active).parameters;
    let results = active[..looped.carried].to_vec();
    let groups = Groups::new(&[looped.carried, operands.len()], active);
    let body = groups.pushed(&looped.body, &[looped.carried], &results)?;
    let types: Vec<Type> = body.parameter_types().cloned().collect();
    let condition = rewired(&looped.condition, &types, &groups.places_of_values(), [0]);
    let carried = looped.carried + places(&results).len();
    let op = Op::While(Arc::new(While { carried, bound: looped.bound, condition, body }));
    Ok((op, groups.operands(e, operands, tangents), results))
}

fn scan(
    e: &mut Emitter,
    scan: &Scan,
    operands: &[ValueId],
    tangents: &[Option<ValueId>],
) -> Result<Parts, DifferentiateError> {
    let active = tangents.iter().map(Option::is_some).collect();
    let VariedInLoop { parameters: active, mut results } = varied_in_loop(&scan.body, scan.carried, active);
    results[..scan.carried].copy_from_slice(&active[..scan.carried]);
    let (first, constants) = (scan.carried, scan.carried + scan.scanned);
    let count = |range: Range<usize>| range.len() + places(&active[range]).len();
    let (carried, scanned) = (count(0..first), count(first..constants));
    let groups = Groups::new(&[first, constants, operands.len()], active);
    let body = groups.pushed(&scan.body, &[first, results.len()], &results)?;
    let op = Op::Scan(Arc::new(Scan { carried, scanned, body, ..scan.clone() }));
    Ok((op, groups.operands(e, operands, tangents), results))
}

/// Parameters in groups, each of which is followed by the tangents of those of its members that have one.
struct Groups {
    /// Where each group ends.
    ends: Vec<usize>,
    active: Vec<bool>,
}

/// Members by group: each place, then again, as a tangent, where it is active.
fn ordered<'a>(ends: &'a [usize], active: &'a [bool]) -> impl Iterator<Item = (usize, bool)> + 'a {
    ends.iter().enumerate().flat_map(|(group, &end)| {
        let members = group.checked_sub(1).map_or(0, |before| ends[before])..end;
        let tangents = members.clone().filter(|&place| active[place]).map(|place| (place, true));
        members.map(|place| (place, false)).chain(tangents)
    })
}

impl Groups {
    fn new(ends: &[usize], active: Vec<bool>) -> Self {
        Self { ends: ends.to_vec(), active }
    }

    /// Where the values stand among all parameters.
    fn places_of_values(&self) -> Vec<usize> {
        let mut found = vec![0; self.active.len()];
        for (position, (place, tangent)) in ordered(&self.ends, &self.active).enumerate() {
            if !tangent {
                found[place] = position;
            }
        }
        found
    }

    /// The derivative of a function of these parameters, with those tangents of its results that are active, grouped too.
    fn pushed(
        &self,
        function: &Function,
        result_groups: &[usize],
        results: &[bool],
    ) -> Result<Function, DifferentiateError> {
        let pushed = jvp(function, &self.active)?;
        let rank = |flags: &[bool], place: usize| places(&flags[..place]).len();
        // In the derivative, tangents stand behind all values.
        let values = self.active.len();
        let mut arguments = vec![0; pushed.parameters.len()];
        let mut types = Vec::new();
        for (position, (place, tangent)) in ordered(&self.ends, &self.active).enumerate() {
            let own = if tangent { values + rank(&self.active, place) } else { place };
            arguments[own] = position;
            types.push(function.ty(function.parameters[place]).clone());
        }
        let floats: Vec<bool> = function.result_types().map(|ty| ty.dtype.is_float()).collect();
        let chosen = ordered(result_groups, results);
        let chosen = chosen.map(|(place, tangent)| if tangent { floats.len() + rank(&floats, place) } else { place });
        Ok(rewired(&pushed, &types, &arguments, chosen.collect::<Vec<_>>()))
    }

    fn operands(&self, e: &mut Emitter, operands: &[ValueId], tangents: &[Option<ValueId>]) -> Vec<ValueId> {
        let all: Vec<(usize, bool)> = ordered(&self.ends, &self.active).collect();
        let operand = |(place, tangent): (usize, bool)| {
            if !tangent {
                return operands[place];
            }
            tangents[place].unwrap_or_else(|| {
                let ty = e.ty(operands[place]).clone();
                e.zeros(&ty)
            })
        };
        all.into_iter().map(operand).collect()
    }
}
