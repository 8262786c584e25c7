//! Decides which values must be stored in memory between kernels.
//!
//! Everything is fused unless it cannot be: a reduction over a long axis, a concatenation or padding along a looped axis,
//! a reshape that splits a loop index, elements that would take in too many scalars each, many pieces of one value side by
//! side; or had better not be: what is dear and repeated along a loop that it does not depend on. (What depends on no
//! loop at all stays: engines compute it once, ahead of the loops.) The analysis walks from users to operands with
//! *representative* coordinates (one fresh loop index per axis that may be looped) through the very functions that the
//! emission uses.

use super::coordinates::{Coordinates, Origin, origin};
use super::cost::dear_values;
use super::domain::{LONGEST_UNROLLED, MOST_REDUCED, is_unrolled, taken_in, unrolled_axes};
use super::regions;
use rotrace_ir::Dim;
use rotrace_ir::dim::{DimId, Shape};
use rotrace_ir::graph::{Function, Node, Op, ValueId};
use rotrace_ir::kernel::{Affine, IndexId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The most pieces of one value that a concatenation has without that the value is stored: as many as a short axis has
/// elements.
const MOST_PIECES: usize = LONGEST_UNROLLED as usize;

/// What may stand at one axis, from simple to general; the join of two is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coordinate {
    Constant,
    Index,
    IndexAndName,
}

type Flags = SmallVec<[Coordinate; 4]>;

/// Whether each value is stored in memory (by a kernel: parameters and constants are not counted).
pub(super) fn stored_values(function: &Function) -> Vec<bool> {
    let mut analysis = Analysis {
        function,
        stored: vec![false; function.values.len()],
        flags: function.values.iter().map(|value| SmallVec::from_elem(Coordinate::Constant, value.ty.rank())).collect(),
        used: vec![false; function.values.len()],
        demanded: vec![1; function.values.len()],
        dear: dear_values(function),
    };
    for &result in &function.results {
        analysis.store(result);
    }
    for node in function.nodes.iter().rev() {
        if regions::is_region(node) {
            analysis.region(node);
            continue;
        }
        for &value in &node.results {
            if analysis.used[value.0 as usize] {
                analysis.visit(value);
            }
        }
    }
    analysis.stored
}

struct Analysis<'a> {
    function: &'a Function,
    stored: Vec<bool>,
    flags: Vec<Flags>,
    used: Vec<bool>,
    /// At most how many elements of each value one iteration of a user needs.
    demanded: Vec<u64>,
    /// Whether each value is dear to compute.
    dear: Vec<bool>,
}

impl Analysis<'_> {
    fn store(&mut self, value: ValueId) {
        self.used[value.0 as usize] = true;
        if !matches!(self.function.definition(value).op, Op::Parameter { .. } | Op::Constant(_)) {
            self.stored[value.0 as usize] = true;
        }
    }

    /// All users of a loop's or branch's results have been visited.
    fn region(&mut self, node: &Node) {
        if !node.results.iter().any(|id| self.used[id.0 as usize]) {
            return;
        }
        node.results.iter().for_each(|&value| self.store(value));
        let Some(demands) = regions::demands(self.function, self.function.value(node.results[0]).node) else {
            node.operands.iter().for_each(|&operand| self.store(operand));
            return;
        };
        for (place, at) in demands {
            let operand = node.operands[place];
            let constant = at.iter().map(|affine| affine.as_constant().is_some());
            let elements = unrolled_elements(&self.function.ty(operand).shape, constant);
            let demanded = &mut self.demanded[operand.0 as usize];
            *demanded = (*demanded).max(elements);
            self.demand(operand, &flags_of(&at));
        }
    }

    /// All users of `value` have been visited.
    fn visit(&mut self, value: ValueId) {
        let node = self.function.definition(value);
        let shape = &self.function.ty(value).shape;
        let mut elements = self.demanded_elements(value);
        // Nobody asks for them again.
        let mut flags = std::mem::take(&mut self.flags[value.0 as usize]);
        let mut origin = self.origin(value, &representative(&flags));
        if matches!(origin, Origin::Stored) || self.must_be_stored(value, elements) {
            self.store(value);
        }
        if self.stored[value.0 as usize] {
            // A stored value computes its definition over its own domain, whatever its users do.
            elements = unrolled_elements(shape, unrolled_axes(self.function, node, shape));
            flags = own_flags(self.function, node, shape);
            origin = self.origin(value, &representative(&flags));
        }
        self.demand_elements(value, elements);
        if self.stored[value.0 as usize] {
            match &node.op {
                // Stored piece by piece: each operand over its own domain.
                Op::Concatenate { .. } | Op::Pad { .. } => {
                    for &operand in &node.operands {
                        let piece = &self.function.ty(operand).shape;
                        let elements = unrolled_elements(piece, unrolled_axes(self.function, node, piece));
                        let demanded = &mut self.demanded[operand.0 as usize];
                        *demanded = (*demanded).max(elements);
                        let flags = own_flags(self.function, node, piece);
                        self.demand(operand, &flags);
                    }
                    self.store_sources_of_pieces(node);
                    return;
                }
                _ => {}
            }
        }
        if let Op::Broadcast { axes, .. } = &node.op
            && self.is_repeated(node.operands[0], axes, &flags)
        {
            self.store(node.operands[0]);
        }
        match origin {
            Origin::Operand(_, at) => {
                // Which operand of a pad or a concatenation it is depends on constant coordinates: all may be reached.
                let reached = match &node.op {
                    Op::Pad { .. } | Op::Concatenate { .. } => flags,
                    _ => flags_of(&at),
                };
                for &operand in &node.operands {
                    self.demand(operand, &reached);
                }
            }
            Origin::View => self.view(node.operands[0]),
            Origin::Stored => unreachable!("{} of fresh coordinates is expressible", node.op.name()),
            Origin::Computed => self.computed(value, flags),
        }
    }

    /// At most how many elements of the value one iteration needs: no more than its users ask for, and no more than there
    /// are at the constant coordinates.
    fn demanded_elements(&self, value: ValueId) -> u64 {
        let constant = self.flags[value.0 as usize].iter().map(|&flag| flag == Coordinate::Constant);
        self.demanded[value.0 as usize].min(unrolled_elements(&self.function.ty(value).shape, constant))
    }

    /// What the operands of a value must provide for so many elements of it. Several users need no more than their number
    /// times the most that one does, so that code stays linear in the graph.
    fn demand_elements(&mut self, value: ValueId, elements: u64) {
        let node = self.function.definition(value);
        let taken = elements.saturating_mul(taken_in(self.function, node));
        for &operand in &node.operands {
            let demanded = &mut self.demanded[operand.0 as usize];
            *demanded = (*demanded).max(taken);
        }
    }

    fn must_be_stored(&self, value: ValueId, elements: u64) -> bool {
        let node = self.function.definition(value);
        let computes =
            matches!(node.op, Op::Scalar(_) | Op::Cast(_) | Op::Bitcast(_) | Op::Reduce { .. } | Op::ScatterAdd { .. });
        if computes && elements.saturating_mul(taken_in(self.function, node)) > MOST_REDUCED {
            return true;
        }
        if let Op::Reduce { axes, .. } = &node.op
            && !is_unrolled(self.function.ty(node.operands[0]).shape[axes[0]])
        {
            return true;
        }
        // Past an operand of named size no constant coordinate has a known place.
        let Op::Concatenate { axis } = &node.op else { return false };
        node.operands.iter().any(|&operand| self.function.ty(operand).shape[*axis].name.is_some())
    }

    /// Stores what more than [`MOST_PIECES`] operands of a node are pieces of: each is code of its own, which would
    /// compute it again.
    fn store_sources_of_pieces(&mut self, node: &Node) {
        if node.operands.len() <= MOST_PIECES {
            return;
        }
        let mut pieces: FxHashMap<ValueId, usize> = FxHashMap::default();
        for &operand in &node.operands {
            let mut source = operand;
            while let Op::Slice { .. } | Op::Reverse { .. } | Op::Broadcast { .. } | Op::Reshape { .. } =
                self.function.definition(source).op
            {
                source = self.function.definition(source).operands[0];
            }
            *pieces.entry(source).or_default() += 1;
        }
        for (source, count) in pieces {
            if count > MOST_PIECES && !matches!(self.function.definition(source).op, Op::Iota { .. }) {
                self.store(source);
            }
        }
    }

    /// Whether the operand of a broadcast is dear, depends on a loop, and is repeated along another.
    fn is_repeated(&self, operand: ValueId, axes: &[usize], flags: &Flags) -> bool {
        let looped = |axis: usize| flags[axis] != Coordinate::Constant;
        let shape = &self.function.ty(operand).shape;
        let own = |axis: usize| axes.iter().position(|&to| to == axis).is_some_and(|from| !shape[from].is_one());
        self.dear[operand.0 as usize]
            && (0..flags.len()).any(|axis| looped(axis) && own(axis))
            && (0..flags.len()).any(|axis| looped(axis) && !own(axis))
    }

    fn origin(&self, value: ValueId, at: &Coordinates) -> Origin {
        let node = self.function.definition(value);
        let shapes: SmallVec<[&Shape; 3]> = node.operands.iter().map(|&id| &self.function.ty(id).shape).collect();
        origin(&node.op, &shapes, &self.function.ty(value).shape, at)
    }

    fn computed(&mut self, value: ValueId, mut flags: Flags) {
        let node = self.function.definition(value);
        if let Op::Reduce { axes, .. } = &node.op {
            let looped = !is_unrolled(self.function.ty(node.operands[0]).shape[axes[0]]);
            flags.insert(axes[0], if looped { Coordinate::Index } else { Coordinate::Constant });
        }
        for &operand in &node.operands {
            self.demand(operand, &flags);
        }
    }

    /// A reshape that is no affine map reads its operand's memory, unless that is a view of memory itself.
    fn view(&mut self, operand: ValueId) {
        self.store(operand);
    }

    fn demand(&mut self, value: ValueId, flags: &Flags) {
        self.used[value.0 as usize] = true;
        for (own, &flag) in self.flags[value.0 as usize].iter_mut().zip(flags) {
            *own = (*own).max(flag);
        }
    }
}

/// Flags of a value that is computed over its own domain.
fn own_flags(function: &Function, node: &Node, shape: &Shape) -> Flags {
    let unrolled = unrolled_axes(function, node, shape);
    unrolled.iter().map(|&unrolled| if unrolled { Coordinate::Constant } else { Coordinate::Index }).collect()
}

/// How many elements there are along the unrolled axes.
fn unrolled_elements(shape: &Shape, unrolled: impl IntoIterator<Item = bool>) -> u64 {
    let sizes = shape.iter().zip(unrolled).filter(|&(_, unrolled)| unrolled).map(|(dim, _)| dim.as_fixed());
    sizes.fold(1, |product: u64, size| product.saturating_mul(size.unwrap_or(u64::MAX).max(1)))
}

fn representative(flags: &Flags) -> Coordinates {
    let coordinate = |(axis, flag): (usize, &Coordinate)| match flag {
        Coordinate::Constant => Affine::constant(0),
        Coordinate::Index => Affine::index(IndexId(axis as u32)),
        Coordinate::IndexAndName => Affine { offset: Dim::named(DimId(0)), ..Affine::index(IndexId(axis as u32)) },
    };
    flags.iter().enumerate().map(coordinate).collect()
}

fn flags_of(at: &Coordinates) -> Flags {
    at.iter()
        .map(|affine| match (affine.as_constant(), affine.offset.name) {
            (Some(_), _) => Coordinate::Constant,
            (None, None) => Coordinate::Index,
            (None, Some(_)) => Coordinate::IndexAndName,
        })
        .collect()
}
