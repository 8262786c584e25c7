//! What crosses the edges of functions in nodes for nothing.
//!
//! * A result that nobody reads is dropped, with what only it needs: also a value that a loop carries for itself alone.
//! * A value that a loop carries unchanged is one of its constants.
//! * An operand that a function does not use is dropped; one that comes twice comes once; a number goes inside, where
//!   passes can see it.

use super::super::simplify::rebuild;
use super::super::{dce, reads};
use super::splat;
use rotrace_ir::Scalar;
use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, Scan, ValueId, Values, While};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A result that nobody reads.
const UNREAD: ValueId = ValueId(u32::MAX);

pub fn trimmed(function: &Function) -> Function {
    let read = reads(function);
    rebuild(function, |builder, node, operands| {
        let Some(groups) = Groups::of(&node.op) else { return builder.copy(function, node, operands) };
        let read: Vec<bool> = node.results.iter().map(|id| read[id.0 as usize]).collect();
        if !read.contains(&true) {
            return Values::from_elem(UNREAD, read.len());
        }
        match Trim::of(builder, &groups, node, operands, &read) {
            Some(trim) => trim.apply(builder, &groups, node, operands, &read),
            None => builder.copy(function, node, operands),
        }
    })
}

/// What the operands of a node with functions are.
struct Groups {
    /// How many are no parameters of its functions: the selector of a switch.
    ahead: usize,
    carried: usize,
    scanned: usize,
    /// Which of the carried ones no iteration changes.
    unchanged: Vec<bool>,
}

impl Groups {
    fn of(op: &Op) -> Option<Self> {
        let unchanged = |body: &Function, carried: usize| {
            let pairs = body.parameters.iter().zip(&body.results);
            pairs.take(carried).map(|(parameter, result)| parameter == result).collect()
        };
        let (ahead, carried, scanned, unchanged) = match op {
            Op::Call(_) | Op::Checkpoint(_) => (0, 0, 0, Vec::new()),
            Op::Switch(_) => (1, 0, 0, Vec::new()),
            Op::While(looped) => (0, looped.carried, 0, unchanged(&looped.body, looped.carried)),
            Op::Scan(scan) => (0, scan.carried, scan.scanned, unchanged(&scan.body, scan.carried)),
            _ => return None,
        };
        Some(Self { ahead, carried, scanned, unchanged })
    }

    /// Which results of the node's last function are wanted: those that are read, and carried values that another
    /// iteration needs for them.
    fn wanted(&self, op: &Op, read: &[bool]) -> Vec<bool> {
        let mut wanted: Vec<bool> = (0..read.len()).map(|place| read[place] && !self.is_unchanged(place)).collect();
        if !wanted.contains(&true) {
            return wanted;
        }
        loop {
            let used = used(op, &wanted);
            let needed = (0..self.carried).filter(|&place| used[place] && !self.unchanged[place] && !wanted[place]);
            let needed: Vec<usize> = needed.collect();
            if needed.is_empty() {
                return wanted;
            }
            needed.into_iter().for_each(|place| wanted[place] = true);
        }
    }

    fn is_unchanged(&self, place: usize) -> bool {
        self.unchanged.get(place).is_some_and(|&unchanged| unchanged)
    }
}

/// Which parameters the functions of an operation use for the wanted results, and a condition for its own.
fn used(op: &Op, wanted: &[bool]) -> Vec<bool> {
    let functions = op.functions();
    let mut used = vec![false; functions[0].parameters.len()];
    for (place, function) in functions.into_iter().enumerate() {
        let all = matches!(op, Op::While(_)) && place == 0;
        let mut live = vec![false; function.values.len()];
        let results = function.results.iter().enumerate().filter(|&(place, _)| all || wanted[place]);
        results.for_each(|(_, id)| live[id.0 as usize] = true);
        for node in function.nodes.iter().rev() {
            if node.results.iter().any(|id| live[id.0 as usize]) {
                node.operands.iter().for_each(|id| live[id.0 as usize] = true);
            }
        }
        used.iter_mut().zip(&function.parameters).for_each(|(used, id)| *used |= live[id.0 as usize]);
    }
    used
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
    fn of(builder: &GraphBuilder, groups: &Groups, node: &Node, operands: &[ValueId], read: &[bool]) -> Option<Self> {
        let wanted = groups.wanted(&node.op, read);
        let used = used(&node.op, &wanted);
        let operands = &operands[groups.ahead..];
        let mut kept = [Vec::new(), Vec::new(), Vec::new()];
        let mut arguments = vec![Argument::Unused; operands.len()];
        let constants = groups.carried + groups.scanned;
        let unchanged = (0..groups.carried).filter(|&place| groups.unchanged[place]);
        let carried = (0..groups.carried).filter(|&place| wanted[place]);
        let mut next = 0;
        for place in carried {
            kept[0].push(place);
            arguments[place] = Argument::Given(next);
            next += 1;
        }
        let groups: [Vec<usize>; 2] =
            [(groups.carried..constants).collect(), (constants..operands.len()).chain(unchanged).collect()];
        for (group, places) in groups.into_iter().enumerate() {
            let mut known: FxHashMap<ValueId, usize> = FxHashMap::default();
            for place in places.into_iter().filter(|&place| used[place]) {
                let operand = operands[place];
                arguments[place] = match (number(builder.function(), operand), known.get(&operand)) {
                    (Some(number), _) => Argument::Number(number),
                    (None, Some(&same)) => Argument::Given(same),
                    (None, None) => {
                        known.insert(operand, next);
                        kept[group + 1].push(place);
                        next += 1;
                        Argument::Given(next - 1)
                    }
                };
            }
        }
        let as_before = wanted.iter().all(|&wanted| wanted)
            && arguments.iter().enumerate().all(|(place, &argument)| argument == Argument::Given(place));
        (!as_before).then_some(Self { wanted, kept, arguments })
    }

    fn apply(
        &self,
        builder: &mut GraphBuilder,
        groups: &Groups,
        node: &Node,
        operands: &[ValueId],
        read: &[bool],
    ) -> Values {
        let new = if self.wanted.contains(&true) {
            let kept = self.kept.iter().flatten().map(|&place| operands[groups.ahead + place]);
            let kept: Vec<ValueId> = operands[..groups.ahead].iter().copied().chain(kept).collect();
            builder.push_all(self.op(&node.op), &kept).expect("a part of what was well typed")
        } else {
            Values::new()
        };
        let mut new = new.into_iter();
        let result = |place: usize| match self.wanted[place] {
            true => new.next().expect("one for each that is wanted"),
            false if read[place] => operands[place],
            false => UNREAD,
        };
        (0..read.len()).map(result).collect()
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
            other => unreachable!("{} has no groups of operands", other.name()),
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
fn number(function: &Function, id: ValueId) -> Option<Scalar> {
    let node = function.definition(id);
    let source = if let Op::Broadcast { .. } = node.op { function.definition(node.operands[0]) } else { node };
    match &source.op {
        Op::Constant(constant) if constant.shape.is_empty() => Some(constant.element(0)),
        _ => None,
    }
}
