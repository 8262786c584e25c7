//! What a loop or branch reads of its operands, if it can be inside of a kernel.

use super::super::coordinates::{Coordinates, Origin, origin};
use super::super::domain::{MOST_REDUCED, is_unrolled, taken_in};
use super::{is_stack, lanes, time, times, wishes};
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::{Function, Node, NodeId, Op, ValueId};
use rotrace_ir::kernel::{Affine, IndexId};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// An operand, by its place, and coordinates at which it is read: lane `j` is loop index `j`, times are indices from
/// [`TIME`] on, and a constant coordinate stands for all of its axis.
pub(in super::super) type Demand = (usize, Coordinates);

/// The index that stands for time in a loop; in loops inside of it, the next ones.
const TIME: u32 = 1 << 10;

/// What a node reads of its operands; `None` if it has to be a step of the plan.
pub(in super::super) fn demands(function: &Function, node: NodeId) -> Option<Vec<Demand>> {
    demands_within(function, node, Within { depth: 0, branch: false, call: false })
}

/// Where a loop or branch stands.
#[derive(Clone, Copy)]
struct Within {
    /// In how many loops.
    depth: u32,
    /// Whether in a branch or a `while` loop, where nothing is loaded or stored in loops.
    branch: bool,
    /// Whether in a call, whose loops every lane runs once.
    call: bool,
}

fn demands_within(function: &Function, node: NodeId, within: Within) -> Option<Vec<Demand>> {
    let count = lanes(function, node)?.len();
    let node = function.node(node);
    let own_lanes: Coordinates = (0..count).map(|lane| Affine::index(IndexId(lane as u32))).collect();
    let carried = |place: usize| (place, at_lanes(&function.ty(node.operands[place]).shape, &own_lanes));
    let mut found = Vec::new();
    match &node.op {
        Op::Scan(scan) => {
            if within.branch && (scan.scanned > 0 || scan.stacked() > 0) {
                return None;
            }
            found.extend((0..scan.carried).map(carried));
            let time = time(scan, IndexId(TIME + within.depth));
            let inner = Within { depth: within.depth + 1, call: false, ..within };
            for (place, at) in read(&scan.body, &own_lanes, inner)? {
                if place < scan.carried {
                    // Only in its own lane does a loop know what it carries.
                    if at != carried(place).1 {
                        return None;
                    }
                    continue;
                }
                let mut at = at;
                if place < scan.carried + scan.scanned {
                    at.insert(0, time.clone());
                }
                found.push((place, at));
            }
        }
        Op::Switch(branches) => {
            found.push((0, Coordinates::new()));
            let inner = Within { branch: true, call: false, ..within };
            for branch in branches.iter() {
                found.extend(read(branch, &own_lanes, inner)?.into_iter().map(|(place, at)| (place + 1, at)));
            }
        }
        Op::While(looped) => {
            // Loops inside do not store, as those in branches.
            let inner = Within { branch: true, call: false, ..within };
            let condition = match wishes(looped, count) {
                Some(place) => vec![carried(place)],
                // Lanes that end apart need conditions of their own.
                None if count > 0 => return None,
                None => read(&looped.condition, &own_lanes, inner)?,
            };
            found.extend((0..looped.carried).map(carried));
            for (place, at) in read(&looped.body, &own_lanes, inner)?.into_iter().chain(condition) {
                if place >= looped.carried {
                    found.push((place, at));
                } else if at != carried(place).1 {
                    return None;
                }
            }
        }
        Op::Call(called) => found = read(called, &own_lanes, Within { call: true, ..within })?,
        _ => return None,
    }
    Some(found)
}

/// The coordinates of the elements at lanes.
fn at_lanes(shape: &Shape, lanes: &Coordinates) -> Coordinates {
    let mut at: Coordinates = SmallVec::from_elem(Affine::constant(0), shape.len());
    at[..lanes.len()].clone_from_slice(lanes);
    at
}

/// What a function reads of its parameters, by their place, to give its results at lanes.
fn read(function: &Function, own_lanes: &Coordinates, within: Within) -> Option<Vec<Demand>> {
    let mut reader = Reader {
        function,
        own_lanes,
        within,
        seen: FxHashSet::default(),
        entered: FxHashSet::default(),
        waiting: Vec::new(),
        found: Vec::new(),
    };
    for &result in &function.results {
        if within.branch && is_stack(function, result) {
            return None;
        }
        let times = (within.depth..).take(times(function, result)).map(|depth| Affine::index(IndexId(TIME + depth)));
        let at = at_lanes(&function.ty(result).shape, &times.chain(own_lanes.iter().cloned()).collect());
        reader.ask(result, at);
    }
    while let Some((value, at)) = reader.waiting.pop() {
        reader.visit(value, &at)?;
    }
    Some(reader.found)
}

struct Reader<'a> {
    function: &'a Function,
    own_lanes: &'a Coordinates,
    within: Within,
    seen: FxHashSet<(ValueId, Coordinates)>,
    /// Loops and branches, by their lanes, whose operands have been asked for.
    entered: FxHashSet<(NodeId, Coordinates)>,
    waiting: Vec<(ValueId, Coordinates)>,
    found: Vec<Demand>,
}

impl Reader<'_> {
    fn ask(&mut self, value: ValueId, at: Coordinates) {
        let at: Coordinates = at
            .into_iter()
            .map(|affine| if affine.as_constant().is_some() { Affine::constant(0) } else { affine })
            .collect();
        if self.seen.insert((value, at.clone())) {
            self.waiting.push((value, at));
        }
    }

    fn visit(&mut self, value: ValueId, at: &Coordinates) -> Option<()> {
        let function = self.function;
        let node = function.definition(value);
        match &node.op {
            Op::Parameter { index, .. } => self.found.push((*index as usize, at.clone())),
            Op::Constant(_) | Op::Iota { .. } => {}
            Op::Switch(_) | Op::While(_) | Op::Scan(_) => return self.region(value, node, at),
            // A kernel calls nobody.
            Op::Native(_) | Op::DotGeneral { .. } => return None,
            Op::Reduce { axes, .. } => {
                if !is_unrolled(function.ty(node.operands[0]).shape[axes[0]]) {
                    return None;
                }
                self.is_small(value, node, at)?;
                let mut inner = at.clone();
                inner.insert(axes[0], Affine::constant(0));
                self.ask(node.operands[0], inner);
            }
            Op::Pad { .. } | Op::Concatenate { .. } => {
                // Which operand it is depends on the constant that stands for all.
                if let Origin::Stored = self.origin(value, node, at) {
                    return None;
                }
                for &operand in &node.operands {
                    let rank = function.ty(operand).rank();
                    self.ask(operand, if rank == at.len() { at.clone() } else { Coordinates::new() });
                }
            }
            op => match self.origin(value, node, at) {
                Origin::Operand(which, moved) => self.ask(node.operands[which], moved),
                Origin::View | Origin::Stored => return None,
                Origin::Computed => {
                    if let Op::ScatterAdd { .. } = op {
                        self.is_small(value, node, at)?;
                    }
                    node.operands.iter().for_each(|&operand| self.ask(operand, at.clone()));
                }
            },
        }
        Some(())
    }

    fn origin(&self, value: ValueId, node: &Node, at: &Coordinates) -> Origin {
        let shapes: SmallVec<[&Shape; 3]> = node.operands.iter().map(|&id| &self.function.ty(id).shape).collect();
        origin(&node.op, &shapes, &self.function.ty(value).shape, at)
    }

    /// Whether the elements at constant coordinates, all of them, take in few enough scalars.
    fn is_small(&self, value: ValueId, node: &Node, at: &Coordinates) -> Option<()> {
        let sizes = self.function.ty(value).shape.iter().zip(at).filter(|(_, affine)| affine.as_constant().is_some());
        let elements = sizes.map(|(dim, _)| dim.as_fixed().unwrap_or(u64::MAX)).fold(1, u64::saturating_mul);
        (elements.saturating_mul(taken_in(self.function, node)) <= MOST_REDUCED).then_some(())
    }

    /// A loop or branch in this function, at an element of one of its results.
    fn region(&mut self, value: ValueId, node: &Node, at: &Coordinates) -> Option<()> {
        let defined = self.function.value(value);
        let count = lanes(self.function, defined.node)?.len();
        let first = times(self.function, value);
        let (own, rest) = (at.get(first..first + count)?, at.get(first + count..)?);
        // Every lane has a stack of its own, which does not know of lanes.
        let names_lane = |time: &Affine| time.terms.iter().any(|(index, _)| index.0 < TIME);
        let elsewhere = self.within.call && own != &self.own_lanes[..];
        if elsewhere || at[..first].iter().any(names_lane) || rest.iter().any(|affine| affine.as_constant().is_none()) {
            return None;
        }
        if !self.entered.insert((defined.node, Coordinates::from(own))) {
            return Some(());
        }
        for (place, demanded) in demands_within(self.function, defined.node, self.within)? {
            let moved: Option<Coordinates> = demanded.iter().map(|affine| substituted(affine, own)).collect();
            self.ask(node.operands[place], moved?);
        }
        Some(())
    }
}

/// A coordinate with other coordinates for the lanes.
fn substituted(affine: &Affine, lanes: &[Affine]) -> Option<Affine> {
    let mut sum = Affine { terms: SmallVec::new(), offset: affine.offset };
    for &(index, factor) in &affine.terms {
        let term = match lanes.get(index.0 as usize) {
            Some(lane) => lane.times(factor)?,
            None => Affine { terms: SmallVec::from_slice(&[(index, factor)]), ..Affine::constant(0) },
        };
        sum = sum.plus(&term)?;
    }
    Some(sum)
}
