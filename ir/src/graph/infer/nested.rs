//! The type rules of operations with functions in them.

use super::{Inferred, Types, Violation, violation};
use crate::DType;
use crate::dim::{Dim, MAX_RANK, Type};
use crate::graph::{Checkpoint, Function, Op, Rule, RuleKind, Scan, While};

/// C25: a nested function has the dims of the function that it stands in.
fn check_dims(function: &Function, names: &[String]) -> Result<(), Violation> {
    if function.dims == names {
        return Ok(());
    }
    violation("C25", format!("@{} declares other dims than the function it is in", function.name))
}

/// C25 to C27.
pub(super) fn custom(rule: &Rule, operands: &[&Type], names: &[String]) -> Result<Types, Violation> {
    let (values, arguments) = operands.split_at(rule.values());
    if values.is_empty() {
        return violation("C27", "the rule is about no value");
    }
    let function = &rule.function;
    check_dims(function, names)?;
    let selected: Vec<&Type> =
        arguments.iter().zip(&rule.wrt).filter(|&(_, &selected)| selected).map(|(&ty, _)| ty).collect();
    if let Some(other) = values.iter().chain(&selected).find(|ty| !ty.dtype.is_float()) {
        let ty = other.display(names);
        return violation("C26", format!("custom differentiates floats with respect to floats, not {ty}"));
    }
    let (directions, results) = match rule.kind {
        RuleKind::Jvp => (&selected[..], values),
        RuleKind::Vjp => (values, &selected[..]),
    };
    let given = function.parameter_types().eq(arguments.iter().chain(directions).copied());
    if given && function.result_types().eq(results.iter().copied()) {
        return Ok(values.iter().map(|&ty| ty.clone()).collect());
    }
    let wanted = signature(arguments.iter().chain(directions).copied(), results.iter().copied(), names);
    violation("C27", format!("the {} rule has to be {wanted}, but is {}", rule.kind.name(), own_signature(function)))
}

fn list<'t>(types: impl IntoIterator<Item = &'t Type>, names: &[String]) -> String {
    types.into_iter().map(|ty| ty.display(names)).collect::<Vec<_>>().join(", ")
}

fn signature<'t>(
    parameters: impl IntoIterator<Item = &'t Type>,
    results: impl IntoIterator<Item = &'t Type>,
    names: &[String],
) -> String {
    format!("({}) -> ({})", list(parameters, names), list(results, names))
}

fn own_signature(function: &Function) -> String {
    signature(function.parameter_types(), function.result_types(), &function.dims)
}

/// The result types of a call, branch or loop.
pub(super) fn region(op: &Op, operands: &[&Type], names: &[String]) -> Result<Types, Violation> {
    for function in op.functions() {
        check_dims(function, names)?;
    }
    let types: Types = match op {
        Op::Call(function) | Op::Checkpoint(function) => call(op.name(), function, operands)?,
        Op::Switch(branches) => switch(branches, operands, names)?,
        Op::While(looped) => while_loop(looped, operands, names)?,
        Op::Scan(scan) => self::scan(scan, operands, names)?,
        other => unreachable!("{} has no functions that give its results", other.name()),
    };
    if types.is_empty() {
        return violation("C28", format!("{} has no results", op.name()));
    }
    Ok(types)
}

/// C28: the operands are what the function takes.
fn call(what: &str, function: &Function, operands: &[&Type]) -> Result<Types, Violation> {
    if function.parameter_types().eq(operands.iter().copied()) {
        return Ok(function.result_types().cloned().collect());
    }
    let (got, own) = (list(operands.iter().copied(), &function.dims), own_signature(function));
    violation("C28", format!("{what} of @{}: {own} does not take ({got})", function.name))
}

/// C29: the branches take the operands behind the first, and have results of the same types.
/// C30: the selector is `bool[]` for two branches, or `i32[]` or `i64[]`.
fn switch(branches: &[Function], operands: &[&Type], names: &[String]) -> Result<Types, Violation> {
    let Some(first) = branches.first() else { return violation("C29", "switch has no branches") };
    let (selector, arguments) = (operands[0], &operands[1..]);
    let by_number = matches!(selector.dtype, DType::I32 | DType::I64);
    if selector.rank() > 0 || !by_number && (selector.dtype != DType::Bool || branches.len() != 2) {
        let (ty, count) = (selector.display(names), branches.len());
        let message =
            format!("{ty} cannot select among {count} branches: a bool[] selects among 2, an i32[] or i64[] among any");
        return violation("C30", message);
    }
    for branch in branches {
        let fits =
            branch.parameter_types().eq(arguments.iter().copied()) && branch.result_types().eq(first.result_types());
        if !fits {
            let wanted = signature(arguments.iter().copied(), first.result_types(), names);
            let message = format!("the branch @{} has to be {wanted}, but is {}", branch.name, own_signature(branch));
            return violation("C29", message);
        }
    }
    Ok(first.result_types().cloned().collect())
}

/// C31: both functions take the operands; the condition gives `bool[]` and the body what is carried.
fn while_loop(looped: &While, operands: &[&Type], names: &[String]) -> Result<Types, Violation> {
    let Some(carried) = operands.get(..looped.carried) else {
        let count = operands.len();
        return violation("C31", format!("a loop of {count} operands cannot carry {}", looped.carried));
    };
    let truth = Type::scalar(DType::Bool);
    let functions: [(&str, &Function, &[&Type]); 2] =
        [("condition", &looped.condition, &[&truth]), ("body", &looped.body, carried)];
    for (what, function, results) in functions {
        let takes = function.parameter_types().eq(operands.iter().copied());
        if !takes || !function.result_types().eq(results.iter().copied()) {
            let wanted = signature(operands.iter().copied(), results.iter().copied(), names);
            let own = own_signature(function);
            return violation(
                "C31",
                format!("the {what} of a loop that carries {} has to be {wanted}, but is {own}", looped.carried),
            );
        }
    }
    Ok(carried.iter().map(|&ty| ty.clone()).collect())
}

/// C32: the body takes what is carried, slices and constants, and gives what is carried and slices.
/// C33: scanned operands have the length as their leading size, which is a declared dim, and stacks have room for it.
/// C34: checkpoints are at least one.
fn scan(scan: &Scan, operands: &[&Type], names: &[String]) -> Result<Types, Violation> {
    let counts = scan.carried.checked_add(scan.scanned).is_some_and(|count| count <= operands.len());
    if !counts || scan.body.results.len() < scan.carried {
        let (carried, scanned, own) = (scan.carried, scan.scanned, own_signature(&scan.body));
        return violation("C32", format!("{own} cannot carry {carried} values and scan {scanned} arrays"));
    }
    if matches!(scan.checkpoint, Checkpoint::Every(0) | Checkpoint::Binomial(0)) {
        return violation("C34", "scan keeps no values for reverse mode: at least 1 is needed");
    }
    let declared = scan.length.name.is_none_or(|name| (name.0 as usize) < names.len());
    if !declared || scan.length.name.is_none() && scan.length.constant < 0 {
        return violation("C33", "the length of scan is no size of the function's");
    }
    let (carried, rest) = operands.split_at(scan.carried);
    let (scanned, constants) = rest.split_at(scan.scanned);
    let slices = scanned.iter().map(|ty| slice(ty, scan.length, names)).collect::<Result<Vec<Type>, _>>()?;
    let wanted = || carried.iter().copied().chain(&slices).chain(constants.iter().copied());
    let gives = scan.body.result_types().take(scan.carried).eq(carried.iter().copied());
    if !gives || !scan.body.parameter_types().eq(wanted()) {
        let (takes, gives) = (list(wanted(), names), list(carried.iter().copied(), names));
        let own = own_signature(&scan.body);
        return violation("C32", format!("the body of scan has to be ({takes}) -> ({gives}, slices), but is {own}"));
    }
    let stacks = scan.body.result_types().skip(scan.carried).map(|ty| stack(ty, scan.length, names));
    carried.iter().map(|&ty| Ok(ty.clone())).chain(stacks).collect()
}

/// One slice of an array along its leading axis.
fn slice(ty: &Type, length: Dim, names: &[String]) -> Inferred {
    if ty.shape.first() == Some(&length) {
        return Ok(Type { dtype: ty.dtype, shape: ty.shape[1..].into() });
    }
    let (ty, length) = (ty.display(names), length.display(names));
    violation("C33", format!("scan of length {length} cannot take slices of {ty}: its leading size differs"))
}

/// Slices along a new leading axis.
fn stack(ty: &Type, length: Dim, names: &[String]) -> Inferred {
    if ty.rank() == MAX_RANK {
        return violation("C33", format!("scan cannot stack {}: it has {MAX_RANK} axes already", ty.display(names)));
    }
    let shape = [length].into_iter().chain(ty.shape.iter().copied()).collect();
    Ok(Type { dtype: ty.dtype, shape })
}
