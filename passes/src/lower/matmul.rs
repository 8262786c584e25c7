//! Products of large matrices, which a library computes.
//!
//! A library wants matrices: the axes of a batch first, then rows and columns, either of them first. What lies otherwise is
//! transposed into memory ahead of the step; a transpose that the program has is taken into the product where that serves.

use super::domain::LONGEST_UNROLLED;
use rotrace_ir::dim::{Shape, Type};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{GraphBuilder, Op, ValueId};
use rotrace_ir::plan::{MatmulStep, PlanBufferId};

/// Pairs of axes: those of a batch, and those that are contracted.
pub(super) type Pairs<'a> = (&'a [(usize, usize)], &'a [(usize, usize)]);

/// An operand's axes by their role in a contraction.
#[derive(Clone)]
pub(super) struct Axes {
    pub(super) batch: Vec<usize>,
    pub(super) free: Vec<usize>,
    pub(super) contract: Vec<usize>,
}

impl Axes {
    /// Those of both operands.
    pub(super) fn of([left, right]: [&Type; 2], (batch, contract): Pairs<'_>) -> [Self; 2] {
        let (left_batch, right_batch) = batch.iter().copied().unzip();
        let (left_contract, right_contract) = contract.iter().copied().unzip();
        [Self::new(left, left_batch, left_contract), Self::new(right, right_batch, right_contract)]
    }

    fn new(ty: &Type, batch: Vec<usize>, contract: Vec<usize>) -> Self {
        let free = (0..ty.rank()).filter(|axis| !batch.contains(axis) && !contract.contains(axis)).collect();
        Self { batch, free, contract }
    }

    pub(super) fn dims(&self, ty: &Type, axes: &[usize]) -> Shape {
        axes.iter().map(|&axis| ty.shape[axis]).collect()
    }

    /// Whether an array with these axes is a batch of matrices, with the free axes first or the contracted ones.
    fn is_matrices(&self) -> bool {
        let (batch, free, contract) = (self.batch.iter(), self.free.iter(), self.contract.iter());
        let free_first = batch.clone().chain(free.clone()).chain(contract.clone());
        free_first.is_sorted() || batch.chain(contract).chain(free).is_sorted()
    }

    /// The same of the operand of a transpose.
    fn before(&self, permutation: &[usize]) -> Self {
        let before = |axes: &[usize]| axes.iter().map(|&axis| permutation[axis]).collect();
        Self { batch: before(&self.batch), free: before(&self.free), contract: before(&self.contract) }
    }
}

/// Whether a library is to compute a product: if neither rows, columns nor what is summed are so few that loops over them are
/// unrolled. From there on a library is several times as fast (`docs/records/products.md`).
pub(super) fn is_large([left, right]: [&Type; 2], [left_axes, right_axes]: [&Axes; 2]) -> bool {
    let is_long = |ty: &Type, axes: &[usize]| {
        let mut sizes = axes.iter().map(|&axis| ty.shape[axis].as_fixed());
        sizes
            .try_fold(1_u64, |product, size| Some(product.saturating_mul(size?)))
            .is_none_or(|size| size > LONGEST_UNROLLED)
    };
    left.dtype.is_float()
        && is_long(left, &left_axes.free)
        && is_long(left, &left_axes.contract)
        && is_long(right, &right_axes.free)
}

/// The product of two arrays as one of batches of matrices.
pub(super) fn arranged(
    builder: &mut GraphBuilder,
    operands: [ValueId; 2],
    axes: [Axes; 2],
) -> Result<ValueId, Violation> {
    let mut arranged = Vec::new();
    for (operand, axes) in operands.into_iter().zip(axes) {
        arranged.push(matrices(builder, operand, axes)?);
    }
    let pairs = |of: fn(&Axes) -> &Vec<usize>| {
        of(&arranged[0].1).iter().copied().zip(of(&arranged[1].1).iter().copied()).collect()
    };
    let product = Op::DotGeneral { batch: pairs(|axes| &axes.batch), contract: pairs(|axes| &axes.contract) };
    builder.push(product, &[arranged[0].0, arranged[1].0])
}

/// An array as a batch of matrices: as it is, as it was before it was transposed, or transposed.
fn matrices(builder: &mut GraphBuilder, operand: ValueId, axes: Axes) -> Result<(ValueId, Axes), Violation> {
    let definition = builder.function().definition(operand);
    if let Op::Transpose { permutation } = &definition.op {
        // The order of free axes is the result's.
        let before = axes.before(permutation);
        if before.free.is_sorted() && before.is_matrices() {
            return Ok((definition.operands[0], before));
        }
    }
    if axes.is_matrices() {
        return Ok((operand, axes));
    }
    let permutation: Vec<usize> = axes.batch.iter().chain(&axes.free).chain(&axes.contract).copied().collect();
    let turned = builder.push(Op::Transpose { permutation }, &[operand])?;
    let (batch, free) = (axes.batch.len(), axes.free.len());
    let contract = (batch + free..batch + free + axes.contract.len()).collect();
    Ok((turned, Axes { batch: (0..batch).collect(), free: (batch..batch + free).collect(), contract }))
}

/// The step of a product of batches of matrices.
pub(super) fn step(
    types: [&Type; 2],
    pairs: Pairs<'_>,
    operands: [PlanBufferId; 2],
    result: PlanBufferId,
) -> MatmulStep {
    let [left, right] = Axes::of(types, pairs);
    // Empty lists of axes are the same either way.
    let is_first = |first: &[usize], second: &[usize]| first.first().zip(second.first()).is_some_and(|(a, b)| a < b);
    MatmulStep {
        dtype: types[0].dtype,
        batch: left.dims(types[0], &left.batch),
        rows: left.dims(types[0], &left.free),
        inner: left.dims(types[0], &left.contract),
        columns: right.dims(types[1], &right.free),
        transposed: [is_first(&left.contract, &left.free), is_first(&right.free, &right.contract)],
        operands,
        result,
    }
}
