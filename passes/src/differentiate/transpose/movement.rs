//! Transposes of data movement. What goes nowhere gets zeros; what was copied is summed.

use super::super::Applied;
use super::super::emit::Emitter;
use rotrace_ir::graph::{Op, Reduction, ValueId};
use rotrace_ir::{Dim, Scalar, Shape, Type};

/// Sums over the axes along which elements were repeated.
pub fn broadcast(e: &mut Emitter, ty: &Type, shape: &Shape, axes: &[usize], cotangent: ValueId) -> ValueId {
    let repeated = |axis: usize| match axes.iter().position(|&place| place == axis) {
        None => true,
        Some(place) => ty.shape[place] != shape[axis],
    };
    let summed: Vec<usize> = (0..shape.len()).filter(|&axis| repeated(axis)).collect();
    let sum = if summed.is_empty() {
        cotangent
    } else {
        e.push(Op::Reduce { kind: Reduction::Sum, axes: summed }, &[cotangent])
    };
    if e.ty(sum).shape == ty.shape { sum } else { e.push(Op::Reshape { shape: ty.shape.clone() }, &[sum]) }
}

/// The inverse permutation.
pub fn transpose(e: &mut Emitter, permutation: &[usize], cotangent: ValueId) -> ValueId {
    let mut inverse = vec![0; permutation.len()];
    for (place, &axis) in permutation.iter().enumerate() {
        inverse[axis] = place;
    }
    e.push(Op::Transpose { permutation: inverse }, &[cotangent])
}

/// Zeros around and between.
pub fn slice(
    e: &mut Emitter,
    ty: &Type,
    (start, limit, step): (&[u64], &Shape, &[u64]),
    cotangent: ValueId,
) -> ValueId {
    let rank = ty.rank();
    let (mut high, mut interior) = (vec![0; rank], vec![0; rank]);
    // A fixed part of a named axis leaves a named number of elements after it, which no padding can express.
    let mut named_rest = Vec::new();
    for axis in 0..rank {
        let (size, end) = (ty.shape[axis], limit[axis]);
        let covered = if end.name.is_some() {
            end.constant
        } else {
            let count = (end.constant as u64 - start[axis]).div_ceil(step[axis]);
            interior[axis] = if count > 1 { step[axis] - 1 } else { 0 };
            (start[axis] + count.saturating_sub(1) * interior[axis] + count) as i64
        };
        let rest = size.constant - covered;
        if size.name == end.name {
            high[axis] = rest as u64;
        } else {
            named_rest.push((axis, Dim { constant: rest, ..size }));
        }
    }
    // One padding for each axis, last axis first: so that sums of them simplify along one axis after the other.
    let mut padded = cotangent;
    for axis in (0..rank).rev() {
        if (start[axis], high[axis], interior[axis]) != (0, 0, 0) {
            let only = |amounts: &[u64]| -> Vec<u64> {
                (0..rank).map(|other| if other == axis { amounts[axis] } else { 0 }).collect()
            };
            let zero = e.neutral(ty.dtype, &Shape::new());
            let pad = Op::Pad { low: only(start), high: only(&high), interior: only(&interior) };
            padded = e.push(pad, &[padded, zero]);
        }
    }
    for (axis, rest) in named_rest {
        let mut shape = e.ty(padded).shape.clone();
        shape[axis] = rest;
        let zeros = e.neutral(ty.dtype, &shape);
        padded = e.push(Op::Concatenate { axis }, &[padded, zeros]);
    }
    padded
}

/// The elements that were not padding.
pub fn pad(e: &mut Emitter, ty: &Type, low: &[u64], interior: &[u64], cotangent: ValueId) -> ValueId {
    let limit = ty.shape.iter().enumerate().map(|(axis, &dim)| {
        let stretch = dim.as_fixed().map_or(0, |size| size.saturating_sub(1) * interior[axis]);
        Dim { constant: dim.constant + (low[axis] + stretch) as i64, ..dim }
    });
    let step = interior.iter().map(|between| between + 1).collect();
    e.push(Op::Slice { start: low.to_vec(), limit: limit.collect(), step }, &[cotangent])
}

/// The sum of the elements that were padding, by a mask that is padded likewise: no subtraction of sums, which cancels.
pub fn padding(e: &mut Emitter, node: Applied, cotangent: ValueId) -> ValueId {
    let shape = e.ty(node.operands[0]).shape.clone();
    let inside = e.splat(Scalar::bool(false), &shape);
    let outside = e.splat(Scalar::bool(true), &Shape::new());
    let mask = e.push(node.op.clone(), &[inside, outside]);
    let kept = e.keep(mask, true, cotangent);
    e.push(Op::Reduce { kind: Reduction::Sum, axes: (0..shape.len()).collect() }, &[kept])
}

/// Where the operands of a concatenation lie in its result; nothing for other operations.
#[derive(Default)]
pub struct Joined {
    /// The operand whose size along the axis is named, of which there is at most one.
    named: Option<usize>,
    /// What the constants of the sizes before each operand sum up to, and at last of all.
    starts: Vec<i64>,
}

impl Joined {
    /// Once for a node, however many of its operands have cotangents.
    pub fn of(e: &Emitter, node: Applied) -> Self {
        let Op::Concatenate { axis } = node.op else { return Self::default() };
        let sizes = || node.operands.iter().map(|&id| e.ty(id).shape[*axis]);
        let mut starts = vec![0];
        starts.extend(sizes().scan(0, |end, size| {
            *end += size.constant;
            Some(*end)
        }));
        Self { named: sizes().position(|size| size.name.is_some()), starts }
    }
}

/// The operand's part of the result, `size` long.
///
/// A fixed part of an axis with a named size is read from the end that it is at a fixed distance from; if the named part
/// is known to be at least `k` long (its size is `n - k`), `k` elements of padding make that fact visible in the type.
pub fn concatenate(
    e: &mut Emitter,
    joined: &Joined,
    axis: usize,
    operand: usize,
    cotangent: ValueId,
    size: Dim,
) -> ValueId {
    let starts = &joined.starts;
    let (before, after) = (starts[operand], starts[starts.len() - 1] - starts[operand + 1]);
    match joined.named {
        Some(place) if place != operand => {
            let from_end = place < operand;
            let whole = if from_end { e.push(Op::Reverse { axes: vec![axis] }, &[cotangent]) } else { cotangent };
            let whole = lengthen(e, whole, axis, (starts[place] - starts[place + 1]).max(0));
            let part = part(e, whole, axis, if from_end { after } else { before }, size);
            if from_end { e.push(Op::Reverse { axes: vec![axis] }, &[part]) } else { part }
        }
        Some(_) | None => part(e, cotangent, axis, before, size),
    }
}

/// `extra` zeros after the last element along an axis.
fn lengthen(e: &mut Emitter, value: ValueId, axis: usize, extra: i64) -> ValueId {
    if extra == 0 {
        return value;
    }
    let (dtype, rank) = (e.ty(value).dtype, e.ty(value).rank());
    let mut high = vec![0; rank];
    high[axis] = extra as u64;
    let zero = e.neutral(dtype, &Shape::new());
    e.push(Op::Pad { low: vec![0; rank], high, interior: vec![0; rank] }, &[value, zero])
}

/// `size` elements from `first` along an axis.
fn part(e: &mut Emitter, value: ValueId, axis: usize, first: i64, size: Dim) -> ValueId {
    let mut limit = e.ty(value).shape.clone();
    let mut start = vec![0; limit.len()];
    start[axis] = first as u64;
    limit[axis] = Dim { constant: size.constant + first, ..size };
    let step = vec![1; limit.len()];
    e.push(Op::Slice { start, limit, step }, &[value])
}
