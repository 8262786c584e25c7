//! Dead code elimination.

use rotrace_ir::graph::{Function, Node, NodeId, Value, ValueId};

/// Removes nodes that no result needs. All parameters stay.
#[must_use]
pub fn dce(function: &Function) -> Function {
    let live = live_nodes(function);
    let mut kept = Function {
        name: function.name.clone(),
        dims: function.dims.clone(),
        files: function.files.clone(),
        ..Function::default()
    };
    // The new id of every live value; dead ones are never looked up.
    let mut renamed = vec![ValueId(u32::MAX); function.values.len()];
    for (node, _) in function.nodes.iter().zip(live).filter(|&(_, live)| live) {
        let place = NodeId(kept.nodes.len() as u32);
        let operands = node.operands.iter().map(|id| renamed[id.0 as usize]).collect();
        for &id in &node.results {
            let Value { ty, index, .. } = function.value(id);
            renamed[id.0 as usize] = ValueId(kept.values.len() as u32);
            kept.values.push(Value { ty: ty.clone(), node: place, index: *index });
        }
        let results = node.results.iter().map(|id| renamed[id.0 as usize]).collect();
        kept.nodes.push(Node { op: node.op.clone(), operands, results, location: node.location });
    }
    kept.parameters = function.parameters.iter().map(|id| renamed[id.0 as usize]).collect();
    kept.results = function.results.iter().map(|id| renamed[id.0 as usize]).collect();
    kept
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
