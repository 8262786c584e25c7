//! Functions with their parameters in another order.

use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, ValueId};

/// The same function with `parameters`, a permutation of its parameter nodes' values, as its parameters.
pub(super) fn with_parameters(mut function: Function, parameters: Vec<ValueId>) -> Result<Function, Violation> {
    let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
    let mut arguments = Vec::new();
    for &parameter in &parameters {
        builder.location = None;
        arguments.push(builder.parameter(function.ty(parameter).clone())?);
    }
    function.parameters = parameters;
    let results = builder.inline(&function, &arguments);
    Ok(builder.finish(results))
}
