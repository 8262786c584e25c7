//! Loops, branches, native functions and large products: inside of a kernel, or as steps of the plan.
//!
//! A loop whose body keeps *lanes* apart is one kernel: its grid is over the leading axes that all carried values share, and
//! an iteration of it runs the whole loop with the short trailing axes in registers. What the body reads of scanned
//! arrays and constants may lie anywhere; what it carries it must read in its own lane. Loops that hand stacks to each
//! other share a kernel. Every other loop is a step of the plan that runs a plan of its body, which is always possible.

mod demand;
mod join;
mod rows;
mod step;

pub(super) use demand::demands;
pub(super) use join::joined;
pub(super) use rows::wishes;
pub(super) use step::step;

use super::domain::{MOST_UNROLLED, is_unrolled};
use rotrace_ir::Dim;
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::{Function, Node, NodeId, Op, Scan, ValueId};
use rotrace_ir::kernel::{Affine, IndexId};
use smallvec::SmallVec;

/// Whether a node runs functions: its own, or what is not of the IR. A product of matrices that is left after
/// [`decompose`](super::decompose) is for a library.
pub(super) fn is_region(node: &Node) -> bool {
    node.op.is_region() || matches!(node.op, Op::Native(_) | Op::DotGeneral { .. })
}

/// How many results come first that are no stacks.
pub(super) fn direct_results(node: &Node) -> usize {
    match &node.op {
        Op::Scan(scan) => scan.carried,
        // Stacks of loops that share a kernel come last.
        Op::Call(called) => called.results.iter().take_while(|&&result| !is_stack(called, result)).count(),
        _ => node.results.len(),
    }
}

/// Whether a value is what a loop stacked.
pub(super) fn is_stack(function: &Function, value: ValueId) -> bool {
    let index = function.value(value).index as usize;
    index >= direct_results(function.definition(value))
}

/// How many axes of a value are ahead of its lanes: one for each loop that stacked it.
pub(super) fn times(function: &Function, value: ValueId) -> usize {
    let index = function.value(value).index as usize;
    match &function.definition(value).op {
        Op::Scan(scan) if is_stack(function, value) => 1 + times(&scan.body, scan.body.results[index]),
        Op::Call(called) => times(called, called.results[index]),
        _ => 0,
    }
}

/// The leading sizes that everything a loop or branch carries and gives has in common, if the other axes of it all can be
/// unrolled.
pub(super) fn lanes(function: &Function, node: NodeId) -> Option<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    let node = function.node(node);
    match &node.op {
        Op::Scan(scan) => {
            let (carried, slices) = scan.body.results.split_at(scan.carried);
            shapes.extend(carried.iter().map(|&id| scan.body.ty(id).shape.clone()));
            for &slice in slices {
                shapes.push(lane_shape(&scan.body, slice)?);
            }
        }
        Op::Call(called) => {
            for &result in &called.results {
                shapes.push(lane_shape(called, result)?);
            }
        }
        Op::While(looped) => shapes.extend(looped.body.result_types().map(|ty| ty.shape.clone())),
        Op::Switch(branches) => shapes.extend(branches[0].result_types().map(|ty| ty.shape.clone())),
        _ => return None,
    }
    let mut unrolled = 0_u64;
    let mut common: Option<Shape> = None;
    for shape in shapes {
        let (count, elements) = leading(&shape);
        let own = Shape::from_slice(&shape[..count]);
        unrolled = unrolled.saturating_add(elements);
        if common.get_or_insert_with(|| own.clone()) != &own {
            return None;
        }
    }
    common.filter(|_| unrolled <= MOST_UNROLLED)
}

/// The shape that a result of a body has at one moment: the lanes, for what a loop inside stacks.
fn lane_shape(body: &Function, result: ValueId) -> Option<Shape> {
    if is_stack(body, result) { lanes(body, body.value(result).node) } else { Some(body.ty(result).shape.clone()) }
}

/// How many leading axes are not unrolled, and how many elements the others have.
fn leading(shape: &Shape) -> (usize, u64) {
    let mut elements = 1_u64;
    for (axis, &dim) in shape.iter().enumerate().rev() {
        let next = dim.as_fixed().filter(|_| is_unrolled(dim)).map(|size| elements * size.max(1));
        match next.filter(|&next| next <= MOST_UNROLLED) {
            Some(next) => elements = next,
            None => return (axis + 1, elements),
        }
    }
    (0, elements)
}

/// The place of an iteration along the axis of a loop.
pub(super) fn time(scan: &Scan, index: IndexId) -> Affine {
    if !scan.reverse {
        return Affine::index(index);
    }
    let last = Dim { constant: scan.length.constant - 1, ..scan.length };
    Affine { terms: SmallVec::from_slice(&[(index, -1)]), offset: last }
}
