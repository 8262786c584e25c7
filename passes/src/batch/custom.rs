//! Values with a derivative by a rule: the rule is batched like any function.
//!
//! A rule's directions are tangents or cotangents of the value and of the arguments that it differentiates with respect
//! to, so that all of those have the axis if any has it; other arguments may be without.

use super::batched;
use super::emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Op, Rule, RuleKind, ValueId};
use std::sync::Arc;

/// The value with the batched rule.
pub fn custom(e: &mut Emitter, rule: &Rule, operands: &[Mapped]) -> Result<ValueId, Violation> {
    let arguments = &operands[1..];
    let mut lifted: Vec<Mapped> = vec![Mapped { value: e.spread(operands[0])?, batched: true }];
    for (&argument, &selected) in arguments.iter().zip(&rule.wrt) {
        lifted.push(if selected { Mapped { value: e.spread(argument)?, batched: true } } else { argument });
    }
    let selected = rule.wrt.iter().filter(|&&selected| selected).count();
    let rule = if selected == 0 {
        constant(e, rule, &lifted)?
    } else {
        let (directions, results) = match rule.kind {
            RuleKind::Jvp => (selected, 1),
            RuleKind::Vjp => (1, selected),
        };
        let axes: Vec<bool> =
            lifted[1..].iter().map(|argument| argument.batched).chain(vec![true; directions]).collect();
        let function = batched(&rule.function, &axes, &vec![true; results], e.size)?.function;
        Rule { function, ..rule.clone() }
    };
    let values: Vec<ValueId> = lifted.iter().map(|operand| operand.value).collect();
    e.push(Op::Custom(Arc::new(rule)), &values)
}

/// The rule of a value that is differentiated with respect to nothing: of its cotangent, no cotangents. (Of no tangents,
/// its tangent would be of a type that nothing tells the size of.)
fn constant(e: &Emitter, rule: &Rule, operands: &[Mapped]) -> Result<Rule, Violation> {
    let dims = e.builder.function().dims.clone();
    let mut builder = GraphBuilder::new(rule.function.name.clone(), dims);
    for operand in operands[1..].iter().chain(&operands[..1]) {
        builder.parameter(e.ty(operand.value).clone())?;
    }
    let function: Function = builder.finish(Vec::new());
    Ok(Rule { kind: RuleKind::Vjp, wrt: rule.wrt.clone(), function })
}
