//! Sums of arrays that are zero in parts.
//!
//! The cotangents of the slices of an array are padded with -0.0 and added up. Seen along one axis, each is a list of
//! pieces, some of them neutral; where at most one of two pieces is not neutral the sum is a choice, and the whole sum a
//! concatenation: `x + (-0.0)` is `x` bit for bit.

use super::Simplifier;
use rotrace_ir::graph::{Op, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Scalar, Shape, Type};
use smallvec::{SmallVec, smallvec};

/// A part of an array along an axis: a value, or neutral zeros.
#[derive(Clone, Copy)]
struct Piece {
    value: Option<ValueId>,
    size: Dim,
}

type Pieces = SmallVec<[Piece; 8]>;

/// The most pieces looked at, so that the sum of many parts stays linear.
const PIECES: usize = 64;

impl Simplifier<'_> {
    /// `x + y` as a concatenation, if one of the two has neutral parts along an axis and the pieces fit.
    pub(super) fn add_pieces(&mut self, x: ValueId, y: ValueId) -> Option<ValueId> {
        let axis = self.padded_axis(x).or_else(|| self.padded_axis(y))?;
        let (left, right) = (self.pieces(x, axis), self.pieces(y, axis));
        if left.len() + right.len() > PIECES {
            return None;
        }
        let merged = merge(left, right)?;
        let mut parts = Pieces::new();
        for (a, b, size) in merged {
            let value = match (a, b) {
                (Some(a), Some(b)) => Some(self.emit(Op::Scalar(ScalarOp::Add), smallvec![a, b])),
                (one, other) => one.or(other),
            };
            match parts.last_mut() {
                Some(last) if last.value.is_none() && value.is_none() => last.size = sum(last.size, size)?,
                _ => parts.push(Piece { value, size }),
            }
        }
        self.assemble(parts, self.ty(x).clone(), axis)
    }

    /// The one axis along which a value is padded with neutral zeros, or along which a concatenation has such a part.
    fn padded_axis(&mut self, value: ValueId) -> Option<usize> {
        let definition = self.definition(value);
        match &definition.op {
            Op::Pad { .. } => {
                let axis = simple_pad(&definition.op)?;
                let padding = definition.operands[1];
                self.is_neutral(padding).then_some(axis)
            }
            Op::Concatenate { axis } if definition.operands.len() <= PIECES => {
                let (axis, parts) = (*axis, definition.operands.clone());
                parts.iter().any(|&part| self.is_neutral(part)).then_some(axis)
            }
            _ => None,
        }
    }

    /// A value as pieces along an axis; one piece if nothing better is known.
    fn pieces(&mut self, value: ValueId, axis: usize) -> Pieces {
        let size = self.ty(value).shape[axis];
        if self.is_neutral(value) {
            return smallvec![Piece { value: None, size }];
        }
        let definition = self.definition(value);
        let operands = definition.operands.clone();
        match definition.op.clone() {
            Op::Concatenate { axis: joined } if joined == axis && operands.len() <= PIECES => {
                operands.iter().flat_map(|&part| self.leaf(part, axis)).collect()
            }
            ref op @ Op::Pad { ref low, ref high, .. }
                if simple_pad(op) == Some(axis) && self.is_neutral(operands[1]) =>
            {
                let neutral = |size| Piece { value: None, size: Dim::fixed(size) };
                let mut pieces: Pieces = smallvec![neutral(low[axis])];
                let inner = self.definition(operands[0]);
                match inner.op {
                    Op::Concatenate { axis: joined } if joined == axis && inner.operands.len() <= PIECES => {
                        for part in inner.operands.clone() {
                            pieces.extend(self.leaf(part, axis));
                        }
                    }
                    _ => pieces.extend(self.leaf(operands[0], axis)),
                }
                pieces.push(neutral(high[axis]));
                pieces.retain(|piece| piece.size != Dim::fixed(0));
                pieces
            }
            _ => self.leaf(value, axis),
        }
    }

    fn leaf(&mut self, value: ValueId, axis: usize) -> Pieces {
        let size = self.ty(value).shape[axis];
        let neutral = self.is_neutral(value);
        smallvec![Piece { value: (!neutral).then_some(value), size }]
    }

    /// The array of these pieces: neutral ones at the ends by padding, others by a broadcast.
    fn assemble(&mut self, parts: Pieces, ty: Type, axis: usize) -> Option<ValueId> {
        let rank = ty.rank();
        let (mut low, mut high) = (vec![0; rank], vec![0; rank]);
        let mut parts = &parts[..];
        if let [Piece { value: None, size }, rest @ ..] = parts
            && let Some(size) = size.as_fixed()
        {
            (low[axis], parts) = (size, rest);
        }
        if let [rest @ .., Piece { value: None, size }] = parts
            && let Some(size) = size.as_fixed()
        {
            (high[axis], parts) = (size, rest);
        }
        if parts.is_empty() {
            return None;
        }
        let neutral = Scalar::from_f64(ty.dtype, -0.0);
        let parts: Values = parts
            .iter()
            .map(|part| {
                part.value.unwrap_or_else(|| {
                    let mut shape = ty.shape.clone();
                    shape[axis] = part.size;
                    self.splat(neutral, &shape)
                })
            })
            .collect();
        let whole = match parts[..] {
            [only] => only,
            _ => self.emit(Op::Concatenate { axis }, parts),
        };
        if low[axis] == 0 && high[axis] == 0 {
            return Some(whole);
        }
        let padding = self.splat(neutral, &Shape::new());
        Some(self.push(Op::Pad { low, high, interior: vec![0; rank] }, &[whole, padding]))
    }
}

/// The axis of a padding that is along one axis only and not between elements.
fn simple_pad(op: &Op) -> Option<usize> {
    let Op::Pad { low, high, interior } = op else { return None };
    if interior.iter().any(|&between| between != 0) {
        return None;
    }
    let mut padded = (0..low.len()).filter(|&axis| low[axis] != 0 || high[axis] != 0);
    let axis = padded.next()?;
    padded.next().is_none().then_some(axis)
}

/// A segment of two arrays: the piece of each that covers it, and its size.
type Segment = (Option<ValueId>, Option<ValueId>, Dim);

/// Cuts neutral pieces so that the two lists have the same boundaries; `None` if a piece that is not neutral would have
/// to be cut.
fn merge(left: Pieces, right: Pieces) -> Option<SmallVec<[Segment; 8]>> {
    let mut segments = SmallVec::new();
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    let (mut a, mut b) = (left.next(), right.next());
    while let (Some(x), Some(y)) = (a, b) {
        if x.size == y.size {
            segments.push((x.value, y.value, x.size));
            (a, b) = (left.next(), right.next());
        } else if let (None, Some(rest)) = (x.value, difference(x.size, y.size)) {
            segments.push((None, y.value, y.size));
            (a, b) = (Some(Piece { value: None, size: rest }), right.next());
        } else if let (None, Some(rest)) = (y.value, difference(y.size, x.size)) {
            segments.push((x.value, None, x.size));
            (a, b) = (left.next(), Some(Piece { value: None, size: rest }));
        } else {
            return None;
        }
    }
    (a.is_none() && b.is_none()).then_some(segments)
}

/// `whole - part` if that is known to be positive or empty whatever the named dimensions are.
fn difference(whole: Dim, part: Dim) -> Option<Dim> {
    let rest = whole.constant.checked_sub(part.constant).filter(|&rest| rest >= 0)?;
    match (whole.name, part.name) {
        (name, None) => Some(Dim { name, constant: rest }),
        (Some(whole), Some(part)) if whole == part => Some(Dim::fixed(rest as u64)),
        (_, Some(_)) => None,
    }
}

/// The size of two neighbouring pieces; `None` if both are named.
fn sum(a: Dim, b: Dim) -> Option<Dim> {
    let name = match (a.name, b.name) {
        (Some(_), Some(_)) => return None,
        (name, None) | (None, name) => name,
    };
    Some(Dim { name, constant: a.constant.checked_add(b.constant)? })
}
