//! Values with a derivative by a rule: the rule is batched like any function.
//!
//! A rule's directions are tangents or cotangents of the values and of the arguments that it differentiates with respect
//! to, so that all of those have the axis if any has it; other arguments may be without.

use super::batched;
use super::emit::{Emitter, Mapped};
use super::flow::function_has_while;
use rotrace_ir::Type;
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Op, Rule, RuleKind, ValueId};
use smallvec::SmallVec;
use std::sync::Arc;

/// The values with the batched rule.
pub fn custom(e: &mut Emitter, rule: &Rule, operands: &[Mapped]) -> Result<SmallVec<[Mapped; 1]>, Violation> {
    let mask = e.active.filter(|_| function_has_while(&rule.function));
    let (own, arguments) = operands.split_at(rule.values());
    let mut values = own.iter().map(|&value| e.spread(value)).collect::<Result<Vec<ValueId>, _>>()?;
    let mut axes = Vec::new();
    for (&argument, &selected) in arguments.iter().zip(&rule.wrt) {
        values.push(if selected { e.spread(argument)? } else { argument.value });
        axes.push(selected || argument.batched);
    }
    let selected = rule.wrt.iter().filter(|&&selected| selected).count();
    let (directions, results) = match rule.kind {
        RuleKind::Jvp => (selected, own.len()),
        RuleKind::Vjp => (own.len(), selected),
    };
    axes.resize(axes.len() + directions, true);
    let function = batched(&rule.function, &axes, &vec![true; results], e.size, mask.is_some())?.function;
    let (mut function, mut wrt) = (function, rule.wrt.clone());
    if let Some(mask) = mask {
        function = with_mask_ahead(&function, directions)?;
        values.push(mask);
        wrt.push(false);
    }
    let results = e.builder.push_all(Op::Custom(Arc::new(Rule { kind: rule.kind, wrt, function })), &values)?;
    Ok(results.into_iter().map(|value| Mapped { value, batched: true }).collect())
}

/// The function whose last parameter, the mask, stands ahead of the directions: it is an argument of the rule.
fn with_mask_ahead(function: &Function, directions: usize) -> Result<Function, Violation> {
    let mask = function.parameters.len() - 1;
    let first = mask - directions;
    let mut order: Vec<usize> = (0..mask).collect();
    order.insert(first, mask);
    let types: Vec<&Type> = function.parameter_types().collect();
    let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
    let mut arguments = vec![ValueId(0); order.len()];
    for place in order {
        arguments[place] = builder.parameter(types[place].clone())?;
    }
    let results = builder.inline(function, &arguments);
    Ok(builder.finish(results))
}
