//! The transposes of contraction: it is linear in each operand, and its transpose is a contraction with the other.

use super::super::Applied;
use super::super::emit::Emitter;
use rotrace_ir::graph::{Op, ValueId};

/// The cotangent of one side: the result's, contracted with the other side along the other side's free axes.
///
/// The contraction's axes come as batch, own free, other contracted (in the other's order); they are put into the own
/// order by a transpose.
pub fn dot_general(
    e: &mut Emitter,
    node: Applied,
    batch: &[(usize, usize)],
    contract: &[(usize, usize)],
    operand: usize,
    cotangent: ValueId,
) -> ValueId {
    // Pairs as (own axis, other axis).
    let oriented = |&(left, right): &(usize, usize)| if operand == 0 { (left, right) } else { (right, left) };
    let batch: Vec<_> = batch.iter().map(oriented).collect();
    let mut contract: Vec<_> = contract.iter().map(oriented).collect();
    let other = node.operands[1 - operand];
    let free = |rank: usize, used: &dyn Fn(usize) -> bool| (0..rank).filter(|&axis| !used(axis)).collect::<Vec<_>>();
    let own_rank = e.ty(node.operands[operand]).rank();
    let own_free = free(own_rank, &|axis| batch.iter().chain(&contract).any(|pair| pair.0 == axis));
    let other_free = free(e.ty(other).rank(), &|axis| batch.iter().chain(&contract).any(|pair| pair.1 == axis));

    // The result's axes: batch, free axes of the left, free axes of the right.
    let other_start = if operand == 0 { batch.len() + own_free.len() } else { batch.len() };
    let product = Op::DotGeneral {
        batch: batch.iter().enumerate().map(|(place, pair)| (place, pair.1)).collect(),
        contract: other_free.iter().enumerate().map(|(place, &axis)| (other_start + place, axis)).collect(),
    };
    let product = e.push(product, &[cotangent, other]);

    contract.sort_by_key(|pair| pair.1);
    let order: Vec<usize> = batch
        .iter()
        .map(|pair| pair.0)
        .chain(own_free.iter().copied())
        .chain(contract.iter().map(|pair| pair.0))
        .collect();
    let mut permutation = vec![0; own_rank];
    for (place, &axis) in order.iter().enumerate() {
        permutation[axis] = place;
    }
    if permutation.iter().enumerate().all(|(place, &axis)| place == axis) {
        return product;
    }
    e.push(Op::Transpose { permutation }, &[product])
}
