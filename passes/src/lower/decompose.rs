//! Rewrites structural operations into the few that [`super`] lowers, by their definitions.
//!
//! Afterwards there is no `dot_general`, and every `reduce` and `pad` is over one axis. All three rewrites are what the
//! graph IR's specification says the operation *means*, so no bit changes.

use rotrace_ir::dim::{Shape, Type};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, GraphBuilder, Node, Op, Reduction, ValueId};
use rotrace_ir::scalar::ScalarOp;

/// The function with every `dot_general`, multi-axis `reduce` and multi-axis `pad` replaced.
pub(super) fn decompose(function: &Function) -> Result<Function, Violation> {
    let mut rewriter = Rewriter {
        builder: GraphBuilder::new(function.name.clone(), function.dims.clone()),
        renamed: Vec::with_capacity(function.values.len()),
    };
    for file in &function.files {
        rewriter.builder.file(file);
    }
    for node in &function.nodes {
        rewriter.node(node)?;
    }
    let results = function.results.iter().map(|&id| rewriter.renamed[id.0 as usize]).collect();
    Ok(rewriter.builder.finish(results))
}

struct Rewriter {
    builder: GraphBuilder,
    /// The new value of every old one; old values are numbered in order of definition.
    renamed: Vec<ValueId>,
}

impl Rewriter {
    fn node(&mut self, node: &Node) -> Result<(), Violation> {
        self.builder.location = node.location;
        let operands: Vec<ValueId> = node.operands.iter().map(|id| self.renamed[id.0 as usize]).collect();
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
            op => self.renamed.extend(self.builder.push_all(op.clone(), &operands)?),
        }
        Ok(())
    }

    fn ty(&self, id: ValueId) -> Type {
        self.builder.function().ty(id).clone()
    }

    /// One axis at a time, the last one first.
    fn reduce(&mut self, operand: ValueId, kind: Reduction, axes: &[usize]) -> Result<ValueId, Violation> {
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
        for axis in (0..rank).filter(|&axis| low[axis] + high[axis] + interior[axis] > 0) {
            let only = |amounts: &[u64]| (0..rank).map(|other| if other == axis { amounts[axis] } else { 0 }).collect();
            value = self
                .builder
                .push(Op::Pad { low: only(low), high: only(high), interior: only(interior) }, &[value, fill])?;
        }
        Ok(value)
    }

    fn dot_general(
        &mut self,
        left: ValueId,
        right: ValueId,
        batch: &[(usize, usize)],
        contract: &[(usize, usize)],
    ) -> Result<ValueId, Violation> {
        let (left_ty, right_ty) = (self.ty(left), self.ty(right));
        let left_axes = Axes::new(&left_ty, batch.iter().map(|pair| pair.0), contract.iter().map(|pair| pair.0));
        let right_axes = Axes::new(&right_ty, batch.iter().map(|pair| pair.1), contract.iter().map(|pair| pair.1));
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

/// An operand's axes by their role in a contraction.
struct Axes {
    batch: Vec<usize>,
    free: Vec<usize>,
    contract: Vec<usize>,
}

impl Axes {
    fn new(ty: &Type, batch: impl Iterator<Item = usize>, contract: impl Iterator<Item = usize>) -> Self {
        let (batch, contract): (Vec<_>, Vec<_>) = (batch.collect(), contract.collect());
        let free = (0..ty.rank()).filter(|axis| !batch.contains(axis) && !contract.contains(axis)).collect();
        Self { batch, free, contract }
    }

    fn dims(&self, ty: &Type, axes: &[usize]) -> Shape {
        axes.iter().map(|&axis| ty.shape[axis]).collect()
    }
}
