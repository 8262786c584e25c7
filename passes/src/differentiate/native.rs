//! Functions that are not of the IR: they have no derivative, and need none where a rule stands for it.

use super::{DifferentiateError, differentiable, place};
use rotrace_ir::graph::{Function, Native, Node, Op};

/// For every value, whether the tangent of a result may depend on its tangent. `None` in a function that calls none.
pub fn wanted_tangents(function: &Function) -> Option<Vec<bool>> {
    if !function.nodes.iter().any(|node| matches!(node.op, Op::Native(_))) {
        return None;
    }
    let mut wanted = vec![false; function.values.len()];
    function.results.iter().for_each(|id| wanted[id.0 as usize] = true);
    for node in function.nodes.iter().rev() {
        let region = node.op.is_region();
        for (operand, &id) in node.operands.iter().enumerate() {
            let mut results = node.results.iter().filter(|result| wanted[result.0 as usize]);
            // Branches and loops are not looked into.
            let flows = results.any(|&result| {
                region || differentiable(&node.op, operand, function.ty(id).dtype, function.ty(result).dtype)
            });
            wanted[id.0 as usize] |= flows;
        }
    }
    Some(wanted)
}

/// That a derivative is asked for which there is not.
pub fn underivable(function: &Function, node: &Node, native: &Native) -> DifferentiateError {
    DifferentiateError::Native { name: native.name.clone(), place: place(function, node) }
}
