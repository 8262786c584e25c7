//! Loops that hand stacks to each other, as one kernel.
//!
//! The way back of a derivative reads what the way there stacked. In kernels of their own the stacks of all lanes lie in memory at
//! once, far from the arithmetic; in one kernel a lane goes there and back before the next one begins, and its stacks are scratch
//! memory that stays in the cache and that the next lane uses again. The loops become the body of a call, which is emitted in
//! place. Rejected: emitting several nodes of the kernel's function as one group, where every step from here to the
//! kernel would ask which values are the group's own.

use super::{demands, is_stack};
use rotrace_ir::graph::{Function, GraphBuilder, Node, NodeId, Op, ValueId, Values};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The function with calls in place of loops that can share a kernel.
pub(in super::super) fn joined(mut function: Function) -> Function {
    loop {
        let next = pairs(&function).find_map(|(first, second)| Join::of(&function, first, second));
        match next {
            Some(next) => function = next,
            None => return function,
        }
    }
}

/// Loops, or calls of some, of which the second reads stacks of the first.
fn pairs(function: &Function) -> impl Iterator<Item = (NodeId, NodeId)> {
    let looped = |node: &&Node| matches!(node.op, Op::Scan(_) | Op::Call(_));
    function.nodes.iter().filter(looped).flat_map(move |node| {
        let second = function.value(node.results[0]).node;
        let stacks = node.operands.iter().filter(move |&&id| {
            matches!(function.definition(id).op, Op::Scan(_) | Op::Call(_)) && is_stack(function, id)
        });
        stacks.map(move |&id| (function.value(id).node, second))
    })
}

/// What becomes one call: two nodes, and what leads from the first to the second.
struct Join<'a> {
    function: &'a Function,
    second: NodeId,
    /// Of each node, whether it is inside.
    inside: Vec<bool>,
    /// Of each node, whether it needs the first.
    later: Vec<bool>,
}

impl<'a> Join<'a> {
    /// The function with both in one call, if a kernel can run that.
    fn of(function: &'a Function, first: NodeId, second: NodeId) -> Option<Function> {
        let operands = |node: usize| function.nodes[node].operands.iter().map(|&id| function.value(id).node.0 as usize);
        let mut later = vec![false; function.nodes.len()];
        later[first.0 as usize] = true;
        for node in first.0 as usize + 1..later.len() {
            later[node] = operands(node).any(|operand| later[operand]);
        }
        let mut inside = vec![false; function.nodes.len()];
        inside[second.0 as usize] = true;
        for node in (first.0 as usize..=second.0 as usize).rev().filter(|&node| later[node]) {
            if inside[node] {
                operands(node).filter(|&operand| later[operand]).for_each(|operand| inside[operand] = true);
            }
        }
        Self { function, second, inside, later }.apply()
    }

    fn apply(&self) -> Option<Function> {
        let (body, given) = self.body();
        let results = self.results();
        let mut builder = self.builder();
        let mut renamed = vec![ValueId(u32::MAX); self.function.values.len()];
        self.copy(&mut builder, &mut renamed, |node| !self.later[node]);
        builder.location = self.function.node(self.second).location;
        let arguments: Vec<ValueId> = given.iter().map(|id| renamed[id.0 as usize]).collect();
        let call = NodeId(builder.function().nodes.len() as u32);
        let called = builder.push_all(Op::Call(Arc::new(body)), &arguments).expect("a part of what was well typed");
        demands(builder.function(), call)?;
        results.iter().zip(called).for_each(|(id, result)| renamed[id.0 as usize] = result);
        self.copy(&mut builder, &mut renamed, |node| self.later[node] && !self.inside[node]);
        Some(builder.finish(self.function.results.iter().map(|id| renamed[id.0 as usize]).collect()))
    }

    /// For a function with the same names.
    fn builder(&self) -> GraphBuilder {
        let mut builder = GraphBuilder::new(self.function.name.clone(), self.function.dims.clone());
        for file in &self.function.files {
            builder.file(file);
        }
        builder
    }

    /// Appends some of the function's nodes.
    fn copy(&self, builder: &mut GraphBuilder, renamed: &mut [ValueId], which: impl Fn(usize) -> bool) {
        for (place, node) in self.function.nodes.iter().enumerate().filter(|&(place, _)| which(place)) {
            builder.location = node.location;
            let operands: Values = node.operands.iter().map(|id| renamed[id.0 as usize]).collect();
            let results = match &node.op {
                Op::Parameter { ty, .. } => {
                    Values::from_elem(builder.parameter(ty.clone()).expect("parameters come first"), 1)
                }
                // Those made here before.
                Op::Call(called) if self.inside[place] => builder.inline(called, &operands).into(),
                _ => builder.copy(self.function, node, &operands),
            };
            node.results.iter().zip(results).for_each(|(id, result)| renamed[id.0 as usize] = result);
        }
    }

    /// What is inside as a function, and the values that it takes.
    fn body(&self) -> (Function, Vec<ValueId>) {
        let mut builder = self.builder();
        let mut renamed = vec![ValueId(u32::MAX); self.function.values.len()];
        let mut given = Vec::new();
        for &id in self.nodes().flat_map(|node| &node.operands) {
            if !self.is_inside(id) && renamed[id.0 as usize] == ValueId(u32::MAX) {
                renamed[id.0 as usize] =
                    builder.parameter(self.function.ty(id).clone()).expect("parameters come first");
                given.push(id);
            }
        }
        self.copy(&mut builder, &mut renamed, |node| self.inside[node]);
        (builder.finish(self.results().iter().map(|id| renamed[id.0 as usize]).collect()), given)
    }

    fn nodes(&self) -> impl Iterator<Item = &'a Node> {
        self.function.nodes.iter().zip(&self.inside).filter(|(_, inside)| **inside).map(|(node, _)| node)
    }

    fn is_inside(&self, id: ValueId) -> bool {
        self.inside[self.function.value(id).node.0 as usize]
    }

    /// The values inside that are read outside, stacks last.
    fn results(&self) -> Vec<ValueId> {
        let outside = self.function.nodes.iter().zip(&self.inside).filter(|(_, inside)| !**inside);
        let read = outside.flat_map(|(node, _)| &node.operands).chain(&self.function.results);
        let inside = read.filter(|id| self.is_inside(**id));
        let ordered: BTreeSet<(bool, ValueId)> = inside.map(|&id| (is_stack(self.function, id), id)).collect();
        ordered.into_iter().map(|(_, id)| id).collect()
    }
}
