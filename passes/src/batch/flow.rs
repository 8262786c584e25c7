//! Which results of an operation have the axis, before it is emitted: loops have to know of what they carry.
//!
//! A function is *masked* if it runs for some rows only, as a branch does that not all rows take. Loops without bound run
//! in it for those rows, so that all that they carry depends on the row.

use rotrace_ir::graph::{Function, Op, Scan, While};

/// Whether an operation is, or has in it, a loop that might never end.
pub fn has_while(op: &Op) -> bool {
    matches!(op, Op::While(_)) || op.functions().into_iter().any(function_has_while)
}

/// Whether a function has in it a loop that might never end.
pub fn function_has_while(function: &Function) -> bool {
    function.nodes.iter().any(|node| has_while(&node.op))
}

/// Which results have the axis, for operands that have.
pub fn result_axes(op: &Op, operands: &[bool], masked: bool) -> Vec<bool> {
    match op {
        Op::Call(function) | Op::Checkpoint(function) => function_axes(function, operands, masked),
        Op::Switch(branches) => {
            let results = branches[0].results.len();
            if operands[0] {
                return vec![true; results];
            }
            let mut axes = vec![false; results];
            for branch in branches.iter() {
                let own = function_axes(branch, &operands[1..], masked);
                axes.iter_mut().zip(own).for_each(|(axis, own)| *axis |= own);
            }
            axes
        }
        Op::While(looped) => {
            let mut axes = while_axes(looped, operands, masked);
            axes.truncate(looped.carried);
            axes
        }
        Op::Scan(scan) => {
            let (parameters, mut results) = settled(&scan.body, scan.carried, operands.to_vec(), masked);
            results[..scan.carried].copy_from_slice(&parameters[..scan.carried]);
            results
        }
        Op::Native(native) => vec![operands.contains(&true); native.results.len()],
        Op::Custom(rule) => vec![operands.contains(&true) || masked && has_while(op); rule.values()],
        Op::Parameter { .. }
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::Scalar(_)
        | Op::Cast(_)
        | Op::Bitcast(_)
        | Op::Reshape { .. }
        | Op::Broadcast { .. }
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concatenate { .. }
        | Op::Reverse { .. }
        | Op::Reduce { .. }
        | Op::DotGeneral { .. }
        | Op::Take { .. }
        | Op::ScatterAdd { .. }
        | Op::StopGradient => vec![operands.contains(&true) || masked && has_while(op)],
    }
}

/// Which parameters of a loop's functions have the axis: if the condition depends on the row, all that is carried.
pub fn while_axes(looped: &While, operands: &[bool], masked: bool) -> Vec<bool> {
    let axes = settled(&looped.body, looped.carried, operands.to_vec(), masked).0;
    if !masked && !function_axes(&looped.condition, &axes, masked)[0] {
        return axes;
    }
    (0..axes.len()).map(|place| place < looped.carried || axes[place]).collect()
}

/// Which parameters of a loop's body have the axis.
pub fn scan_axes(scan: &Scan, operands: &[bool], masked: bool) -> Vec<bool> {
    settled(&scan.body, scan.carried, operands.to_vec(), masked).0
}

/// Which parameters and results of a loop's body have the axis: what is carried has it as soon as one iteration gave it.
fn settled(body: &Function, carried: usize, mut parameters: Vec<bool>, masked: bool) -> (Vec<bool>, Vec<bool>) {
    loop {
        let results = function_axes(body, &parameters, masked);
        let before = parameters.clone();
        parameters[..carried].iter_mut().zip(&results).for_each(|(axis, given)| *axis |= given);
        if parameters == before {
            return (parameters, results);
        }
    }
}

fn function_axes(function: &Function, parameters: &[bool], masked: bool) -> Vec<bool> {
    let mut axes = Vec::with_capacity(function.values.len());
    axes.extend_from_slice(parameters);
    for node in &function.nodes[function.parameters.len()..] {
        let operands: Vec<bool> = node.operands.iter().map(|id| axes[id.0 as usize]).collect();
        if operands.contains(&true) || masked && has_while(&node.op) {
            axes.extend(result_axes(&node.op, &operands, masked));
        } else {
            axes.resize(axes.len() + node.results.len(), false);
        }
    }
    function.results.iter().map(|id| axes[id.0 as usize]).collect()
}
