//! Forward mode.

use super::custom;
use super::emit::Emitter;
use super::partials::{self, partial};
use super::transpose::reduce;
use super::{Applied, DifferentiateError, check_selection, differentiable};
use super::{native, regions};
use rotrace_ir::graph::{Function, Op, Reduction, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use smallvec::SmallVec;

/// The function that also pushes tangents forward.
///
/// Parameters: those of `function`, then one tangent for each parameter that `wrt` selects. Results: those of
/// `function`, then one tangent for each float result. Other results have none.
pub fn jvp(function: &Function, wrt: &[bool]) -> Result<Function, DifferentiateError> {
    check_selection(function, wrt)?;
    let mut e = Emitter::new(function, "jvp");
    // For every value of `function`: its copy, and the tangent if it is not zero.
    let mut primal: Vec<ValueId> = Vec::with_capacity(function.values.len());
    let mut tangents: Vec<Option<ValueId>> = Vec::with_capacity(function.values.len());
    primal.extend(function.parameter_types().map(|ty| e.parameter(ty)));
    for (ty, &selected) in function.parameter_types().zip(wrt) {
        tangents.push(selected.then(|| e.parameter(ty)));
    }
    let wanted = native::wanted_tangents(function);
    for node in &function.nodes[function.parameters.len()..] {
        e.builder.location = node.location;
        let operands: Values = node.operands.iter().map(|id| primal[id.0 as usize]).collect();
        let directions: SmallVec<[_; 3]> = node.operands.iter().map(|id| tangents[id.0 as usize]).collect();
        if let Some(pushed) = regions::push_forward(&mut e, node, &operands, &directions)? {
            primal.extend(pushed.results);
            tangents.extend(pushed.tangents);
            continue;
        }
        let results = e.builder.copy(function, node, &operands);
        primal.extend_from_slice(&results);
        if let Op::Native(called) = &node.op {
            let wanted = |id: &ValueId| wanted.as_ref().is_none_or(|wanted| wanted[id.0 as usize]);
            let mut floats = node.results.iter().filter(|&&id| function.ty(id).dtype.is_float());
            if directions.iter().any(Option::is_some) && floats.any(wanted) {
                return Err(native::underivable(function, node, called));
            }
        }
        if let Op::Custom(rule) = &node.op {
            tangents.extend(custom::push_forward(&mut e, rule, &operands, &directions)?);
            continue;
        }
        let applied = Applied { op: &node.op, operands: &operands, result: results[0] };
        let tangent = tangent(&mut e, applied, &directions);
        // A node with several results has a tangent by now, or none.
        tangents.extend(std::iter::repeat_n(tangent, results.len()));
    }
    e.builder.location = None;
    let mut results: Vec<ValueId> = function.results.iter().map(|id| primal[id.0 as usize]).collect();
    for &id in &function.results {
        if function.ty(id).dtype.is_float() {
            results.push(e.derivative(tangents[id.0 as usize], function.ty(id)));
        }
    }
    Ok(e.finish(results))
}

/// The tangent of a node's result for those of its operands; `None` is zero.
pub(super) fn tangent(e: &mut Emitter, node: Applied, tangents: &[Option<ValueId>]) -> Option<ValueId> {
    let to = e.ty(node.result).dtype;
    let flows = |(operand, tangent): (usize, &Option<ValueId>)| {
        tangent.filter(|&tangent| differentiable(node.op, operand, e.ty(tangent).dtype, to))
    };
    let tangents: SmallVec<[_; 3]> = tangents.iter().enumerate().map(flows).collect();
    if tangents.iter().all(Option::is_none) {
        return None;
    }
    match node.op {
        Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } => None,
        Op::Scalar(ScalarOp::Select) => {
            let [taken, other] = [1, 2].map(|operand| tangents[operand].unwrap_or_else(|| zeros(e, node, operand)));
            Some(e.select(node.operands[0], taken, other))
        }
        Op::Scalar(op) => elementwise(e, *op, node, &tangents),
        Op::Cast(_)
        | Op::Reshape { .. }
        | Op::Broadcast { .. }
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Reverse { .. }
        | Op::Take { .. }
        | Op::ScatterAdd { .. }
        | Op::Reduce { kind: Reduction::Sum, .. } => tangents[0].map(|tangent| e.push(node.op.clone(), &[tangent])),
        Op::Reduce { kind, axes } => tangents[0].and_then(|tangent| reduce::forward(e, node, *kind, axes, tangent)),
        Op::Pad { .. } | Op::Concatenate { .. } => {
            let parts: Values = (0..tangents.len())
                .map(|operand| tangents[operand].unwrap_or_else(|| zeros(e, node, operand)))
                .collect();
            Some(e.push(node.op.clone(), &parts))
        }
        Op::DotGeneral { .. } => sum(e, &tangents, |e, operand, tangent| {
            let mut operands = [node.operands[0], node.operands[1]];
            operands[operand] = tangent;
            e.push(node.op.clone(), &operands)
        }),
        Op::Bitcast(_) | Op::StopGradient | Op::Native(_) => None,
        // By themselves: see `custom` and `regions`.
        Op::Custom(_) | Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) => None,
    }
}

/// The last operand comes first, so that a step of Horner's scheme takes a single fused operation.
fn elementwise(e: &mut Emitter, op: ScalarOp, node: Applied, tangents: &[Option<ValueId>]) -> Option<ValueId> {
    if let (ScalarOp::Divide, &[Some(dividend), Some(divisor)]) = (op, tangents) {
        // (dx - z dy) / y divides once.
        let minus = e.scalar(ScalarOp::Negative, &[node.result]);
        let numerator = e.scalar(ScalarOp::Fma, &[minus, divisor, dividend]);
        return Some(e.divide(numerator, node.operands[1]));
    }
    let mut total = None;
    for (operand, tangent) in tangents.iter().enumerate().rev() {
        let Some(tangent) = *tangent else { continue };
        let partial = partial(e, op, operand, node.operands, node.result);
        total = Some(partials::apply_onto(e, total, &partial, tangent));
    }
    total
}

fn zeros(e: &mut Emitter, node: Applied, operand: usize) -> ValueId {
    let ty = e.ty(node.operands[operand]).clone();
    e.zeros(&ty)
}

/// The sum over the operands that have a tangent.
fn sum(
    e: &mut Emitter,
    tangents: &[Option<ValueId>],
    mut term: impl FnMut(&mut Emitter, usize, ValueId) -> ValueId,
) -> Option<ValueId> {
    let mut total = None;
    for (operand, tangent) in tangents.iter().enumerate() {
        let Some(tangent) = *tangent else { continue };
        let term = term(e, operand, tangent);
        total = Some(total.map_or(term, |total| e.add(total, term)));
    }
    total
}
