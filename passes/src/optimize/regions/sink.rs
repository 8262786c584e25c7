//! What is done with every element of a stack, done where the loop computes it.
//!
//! A stack that is only there to be multiplied by a number, or finished with `+ 0.0` as a gradient is, needs memory as large
//! as the result, and a trip through it. Only cheap operations with numbers go into the loop: what is dear runs better behind
//! it, in vectors and threads along the stack.

use super::super::simplify::rebuild;
use super::splat;
use super::trim::number;
use rotrace_ir::Scalar;
use rotrace_ir::graph::{Function, GraphBuilder, Location, NodeId, Op, Scan, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Takes cheap operations on elements of stacks into the loops that stack them.
pub fn sunk(function: &Function) -> Function {
    if !function.nodes.iter().any(|node| node.op.is_region()) {
        return function.clone();
    }
    let readers = Readers::of(function);
    // The changes of each loop, and of each operation that goes into one the operand that stays in its place.
    let mut loops: FxHashMap<NodeId, Vec<Change<'_>>> = FxHashMap::default();
    let mut replaced: FxHashMap<NodeId, usize> = FxHashMap::default();
    for node in &function.nodes {
        let Op::Scan(scan) = &node.op else { continue };
        for (place, &stack) in node.results.iter().enumerate().skip(scan.carried) {
            let steps = steps(function, &readers, stack);
            if !steps.is_empty() && is_free(&scan.body, place) {
                replaced.extend(steps.iter().map(|step| (step.node, step.own)));
                loops.entry(function.value(stack).node).or_default().push(Change { place, steps });
            }
        }
    }
    if loops.is_empty() {
        return function.clone();
    }
    rebuild(function, |builder, node, operands| {
        let id = function.value(node.results[0]).node;
        match (&node.op, loops.get(&id), replaced.get(&id)) {
            (Op::Scan(scan), Some(changes), _) => {
                let body = changes.iter().fold(scan.body.clone(), |body, change| change.apply(&body, change.place));
                let op = Op::Scan(Arc::new(Scan { body, ..(**scan).clone() }));
                builder.push_all(op, operands).expect("a loop with other slices")
            }
            (_, _, Some(&own)) => Values::from_elem(operands[own], 1),
            _ => builder.copy(function, node, operands),
        }
    })
}

/// What reads each value of a function.
struct Readers {
    /// How often it is read, results of the function included.
    times: Vec<u32>,
    /// The last node that does.
    last: Vec<Option<NodeId>>,
}

impl Readers {
    fn of(function: &Function) -> Self {
        let count = function.values.len();
        let mut readers = Self { times: vec![0; count], last: vec![None; count] };
        for node in &function.nodes {
            for &operand in &node.operands {
                readers.times[operand.0 as usize] += 1;
                readers.last[operand.0 as usize] = node.results.first().map(|&id| function.value(id).node);
            }
        }
        function.results.iter().for_each(|id| readers.times[id.0 as usize] += 1);
        readers
    }

    /// The only node that reads a value, once.
    fn only(&self, value: ValueId) -> Option<NodeId> {
        self.last[value.0 as usize].filter(|_| self.times[value.0 as usize] == 1)
    }
}

/// An operation on each element of a stack.
struct Step<'f> {
    node: NodeId,
    op: ScalarOp,
    /// Which operand the stack is.
    own: usize,
    /// The operands; nothing for the stack.
    operands: Vec<Option<Scalar>>,
    location: Option<(&'f str, Location)>,
}

/// All that is done with a stack before anything else is.
fn steps<'f>(function: &'f Function, readers: &Readers, stack: ValueId) -> Vec<Step<'f>> {
    let mut steps = Vec::new();
    let mut value = stack;
    while let Some(id) = readers.only(value) {
        let node = function.node(id);
        match node.op {
            Op::Reshape { .. } => {}
            Op::Scalar(op) if is_cheap(op) && op.is_core(function.ty(value).dtype) => {
                let operands: Vec<Option<Scalar>> = node.operands.iter().map(|&id| number(function, id)).collect();
                let own = node.operands.iter().position(|&id| id == value).unwrap_or(0);
                if operands.iter().filter(|operand| operand.is_none()).count() > 1 {
                    break;
                }
                let file = |location: Location| function.files.get(location.file as usize);
                let location = node.location.and_then(|location| Some((&**file(location)?, location)));
                steps.push(Step { node: id, op, own, operands, location });
            }
            _ => break,
        }
        value = node.results[0];
    }
    steps
}

/// Whether an operation costs no more than the trip through memory that it saves.
fn is_cheap(op: ScalarOp) -> bool {
    matches!(op, ScalarOp::Add | ScalarOp::Subtract | ScalarOp::Multiply | ScalarOp::Negative | ScalarOp::Fma)
}

/// Whether nobody but the loop around sees the slices that a body gives there: what a loop inside stacks is changed inside
/// of that.
fn is_free(body: &Function, place: usize) -> bool {
    let slice = body.results[place];
    match inner(body, slice) {
        Some((scan, place)) => Readers::of(body).times[slice.0 as usize] == 1 && is_free(&scan.body, place),
        None => true,
    }
}

/// The loop that stacks a value, and which of its results that is.
fn inner(function: &Function, value: ValueId) -> Option<(&Scan, usize)> {
    let place = function.value(value).index as usize;
    match &function.definition(value).op {
        Op::Scan(scan) if place >= scan.carried => Some((scan, place)),
        _ => None,
    }
}

/// Steps for a result of a body.
struct Change<'f> {
    place: usize,
    steps: Vec<Step<'f>>,
}

impl Change<'_> {
    /// The body with the steps behind one of its slices.
    fn apply(&self, body: &Function, place: usize) -> Function {
        let slice = body.results[place];
        if let Some((scan, inside)) = inner(body, slice) {
            let changed = self.apply(&scan.body, inside);
            let changed = Op::Scan(Arc::new(Scan { body: changed, ..scan.clone() }));
            return rebuild(body, |builder, node, operands| {
                if node.results.contains(&slice) {
                    builder.push_all(changed.clone(), operands).expect("a loop with other slices")
                } else {
                    builder.copy(body, node, operands)
                }
            });
        }
        let mut builder = GraphBuilder::new(body.name.clone(), body.dims.clone());
        let parameter = |ty| builder.parameter(ty).expect("parameters come first");
        let given: Vec<ValueId> = body.parameter_types().cloned().map(parameter).collect();
        let mut results = builder.inline(body, &given);
        for step in &self.steps {
            results[place] = step.emit(&mut builder, results[place]);
        }
        builder.finish(results)
    }
}

impl Step<'_> {
    fn emit(&self, builder: &mut GraphBuilder, slice: ValueId) -> ValueId {
        builder.location = self.location.map(|(file, location)| Location { file: builder.file(file), ..location });
        let shape = builder.function().ty(slice).shape.clone();
        let operand = |operand: &Option<Scalar>| operand.map_or(slice, |number| splat(builder, number, &shape));
        let operands: Vec<ValueId> = self.operands.iter().map(operand).collect();
        builder.push(Op::Scalar(self.op), &operands).expect("an operation on each element")
    }
}
