//! Rules for data movement, and for reductions that move nothing.

use super::{Rewrite, Simplifier, is_count};
use rotrace_ir::graph::{Node, Op, Reduction, ValueId, Values};
use rotrace_ir::{Dim, Shape};
use smallvec::smallvec;
use std::sync::Arc;

/// The most parts that a flattened concatenation has, so that a chain of them stays linear.
const PARTS: usize = 64;

/// The bounds of a slice.
#[derive(Clone)]
struct Bounds {
    start: Vec<u64>,
    limit: Shape,
    step: Vec<u64>,
}

impl Bounds {
    fn whole(shape: &Shape) -> Self {
        Self { start: vec![0; shape.len()], limit: shape.clone(), step: vec![1; shape.len()] }
    }

    fn is_whole(&self, shape: &Shape) -> bool {
        self.limit == *shape && self.start.iter().all(|&start| start == 0) && self.step.iter().all(|&step| step == 1)
    }

    fn op(self) -> Op {
        Op::Slice { start: self.start, limit: self.limit, step: self.step }
    }
}

impl Simplifier<'_> {
    pub(super) fn movement(&mut self, op: &Op, operands: &Values) -> Rewrite {
        if let Some(splat) = self.moved_splat(op, operands) {
            return Rewrite::Value(splat);
        }
        let x = operands[0];
        match op {
            Op::Reshape { shape } => self.reshape(shape, x),
            Op::Broadcast { shape, axes } => self.broadcast(shape, axes, x),
            Op::Transpose { permutation } => self.transpose(permutation, x),
            Op::Slice { start, limit, step } => {
                self.slice(Bounds { start: start.clone(), limit: limit.clone(), step: step.clone() }, x)
            }
            Op::Pad { low, high, interior } => self.pad((low, high, interior), x, operands[1]),
            Op::Concatenate { axis } => self.concatenate(*axis, operands),
            Op::Reverse { axes } => self.reverse(axes, x),
            Op::Take { axis, indices } => self.take(*axis, indices, x),
            _ => Rewrite::Keep,
        }
    }

    /// An array of one number is that number, broadcast, however it is moved.
    fn moved_splat(&mut self, op: &Op, operands: &Values) -> Option<ValueId> {
        let number = self.splat_of(operands[0])?;
        let rank = self.ty(operands[0]).rank();
        if matches!(op, Op::Broadcast { .. }) && rank == 0 {
            return None;
        }
        for &other in &operands[1..] {
            if self.splat_of(other) != Some(number) {
                return None;
            }
        }
        let types: Vec<_> = operands.iter().map(|&id| self.ty(id)).collect();
        let inferred = rotrace_ir::graph::infer::infer(op, &types, &[]).ok()?;
        Some(self.splat(number, &inferred[0].shape))
    }

    fn reshape(&mut self, shape: &Shape, x: ValueId) -> Rewrite {
        if self.ty(x).shape == *shape {
            return Rewrite::Value(x);
        }
        let definition = self.definition(x);
        match definition.op {
            Op::Reshape { .. } => {
                Rewrite::Node(Op::Reshape { shape: shape.clone() }, smallvec![definition.operands[0]])
            }
            _ => Rewrite::Keep,
        }
    }

    fn broadcast(&mut self, shape: &Shape, axes: &[usize], x: ValueId) -> Rewrite {
        if self.ty(x).shape == *shape {
            return Rewrite::Value(x);
        }
        let definition = self.definition(x);
        let inner: Vec<usize> = match &definition.op {
            Op::Broadcast { axes: inner, .. } => inner.clone(),
            Op::Reshape { shape: inner } => match inserted_ones(&self.ty(definition.operands[0]).shape, inner) {
                Some(kept) => kept,
                None => return Rewrite::Keep,
            },
            _ => return Rewrite::Keep,
        };
        let axes = inner.iter().map(|&axis| axes[axis]).collect();
        Rewrite::Node(Op::Broadcast { shape: shape.clone(), axes }, smallvec![definition.operands[0]])
    }

    fn transpose(&mut self, permutation: &[usize], x: ValueId) -> Rewrite {
        if permutation.iter().enumerate().all(|(place, &axis)| place == axis) {
            return Rewrite::Value(x);
        }
        let definition = self.definition(x);
        if let Op::Transpose { permutation: inner } = &definition.op {
            let permutation = permutation.iter().map(|&axis| inner[axis]).collect();
            return Rewrite::Node(Op::Transpose { permutation }, smallvec![definition.operands[0]]);
        }
        Rewrite::Keep
    }

    fn slice(&mut self, bounds: Bounds, x: ValueId) -> Rewrite {
        if bounds.is_whole(&self.ty(x).shape) {
            return Rewrite::Value(x);
        }
        let Node { op, operands, .. } = self.definition(x).clone();
        match op {
            Op::Slice { start, limit, step } => compose(Bounds { start, limit, step }, &bounds)
                .map_or(Rewrite::Keep, |composed| Rewrite::Node(composed.op(), smallvec![operands[0]])),
            Op::Concatenate { axis } => self.slice_of_parts(bounds, axis, &operands),
            Op::Broadcast { axes, .. } => self.slice_of_broadcast(bounds, &axes, x, operands[0]),
            Op::Pad { low, interior, .. } => self.slice_of_pad(bounds, &low, &interior, operands[0]),
            _ => Rewrite::Keep,
        }
    }

    /// A slice that lies in one part of a concatenation.
    fn slice_of_parts(&mut self, mut bounds: Bounds, axis: usize, parts: &Values) -> Rewrite {
        let mut offset = 0;
        for &part in parts {
            let size = self.ty(part).shape[axis];
            let Some(limit) = bounds.limit[axis].plus(-offset) else { return Rewrite::Keep };
            let inside = (limit.name == size.name || limit.name.is_none()) && limit.constant <= size.constant;
            if bounds.start[axis] >= offset as u64 && inside {
                bounds.start[axis] -= offset as u64;
                bounds.limit[axis] = limit;
                // An empty slice may lie beyond the part.
                if limit.name.is_none() && bounds.start[axis] as i64 > limit.constant {
                    return Rewrite::Keep;
                }
                return Rewrite::Node(bounds.op(), smallvec![part]);
            }
            let Some(size) = size.as_fixed() else { return Rewrite::Keep };
            offset += size as i64;
        }
        Rewrite::Keep
    }

    /// What was repeated is sliced before it is repeated.
    fn slice_of_broadcast(&mut self, bounds: Bounds, axes: &[usize], x: ValueId, source: ValueId) -> Rewrite {
        let operands = [self.ty(x)];
        let Ok(sliced) = rotrace_ir::graph::infer::infer(&bounds.clone().op(), &operands, &[]) else {
            return Rewrite::Keep;
        };
        let (whole, before) = (self.ty(source).shape.clone(), self.ty(x).shape.clone());
        let mut inner = Bounds::whole(&whole);
        for (place, &axis) in axes.iter().enumerate() {
            if whole[place] == before[axis] {
                inner.start[place] = bounds.start[axis];
                inner.limit[place] = bounds.limit[axis];
                inner.step[place] = bounds.step[axis];
            }
        }
        let source = if inner.is_whole(&whole) { source } else { self.emit(inner.op(), smallvec![source]) };
        let shape = sliced[0].shape.clone();
        Rewrite::Node(Op::Broadcast { shape, axes: axes.to_vec() }, smallvec![source])
    }

    /// A slice that misses the padding.
    fn slice_of_pad(&mut self, mut bounds: Bounds, low: &[u64], interior: &[u64], source: ValueId) -> Rewrite {
        let shape = self.ty(source).shape.clone();
        for axis in 0..shape.len() {
            let Some(limit) = bounds.limit[axis].plus(-(low[axis] as i64)) else { return Rewrite::Keep };
            let inside = (limit.name == shape[axis].name || limit.name.is_none())
                && limit.constant <= shape[axis].constant
                && bounds.start[axis] >= low[axis];
            let ordered = limit.name.is_some() || (bounds.start[axis] as i64 - low[axis] as i64) <= limit.constant;
            if interior[axis] != 0 || !inside || !ordered {
                return Rewrite::Keep;
            }
            bounds.start[axis] -= low[axis];
            bounds.limit[axis] = limit;
        }
        Rewrite::Node(bounds.op(), smallvec![source])
    }

    fn pad(&mut self, (low, high, interior): (&[u64], &[u64], &[u64]), x: ValueId, value: ValueId) -> Rewrite {
        let shape = &self.ty(x).shape;
        let between = (0..low.len()).any(|axis| interior[axis] != 0 && shape[axis].as_fixed().is_none_or(|n| n > 1));
        if !between && low.iter().chain(high).all(|&amount| amount == 0) {
            return Rewrite::Value(x);
        }
        let Node { op, operands, .. } = self.definition(x).clone();
        let Op::Pad { low: inner_low, high: inner_high, interior: inner } = op else { return Rewrite::Keep };
        let same_value = operands[1] == value
            || self.splat_of(operands[1]).is_some_and(|number| self.splat_of(value) == Some(number));
        let none = |amounts: &[u64]| amounts.iter().all(|&amount| amount == 0);
        // Paddings along different axes stay apart: each shows its parts to sums along its own axis.
        let touched =
            |low: &[u64], high: &[u64]| -> Vec<bool> { low.iter().zip(high).map(|(a, b)| a + b > 0).collect() };
        if !same_value || !none(interior) || !none(&inner) || touched(low, high) != touched(&inner_low, &inner_high) {
            return Rewrite::Keep;
        }
        let add = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let merged = Op::Pad { low: add(low, &inner_low), high: add(high, &inner_high), interior: inner };
        Rewrite::Node(merged, smallvec![operands[0], value])
    }

    fn concatenate(&mut self, axis: usize, parts: &Values) -> Rewrite {
        if let [only] = parts[..] {
            return Rewrite::Value(only);
        }
        let mut flat = Values::new();
        for &part in parts {
            let definition = self.definition(part);
            let nested = matches!(definition.op, Op::Concatenate { axis: inner } if inner == axis);
            if nested && flat.len() + definition.operands.len() + parts.len() <= PARTS {
                flat.extend(definition.operands.iter().copied());
            } else if self.ty(part).shape[axis] != Dim::fixed(0) {
                flat.push(part);
            }
        }
        if flat.is_empty() {
            return Rewrite::Keep;
        }
        let flat = self.join_neighbours(axis, flat);
        if flat == *parts { Rewrite::Keep } else { Rewrite::Node(Op::Concatenate { axis }, flat) }
    }

    /// Slices of one array that follow each other are one slice.
    fn join_neighbours(&mut self, axis: usize, parts: Values) -> Values {
        let mut joined = Values::new();
        for part in parts {
            let merged = joined.last().and_then(|&last| self.neighbours(axis, last, part));
            match merged {
                Some((bounds, source)) => {
                    joined.pop();
                    let whole = self.emit(bounds.op(), smallvec![source]);
                    joined.push(whole);
                }
                None => joined.push(part),
            }
        }
        joined
    }

    fn neighbours(&self, axis: usize, first: ValueId, second: ValueId) -> Option<(Bounds, ValueId)> {
        let (a, b) = (self.definition(first), self.definition(second));
        let (Op::Slice { start, limit, step }, Op::Slice { start: next, limit: end, step: next_step }) = (&a.op, &b.op)
        else {
            return None;
        };
        let other = |place: &usize| *place != axis;
        let alike = a.operands == b.operands
            && step == next_step
            && step[axis] == 1
            && limit[axis] == Dim::fixed(next[axis])
            && (0..start.len()).filter(other).all(|place| start[place] == next[place] && limit[place] == end[place]);
        alike.then(|| {
            let mut bounds = Bounds { start: start.clone(), limit: limit.clone(), step: step.clone() };
            bounds.limit[axis] = end[axis];
            (bounds, a.operands[0])
        })
    }

    fn reverse(&mut self, axes: &[usize], x: ValueId) -> Rewrite {
        let ty = self.ty(x);
        let moving: Vec<usize> = axes.iter().copied().filter(|&axis| !ty.shape[axis].is_one()).collect();
        if moving.is_empty() {
            return Rewrite::Value(x);
        }
        let definition = self.definition(x);
        if let Op::Reverse { axes: inner } = &definition.op {
            let once = |a: &[usize], b: &[usize]| -> Vec<usize> {
                a.iter().copied().filter(|axis| !b.contains(axis)).collect()
            };
            let mut axes = once(axes, inner);
            axes.extend(once(inner, &moving));
            return Rewrite::Node(Op::Reverse { axes }, smallvec![definition.operands[0]]);
        }
        Rewrite::Keep
    }

    fn take(&mut self, axis: usize, indices: &Arc<[u64]>, x: ValueId) -> Rewrite {
        let shape = self.ty(x).shape.clone();
        if shape[axis].as_fixed().is_some_and(|size| is_count(indices, size)) {
            return Rewrite::Value(x);
        }
        // Evenly spaced indices are a slice.
        if let (Some(&first), Some(&last)) = (indices.first(), indices.last()) {
            let step = indices.get(1).map_or(1, |second| second.saturating_sub(first));
            let even = step > 0 && indices.windows(2).all(|pair| pair[0].checked_add(step) == Some(pair[1]));
            if even {
                let mut bounds = Bounds::whole(&shape);
                bounds.start[axis] = first;
                bounds.limit[axis] = Dim::fixed(last + 1);
                bounds.step[axis] = step;
                return Rewrite::Node(bounds.op(), smallvec![x]);
            }
        }
        let definition = self.definition(x);
        match &definition.op {
            Op::Take { axis: inner_axis, indices: inner } if *inner_axis == axis => {
                let indices: Arc<[u64]> = indices.iter().map(|&index| inner[index as usize]).collect();
                Rewrite::Node(Op::Take { axis, indices }, smallvec![definition.operands[0]])
            }
            _ => Rewrite::Keep,
        }
    }

    /// Reducing one element gives it bit for bit.
    pub(super) fn reduce(&mut self, kind: Reduction, axes: &[usize], x: ValueId) -> Rewrite {
        if axes.is_empty() {
            return Rewrite::Value(x);
        }
        let shape = self.ty(x).shape.clone();
        let dropped = |axis: &usize| axes.contains(axis) && shape[*axis].is_one();
        let kept: Vec<usize> = (0..shape.len()).filter(|axis| !dropped(axis)).collect();
        if kept.len() == shape.len() {
            return Rewrite::Keep;
        }
        let reshape = Op::Reshape { shape: kept.iter().map(|&axis| shape[axis]).collect() };
        let left: Vec<usize> = (0..kept.len()).filter(|&place| axes.contains(&kept[place])).collect();
        if left.is_empty() {
            return Rewrite::Node(reshape, smallvec![x]);
        }
        let squeezed = self.emit(reshape, smallvec![x]);
        Rewrite::Node(Op::Reduce { kind, axes: left }, smallvec![squeezed])
    }
}

/// For every axis of `from` its place in `to`, if `to` has only axes of size 1 more.
fn inserted_ones(from: &Shape, to: &Shape) -> Option<Vec<usize>> {
    let mut kept = Vec::with_capacity(from.len());
    for (axis, dim) in to.iter().enumerate() {
        if from.get(kept.len()) == Some(dim) {
            kept.push(axis);
        } else if !dim.is_one() {
            return None;
        }
    }
    (kept.len() == from.len()).then_some(kept)
}

/// The bounds of a slice of a slice.
fn compose(inner: Bounds, outer: &Bounds) -> Option<Bounds> {
    let mut composed = inner;
    for axis in 0..outer.start.len() {
        let (start, step) = (composed.start[axis], composed.step[axis]);
        let first = outer.start[axis].checked_mul(step)?.checked_add(start)?;
        let end = outer.limit[axis];
        composed.limit[axis] = if end.name.is_some() {
            end.plus(i64::try_from(start).ok()?)?
        } else {
            let count = (end.constant as u64 - outer.start[axis]).div_ceil(outer.step[axis]);
            let stride = step.checked_mul(outer.step[axis])?;
            // An empty slice may begin beyond the end of the operand.
            let covered = count.checked_sub(1)?.checked_mul(stride)? + 1;
            Dim::fixed(first.checked_add(covered)?)
        };
        composed.start[axis] = first;
        composed.step[axis] = step.checked_mul(outer.step[axis])?;
    }
    Some(composed)
}
