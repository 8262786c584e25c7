//! Local rewrites, each exact on every value: signed zeros, infinities and NaNs included (NaN payloads aside).
//!
//! So `x * 1`, `x - 0` and `x + (-0.0)` are `x`, but `x + 0` is not (-0.0 becomes 0), nor is `x * 0` zero, and nothing is
//! reassociated. Derivatives use -0.0 for the zeros that they introduce, and the rules of [`pieces`] turn sums of parts
//! padded with it into concatenations.
//!
//! One walk over the nodes; operands are simplified before their users, so that rules look one or two nodes deep.

mod movement;
mod pieces;
mod scalar;

use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, ValueId, Values};
use rotrace_ir::{DType, Scalar, Shape, Type};
use smallvec::smallvec;
use std::sync::Arc;

/// Applies the local rewrites once, in one walk.
#[must_use]
pub fn simplify(function: &Function) -> Function {
    let mut splats = Vec::with_capacity(function.values.len());
    rebuild(function, |builder, node, operands| {
        let mut simplifier = Simplifier { builder, splats: &mut splats, depth: 0 };
        match simplifier.simplest(&node.op, operands) {
            Rewrite::Keep => builder.copy(function, node, operands),
            Rewrite::Value(value) => smallvec![value],
            Rewrite::Node(op, operands) => smallvec![simplifier.push(op, &operands)],
            Rewrite::First(count) => operands[..count].into(),
            Rewrite::Inline(called) => builder.inline(&called, operands).into(),
        }
    })
}

/// Rebuilds a function node by node, parameters and source lines kept; `emit` gives the new values of each other node
/// from its new operands.
pub(crate) fn rebuild(
    function: &Function,
    mut emit: impl FnMut(&mut GraphBuilder, &Node, &Values) -> Values,
) -> Function {
    let mut builder = GraphBuilder::new(function.name.clone(), function.dims.clone());
    builder.reserve(function.nodes.len());
    for file in &function.files {
        builder.file(file);
    }
    let mut renamed: Vec<ValueId> = Vec::with_capacity(function.values.len());
    for node in &function.nodes {
        builder.location = node.location;
        if let Op::Parameter { ty, .. } = &node.op {
            renamed.push(builder.parameter(ty.clone()).expect("parameters come first"));
            continue;
        }
        let operands: Values = node.operands.iter().map(|id| renamed[id.0 as usize]).collect();
        renamed.extend(emit(&mut builder, node, &operands));
    }
    builder.finish(function.results.iter().map(|id| renamed[id.0 as usize]).collect())
}

/// What a rule makes of a node.
enum Rewrite {
    /// Nothing: no rule applies.
    Keep,
    /// An existing value.
    Value(ValueId),
    /// Another node, to be simplified again.
    Node(Op, Values),
    /// The first operands, one for each result.
    First(usize),
    /// The nodes of a function that is called.
    Inline(Arc<Function>),
}

/// How often a node is rewritten before it is taken as it is; rules make nodes smaller, so that few need more than two.
const ROUNDS: usize = 8;

/// How deeply rules may emit nodes that are simplified by rules that emit nodes.
const DEPTH: usize = 16;

struct Simplifier<'a> {
    builder: &'a mut GraphBuilder,
    /// For the values so far, the number that all their elements are, if known.
    splats: &'a mut Vec<Option<Scalar>>,
    depth: usize,
}

impl Simplifier<'_> {
    /// Appends a node in its simplest form.
    fn emit(&mut self, op: Op, operands: Values) -> ValueId {
        match self.simplest(&op, &operands) {
            Rewrite::Keep => self.push(op, &operands),
            Rewrite::Value(value) => value,
            Rewrite::Node(op, operands) => self.push(op, &operands),
            Rewrite::First(_) | Rewrite::Inline(_) => unreachable!("rules emit nodes with one result"),
        }
    }

    /// What all rules together make of a node.
    fn simplest(&mut self, op: &Op, operands: &Values) -> Rewrite {
        if self.depth == DEPTH {
            return Rewrite::Keep;
        }
        self.depth += 1;
        let mut simplest = self.rules(op, operands);
        for _ in 1..ROUNDS {
            let Rewrite::Node(op, operands) = &simplest else { break };
            match self.rules(op, operands) {
                Rewrite::Keep => break,
                next => simplest = next,
            }
        }
        self.depth -= 1;
        simplest
    }

    fn push(&mut self, op: Op, operands: &[ValueId]) -> ValueId {
        match self.builder.push(op, operands) {
            Ok(value) => value,
            Err(violation) => unreachable!("rewrites keep nodes well typed: {violation}"),
        }
    }

    fn rules(&mut self, op: &Op, operands: &Values) -> Rewrite {
        match op {
            Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } | Op::DotGeneral { .. } => Rewrite::Keep,
            Op::Scalar(scalar) => self.scalar(*scalar, operands),
            Op::Cast(dtype) => self.cast(*dtype, operands[0]),
            Op::Bitcast(dtype) => self.bitcast(*dtype, operands[0]),
            Op::Reshape { .. }
            | Op::Broadcast { .. }
            | Op::Transpose { .. }
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Concatenate { .. }
            | Op::Reverse { .. }
            | Op::Take { .. } => self.movement(op, operands),
            Op::Reduce { kind, axes } => self.reduce(*kind, axes, operands[0]),
            // What is compiled is not differentiated any more.
            Op::Custom(rule) => Rewrite::First(rule.values()),
            Op::StopGradient => Rewrite::Value(operands[0]),
            Op::Call(function) => Rewrite::Inline(Arc::clone(function)),
            // Inlined, a checkpoint would be found to compute what is known. See `regions` for the others.
            Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) | Op::Native(_) => Rewrite::Keep,
            Op::ScatterAdd { axis, indices, size } => {
                // One element each, whose sum is that element bit for bit.
                if is_count(indices, *size) && self.ty(operands[0]).shape[*axis].as_fixed() == Some(*size) {
                    return Rewrite::Value(operands[0]);
                }
                Rewrite::Keep
            }
        }
    }

    fn ty(&self, value: ValueId) -> &Type {
        self.builder.function().ty(value)
    }

    fn definition(&self, value: ValueId) -> &Node {
        self.builder.function().definition(value)
    }

    /// The number that all elements of a value are, if it is known.
    fn splat_of(&mut self, value: ValueId) -> Option<Scalar> {
        // Values are appended by this pass alone, so that what is missing is at the end.
        for id in self.splats.len()..=value.0 as usize {
            let node = self.builder.function().definition(ValueId(id as u32));
            let known = |operand: &ValueId| self.splats[operand.0 as usize];
            let splat = match &node.op {
                Op::Constant(constant) => constant.splat(),
                Op::Reshape { .. }
                | Op::Broadcast { .. }
                | Op::Transpose { .. }
                | Op::Slice { .. }
                | Op::Reverse { .. }
                | Op::Take { .. } => known(&node.operands[0]),
                Op::Pad { .. } | Op::Concatenate { .. } => {
                    known(&node.operands[0]).filter(|first| node.operands.iter().all(|id| known(id) == Some(*first)))
                }
                Op::Parameter { .. }
                | Op::Iota { .. }
                | Op::Scalar(_)
                | Op::Cast(_)
                | Op::Bitcast(_)
                | Op::Reduce { .. }
                | Op::DotGeneral { .. }
                | Op::ScatterAdd { .. } => None,
                Op::StopGradient => known(&node.operands[0]),
                Op::Custom(_) => {
                    known(&node.operands[self.builder.function().value(ValueId(id as u32)).index as usize])
                }
                Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) | Op::Native(_) => None,
            };
            self.splats.push(splat);
        }
        self.splats[value.0 as usize]
    }

    /// Whether all elements are this number, bit for bit.
    fn is(&mut self, value: ValueId, number: f64) -> bool {
        let dtype = self.ty(value).dtype;
        self.splat_of(value) == Some(Scalar::from_f64(dtype, number))
    }

    /// Whether adding the value changes no bit: -0.0 for floats, 0 for integers.
    fn is_neutral(&mut self, value: ValueId) -> bool {
        let dtype = self.ty(value).dtype;
        dtype != DType::Bool && self.is(value, if dtype.is_float() { -0.0 } else { 0.0 })
    }

    /// An array of one number.
    fn splat(&mut self, value: Scalar, shape: &Shape) -> ValueId {
        let number = self.push(Op::constant(value), &[]);
        if shape.is_empty() {
            return number;
        }
        self.push(Op::Broadcast { shape: shape.clone(), axes: Vec::new() }, &[number])
    }
}

/// Whether the indices are `0, 1, ..., size - 1`.
fn is_count(indices: &[u64], size: u64) -> bool {
    indices.len() as u64 == size && indices.iter().zip(0..).all(|(&index, place)| index == place)
}
