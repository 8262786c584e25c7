//! Copying the nodes of one function into another.

use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Location, Op, ValueId, Values};

/// Appends `function`'s nodes with `arguments` for its parameters; the ids of its results. The dims of both functions
/// must have the same names in the same order, and the arguments the parameters' types. Nodes keep their own source lines.
pub(super) fn inline(builder: &mut GraphBuilder, function: &Function, arguments: &[ValueId]) -> Vec<ValueId> {
    builder.reserve(function.nodes.len());
    let files: Vec<u32> = function.files.iter().map(|file| builder.file(file)).collect();
    let caller = builder.location;
    let mut values: Vec<ValueId> = vec![ValueId(u32::MAX); function.values.len()];
    for (&parameter, &argument) in function.parameters.iter().zip(arguments) {
        values[parameter.0 as usize] = argument;
    }
    for node in &function.nodes {
        if matches!(node.op, Op::Parameter { .. }) {
            continue;
        }
        builder.location = match node.location {
            Some(location) => files.get(location.file as usize).map(|&file| Location { file, ..location }),
            None => caller,
        };
        let operands: Values = node.operands.iter().map(|operand| values[operand.0 as usize]).collect();
        let results = builder.copy(function, node, &operands);
        for (&from, &to) in node.results.iter().zip(&results) {
            values[from.0 as usize] = to;
        }
    }
    builder.location = caller;
    function.results.iter().map(|result| values[result.0 as usize]).collect()
}

/// The same function with `parameters`, a permutation of its [`Op::Parameter`] values, as its parameters.
pub(super) fn with_parameters(mut function: Function, parameters: Vec<ValueId>) -> Result<Function, Violation> {
    let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
    let mut arguments = Vec::new();
    for &parameter in &parameters {
        builder.location = None;
        arguments.push(builder.parameter(function.ty(parameter).clone())?);
    }
    function.parameters = parameters;
    let results = inline(&mut builder, &function, &arguments);
    Ok(builder.finish(results))
}
