//! Rewrites structural operations into the few that [`super`] lowers, by their definitions.
//!
//! Afterwards there is no `dot_general` but for libraries, every `reduce` and `pad` is over one axis, and every index list is short. All
//! rewrites are what the graph IR's specification says the operation *means*, so no bit changes. Named dimensions that a
//! kernel would take for a loop index get another name.

use super::domain::LONGEST_UNROLLED;
use super::matmul::Axes;
use super::{Options, matmul};
use rotrace_ir::dim::{Dim, Shape, Type};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, Reduction, Scan, ValueId, Values, While};
use rotrace_ir::scalar::ScalarOp;
use std::sync::Arc;

/// The function with every `dot_general`, multi-axis `reduce`, multi-axis `pad` and long index list replaced; large
/// products are kept if the options say so.
pub(super) fn decompose(function: &Function, options: Options) -> Result<Function, Violation> {
    let mut rewriter = Rewriter {
        builder: GraphBuilder::new(function.name.clone(), kernel_dims(&function.dims)),
        renamed: Vec::with_capacity(function.values.len()),
        options,
    };
    rewriter.builder.reserve(function.nodes.len());
    for file in &function.files {
        rewriter.builder.file(file);
    }
    for node in &function.nodes {
        rewriter.node(function, node).map_err(|violation| with_place(violation, function, node))?;
    }
    let results = function.results.iter().map(|&id| rewriter.renamed[id.0 as usize]).collect();
    Ok(rewriter.builder.finish(results))
}

/// Adds the user's line to a message.
fn with_place(violation: Violation, function: &Function, node: &Node) -> Violation {
    let Some(location) = node.location else { return violation };
    Violation { message: format!("{}: {}", function.display_location(location), violation.message), ..violation }
}

/// The names, with underscores behind those that stand for loop indices in kernels (`i0`, `i1`, ...).
fn kernel_dims(names: &[String]) -> Vec<String> {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let is_index = |name: &str| name.strip_prefix('i').is_some_and(digits);
    let mut dims = names.to_vec();
    for place in 0..dims.len() {
        if is_index(&dims[place]) {
            let mut name = format!("{}_", dims[place]);
            while dims.contains(&name) {
                name.push('_');
            }
            dims[place] = name;
        }
    }
    dims
}

pub(super) struct Rewriter {
    pub(super) builder: GraphBuilder,
    /// The new value of every old one; old values are numbered in order of definition.
    renamed: Vec<ValueId>,
    options: Options,
}

impl Rewriter {
    fn node(&mut self, function: &Function, node: &Node) -> Result<(), Violation> {
        self.builder.location = node.location;
        let operands: Values = node.operands.iter().map(|id| self.renamed[id.0 as usize]).collect();
        match &node.op {
            Op::Parameter { ty, .. } => {
                let value = self.builder.parameter(ty.clone())?;
                self.renamed.push(value);
            }
            Op::DotGeneral { batch, contract } => {
                let value = self.dot_general(operands[0], operands[1], batch, contract)?;
                self.renamed.push(value);
            }
            Op::Reduce { kind, axes } => {
                let value = self.reduce(operands[0], *kind, axes)?;
                self.renamed.push(value);
            }
            Op::Pad { low, high, interior } => {
                let value = self.pad(operands[0], operands[1], low, high, interior)?;
                self.renamed.push(value);
            }
            Op::Take { axis, indices } => {
                let value = self.take(operands[0], *axis, indices)?;
                self.renamed.push(value);
            }
            Op::ScatterAdd { axis, indices, size } if is_long(indices.len() as u64) || is_long(*size) => {
                let value = self.long_scatter_add(operands[0], *axis, indices, *size)?;
                self.renamed.push(value);
            }
            Op::Custom(rule) => self.renamed.extend_from_slice(&operands[..rule.values()]),
            Op::StopGradient => self.renamed.push(operands[0]),
            Op::Call(called) | Op::Checkpoint(called) => {
                let called = decompose(called, self.options)?;
                self.renamed.extend(self.builder.inline(&called, &operands));
            }
            Op::Switch(branches) => {
                let branches =
                    branches.iter().map(|branch| decompose(branch, self.options)).collect::<Result<_, _>>()?;
                self.region(Op::Switch(branches), &operands)?;
            }
            Op::While(looped) => {
                let (condition, body) =
                    (decompose(&looped.condition, self.options)?, decompose(&looped.body, self.options)?);
                self.region(Op::While(Arc::new(While { condition, body, ..(**looped).clone() })), &operands)?;
            }
            Op::Scan(scan) => {
                let body = decompose(&scan.body, self.options)?;
                self.region(Op::Scan(Arc::new(Scan { body, ..(**scan).clone() })), &operands)?;
            }
            _ => self.renamed.extend(self.builder.copy(function, node, &operands)),
        }
        Ok(())
    }

    fn region(&mut self, op: Op, operands: &[ValueId]) -> Result<(), Violation> {
        self.renamed.extend(self.builder.push_all(op, operands)?);
        Ok(())
    }

    pub(super) fn ty(&self, id: ValueId) -> Type {
        self.builder.function().ty(id).clone()
    }

    pub(super) fn take(&mut self, operand: ValueId, axis: usize, indices: &Arc<[u64]>) -> Result<ValueId, Violation> {
        if is_long(indices.len() as u64) {
            return self.long_take(operand, axis, indices);
        }
        self.builder.push(Op::Take { axis, indices: indices.clone() }, &[operand])
    }

    /// One axis at a time, the last one first.
    pub(super) fn reduce(&mut self, operand: ValueId, kind: Reduction, axes: &[usize]) -> Result<ValueId, Violation> {
        axes.iter()
            .rev()
            .try_fold(operand, |value, &axis| self.builder.push(Op::Reduce { kind, axes: vec![axis] }, &[value]))
    }

    fn pad(
        &mut self,
        operand: ValueId,
        fill: ValueId,
        low: &[u64],
        high: &[u64],
        interior: &[u64],
    ) -> Result<ValueId, Violation> {
        let rank = low.len();
        let mut value = operand;
        for axis in 0..rank {
            let mut between = interior[axis];
            match self.ty(value).shape[axis].as_fixed() {
                // There is nothing between fewer than two elements.
                None | Some(0 | 1) => between = 0,
                Some(size) if is_long(between) => {
                    value = self.spaced(value, fill, axis, size, between)?;
                    between = 0;
                }
                Some(_) => {}
            }
            if low[axis] == 0 && high[axis] == 0 && between == 0 {
                continue;
            }
            let only = |amount: u64| (0..rank).map(|other| if other == axis { amount } else { 0 }).collect();
            let pad = Op::Pad { low: only(low[axis]), high: only(high[axis]), interior: only(between) };
            value = self.builder.push(pad, &[value, fill])?;
        }
        Ok(value)
    }

    /// Many fills between the elements along an axis: fills behind each element, but the last.
    fn spaced(
        &mut self,
        value: ValueId,
        fill: ValueId,
        axis: usize,
        size: u64,
        between: u64,
    ) -> Result<ValueId, Violation> {
        let mut shape = self.ty(value).shape;
        let rank = shape.len();
        shape.insert(axis + 1, Dim::fixed(1));
        let apart = self.builder.push(Op::Reshape { shape: shape.clone() }, &[value])?;
        let mut high = vec![0; rank + 1];
        high[axis + 1] = between;
        let filled = Op::Pad { low: vec![0; rank + 1], high, interior: vec![0; rank + 1] };
        let filled = self.builder.push(filled, &[apart, fill])?;
        shape.remove(axis + 1);
        shape[axis] = Dim::fixed(size.saturating_mul(between.saturating_add(1)));
        let joined = self.builder.push(Op::Reshape { shape: shape.clone() }, &[filled])?;
        shape[axis] = Dim::fixed((size - 1) * between + size);
        self.builder.push(Op::Slice { start: vec![0; rank], limit: shape, step: vec![1; rank] }, &[joined])
    }

    fn dot_general(
        &mut self,
        left: ValueId,
        right: ValueId,
        batch: &[(usize, usize)],
        contract: &[(usize, usize)],
    ) -> Result<ValueId, Violation> {
        let (left_ty, right_ty) = (self.ty(left), self.ty(right));
        let [left_axes, right_axes] = Axes::of([&left_ty, &right_ty], (batch, contract));
        if self.options.library_products && matmul::is_large([&left_ty, &right_ty], [&left_axes, &right_axes]) {
            return matmul::arranged(&mut self.builder, [left, right], [left_axes, right_axes]);
        }
        // The product's axes: batch, left free, right free, contracted.
        let mut shape: Shape = left_axes.dims(&left_ty, &left_axes.batch);
        shape.extend(left_axes.dims(&left_ty, &left_axes.free));
        shape.extend(right_axes.dims(&right_ty, &right_axes.free));
        let contracted_from = shape.len();
        shape.extend(left_axes.dims(&left_ty, &left_axes.contract));
        let left_from = batch.len();
        let right_from = left_from + left_axes.free.len();
        let left = self.spread(left, &left_axes, left_from, contracted_from, &shape)?;
        let right = self.spread(right, &right_axes, right_from, contracted_from, &shape)?;
        let product = self.builder.push(Op::Scalar(ScalarOp::Multiply), &[left, right])?;
        let axes: Vec<usize> = (contracted_from..shape.len()).collect();
        self.reduce(product, Reduction::Sum, &axes)
    }

    /// Brings an operand to the product's shape, its free axes starting at `free_from`.
    fn spread(
        &mut self,
        operand: ValueId,
        axes: &Axes,
        free_from: usize,
        contracted_from: usize,
        shape: &Shape,
    ) -> Result<ValueId, Violation> {
        let permutation: Vec<usize> = axes.batch.iter().chain(&axes.free).chain(&axes.contract).copied().collect();
        let turned = self.builder.push(Op::Transpose { permutation }, &[operand])?;
        let batch = 0..axes.batch.len();
        let free = free_from..free_from + axes.free.len();
        let contract = contracted_from..contracted_from + axes.contract.len();
        let axes = batch.chain(free).chain(contract).collect();
        self.builder.push(Op::Broadcast { shape: shape.clone(), axes }, &[turned])
    }
}

/// Whether an axis or a list is too long to be unrolled.
fn is_long(size: u64) -> bool {
    size > LONGEST_UNROLLED
}
