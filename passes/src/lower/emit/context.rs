//! Functions in their places, and following an element to where it is computed.

use super::super::coordinates::{Coordinates, Origin, origin};
use super::super::memory::Home;
use super::reduce::literal;
use super::region::Destination;
use super::{Element, Emitter, Leaf, Place};
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::{Function, Op, ValueId};
use rotrace_ir::kernel::Affine;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A context, by its place in the emitter's list. Each is used once, so that what is known in it goes with its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContextId(pub u32);

impl ContextId {
    /// The kernel's own function.
    pub const ROOT: Self = Self(0);

    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A function in its place.
pub struct Context<'a> {
    pub function: &'a Function,
    /// The depth of the block of its values. Of the kernel's own function it is known as soon as there are others.
    pub depth: Option<usize>,
    /// What its parameters are; nothing for the kernel's own function, whose parameters are in memory.
    pub parameters: Vec<Binding>,
    /// Results of which elements are asked for.
    pub yields: Vec<ValueId>,
    /// Where stacks go, by their lanes: those that this function reads, and those that are slices of stacks of the loop
    /// around.
    pub destinations: FxHashMap<(ValueId, Place), Vec<Destination>>,
    /// Scratch memory of the stacks that this function reads.
    pub scratch: FxHashMap<(ValueId, Place), Home>,
}

/// What a parameter is.
pub enum Binding {
    /// A value of the function around, at coordinates behind these.
    Outer(ContextId, ValueId, Option<Affine>),
    /// Scalars that the loop carries, which are known.
    Carried,
}

impl<'a> Context<'a> {
    pub fn root(function: &'a Function) -> Self {
        Self::new(function, None, Vec::new())
    }

    pub fn new(function: &'a Function, depth: Option<usize>, parameters: Vec<Binding>) -> Self {
        Self {
            function,
            depth,
            parameters,
            yields: Vec::new(),
            destinations: FxHashMap::default(),
            scratch: FxHashMap::default(),
        }
    }
}

impl Emitter<'_> {
    pub(super) fn resolve(&mut self, context: ContextId, value: ValueId, place: Place) -> Leaf {
        match context {
            ContextId::ROOT => match self.memory.stored(value) {
                Some(home) => Leaf::Load(home, place),
                None => self.follow(context, value, place),
            },
            _ => self.follow(context, value, place),
        }
    }

    /// Follows movement operations, starting with the definition of `value` itself.
    pub(super) fn follow(&mut self, mut context: ContextId, mut value: ValueId, mut place: Place) -> Leaf {
        loop {
            let function = self.contexts[context.index()].function;
            let node = function.definition(value);
            let at = self.places.at(place);
            match &node.op {
                Op::Constant(constant) => {
                    if let Some(literal) = literal(constant, at) {
                        return Leaf::Literal(literal);
                    }
                    let home = match context {
                        ContextId::ROOT => self.memory.leaf(function, value),
                        _ => self.memory.constant(constant),
                    };
                    return Leaf::Load(home, place);
                }
                Op::Parameter { .. } if context == ContextId::ROOT => {
                    return Leaf::Load(self.memory.leaf(function, value), place);
                }
                Op::Parameter { index, .. } => match &self.contexts[context.index()].parameters[*index as usize] {
                    Binding::Carried => return Leaf::Computed((context, value, place)),
                    Binding::Outer(outer, bound, prefix) => {
                        let mut moved: Coordinates = at.clone();
                        if let Some(prefix) = prefix {
                            moved.insert(0, prefix.clone());
                        }
                        (context, value) = (*outer, *bound);
                        place = self.places.number(moved);
                    }
                },
                Op::Switch(_) | Op::While(_) | Op::Scan(_) => return self.of_region(context, value, place),
                op => {
                    let shapes: SmallVec<[&Shape; 3]> =
                        node.operands.iter().map(|&id| &function.ty(id).shape).collect();
                    match origin(op, &shapes, &function.ty(value).shape, at) {
                        Origin::Operand(which, moved) => {
                            (value, place) = (node.operands[which], self.places.number(moved));
                        }
                        Origin::View => return Leaf::Load(self.memory.view(function, value), place),
                        Origin::Computed => return Leaf::Computed((context, value, place)),
                        Origin::Stored => {
                            unreachable!("{} at {:?} should have been stored", op.name(), self.places.at(place))
                        }
                    }
                }
            }
            if context == ContextId::ROOT
                && let Some(home) = self.memory.stored(value)
            {
                return Leaf::Load(home, place);
            }
        }
    }

    pub(super) fn dependencies(&mut self, (context, value, place): Element) -> SmallVec<[Leaf; 4]> {
        let function = self.contexts[context.index()].function;
        let node = function.definition(value);
        match &node.op {
            Op::Reduce { axes, .. } => {
                let at = self.places.at(place).clone();
                let size = function.ty(node.operands[0]).shape[axes[0]].as_fixed().unwrap_or(0);
                let element = |position| {
                    let mut inner = at.clone();
                    inner.insert(axes[0], Affine::constant(position as i64));
                    let place = self.places.number(inner);
                    self.resolve(context, node.operands[0], place)
                };
                (0..size).map(element).collect()
            }
            Op::ScatterAdd { axis, indices, .. } => {
                let at = self.places.at(place).clone();
                let wanted = at[*axis].as_constant();
                let hits = (0..indices.len()).filter(|&from| Some(indices[from] as i64) == wanted);
                let element = |from| {
                    let mut inner = at.clone();
                    inner[*axis] = Affine::constant(from as i64);
                    let place = self.places.number(inner);
                    self.resolve(context, node.operands[0], place)
                };
                hits.map(element).collect()
            }
            _ => node.operands.iter().map(|&operand| self.resolve(context, operand, place)).collect(),
        }
    }
}
