//! What crosses the edges of functions in nodes for nothing.
//!
//! * A result that nobody reads is dropped, with what only it needs: also a value that a loop carries for itself alone.
//! * A value that a loop carries unchanged is one of its constants. What comes out as it went in is what went in.
//! * An operand that a function does not use is dropped; one that comes twice comes once, and so does a result; a number
//!   goes inside, where passes can see it.

use super::super::simplify::rebuild;
use super::super::{dce, reads};
use super::flow::{Flow, Source, used};
use super::splat;
use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, Scan, ValueId, Values, While};
use rotrace_ir::{Dim, Scalar};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A result that nobody reads.
const UNREAD: ValueId = ValueId(u32::MAX);

pub fn trimmed(function: &Function) -> Function {
    let read = reads(function);
    rebuild(function, |builder, node, operands| {
        let Some(flow) = Flow::of(&node.op) else { return builder.copy(function, node, operands) };
        let read: Vec<bool> = node.results.iter().map(|id| read[id.0 as usize]).collect();
        if !read.contains(&true) {
            return Values::from_elem(UNREAD, read.len());
        }
        match Trim::of(builder.function(), &flow, node, operands, &read) {
            Some(trim) => trim.apply(builder, &flow, node, operands, &read),
            None => builder.copy(function, node, operands),
        }
    })
}

/// What a parameter becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    /// This one of the parameters that are left.
    Given(usize),
    /// A number everywhere.
    Number(Scalar),
    Unused,
}

/// What is left of a node.
struct Trim {
    wanted: Vec<bool>,
    /// The parameters that are left, by their former places: carried, scanned, constants.
    kept: [Vec<usize>; 3],
    arguments: Vec<Argument>,
}

impl Trim {
    /// `None` if all is needed.
    fn of(function: &Function, flow: &Flow, node: &Node, operands: &[ValueId], read: &[bool]) -> Option<Self> {
        let wanted = flow.wanted(&node.op, read);
        let used = used(&node.op, &wanted);
        let operands = &operands[flow.ahead..];
        let constants = flow.carried + flow.scanned;
        let carried = (0..flow.carried).filter(|&place| wanted[place]).collect();
        let unchanged = (0..flow.carried).filter(|&place| flow.is_unchanged(place));
        let scanned = (flow.carried..constants).filter(|&place| used[place]).collect();
        let constants = (constants..operands.len()).chain(unchanged).filter(|&place| used[place]).collect();
        let mut trim = Self { wanted, kept: [carried, scanned, constants], arguments: Vec::new() };
        trim.arguments = vec![Argument::Unused; operands.len()];
        let mut next = 0;
        for (group, places) in trim.kept.iter_mut().enumerate() {
            let mut known: FxHashMap<ValueId, usize> = FxHashMap::default();
            places.retain(|&place| {
                // What is carried begins with an operand, but is not it.
                let (number, twin) = match group {
                    0 => (None, None),
                    _ => (number(function, operands[place]), known.get(&operands[place])),
                };
                trim.arguments[place] = match (number, twin) {
                    (Some(number), _) => Argument::Number(number),
                    (None, Some(&twin)) => Argument::Given(twin),
                    (None, None) => Argument::Given(next),
                };
                let kept = trim.arguments[place] == Argument::Given(next);
                if kept {
                    known.insert(operands[place], next);
                    next += 1;
                }
                kept
            });
        }
        let as_before = trim.wanted.iter().all(|&wanted| wanted)
            && trim.arguments.iter().enumerate().all(|(place, &argument)| argument == Argument::Given(place));
        (!as_before).then_some(trim)
    }

    fn apply(
        &self,
        builder: &mut GraphBuilder,
        flow: &Flow,
        node: &Node,
        operands: &[ValueId],
        read: &[bool],
    ) -> Values {
        let parameters = &operands[flow.ahead..];
        let mut results = Values::from_elem(UNREAD, read.len());
        if self.wanted.contains(&true) {
            let kept = self.kept.iter().flatten().map(|&place| parameters[place]);
            let kept: Vec<ValueId> = operands[..flow.ahead].iter().copied().chain(kept).collect();
            let computed = builder.push_all(self.op(&node.op), &kept).expect("a part of what was well typed");
            let places = (0..read.len()).filter(|&place| self.wanted[place]);
            places.zip(computed).for_each(|(place, result)| results[place] = result);
        }
        for place in (0..read.len()).filter(|&place| read[place] && !self.wanted[place]) {
            results[place] = match (flow.sources[place], &node.op) {
                (Source::Operand(parameter), _) => parameters[parameter],
                (Source::Result(other), _) => results[other],
                (Source::Repeated(parameter), Op::Scan(scan)) => repeated(builder, parameters[parameter], scan.length),
                (Source::Repeated(_), other) => unreachable!("{} repeats nothing", other.name()),
                (Source::Computed, _) => unreachable!("what is read and computed is wanted"),
            };
        }
        results
    }

    fn op(&self, op: &Op) -> Op {
        let own = |function: &Function| self.function(function, &self.wanted);
        let [carried, scanned, _] = self.kept.each_ref().map(Vec::len);
        match op {
            Op::Call(function) => Op::Call(Arc::new(own(function))),
            Op::Checkpoint(function) => Op::Checkpoint(Arc::new(own(function))),
            Op::Switch(branches) => Op::Switch(branches.iter().map(own).collect()),
            Op::While(looped) => {
                let condition = self.function(&looped.condition, &[true]);
                Op::While(Arc::new(While { carried, bound: looped.bound, condition, body: own(&looped.body) }))
            }
            Op::Scan(scan) => Op::Scan(Arc::new(Scan { carried, scanned, body: own(&scan.body), ..(**scan).clone() })),
            other => unreachable!("{} has no functions that give its results", other.name()),
        }
    }

    /// A function behind the parameters that are left, with these of its results.
    fn function(&self, function: &Function, results: &[bool]) -> Function {
        let results = function.results.iter().zip(results).filter(|(_, wanted)| **wanted).map(|(&id, _)| id).collect();
        let function = dce(&Function { results, ..function.clone() });
        let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
        let mut given = Vec::new();
        for &place in self.kept.iter().flatten() {
            let ty = function.ty(function.parameters[place]).clone();
            given.push(builder.parameter(ty).expect("parameters come first"));
        }
        let argument = |(id, argument): (&ValueId, &Argument)| match *argument {
            Argument::Given(place) => given[place],
            Argument::Number(number) => splat(&mut builder, number, &function.ty(*id).shape),
            Argument::Unused => UNREAD,
        };
        let arguments: Vec<ValueId> = function.parameters.iter().zip(&self.arguments).map(argument).collect();
        let results = builder.inline(&function, &arguments);
        builder.finish(results)
    }
}

/// The number that a value is everywhere, if it is written as one.
pub fn number(function: &Function, id: ValueId) -> Option<Scalar> {
    let node = function.definition(id);
    let source = if let Op::Broadcast { .. } = node.op { function.definition(node.operands[0]) } else { node };
    match &source.op {
        Op::Constant(constant) if constant.shape.is_empty() => Some(constant.element(0)),
        _ => None,
    }
}

/// A value again and again along a new leading axis.
fn repeated(builder: &mut GraphBuilder, value: ValueId, length: Dim) -> ValueId {
    let own = &builder.function().ty(value).shape;
    let shape = [length].into_iter().chain(own.iter().copied()).collect();
    let axes = (1..=own.len()).collect();
    builder.push(Op::Broadcast { shape, axes }, &[value]).expect("one axis more")
}
