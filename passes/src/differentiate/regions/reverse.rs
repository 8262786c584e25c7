//! Cotangents through branches and loops.

use super::super::emit::Emitter;
use super::super::vjp::way_back;
use super::super::{DifferentiateError, place};
use super::flow::{AskedInLoop, asked_in_loop, asked_operands, varied_in_loop};
use super::residuals::{Residuals, residuals};
use super::{parameters_of, places};
use crate::optimize::reads;
use rotrace_ir::Type;
use rotrace_ir::graph::{Checkpoint, Function, GraphBuilder, Node, Op, Scan, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use std::sync::Arc;

/// A node that was emitted so that there is a way back.
pub struct Forward {
    pub results: Values,
    pub way: Way,
}

/// The way back through a node: an operation, of some operands and of the cotangents of some results.
pub struct Way {
    op: Op,
    /// Operands; those that are cotangents by the result's place, with their types.
    operands: Vec<Source>,
    /// For each result of the operation, the place of the operand of the node whose cotangent it adds to, if any.
    targets: Vec<Option<usize>>,
}

enum Source {
    Value(ValueId),
    /// The cotangent of this result.
    Cotangent(usize, Type),
    /// Where a sum begins.
    Nothing(Type),
}

impl Way {
    /// What the cotangents of the results add to those of the operands, by place.
    pub fn back(&self, e: &mut Emitter, cotangents: &[Option<ValueId>]) -> Vec<(usize, ValueId)> {
        let operands = self.operands.iter().map(|source| match source {
            Source::Value(value) => *value,
            Source::Cotangent(place, ty) => cotangents[*place].unwrap_or_else(|| e.neutral(ty.dtype, &ty.shape)),
            Source::Nothing(ty) => e.neutral(ty.dtype, &ty.shape),
        });
        let operands: Vec<ValueId> = operands.collect();
        // The functions inside begin with nothing too.
        e.has_neutral();
        let results = match e.builder.push_all(self.op.clone(), &operands) {
            Ok(results) => results,
            Err(violation) => unreachable!("the way back takes what the way forwards left: {violation}"),
        };
        self.targets.iter().zip(results).filter_map(|(target, result)| Some(((*target)?, result))).collect()
    }
}

/// Emits a node with functions in it, if its results have cotangents that its operands want.
pub fn forward(
    e: &mut Emitter,
    function: &Function,
    node: &Node,
    operands: &[ValueId],
    varied: &[bool],
    asked: &[bool],
) -> Result<Option<Forward>, DifferentiateError> {
    let of_operands: Vec<bool> = node.operands.iter().map(|id| varied[id.0 as usize]).collect();
    let seeds: Vec<bool> = node.results.iter().map(|id| asked[id.0 as usize]).collect();
    if !seeds.contains(&true) {
        return Ok(None);
    }
    let wrt = asked_operands(&node.op, of_operands.clone(), &seeds).unwrap_or_default();
    if !wrt.contains(&true) {
        return Ok(None);
    }
    let way = match &node.op {
        Op::Scan(scan) => return self::scan(e, scan, operands, of_operands, seeds, || place(function, node)).map(Some),
        Op::Switch(branches) => {
            let backs = branches.iter().map(|branch| way_back(branch, &wrt[1..], &seeds));
            let op = Op::Switch(backs.collect::<Result<Vec<_>, _>>()?.into());
            (op, wrt)
        }
        Op::Checkpoint(called) => (Op::Checkpoint(Arc::new(way_back(called, &wrt, &seeds)?)), wrt),
        Op::Call(_) | Op::While(_) => unreachable!("{} is prepared to be something else", node.op.name()),
        _ => return Ok(None),
    };
    let results = e.builder.copy(function, node, operands);
    let (op, wrt) = way;
    let mut sources: Vec<Source> = operands.iter().map(|&id| Source::Value(id)).collect();
    sources.extend(places(&seeds).into_iter().map(|place| Source::Cotangent(place, e.ty(results[place]).clone())));
    let targets = places(&wrt).into_iter().map(Some).collect();
    Ok(Some(Forward { results, way: Way { op, operands: sources, targets } }))
}

/// A loop that also stacks what it carries, where the way back needs it, and the loop back.
fn scan(
    e: &mut Emitter,
    scan: &Scan,
    operands: &[ValueId],
    varied: Vec<bool>,
    seeds: Vec<bool>,
    place: impl FnOnce() -> String,
) -> Result<Forward, DifferentiateError> {
    let varied = varied_in_loop(&scan.body, scan.carried, varied).parameters;
    // What is carried may have a cotangent in the iterations before the last, when nobody asks for the last.
    let asked = asked_in_loop(&scan.body, scan.carried, &varied, seeds);
    let AskedInLoop { carried, results: seeds, parameters } = asked;
    let wrt: Vec<bool> = carried.iter().chain(&parameters[scan.carried..]).copied().collect();
    let back = way_back(&scan.body, &wrt, &seeds)?;
    let parameters = scan.body.parameters.len();
    let Residuals { back, stacked } = residuals(back, scan.carried + scan.scanned, parameters);
    let read = reads(&back);
    let used: Vec<bool> = back.parameters.iter().map(|id| read[id.0 as usize]).collect();
    let kept: Vec<usize> = (0..scan.carried).filter(|&place| used[place]).collect();
    let body = with_stacks(&scan.body, &kept, &stacked);
    let stacking = Op::Scan(Arc::new(Scan { body, ..scan.clone() }));
    let mut results = match e.builder.push_all(stacking, operands) {
        Ok(results) => results,
        Err(violation) => return Err(DifferentiateError::Stack { reason: violation.to_string(), place: place() }),
    };
    let own = scan.body.results.len();
    let stacks = results[own..].to_vec();
    results.truncate(own);
    let stacked = stacked.result_types().cloned().collect();
    let reversed = Reversed { scan, wrt, seeds, kept, stacked, used, back };
    Ok(Forward { way: reversed.way(e, operands, &results, &stacks), results })
}

/// The body that also gives some of what it carries, as it was before, and what `stacked` gives of its parameters.
fn with_stacks(body: &Function, kept: &[usize], stacked: &Function) -> Function {
    let mut builder = GraphBuilder::new(body.name.clone(), body.dims.clone());
    let types: Vec<Type> = body.parameter_types().cloned().collect();
    let given = parameters_of(&mut builder, &types);
    let mut results = builder.inline(body, &given);
    results.extend(kept.iter().map(|&place| given[place]));
    // It depends on no cotangents, so that anything may stand for those.
    let mut arguments = given;
    arguments.resize(stacked.parameters.len(), ValueId(0));
    results.extend(builder.inline(stacked, &arguments));
    builder.finish(results)
}

/// A loop, for which the loop back is made.
struct Reversed<'a> {
    scan: &'a Scan,
    /// Which parameters of the body are differentiated.
    wrt: Vec<bool>,
    /// Which results of the body have cotangents.
    seeds: Vec<bool>,
    /// Which carried values were stacked.
    kept: Vec<usize>,
    /// The types of what was stacked too.
    stacked: Vec<Type>,
    /// Which parameters of the body (and cotangents) the way back through it uses.
    used: Vec<bool>,
    /// The way back through the body.
    back: Function,
}

impl Reversed<'_> {
    /// Places of the body's parameters that are differentiated: carried, scanned, constant.
    fn differentiated(&self) -> [Vec<usize>; 3] {
        let (first, second) = (self.scan.carried, self.scan.carried + self.scan.scanned);
        let all = places(&self.wrt);
        let within =
            |range: std::ops::Range<usize>| all.iter().copied().filter(|place| range.contains(place)).collect();
        [within(0..first), within(first..second), within(second..self.wrt.len())]
    }

    /// Places of the body's parameters that the way back uses, scanned and constant.
    fn reused(&self) -> [Vec<usize>; 2] {
        let (first, second) = (self.scan.carried, self.scan.carried + self.scan.scanned);
        let within = |range: std::ops::Range<usize>| range.filter(|&place| self.used[place]).collect();
        [within(first..second), within(second..self.wrt.len())]
    }

    fn way(&self, e: &Emitter, operands: &[ValueId], results: &[ValueId], stacks: &[ValueId]) -> Way {
        let [carried, scanned, constants] = self.differentiated();
        let [slices, shared] = self.reused();
        let own_type = |place: usize| e.ty(operands[place]).clone();
        let stacked: Vec<usize> = places(&self.seeds).into_iter().filter(|&place| place >= self.scan.carried).collect();
        let cotangent = |place: usize| Source::Cotangent(place, e.ty(results[place]).clone());
        let mut sources: Vec<Source> = carried.iter().map(|&place| cotangent(place)).collect();
        sources.extend(constants.iter().map(|&place| Source::Nothing(own_type(place))));
        sources.extend(stacks.iter().map(|&stack| Source::Value(stack)));
        sources.extend(slices.iter().map(|&place| Source::Value(operands[place])));
        sources.extend(stacked.iter().map(|&place| cotangent(place)));
        sources.extend(shared.iter().map(|&place| Source::Value(operands[place])));
        let op = Op::Scan(Arc::new(Scan {
            carried: carried.len() + constants.len(),
            scanned: stacks.len() + slices.len() + stacked.len(),
            length: self.scan.length,
            reverse: !self.scan.reverse,
            checkpoint: Checkpoint::All,
            body: self.body(&stacked),
        }));
        let targets = carried.iter().chain(&constants).chain(&scanned).map(|&place| Some(place)).collect();
        Way { op, operands: sources, targets }
    }

    /// One iteration back: cotangents of what is carried and sums for constants; kept values, slices, cotangents of slices;
    /// constants.
    fn body(&self, stacked: &[usize]) -> Function {
        let (primal, body) = (&self.scan.body, &self.back);
        let [carried, scanned, constants] = self.differentiated();
        let [slices, shared] = self.reused();
        let parameter = |place: usize| primal.ty(primal.parameters[place]).clone();
        let result = |place: usize| primal.ty(primal.results[place]).clone();
        let mut types: Vec<Type> = carried.iter().chain(&constants).map(|&place| parameter(place)).collect();
        let kept_from = types.len();
        types.extend(self.kept.iter().map(|&place| parameter(place)));
        let own_from = types.len();
        types.extend(self.stacked.iter().cloned());
        let slices_from = types.len();
        types.extend(slices.iter().map(|&place| parameter(place)));
        let stacked_from = types.len();
        types.extend(stacked.iter().map(|&place| result(place)));
        let shared_from = types.len();
        types.extend(shared.iter().map(|&place| parameter(place)));

        let mut builder = GraphBuilder::new(body.name.clone(), body.dims.clone());
        let given = parameters_of(&mut builder, &types);
        let mut arguments: Vec<Option<ValueId>> = vec![None; body.parameters.len()];
        for (position, &place) in self.kept.iter().enumerate() {
            arguments[place] = Some(given[kept_from + position]);
        }
        for (position, &place) in slices.iter().enumerate() {
            arguments[place] = Some(given[slices_from + position]);
        }
        for (position, &place) in shared.iter().enumerate() {
            arguments[place] = Some(given[shared_from + position]);
        }
        let cotangents = given[..carried.len()].iter().chain(&given[stacked_from..shared_from]);
        for (argument, &cotangent) in arguments[primal.parameters.len()..].iter_mut().zip(cotangents) {
            *argument = Some(cotangent);
        }
        let stacked_arguments = arguments.len() - self.stacked.len();
        for (argument, &own) in arguments[stacked_arguments..].iter_mut().zip(&given[own_from..]) {
            *argument = Some(own);
        }
        // What is not used may be anything.
        let arguments: Vec<ValueId> = arguments.into_iter().map(|argument| argument.unwrap_or(ValueId(0))).collect();
        let values = builder.inline(body, &arguments);
        let mut results = values[..carried.len()].to_vec();
        let added = &values[carried.len() + scanned.len()..];
        for (&sum, &part) in given[carried.len()..kept_from].iter().zip(added) {
            let sum = builder.push(Op::Scalar(ScalarOp::Add), &[sum, part]);
            results.push(sum.expect("a sum of values of one type"));
        }
        results.extend_from_slice(&values[carried.len()..carried.len() + scanned.len()]);
        builder.finish(results)
    }
}
