//! Emission of one kernel's scalar code, on demand from its stores.
//!
//! An element of a value at given coordinates is followed through movement operations to a load, a literal or a scalar
//! operation on other elements; equal elements share one scalar. The walk keeps its own stack, so that a chain of a
//! million operations needs no deep recursion.

use super::coordinates::{Coordinates, Origin, origin};
use super::memory::{Home, Memory};
use crate::expand;
use rotrace_ir::Scalar;
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::{Function, Op, Reduction, ValueId};
use rotrace_ir::kernel::{Access, Affine, BufferId, Extent, Kernel, KernelBuilder, Var};
use rotrace_ir::plan::{KernelStep, PlanBufferId, Step};
use rotrace_ir::reduce::LANES;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An element of a value.
type Element = (ValueId, Place);

/// Coordinates by number: equal ones have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place(u32);

/// All coordinates that occur.
#[derive(Default)]
struct Places {
    coordinates: Vec<Coordinates>,
    known: FxHashMap<Coordinates, Place>,
}

impl Places {
    fn number(&mut self, at: Coordinates) -> Place {
        if let Some(&known) = self.known.get(&at) {
            return known;
        }
        let place = Place(self.coordinates.len() as u32);
        self.coordinates.push(at.clone());
        self.known.insert(at, place);
        place
    }

    fn at(&self, place: Place) -> &Coordinates {
        &self.coordinates[place.0 as usize]
    }
}

/// What an element turns out to be.
#[derive(Clone, Copy)]
enum Leaf {
    Load(Home, Place),
    Literal(Scalar),
    Computed(Element),
}

/// An element being computed: its dependencies, and how many of them are done.
struct Frame {
    element: Element,
    dependencies: SmallVec<[Leaf; 4]>,
    done: SmallVec<[Var; 4]>,
}

/// Builds one kernel.
pub(super) struct Emitter<'a> {
    function: &'a Function,
    memory: &'a mut Memory,
    pub(super) builder: KernelBuilder,
    arguments: Vec<PlanBufferId>,
    /// The kernel's views of each of the plan's buffers that it reads (or writes).
    buffers: FxHashMap<(PlanBufferId, bool), SmallVec<[BufferId; 1]>>,
    places: Places,
    known: FxHashMap<Element, Var>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(function: &'a Function, memory: &'a mut Memory, name: String, grid: Extent) -> Self {
        let builder = KernelBuilder::new(name, function.dims.clone(), grid);
        Self {
            function,
            memory,
            builder,
            arguments: Vec::new(),
            buffers: FxHashMap::default(),
            places: Places::default(),
            known: FxHashMap::default(),
        }
    }

    pub(super) fn finish(self) -> Step {
        let kernel: Kernel = self.builder.finish();
        Step::Kernel(KernelStep { kernel, arguments: self.arguments })
    }

    /// The function being lowered.
    pub(super) fn function(&self) -> &'a Function {
        self.function
    }

    /// Where a stored value lives.
    pub(super) fn home(&self, value: ValueId) -> Home {
        self.memory.stored(value).expect("the group stores this value")
    }

    /// Elements computed inside a block that is now closed are out of scope.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// The kernel's view of a plan buffer under a shape.
    fn buffer(&mut self, home: Home, access: Access) -> BufferId {
        let shape = self.memory.shape(home.shape);
        let views = self.buffers.entry((home.buffer, access == Access::Write)).or_default();
        let declared = &self.builder.kernel().buffers;
        if let Some(&known) = views.iter().find(|id| declared[id.0 as usize].shape == *shape) {
            return known;
        }
        let id = self.builder.buffer(self.memory.dtype(home.buffer), shape.clone(), access);
        self.arguments.push(home.buffer);
        views.push(id);
        id
    }

    /// Stores an element of a plan buffer.
    pub(super) fn store(&mut self, home: Home, at: Coordinates, value: Var) {
        let buffer = self.buffer(home, Access::Write);
        self.builder.store(buffer, at, value);
    }

    /// Loads an element of a plan buffer.
    pub(super) fn load(&mut self, home: Home, at: Coordinates) -> Var {
        let buffer = self.buffer(home, Access::Read);
        self.builder.load(buffer, at)
    }

    /// The scalar of an element, by way of memory if the value is stored there.
    pub(super) fn element(&mut self, value: ValueId, at: Coordinates) -> Var {
        let place = self.places.number(at);
        let leaf = self.resolve(value, place);
        self.run(leaf)
    }

    /// The scalar of an element by the value's definition, for the kernel that stores it.
    pub(super) fn definition(&mut self, value: ValueId, at: Coordinates) -> Var {
        let place = self.places.number(at);
        let leaf = self.follow(value, place);
        self.run(leaf)
    }

    fn run(&mut self, leaf: Leaf) -> Var {
        let mut stack: Vec<Frame> = Vec::new();
        let mut finished = self.begin(leaf, &mut stack);
        while let Some(frame) = stack.last_mut() {
            if let Some(var) = finished.take() {
                frame.done.push(var);
            }
            if frame.done.len() < frame.dependencies.len() {
                let next = frame.dependencies[frame.done.len()];
                finished = self.begin(next, &mut stack);
            } else if let Some(frame) = stack.pop() {
                let var = self.compute(frame.element, &frame.done);
                self.known.insert(frame.element, var);
                finished = Some(var);
            }
        }
        finished.expect("the last frame leaves its scalar")
    }

    /// The scalar of a leaf, or a new frame that will compute it.
    fn begin(&mut self, leaf: Leaf, stack: &mut Vec<Frame>) -> Option<Var> {
        match leaf {
            Leaf::Load(home, place) => Some(self.load(home, self.places.at(place).clone())),
            Leaf::Literal(value) => Some(self.builder.constant(value)),
            Leaf::Computed(element) => {
                if let Some(&known) = self.known.get(&element) {
                    return Some(known);
                }
                let dependencies = self.dependencies(element);
                stack.push(Frame { element, dependencies, done: SmallVec::new() });
                None
            }
        }
    }

    fn resolve(&mut self, value: ValueId, place: Place) -> Leaf {
        match self.memory.stored(value) {
            Some(home) => Leaf::Load(home, place),
            None => self.follow(value, place),
        }
    }

    /// Follows movement operations, starting with the definition of `value` itself.
    fn follow(&mut self, mut value: ValueId, mut place: Place) -> Leaf {
        loop {
            let node = self.function.definition(value);
            let at = self.places.at(place);
            if let Op::Constant(constant) = &node.op
                && let Some(literal) = literal(constant, at)
            {
                return Leaf::Literal(literal);
            }
            if matches!(node.op, Op::Parameter { .. } | Op::Constant(_)) {
                return Leaf::Load(self.memory.leaf(self.function, value), place);
            }
            let shapes: SmallVec<[&Shape; 3]> = node.operands.iter().map(|&id| &self.function.ty(id).shape).collect();
            match origin(&node.op, &shapes, &self.function.ty(value).shape, at) {
                Origin::Operand(which, moved) => (value, place) = (node.operands[which], self.places.number(moved)),
                Origin::View => return Leaf::Load(self.memory.view(self.function, value), place),
                Origin::Computed => return Leaf::Computed((value, place)),
                Origin::Stored => {
                    unreachable!("{} at {:?} should have been stored", node.op.name(), self.places.at(place))
                }
            }
            if let Some(home) = self.memory.stored(value) {
                return Leaf::Load(home, place);
            }
        }
    }

    fn dependencies(&mut self, (value, place): Element) -> SmallVec<[Leaf; 4]> {
        let node = self.function.definition(value);
        match &node.op {
            Op::Reduce { axes, .. } => {
                let at = self.places.at(place).clone();
                let size = self.function.ty(node.operands[0]).shape[axes[0]].as_fixed().unwrap_or(0);
                let element = |position| {
                    let mut inner = at.clone();
                    inner.insert(axes[0], Affine::constant(position as i64));
                    let place = self.places.number(inner);
                    self.resolve(node.operands[0], place)
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
                    self.resolve(node.operands[0], place)
                };
                hits.map(element).collect()
            }
            _ => node.operands.iter().map(|&operand| self.resolve(operand, place)).collect(),
        }
    }

    fn compute(&mut self, (value, place): Element, operands: &[Var]) -> Var {
        let node = self.function.definition(value);
        let dtype = self.function.ty(value).dtype;
        match &node.op {
            Op::Scalar(op) => expand::emit(&mut self.builder, *op, operands),
            Op::Cast(to) => self.builder.cast(*to, operands[0]),
            Op::Bitcast(to) => self.builder.bitcast(*to, operands[0]),
            Op::Iota { axis, .. } => {
                let index = self.builder.index(self.places.at(place)[*axis].clone());
                self.builder.cast(dtype, index)
            }
            Op::Reduce { kind, .. } => self.unrolled(*kind, dtype, operands),
            Op::ScatterAdd { .. } => self.unrolled(Reduction::Sum, dtype, operands),
            other => unreachable!("{} is followed, not computed", other.name()),
        }
    }

    /// A short reduction in registers, in the order of [`rotrace_ir::reduce`]: empty accumulators are skipped, which
    /// changes no bit because identities are exact.
    fn unrolled(&mut self, kind: Reduction, dtype: rotrace_ir::DType, elements: &[Var]) -> Var {
        let mut lanes: SmallVec<[Var; LANES as usize]> = SmallVec::new();
        for (position, &element) in elements.iter().enumerate() {
            match position.checked_sub(LANES as usize) {
                None => lanes.push(element),
                Some(_) => {
                    let lane = position % LANES as usize;
                    lanes[lane] = expand::emit(&mut self.builder, kind.combine(), &[lanes[lane], element]);
                }
            }
        }
        let mut half = LANES as usize / 2;
        while half > 0 {
            for lane in half..lanes.len() {
                lanes[lane - half] =
                    expand::emit(&mut self.builder, kind.combine(), &[lanes[lane - half], lanes[lane]]);
            }
            lanes.truncate(half);
            half /= 2;
        }
        match lanes.first() {
            Some(&lane) => lane,
            None => self.builder.constant(kind.empty(dtype)),
        }
    }
}

/// The element of a constant, where all coordinates are constant or all elements equal.
fn literal(constant: &rotrace_ir::graph::Constant, at: &Coordinates) -> Option<Scalar> {
    let mut position = 0;
    for (coordinate, &size) in at.iter().zip(&constant.shape) {
        match coordinate.as_constant() {
            Some(place) => position = position * size as usize + place as usize,
            None => return constant.splat(),
        }
    }
    Some(constant.element(position))
}
