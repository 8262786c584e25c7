//! Calls, branches and loops: functions of all rows in their place.
//!
//! A branch that all rows take alike stays a branch; rows that choose for themselves compute all branches and select. A
//! loop that each row leaves for itself runs while any row wants to, and rows that are done keep what they have.

use super::batched;
use super::emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Op, Reduction, Scan, ValueId, While};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Dim, Scalar, Type};
use smallvec::SmallVec;
use std::sync::Arc;

type Results = SmallVec<[Mapped; 1]>;

/// The results of an operation with functions in it.
pub fn region(e: &mut Emitter, op: &Op, operands: &[Mapped]) -> Result<Results, Violation> {
    match op {
        Op::Call(function) => called(e, function, operands, Op::Call),
        Op::Checkpoint(function) => called(e, function, operands, Op::Checkpoint),
        Op::Switch(branches) if operands[0].batched => choose(e, branches, operands),
        Op::Switch(branches) => switch(e, branches, operands),
        Op::While(looped) => while_loop(e, looped, operands),
        Op::Scan(scan) => self::scan(e, scan, operands),
        other => unreachable!("{} has no functions that run", other.name()),
    }
}

fn axes(operands: &[Mapped]) -> Vec<bool> {
    operands.iter().map(|operand| operand.batched).collect()
}

fn values(operands: &[Mapped]) -> Vec<ValueId> {
    operands.iter().map(|operand| operand.value).collect()
}

fn pushed(e: &mut Emitter, op: Op, operands: &[ValueId], axes: &[bool]) -> Result<Results, Violation> {
    let results = e.builder.push_all(op, operands)?;
    Ok(results.into_iter().zip(axes).map(|(value, &batched)| Mapped { value, batched }).collect())
}

fn called(
    e: &mut Emitter,
    function: &Function,
    operands: &[Mapped],
    op: impl Fn(Arc<Function>) -> Op,
) -> Result<Results, Violation> {
    let batched = batched(function, &axes(operands), &vec![false; function.results.len()], e.size)?;
    pushed(e, op(Arc::new(batched.function)), &values(operands), &batched.results)
}

/// A branch for all rows: what one branch gives with the axis, all give with it.
fn switch(e: &mut Emitter, branches: &[Function], operands: &[Mapped]) -> Result<Results, Violation> {
    let arguments = axes(&operands[1..]);
    let mut wanted = vec![false; branches[0].results.len()];
    for branch in branches {
        let own = batched(branch, &arguments, &wanted, e.size)?.results;
        wanted.iter_mut().zip(own).for_each(|(wanted, own)| *wanted |= own);
    }
    let all = branches.iter().map(|branch| Ok(batched(branch, &arguments, &wanted, e.size)?.function));
    pushed(e, Op::Switch(all.collect::<Result<Vec<_>, _>>()?.into()), &values(operands), &wanted)
}

/// A branch for each row.
fn choose(e: &mut Emitter, branches: &[Function], operands: &[Mapped]) -> Result<Results, Violation> {
    let arguments = &operands[1..];
    let selector = operands[0].value;
    let dtype = e.ty(selector).dtype;
    let mut chosen: Option<Results> = None;
    for (place, branch) in branches.iter().enumerate() {
        let wanted = vec![true; branch.results.len()];
        let function = batched(branch, &axes(arguments), &wanted, e.size)?.function;
        let own = pushed(e, Op::Call(Arc::new(function)), &values(arguments), &wanted)?;
        chosen = Some(match chosen {
            None => own,
            Some(before) => {
                let mask = if dtype == DType::Bool { selector } else { at_least(e, selector, place)? };
                let pairs = own.iter().zip(&before);
                pairs.map(|(own, before)| select(e, mask, *own, *before)).collect::<Result<_, _>>()?
            }
        });
    }
    Ok(chosen.unwrap_or_default())
}

fn at_least(e: &mut Emitter, selector: ValueId, place: usize) -> Result<ValueId, Violation> {
    let Type { dtype, shape } = e.ty(selector).clone();
    let number = e.push(Op::constant(Scalar::from_i64(dtype, place as i64)), &[])?;
    let number = e.push(Op::Broadcast { shape, axes: Vec::new() }, &[number])?;
    e.push(Op::Scalar(ScalarOp::GreaterEqual), &[selector, number])
}

/// Rows of `taken` where the mask holds.
fn select(e: &mut Emitter, mask: ValueId, taken: Mapped, other: Mapped) -> Result<Mapped, Violation> {
    let value = select_rows(&mut e.builder, mask, taken.value, other.value)?;
    Ok(Mapped { value, batched: true })
}

fn select_rows(
    builder: &mut GraphBuilder,
    mask: ValueId,
    taken: ValueId,
    other: ValueId,
) -> Result<ValueId, Violation> {
    let shape = builder.function().ty(taken).shape.clone();
    let mask = builder.push(Op::Broadcast { shape, axes: vec![0] }, &[mask])?;
    builder.push(Op::Scalar(ScalarOp::Select), &[mask, taken, other])
}

/// Which parameters of a loop's body have the axis, in some iteration: what is carried has it as soon as one iteration
/// gives it.
fn settled(body: &Function, carried: usize, mut parameters: Vec<bool>, size: Dim) -> Result<Vec<bool>, Violation> {
    loop {
        let results = batched(body, &parameters, &vec![false; body.results.len()], size)?.results;
        let grown = (0..carried).filter(|&place| results[place] && !parameters[place]);
        let grown: Vec<usize> = grown.collect();
        if grown.is_empty() {
            return Ok(parameters);
        }
        grown.into_iter().for_each(|place| parameters[place] = true);
    }
}

fn while_loop(e: &mut Emitter, looped: &While, operands: &[Mapped]) -> Result<Results, Violation> {
    let mut parameters = settled(&looped.body, looped.carried, axes(operands), e.size)?;
    let by_row = batched(&looped.condition, &parameters, &[false], e.size)?.results[0];
    if by_row {
        // Rows that are done keep what they have, so that every row has its own.
        parameters[..looped.carried].fill(true);
    }
    let condition = batched(&looped.condition, &parameters, &[by_row], e.size)?.function;
    let wanted: Vec<bool> = parameters[..looped.carried].to_vec();
    let body = batched(&looped.body, &parameters, &wanted, e.size)?.function;
    let (condition, body) = if by_row { (any(&condition)?, masked(&condition, &body)?) } else { (condition, body) };
    let operands = spread_where(e, operands, &parameters)?;
    let op = Op::While(Arc::new(While { carried: looped.carried, bound: looped.bound, condition, body }));
    pushed(e, op, &operands, &wanted)
}

/// Operands, with the axis where the parameters have it.
fn spread_where(e: &mut Emitter, operands: &[Mapped], parameters: &[bool]) -> Result<Vec<ValueId>, Violation> {
    let pairs = operands.iter().zip(parameters);
    pairs.map(|(&operand, &batched)| if batched { e.spread(operand) } else { Ok(operand.value) }).collect()
}

/// Whether any row wants to go on.
fn any(condition: &Function) -> Result<Function, Violation> {
    let mut builder = GraphBuilder::new(condition.name.clone(), condition.dims.clone());
    let given = parameters_of(&mut builder, condition)?;
    let rows = builder.inline(condition, &given)[0];
    let any = builder.push(Op::Reduce { kind: Reduction::Any, axes: vec![0] }, &[rows])?;
    Ok(builder.finish(vec![any]))
}

/// An iteration for the rows that want to go on.
fn masked(condition: &Function, body: &Function) -> Result<Function, Violation> {
    let mut builder = GraphBuilder::new(body.name.clone(), body.dims.clone());
    let given = parameters_of(&mut builder, body)?;
    let rows = builder.inline(condition, &given)[0];
    let next = builder.inline(body, &given);
    let next = next.into_iter().zip(&given).map(|(next, &before)| select_rows(&mut builder, rows, next, before));
    let next: Vec<ValueId> = next.collect::<Result<_, _>>()?;
    Ok(builder.finish(next))
}

fn parameters_of(builder: &mut GraphBuilder, function: &Function) -> Result<Vec<ValueId>, Violation> {
    function.parameter_types().map(|ty| builder.parameter(ty.clone())).collect()
}

fn scan(e: &mut Emitter, scan: &Scan, operands: &[Mapped]) -> Result<Results, Violation> {
    let parameters = settled(&scan.body, scan.carried, axes(operands), e.size)?;
    let mut wanted = vec![false; scan.body.results.len()];
    wanted[..scan.carried].copy_from_slice(&parameters[..scan.carried]);
    let body = batched(&scan.body, &parameters, &wanted, e.size)?;
    let mut given = spread_where(e, operands, &parameters)?;
    for (place, operand) in given.iter_mut().enumerate().skip(scan.carried).take(scan.scanned) {
        if parameters[place] {
            *operand = with_leading_exchanged(e, *operand)?;
        }
    }
    let op = Op::Scan(Arc::new(Scan { body: body.function, ..scan.clone() }));
    let mut results = pushed(e, op, &given, &body.results)?;
    for stack in results.iter_mut().skip(scan.carried).filter(|stack| stack.batched) {
        stack.value = with_leading_exchanged(e, stack.value)?;
    }
    Ok(results)
}

/// The axis of rows and the axis along which a loop runs, each in the other's place.
fn with_leading_exchanged(e: &mut Emitter, array: ValueId) -> Result<ValueId, Violation> {
    let permutation = [1, 0].into_iter().chain(2..e.ty(array).rank()).collect();
    e.push(Op::Transpose { permutation }, &[array])
}
