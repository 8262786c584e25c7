//! Contractions: the axis is one of the batch axes if both operands have it, else a free axis of the one that has.

use super::emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Op, ValueId};

type Pairs = [(usize, usize)];

/// Either way the products of one element of the result are the same, in the same order.
pub fn dot_general(
    e: &mut Emitter,
    batch: &Pairs,
    contract: &Pairs,
    [left, right]: [Mapped; 2],
) -> Result<ValueId, Violation> {
    let shift = |&(a, b): &(usize, usize)| (a + usize::from(left.batched), b + usize::from(right.batched));
    let contracted: Vec<_> = contract.iter().map(shift).collect();
    let mut pairs: Vec<_> = batch.iter().map(shift).collect();
    if left.batched && right.batched {
        pairs.insert(0, (0, 0));
        return e.push(Op::DotGeneral { batch: pairs, contract: contracted }, &[left.value, right.value]);
    }
    let [of_left, of_right] = [left, right].map(|operand| e.rank(operand) - batch.len() - contract.len());
    let batch = batch.len();
    // The operand with the axis comes first, so that the axis is right behind the batch axes; products commute.
    let product = if left.batched {
        e.push(Op::DotGeneral { batch: pairs, contract: contracted }, &[left.value, right.value])?
    } else {
        let [batch, contract] = [pairs, contracted].map(|pairs| pairs.into_iter().map(|(a, b)| (b, a)).collect());
        e.push(Op::DotGeneral { batch, contract }, &[right.value, left.value])?
    };
    let free = batch + 1;
    let turned = if left.batched { 0 } else { of_right };
    let behind = (free + turned..free + of_left + of_right).chain(free..free + turned);
    let permutation: Vec<usize> = std::iter::once(batch).chain(0..batch).chain(behind).collect();
    if permutation.is_sorted() {
        return Ok(product);
    }
    e.push(Op::Transpose { permutation }, &[product])
}
