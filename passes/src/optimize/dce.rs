//! Dead code elimination.

use super::simplify::rebuild;
use rotrace_ir::graph::{Function, ValueId, Values};

/// Removes nodes that no result needs. All parameters stay.
#[must_use]
pub fn dce(function: &Function) -> Function {
    let live = live_nodes(function);
    rebuild(function, |builder, node, operands| {
        let place = function.value(node.results[0]).node;
        if live[place.0 as usize] {
            return builder.copy(function, node, operands);
        }
        // Only dead nodes name what a dead node becomes.
        Values::from_elem(ValueId(u32::MAX), node.results.len())
    })
}

/// For every node, whether it is a parameter or a result depends on it.
fn live_nodes(function: &Function) -> Vec<bool> {
    let mut live = vec![false; function.nodes.len()];
    for &id in function.results.iter().chain(&function.parameters) {
        live[function.value(id).node.0 as usize] = true;
    }
    for place in (0..function.nodes.len()).rev() {
        if live[place] {
            for &operand in &function.nodes[place].operands {
                live[function.value(operand).node.0 as usize] = true;
            }
        }
    }
    live
}

/// For every value, whether a node or the function's results name it.
pub(crate) fn reads(function: &Function) -> Vec<bool> {
    let mut read = vec![false; function.values.len()];
    let operands = function.nodes.iter().flat_map(|node| &node.operands);
    operands.chain(&function.results).for_each(|id| read[id.0 as usize] = true);
    read
}
