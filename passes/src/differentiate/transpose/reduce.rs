//! Derivatives of reductions. A sum is linear; products and extrema are the nonlinear structural operations.
//!
//! * A product's derivative is the product of all *other* elements, which must survive zeros. Along an axis of fixed size
//!   it is the product of what comes before and what comes after, by two scans of logarithmically many steps: right at
//!   any number of zeros, to every order. Along a named axis it is a quotient with the zeros taken out: right to second
//!   order at any number of zeros.
//! * Extrema share the derivative equally among all elements equal to the result. If the result is NaN it is 0.

use super::super::Applied;
use super::super::emit::Emitter;
use rotrace_ir::graph::{Op, Reduction, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Scalar, Shape, Type};

/// The tangent of a reduction other than a sum, which is its own.
pub fn forward(e: &mut Emitter, node: Applied, kind: Reduction, axes: &[usize], tangent: ValueId) -> Option<ValueId> {
    match kind {
        Reduction::Sum => Some(sum(e, tangent, axes)),
        Reduction::Product => {
            let others = others(e, node.operands[0], axes);
            let terms = e.multiply(tangent, others);
            Some(sum(e, terms, axes))
        }
        Reduction::Maximum | Reduction::Minimum => {
            let (mask, count) = ties(e, node, axes);
            let kept = e.keep(mask, true, tangent);
            let total = sum(e, kept, axes);
            Some(e.divide(total, count))
        }
        Reduction::All | Reduction::Any => None,
    }
}

/// The cotangent of a reduction's operand.
pub fn backward(
    e: &mut Emitter,
    node: Applied,
    kind: Reduction,
    axes: &[usize],
    cotangent: ValueId,
) -> Option<ValueId> {
    let shape = e.ty(node.operands[0]).shape.clone();
    match kind {
        Reduction::Sum => Some(e.expand(cotangent, &shape, axes)),
        Reduction::Product => {
            let others = others(e, node.operands[0], axes);
            let spread = e.expand(cotangent, &shape, axes);
            Some(e.multiply(spread, others))
        }
        Reduction::Maximum | Reduction::Minimum => {
            let (mask, count) = ties(e, node, axes);
            let share = e.divide(cotangent, count);
            let spread = e.expand(share, &shape, axes);
            Some(e.keep(mask, true, spread))
        }
        Reduction::All | Reduction::Any => None,
    }
}

fn sum(e: &mut Emitter, value: ValueId, axes: &[usize]) -> ValueId {
    e.push(Op::Reduce { kind: Reduction::Sum, axes: axes.to_vec() }, &[value])
}

/// Which elements equal the result, and how many do, at least 1.
fn ties(e: &mut Emitter, node: Applied, axes: &[usize]) -> (ValueId, ValueId) {
    let Type { dtype, shape } = e.ty(node.operands[0]).clone();
    let spread = e.expand(node.result, &shape, axes);
    let mask = e.scalar(ScalarOp::Equal, &[node.operands[0], spread]);
    let ones = e.push(Op::Cast(dtype), &[mask]);
    let count = sum(e, ones, axes);
    let one = e.number(1.0, count);
    (mask, e.scalar(ScalarOp::Maximum, &[count, one]))
}

/// For every element, the product over the axes of all others.
fn others(e: &mut Emitter, x: ValueId, axes: &[usize]) -> ValueId {
    let shape = e.ty(x).shape.clone();
    let mut current = x;
    let mut total: Option<ValueId> = None;
    // One axis after the other, last first; an earlier axis sees the products over the later ones.
    for (place, &axis) in axes.iter().enumerate().rev() {
        let along = match e.ty(current).shape[axis].as_fixed() {
            Some(size) => fixed_others(e, current, axis, size),
            None => named_others(e, current, axis),
        };
        let along = if place + 1 == axes.len() { along } else { e.expand(along, &shape, &axes[place + 1..]) };
        total = Some(total.map_or(along, |total| e.multiply(total, along)));
        current = e.push(Op::Reduce { kind: Reduction::Product, axes: vec![axis] }, &[current]);
    }
    total.unwrap_or_else(|| e.number(1.0, x))
}

fn fixed_others(e: &mut Emitter, x: ValueId, axis: usize, size: u64) -> ValueId {
    if size <= 1 {
        return e.number(1.0, x);
    }
    let before = exclusive_products(e, x, axis, size, true);
    let after = exclusive_products(e, x, axis, size, false);
    e.multiply(before, after)
}

/// For every element, the product of those before (or after) it along the axis.
fn exclusive_products(e: &mut Emitter, x: ValueId, axis: usize, size: u64, before: bool) -> ValueId {
    let mut products = shift(e, x, axis, 1, before);
    let mut reach = 1;
    while reach < size - 1 {
        let further = shift(e, products, axis, reach, before);
        products = e.multiply(products, further);
        reach *= 2;
    }
    products
}

/// The elements moved up (or down) along a fixed axis, ones moving in.
fn shift(e: &mut Emitter, x: ValueId, axis: usize, by: u64, up: bool) -> ValueId {
    let Type { dtype, shape } = e.ty(x).clone();
    let (rank, size) = (shape.len(), shape[axis].constant as u64);
    let (mut start, mut limit) = (vec![0; rank], shape);
    let (mut low, mut high) = (vec![0; rank], vec![0; rank]);
    if up {
        limit[axis] = Dim::fixed(size - by);
        low[axis] = by;
    } else {
        start[axis] = by;
        high[axis] = by;
    }
    let part = e.push(Op::Slice { start, limit, step: vec![1; rank] }, &[x]);
    let one = e.splat(Scalar::from_f64(dtype, 1.0), &Shape::new());
    e.push(Op::Pad { low, high, interior: vec![0; rank] }, &[part, one])
}

/// Products of others along an axis of unknown size, with the zeros taken out.
///
/// Let `P` be the product of the elements that are not zero and `S` the sum of those that are (a zero, but one that has
/// derivatives). With no zero, the others of `x` multiply to `P / x`; with one, to `P` at the zero and `P / x * S`
/// elsewhere; with two, to `P * (S - x)` at the zeros and nothing elsewhere; with more, to nothing.
fn named_others(e: &mut Emitter, x: ValueId, axis: usize) -> ValueId {
    let Type { dtype, shape } = e.ty(x).clone();
    let (one, zero) = (e.number(1.0, x), e.number(0.0, x));
    let is_zero = e.scalar(ScalarOp::Equal, &[x, zero]);
    let nonzero = e.select(is_zero, one, x);
    let zeros = e.select(is_zero, x, zero);
    let marks = e.push(Op::Cast(dtype), &[is_zero]);
    let product = e.push(Op::Reduce { kind: Reduction::Product, axes: vec![axis] }, &[nonzero]);
    let [product, zero_sum, count] =
        [product, sum(e, zeros, &[axis]), sum(e, marks, &[axis])].map(|value| e.expand(value, &shape, &[axis]));

    let two = e.number(2.0, x);
    let [none, single, double] = [zero, one, two].map(|number| e.scalar(ScalarOp::Equal, &[count, number]));
    let elsewhere = {
        let of_zeros = e.select(single, zero_sum, zero);
        let of_zeros = e.select(none, one, of_zeros);
        let quotient = e.divide(product, nonzero);
        e.multiply(quotient, of_zeros)
    };
    let at_zero = {
        let rest = e.scalar(ScalarOp::Subtract, &[zero_sum, x]);
        let rest = e.select(double, rest, zero);
        let rest = e.select(single, one, rest);
        e.multiply(product, rest)
    };
    e.select(is_zero, at_zero, elsewhere)
}
