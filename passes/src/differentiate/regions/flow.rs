//! Which results of a branch or loop, or of another operation that may have several, depend differentiably on which
//! operands.

use super::super::vjp::varied;
use rotrace_ir::graph::{Function, Op};

/// For every result, whether it varies with the operands that do. `None` for an operation that has one result.
pub fn varied_results(op: &Op, operands: Vec<bool>) -> Option<Vec<bool>> {
    Some(match op {
        Op::Call(function) | Op::Checkpoint(function) => function_results(function, &operands),
        Op::Switch(branches) => {
            let all = branches.iter().map(|branch| function_results(branch, &operands[1..]));
            all.reduce(|all, own| all.into_iter().zip(own).map(|(a, b)| a || b).collect()).unwrap_or_default()
        }
        Op::While(looped) => varied_carried(&looped.body, looped.carried, operands),
        Op::Scan(scan) => {
            let parameters = varied_parameters(&scan.body, scan.carried, operands);
            let mut results = function_results(&scan.body, &parameters);
            results[..scan.carried].copy_from_slice(&parameters[..scan.carried]);
            results
        }
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
        | Op::Custom(_)
        | Op::StopGradient => return None,
        Op::Native(native) => {
            let varied = operands.contains(&true);
            native.results.iter().map(|ty| varied && ty.dtype.is_float()).collect()
        }
    })
}

/// Which parameters of a loop's body vary, in some iteration: what is carried varies as soon as one iteration made it.
pub fn varied_parameters(body: &Function, carried: usize, mut parameters: Vec<bool>) -> Vec<bool> {
    loop {
        let results = function_results(body, &parameters);
        let mut settled = true;
        for place in 0..carried {
            settled &= parameters[place] || !results[place];
            parameters[place] |= results[place];
        }
        if settled {
            return parameters;
        }
    }
}

fn varied_carried(body: &Function, carried: usize, operands: Vec<bool>) -> Vec<bool> {
    let mut parameters = varied_parameters(body, carried, operands);
    parameters.truncate(carried);
    parameters
}

pub fn function_results(function: &Function, parameters: &[bool]) -> Vec<bool> {
    let varied = varied(function, parameters);
    function.results.iter().map(|id| varied[id.0 as usize]).collect()
}
