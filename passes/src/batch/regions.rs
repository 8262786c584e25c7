//! Branches and loops.
//!
//! * What selects a branch is the same for all rows: the branch is selected once, and runs for all rows. Otherwise all
//!   branches run for all rows, and each row takes the results of its own.
//! * Whether a loop goes on is the same for all rows: so it does. Otherwise it runs while any row wants to, and rows that are
//!   done keep what they carry.
//! * A loop along an axis has as many iterations for every row.
//!
//! A branch that a row does not take is no reason to run: an endless loop in it runs for the rows that take it, by a *mask*
//! that is a further argument of functions with such loops. Nor is it a reason for a NaN in a derivative: see [`super::guard`].

use super::batched;
use super::emit::{Emitter, Mapped};
use super::flow::{function_has_while, has_while, result_axes, scan_axes, while_axes};
use super::guard::{guarded, repeated, select_rows};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Op, Reduction, Scan, ValueId, Values, While};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Dim, Scalar, Shape, Type};
use smallvec::SmallVec;
use std::sync::Arc;

type Emitted = Result<SmallVec<[Mapped; 1]>, Violation>;

fn axes_of(operands: &[Mapped]) -> Vec<bool> {
    operands.iter().map(|operand| operand.batched).collect()
}

fn values_of(operands: &[Mapped]) -> Vec<ValueId> {
    operands.iter().map(|operand| operand.value).collect()
}

fn is_float(ty: &Type) -> bool {
    ty.dtype.is_float()
}

fn mapped(values: Values, axes: &[bool]) -> SmallVec<[Mapped; 1]> {
    values.into_iter().zip(axes).map(|(value, &batched)| Mapped { value, batched }).collect()
}

/// Calls and checkpoints; `wrap` is the operation.
pub fn call(e: &mut Emitter, op: &Op, function: &Function, operands: &[Mapped]) -> Emitted {
    let mask = e.active.filter(|_| has_while(op));
    let none = vec![false; function.results.len()];
    let inner = batched(function, &axes_of(operands), &none, e.size, mask.is_some())?;
    let values: Vec<ValueId> = values_of(operands).into_iter().chain(mask).collect();
    let function = Arc::new(inner.function);
    let op = if matches!(op, Op::Call(_)) { Op::Call(function) } else { Op::Checkpoint(function) };
    Ok(mapped(e.builder.push_all(op, &values)?, &inner.results))
}

/// One branch for all rows, or each row's own.
pub fn switch(e: &mut Emitter, op: &Op, branches: &[Function], operands: &[Mapped]) -> Emitted {
    if operands[0].batched {
        return chosen(e, branches, operands);
    }
    let mask = e.active.filter(|_| has_while(op));
    let axes = axes_of(operands);
    let results = result_axes(op, &axes, mask.is_some());
    let branches = branches
        .iter()
        .map(|branch| Ok(batched(branch, &axes[1..], &results, e.size, mask.is_some())?.function))
        .collect::<Result<Vec<_>, Violation>>()?;
    let values: Vec<ValueId> = values_of(operands).into_iter().chain(mask).collect();
    Ok(mapped(e.builder.push_all(Op::Switch(branches.into()), &values)?, &results))
}

/// The results of every branch, and of those each row's own.
fn chosen(e: &mut Emitter, branches: &[Function], operands: &[Mapped]) -> Emitted {
    let (selector, arguments) = (operands[0].value, &operands[1..]);
    let is_guarded = |e: &Emitter, argument: &Mapped| branches.len() > 1 && is_float(e.ty(argument.value));
    let axes: Vec<bool> = arguments.iter().map(|argument| argument.batched || is_guarded(e, argument)).collect();
    let mut chosen: Vec<ValueId> = Vec::new();
    for (place, branch) in branches.iter().enumerate() {
        let taken = taken(e, selector, place, branches.len())?;
        let masked = function_has_while(branch);
        let all = vec![true; branch.results.len()];
        let function = batched(branch, &axes, &all, e.size, masked)?.function;
        let mut values = Vec::new();
        for argument in arguments {
            values.push(if is_guarded(e, argument) {
                let value = e.spread(*argument)?;
                guarded(&mut e.builder, value, taken)?
            } else {
                argument.value
            });
        }
        if masked {
            values.push(e.both(taken, e.active)?);
        }
        let results = e.builder.inline(&function, &values);
        chosen = if place == 0 {
            results
        } else {
            let pairs = results.into_iter().zip(chosen);
            pairs.map(|(own, other)| select_rows(&mut e.builder, taken, own, other)).collect::<Result<_, _>>()?
        };
    }
    Ok(chosen.into_iter().map(|value| Mapped { value, batched: true }).collect())
}

/// Which rows take the branch at `place`.
fn taken(e: &mut Emitter, selector: ValueId, place: usize, count: usize) -> Result<ValueId, Violation> {
    let dtype = e.ty(selector).dtype;
    if dtype == DType::Bool {
        return if place == 1 { Ok(selector) } else { e.push(Op::Scalar(ScalarOp::Not), &[selector]) };
    }
    if count == 1 {
        return e.all_rows();
    }
    let number = e.push(Op::constant(Scalar::from_i64(dtype, place as i64)), &[])?;
    let number = e.spread(Mapped { value: number, batched: false })?;
    let compare = match place {
        0 => ScalarOp::LessEqual,
        last if last + 1 == count => ScalarOp::GreaterEqual,
        _ => ScalarOp::Equal,
    };
    e.push(Op::Scalar(compare), &[selector, number])
}

/// A loop while a condition holds: for all rows alike, or for each as long as it wants.
pub fn while_loop(e: &mut Emitter, looped: &While, operands: &[Mapped]) -> Emitted {
    let axes = while_axes(looped, &axes_of(operands), e.active.is_some());
    let carried = axes[..looped.carried].to_vec();
    let mut operands = operands.to_vec();
    for (operand, &axis) in operands.iter_mut().zip(&carried) {
        if axis {
            *operand = Mapped { value: e.spread(*operand)?, batched: true };
        }
    }
    if e.active.is_none() {
        let condition = batched(&looped.condition, &axes, &[false], e.size, false)?;
        if !condition.results[0] {
            let body = batched(&looped.body, &axes, &carried, e.size, false)?.function;
            let op = Op::While(Arc::new(While { condition: condition.function, body, ..looped.clone() }));
            return Ok(mapped(e.builder.push_all(op, &values_of(&operands))?, &carried));
        }
    }
    let rows = Rows::new(e, looped, &operands, &axes)?;
    let all = match e.active {
        Some(active) => active,
        None => e.all_rows()?,
    };
    let values = values_of(&operands);
    let wants = rows.condition.inlined(&mut e.builder, &values, all);
    let wants = e.both(wants, e.active)?;
    let (own, constants) = values.split_at(looped.carried);
    let values = [own, &[wants], constants].concat();
    let types: Vec<Type> = values.iter().map(|&value| e.ty(value).clone()).collect();
    let op = Op::While(Arc::new(While {
        carried: looped.carried + 1,
        bound: looped.bound,
        condition: any_row(e, looped, &types)?,
        body: rows.body(e, looped, &types)?,
    }));
    let results = e.builder.push_all(op, &values)?;
    Ok(mapped(results, &carried))
}

/// The functions of a loop that each row runs as long as it wants; behind what the loop carries stands which rows want to.
struct Rows {
    condition: Masked,
    body: Masked,
    /// Which operands are guarded in the body, and without the axis outside of it. A loop without bound has no reverse
    /// mode, and nothing to guard.
    guarded: Vec<bool>,
    repeated: Vec<bool>,
}

/// A function of all rows, whose last parameter is a mask if it has one.
struct Masked {
    function: Function,
    masked: bool,
}

impl Masked {
    fn new(e: &Emitter, function: &Function, axes: &[bool]) -> Result<Self, Violation> {
        let masked = function_has_while(function);
        let all = vec![true; function.results.len()];
        Ok(Self { function: batched(function, axes, &all, e.size, masked)?.function, masked })
    }

    fn call(&self, builder: &mut GraphBuilder, values: &[ValueId], mask: ValueId) -> Vec<ValueId> {
        let values: Vec<ValueId> = values.iter().copied().chain(self.masked.then_some(mask)).collect();
        builder.inline(&self.function, &values)
    }

    /// Its one result.
    fn inlined(&self, builder: &mut GraphBuilder, values: &[ValueId], mask: ValueId) -> ValueId {
        self.call(builder, values, mask)[0]
    }
}

impl Rows {
    fn new(e: &Emitter, looped: &While, operands: &[Mapped], axes: &[bool]) -> Result<Self, Violation> {
        let guards = |operand: &Mapped| looped.bound.is_some() && is_float(e.ty(operand.value));
        let guarded: Vec<bool> = operands.iter().map(guards).collect();
        let inside: Vec<bool> = axes.iter().zip(&guarded).map(|(&axis, &guarded)| axis || guarded).collect();
        let repeated = axes.iter().zip(&inside).map(|(&outside, &inside)| inside && !outside).collect();
        let condition = Masked::new(e, &looped.condition, axes)?;
        Ok(Self { condition, body: Masked::new(e, &looped.body, &inside)?, guarded, repeated })
    }

    /// What the body takes in one iteration.
    fn inputs(
        &self,
        builder: &mut GraphBuilder,
        values: &[ValueId],
        wants: ValueId,
        size: Dim,
    ) -> Result<Vec<ValueId>, Violation> {
        let mut inputs = Vec::new();
        for (place, &value) in values.iter().enumerate() {
            let value = if self.repeated[place] { repeated(builder, value, size)? } else { value };
            inputs.push(if self.guarded[place] { guarded(builder, value, wants)? } else { value });
        }
        Ok(inputs)
    }

    /// One iteration of the rows that want to; the others stay as they are.
    fn body(&self, e: &Emitter, looped: &While, types: &[Type]) -> Result<Function, Violation> {
        let mut builder = e.nested(&looped.body.name);
        let given = parameters(&mut builder, types)?;
        let (own, rest) = given.split_at(looped.carried);
        let (wants, constants) = (rest[0], &rest[1..]);
        let inputs = self.inputs(&mut builder, &[own, constants].concat(), wants, e.size)?;
        let next = self.body.call(&mut builder, &inputs, wants);
        let mut results = Vec::new();
        for (&before, next) in own.iter().zip(next) {
            results.push(select_rows(&mut builder, wants, next, before)?);
        }
        let again = self.condition.inlined(&mut builder, &[&results, constants].concat(), wants);
        results.push(builder.push(Op::Scalar(ScalarOp::And), &[wants, again])?);
        Ok(builder.finish(results))
    }
}

/// Whether any row wants to go on.
fn any_row(e: &Emitter, looped: &While, types: &[Type]) -> Result<Function, Violation> {
    let mut builder = e.nested(&looped.condition.name);
    let wants = parameters(&mut builder, types)?[looped.carried];
    let any = builder.push(Op::Reduce { kind: Reduction::Any, axes: vec![0] }, &[wants])?;
    Ok(builder.finish(vec![any]))
}

fn parameters(builder: &mut GraphBuilder, types: &[Type]) -> Result<Vec<ValueId>, Violation> {
    types.iter().map(|ty| builder.parameter(ty.clone())).collect()
}

/// The same iterations for all rows. The axis along which the loop runs stays in front of arrays that it scans and stacks.
pub fn scan(e: &mut Emitter, scan: &Scan, operands: &[Mapped]) -> Emitted {
    let mask = e.active.filter(|_| function_has_while(&scan.body));
    let axes = scan_axes(scan, &axes_of(operands), mask.is_some());
    let mut values = Vec::new();
    for (place, (&operand, &axis)) in operands.iter().zip(&axes).enumerate() {
        values.push(match (axis, place) {
            (true, place) if place < scan.carried => e.spread(operand)?,
            (true, place) if place < scan.carried + scan.scanned => swapped(e, operand.value)?,
            (true | false, _) => operand.value,
        });
    }
    values.extend(mask);
    let mut wanted = axes[..scan.carried].to_vec();
    wanted.resize(scan.body.results.len(), false);
    let body = batched(&scan.body, &axes, &wanted, e.size, mask.is_some())?;
    let op = Op::Scan(Arc::new(Scan { body: body.function, ..scan.clone() }));
    let mut results = mapped(e.builder.push_all(op, &values)?, &body.results);
    for stack in results[scan.carried..].iter_mut().filter(|stack| stack.batched) {
        stack.value = swapped(e, stack.value)?;
    }
    Ok(results)
}

/// The first two axes in the other order.
fn swapped(e: &mut Emitter, value: ValueId) -> Result<ValueId, Violation> {
    let mut permutation: Vec<usize> = (0..e.ty(value).rank()).collect();
    permutation.swap(0, 1);
    e.push(Op::Transpose { permutation }, &[value])
}

impl Emitter {
    /// `true` for every row.
    fn all_rows(&mut self) -> Result<ValueId, Violation> {
        let always = self.push(Op::constant(Scalar::bool(true)), &[])?;
        let shape: Shape = [self.size].into_iter().collect::<SmallVec<[Dim; 4]>>();
        self.push(Op::Broadcast { shape, axes: Vec::new() }, &[always])
    }

    fn both(&mut self, rows: ValueId, others: Option<ValueId>) -> Result<ValueId, Violation> {
        others.map_or(Ok(rows), |others| self.push(Op::Scalar(ScalarOp::And), &[rows, others]))
    }
}
