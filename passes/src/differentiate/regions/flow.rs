//! Which results of a branch or loop, or of another operation that may have several, depend differentiably on which
//! operands, and which operands get a cotangent from which results. Zero is not the same as none: times an infinite slope
//! it is a NaN.

use super::super::vjp::{asked, varied};
use rotrace_ir::graph::{Function, Op, Scan};

/// For every result, whether it varies with the operands that do. `None` for an operation that has one result.
pub fn varied_results(op: &Op, operands: Vec<bool>) -> Option<Vec<bool>> {
    Some(match op {
        Op::Call(function) | Op::Checkpoint(function) => function_results(function, &operands),
        Op::Switch(branches) => branch_results(branches, &operands[1..]),
        Op::While(looped) => {
            let mut parameters = varied_in_loop(&looped.body, looped.carried, operands).parameters;
            parameters.truncate(looped.carried);
            parameters
        }
        Op::Scan(scan) => {
            let VariedInLoop { parameters, mut results } = varied_in_loop(&scan.body, scan.carried, operands);
            if !runs(scan) {
                results[..scan.carried].copy_from_slice(&parameters[..scan.carried]);
            }
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
        | Op::StopGradient => return None,
        Op::Custom(rule) => {
            let varied = operands.iter().enumerate().any(|(operand, &varied)| varied && rule.selects(operand));
            vec![varied; rule.values()]
        }
        Op::Native(native) => {
            let varied = operands.contains(&true);
            native.results.iter().map(|ty| varied && ty.dtype.is_float()).collect()
        }
    })
}

/// Whether a loop is known to have an iteration. What comes out of one that has none is what went in.
fn runs(scan: &Scan) -> bool {
    scan.length.as_fixed().is_some_and(|length| length > 0)
}

/// What varies in some iteration of a loop.
pub struct VariedInLoop {
    /// Which parameters of the body.
    pub parameters: Vec<bool>,
    /// Which results of the body.
    pub results: Vec<bool>,
}

/// What varies in a loop with these operands: what is carried varies as soon as one iteration made it. Both come of one
/// walk over the body where nothing spreads, so that a nest of loops is walked once and not twice for each of its loops.
pub fn varied_in_loop(body: &Function, carried: usize, mut parameters: Vec<bool>) -> VariedInLoop {
    loop {
        let results = function_results(body, &parameters);
        let mut settled = true;
        for place in 0..carried {
            settled &= parameters[place] || !results[place];
            parameters[place] |= results[place];
        }
        if settled {
            return VariedInLoop { parameters, results };
        }
    }
}

/// Which results vary in some branch.
pub fn branch_results(branches: &[Function], parameters: &[bool]) -> Vec<bool> {
    let all = branches.iter().map(|branch| function_results(branch, parameters));
    all.reduce(|all, own| all.into_iter().zip(own).map(|(a, b)| a || b).collect()).unwrap_or_default()
}

pub fn function_results(function: &Function, parameters: &[bool]) -> Vec<bool> {
    let varied = varied(function, parameters);
    function.results.iter().map(|id| varied[id.0 as usize]).collect()
}

/// For every operand, whether it gets a cotangent from the results that have one, where it varies. `None` as for
/// [`varied_results`].
pub fn asked_operands(op: &Op, varied: Vec<bool>, results: &[bool]) -> Option<Vec<bool>> {
    Some(match op {
        Op::Call(function) | Op::Checkpoint(function) => asked_parameters(function, &varied, results),
        Op::Switch(branches) => {
            let mut asked = vec![false; varied.len()];
            for branch in &**branches {
                let own = asked_parameters(branch, &varied[1..], results);
                asked[1..].iter_mut().zip(own).for_each(|(asked, own)| *asked |= own);
            }
            asked
        }
        Op::While(looped) => {
            let varied = varied_in_loop(&looped.body, looped.carried, varied).parameters;
            asked_in_loop(&looped.body, looped.carried, &varied, results.to_vec()).operands(true)
        }
        Op::Scan(scan) => {
            let varied = varied_in_loop(&scan.body, scan.carried, varied).parameters;
            asked_in_loop(&scan.body, scan.carried, &varied, results.to_vec()).operands(!runs(scan))
        }
        // The rule stands for what computes the values.
        Op::Custom(rule) => varied.iter().enumerate().map(|(place, &varied)| varied && rule.selects(place)).collect(),
        _ => return None,
    })
}

/// What has a cotangent in some iteration of a loop.
pub struct AskedInLoop {
    /// Which carried values.
    pub carried: Vec<bool>,
    /// Which results of the body.
    pub results: Vec<bool>,
    /// Which parameters of the body.
    pub parameters: Vec<bool>,
}

impl AskedInLoop {
    /// Which operands of the loop.
    fn operands(self, may_not_run: bool) -> Vec<bool> {
        let mut operands = self.parameters;
        operands.iter_mut().zip(self.carried).for_each(|(operand, carried)| *operand |= may_not_run && carried);
        operands
    }
}

/// What has a cotangent in a loop of which these results have one.
pub fn asked_in_loop(body: &Function, carried: usize, varied: &[bool], mut results: Vec<bool>) -> AskedInLoop {
    loop {
        let parameters = asked_parameters(body, varied, &results);
        let added: Vec<usize> = (0..carried).filter(|&place| parameters[place] && !results[place]).collect();
        if added.is_empty() {
            return AskedInLoop { carried: results[..carried].to_vec(), results, parameters };
        }
        added.into_iter().for_each(|place| results[place] = true);
    }
}

fn asked_parameters(function: &Function, parameters: &[bool], results: &[bool]) -> Vec<bool> {
    let asked = asked(function, &varied(function, parameters), results);
    function.parameters.iter().map(|id| asked[id.0 as usize]).collect()
}
