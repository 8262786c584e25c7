//! Derivatives of branches and loops.
//!
//! Forward mode runs the derivative of a nested function in its place, with tangents beside the values. Reverse mode goes
//! back through a branch by the branch's own way back, and through a loop by a loop in the other direction, over values
//! that the loop stacked on its way forwards: what it carries, and what is dear to compute again from that ([`residuals`]).

mod flow;
mod forward;
mod nest;
mod prepare;
mod residuals;
mod reverse;

pub(super) use flow::{asked_operands, varied_results};
pub(super) use forward::push_forward;
pub(super) use prepare::prepared;
pub(super) use reverse::{Way, forward};

use rotrace_ir::Type;
use rotrace_ir::graph::{Function, GraphBuilder, ValueId};

/// `function` behind other parameters: its argument `i` is parameter `arguments[i]`, and what it gives are those of its
/// results.
fn rewired(
    function: &Function,
    parameters: &[Type],
    arguments: &[usize],
    results: impl IntoIterator<Item = usize>,
) -> Function {
    let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
    let given = parameters_of(&mut builder, parameters);
    let arguments: Vec<ValueId> = arguments.iter().map(|&place| given[place]).collect();
    let values = builder.inline(function, &arguments);
    builder.finish(results.into_iter().map(|place| values[place]).collect())
}

fn parameters_of(builder: &mut GraphBuilder, types: &[Type]) -> Vec<ValueId> {
    types.iter().map(|ty| builder.parameter(ty.clone()).expect("parameters come first")).collect()
}

/// The places of what is chosen.
fn places(chosen: &[bool]) -> Vec<usize> {
    chosen.iter().enumerate().filter(|&(_, &chosen)| chosen).map(|(place, _)| place).collect()
}
