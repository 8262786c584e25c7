//! Work to be done by kernels, grouped into kernels.
//!
//! Work of one *time* (all it depends on in memory is done earlier) over the same loops shares a kernel. A reduction over
//! a long axis without other loops takes two times: partial results of blocks, then their reduction.

use super::domain::unrolled_axes;
use super::memory::{Home, Memory};
use super::regions;
use rotrace_ir::Dim;
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::{Function, Node, NodeId, Op, Reduction, ValueId};
use rotrace_ir::reduce::BLOCK;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Storing some elements of a buffer.
pub(super) struct Copy {
    /// Where.
    pub(super) home: Home,
    /// What is stored there.
    pub(super) source: Source,
    /// The sizes over which `source` is evaluated.
    pub(super) domain: Shape,
    /// Which axes of the domain are unrolled.
    pub(super) unrolled: Vec<bool>,
    /// Factor and offset that take each coordinate of the domain to the buffer's.
    pub(super) place: Vec<(i64, Dim)>,
}

/// What a [`Copy`] stores.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The value's own definition.
    Definition(ValueId),
    /// An element of another value.
    Value(ValueId),
    /// A 0-d value, everywhere.
    Fill(ValueId),
}

/// Reducing a long axis of a value.
pub(super) struct LongReduction {
    /// The reduced value.
    pub(super) value: ValueId,
    /// What is reduced.
    pub(super) operand: ValueId,
    /// How.
    pub(super) kind: Reduction,
    /// Along which axis.
    pub(super) axis: usize,
    /// Which axes of the result are unrolled.
    pub(super) unrolled: Vec<bool>,
}

/// The work of one kernel (or of two, for a long reduction).
#[derive(Default)]
pub(super) struct Group {
    pub(super) copies: Vec<Copy>,
    pub(super) reductions: Vec<LongReduction>,
}

/// When a group runs, and over what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) time: u32,
    pub(super) loops: SmallVec<[Dim; 3]>,
    /// The long axis, for reductions.
    pub(super) reduced: Option<Dim>,
    /// The loop or branch, if that is the work.
    pub(super) region: Option<NodeId>,
}

impl Key {
    /// Whether the reduction needs a second kernel for the partial results of its blocks.
    pub(super) fn is_two_stage(&self) -> bool {
        self.loops.is_empty() && self.reduced.is_some_and(|dim| dim.as_fixed().is_none_or(|size| size > BLOCK))
    }
}

/// All work of a function, in order.
pub(super) fn schedule(function: &Function, memory: &Memory) -> BTreeMap<Key, Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    // The first time at which each value can be read.
    let mut ready = vec![0_u32; function.values.len()];
    for node in &function.nodes {
        let time = node.operands.iter().map(|id| ready[id.0 as usize]).max().unwrap_or(0);
        if regions::is_region(node) && memory.stored(node.results[0]).is_some() {
            add_region(&mut groups, function, node, time);
            node.results.iter().for_each(|id| ready[id.0 as usize] = time + 1);
            continue;
        }
        for &value in &node.results {
            ready[value.0 as usize] = match memory.stored(value) {
                Some(home) if !memory.is_in_place(function, value) => {
                    add_stored(&mut groups, function, value, home, time)
                }
                Some(_) | None => time,
            };
        }
    }
    for (index, &result) in function.results.iter().enumerate() {
        let home = memory.output(function, index);
        if memory.stored(result).is_none_or(|stored| stored.buffer != home.buffer) {
            let unrolled = unrolled_axes(function, function.definition(result), &function.ty(result).shape);
            let whole = whole(home, Source::Value(result), &function.ty(result).shape, unrolled);
            add_copy(&mut groups, ready[result.0 as usize], whole);
        }
    }
    join(groups)
}

/// Adds a loop or branch, over its lanes if it has some.
fn add_region(groups: &mut BTreeMap<Key, Group>, function: &Function, node: &Node, time: u32) {
    let place = function.value(node.results[0]).node;
    let lanes = regions::lanes(function, place).unwrap_or_default();
    let key = Key { time, loops: lanes.iter().copied().collect(), reduced: None, region: Some(place) };
    groups.insert(key, Group::default());
}

/// Adds what stores a value; returns when it can be read.
fn add_stored(groups: &mut BTreeMap<Key, Group>, function: &Function, value: ValueId, home: Home, time: u32) -> u32 {
    let node = function.definition(value);
    let shape = &function.ty(value).shape;
    let unrolled = unrolled_axes(function, node, shape);
    match &node.op {
        Op::Reduce { kind, axes } if !super::domain::is_unrolled(function.ty(node.operands[0]).shape[axes[0]]) => {
            let (operand, axis) = (node.operands[0], axes[0]);
            let reduced = Some(function.ty(operand).shape[axis]);
            let key = Key { time, loops: looped(shape, &unrolled), reduced, region: None };
            let last = time + u32::from(key.is_two_stage());
            let reduction = LongReduction { value, operand, kind: *kind, axis, unrolled };
            if !is_empty(shape) {
                groups.entry(key).or_default().reductions.push(reduction);
            }
            last + 1
        }
        Op::Concatenate { axis } => {
            let mut offset = Dim::fixed(0);
            for &operand in &node.operands {
                let domain = &function.ty(operand).shape;
                let mut copy = whole(home, Source::Value(operand), domain, unrolled_axes(function, node, domain));
                copy.place[*axis].1 = offset;
                add_copy(groups, time, copy);
                let size = domain[*axis];
                offset = Dim { name: offset.name.or(size.name), constant: offset.constant + size.constant };
            }
            time + 1
        }
        Op::Pad { low, high, interior } => {
            for copy in pad_copies(function, value, home, low, high, interior) {
                add_copy(groups, time, copy);
            }
            time + 1
        }
        _ => {
            add_copy(groups, time, whole(home, Source::Definition(value), shape, unrolled));
            time + 1
        }
    }
}

fn whole(home: Home, source: Source, domain: &Shape, unrolled: Vec<bool>) -> Copy {
    let place = vec![(1, Dim::fixed(0)); domain.len()];
    Copy { home, source, domain: domain.clone(), unrolled, place }
}

/// The operand's elements, and what is filled before, after and between them along the one padded axis.
fn pad_copies(
    function: &Function,
    value: ValueId,
    home: Home,
    low: &[u64],
    high: &[u64],
    interior: &[u64],
) -> Vec<Copy> {
    let node = function.definition(value);
    let (operand, fill) = (node.operands[0], node.operands[1]);
    let domain = &function.ty(operand).shape;
    let piece = |source, domain: &Shape| whole(home, source, domain, unrolled_axes(function, node, domain));
    let mut copies = vec![piece(Source::Value(operand), domain)];
    let Some(axis) = super::coordinates::padded_axis(low, high, interior) else { return copies };
    let step = interior[axis] as i64 + 1;
    let first = Dim::fixed(low[axis]);
    copies[0].place[axis] = (step, first);
    let mut fill_piece = |size: Dim, place: (i64, Dim)| {
        let mut domain = domain.clone();
        domain[axis] = size;
        let mut copy = piece(Source::Fill(fill), &domain);
        copy.place[axis] = place;
        copies.push(copy);
    };
    if low[axis] > 0 {
        fill_piece(first, (1, Dim::fixed(0)));
    }
    if high[axis] > 0 {
        let whole = function.ty(value).shape[axis];
        fill_piece(Dim::fixed(high[axis]), (1, Dim { constant: whole.constant - high[axis] as i64, ..whole }));
    }
    let gaps = Dim::fixed(domain[axis].as_fixed().unwrap_or(0).saturating_sub(1));
    for gap in 1..step {
        fill_piece(gaps, (step, Dim::fixed(low[axis] + gap as u64)));
    }
    copies
}

fn add_copy(groups: &mut BTreeMap<Key, Group>, time: u32, copy: Copy) {
    if is_empty(&copy.domain) {
        return;
    }
    let key = Key { time, loops: looped(&copy.domain, &copy.unrolled), reduced: None, region: None };
    groups.entry(key).or_default().copies.push(copy);
}

/// Whether a fixed size of 0 leaves nothing to do.
fn is_empty(shape: &Shape) -> bool {
    shape.contains(&Dim::fixed(0))
}

fn looped(shape: &Shape, unrolled: &[bool]) -> SmallVec<[Dim; 3]> {
    shape.iter().zip(unrolled).filter(|(_, unrolled)| !**unrolled).map(|(&dim, _)| dim).collect()
}

/// Lets a reduction over one long axis store what is computed over the same axis at the same time.
fn join(mut groups: BTreeMap<Key, Group>) -> BTreeMap<Key, Group> {
    let reductions: Vec<Key> =
        groups.keys().filter(|key| key.loops.is_empty() && key.reduced.is_some()).cloned().collect();
    for key in reductions {
        let loops = key.reduced.into_iter().collect();
        let alone = Key { time: key.time, loops, reduced: None, region: None };
        if let (Some(copies), Some(group)) = (groups.remove(&alone), groups.get_mut(&key)) {
            group.copies = copies.copies;
        }
    }
    groups
}
