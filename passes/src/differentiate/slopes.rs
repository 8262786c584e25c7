//! Derivatives of functions of one value, taken forwards.
//!
//! Where a value is computed elementwise from one other value (its *source*) and from what does not vary, through any
//! number of operations, all that reverse mode needs is the derivative with respect to the source: its *slope*. Forward
//! mode computes that with one fused operation for each step of a polynomial, where pulling a cotangent back through
//! the steps takes three; and both sides of a select become one number.
//!
//! Where a select is passed by derivatives on one side only, its cotangent is multiplied by its slope and then selected too:
//! the slope is 0 where the other side is taken, but 0 would not stop a cotangent that is NaN.
//!
//! Slopes are ordinary values of the function, so that they can be differentiated again.

use super::Applied;
use super::emit::Emitter;
use super::jvp::tangent;
use super::partials::{Factor, Partial};
use super::vjp::flows;
use rotrace_ir::graph::{Function, Node, Op, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use smallvec::SmallVec;

/// For every value that is computed from one source: the source, and the slope where reverse mode asks for it.
pub(super) struct Slopes {
    sources: Vec<usize>,
    slopes: Vec<Option<ValueId>>,
    /// Where selects stop cotangents.
    stops: Vec<Option<Factor>>,
}

impl Slopes {
    /// Emits the slopes that reverse mode asks for. `primal` are the function's values in `e`.
    pub(super) fn of(e: &mut Emitter, function: &Function, varied: &[bool], primal: &[ValueId]) -> Self {
        let sources = sources(function, varied);
        let wanted = wanted(function, &sources);
        let mut slopes: Vec<Option<ValueId>> = vec![None; sources.len()];
        let mut stops = vec![None; sources.len()];
        for node in &function.nodes {
            let result = node.results[0].0 as usize;
            if !wanted[result] {
                continue;
            }
            e.builder.location = node.location;
            stops[result] = stop(function, node, varied, primal);
            let one = e.number(1.0, primal[sources[result]]);
            let slope_of = |&operand: &ValueId| {
                let operand = operand.0 as usize;
                if operand == sources[result] { Some(one) } else { slopes[operand].filter(|_| varied[operand]) }
            };
            let tangents: SmallVec<[_; 3]> = node.operands.iter().map(slope_of).collect();
            let operands: Values = node.operands.iter().map(|id| primal[id.0 as usize]).collect();
            let applied = Applied { op: &node.op, operands: &operands, result: primal[result] };
            slopes[result] = tangent(e, applied, &tangents);
        }
        e.builder.location = None;
        Self { sources, slopes, stops }
    }

    /// The source of a value and the derivative with respect to it, if it is computed from one.
    pub(super) fn get(&self, value: usize) -> Option<(usize, Partial)> {
        let factors = [Factor::Times(self.slopes[value]?)].into_iter().chain(self.stops[value]);
        Some((self.sources[value], factors.collect()))
    }
}

/// For every value its source; its own number if it has none.
fn sources(function: &Function, varied: &[bool]) -> Vec<usize> {
    let mut sources: Vec<usize> = (0..function.values.len()).collect();
    for node in &function.nodes {
        let result = node.results[0].0 as usize;
        let Op::Scalar(_) = node.op else { continue };
        let mut common = active(function, node, varied).map(|operand| sources[operand]);
        if varied[result]
            && let Some(first) = common.next()
            && common.all(|source| source == first)
        {
            drop(common);
            sources[result] = first;
        }
    }
    sources
}

/// What stops the cotangent of a select through one side of which no derivatives flow.
fn stop(function: &Function, node: &Node, varied: &[bool], primal: &[ValueId]) -> Option<Factor> {
    let mut sides = active(function, node, varied);
    let (Op::Scalar(ScalarOp::Select), Some(side), None) = (&node.op, sides.next(), sides.next()) else { return None };
    let [condition, taken] = [0, 1].map(|place| node.operands[place]);
    let condition = primal[condition.0 as usize];
    Some(if side == taken.0 as usize { Factor::Where(condition) } else { Factor::Unless(condition) })
}

/// The operands through which derivatives flow.
fn active<'a>(function: &'a Function, node: &'a Node, varied: &'a [bool]) -> impl Iterator<Item = usize> + 'a {
    let operands = node.operands.iter().enumerate();
    let active = operands.filter(|&(place, &operand)| {
        varied[operand.0 as usize] && flows(function, &node.op, place, operand, node.results[0])
    });
    active.map(|(_, operand)| operand.0 as usize)
}

/// Whether the slope of a value is needed: it has a source, and a result is it or a value with another source uses it,
/// or the slope of a value with the same source is needed that uses it.
fn wanted(function: &Function, sources: &[usize]) -> Vec<bool> {
    let mut wanted = vec![false; sources.len()];
    let has_source = |value: usize| sources[value] != value;
    for id in &function.results {
        wanted[id.0 as usize] = has_source(id.0 as usize);
    }
    for node in function.nodes.iter().rev() {
        let result = node.results[0].0 as usize;
        for operand in node.operands.iter().map(|id| id.0 as usize).filter(|&operand| has_source(operand)) {
            let inside = sources[operand] == sources[result];
            wanted[operand] |= !inside || wanted[result];
        }
    }
    wanted
}
