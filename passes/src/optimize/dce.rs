//! Dead code elimination.

use super::simplify::rebuild;
use rotrace_ir::graph::{Function, ValueId};

/// Removes nodes that no result needs. All parameters stay.
#[must_use]
pub fn dce(function: &Function) -> Function {
    let live = live_nodes(function);
    // What a dead node becomes: only dead nodes name it.
    let nothing = ValueId(u32::MAX);
    rebuild(function, |builder, node, operands| {
        let place = function.value(node.results[0]).node;
        if live[place.0 as usize] { builder.copy(function, node, operands)[0] } else { nothing }
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
