//! Emission of one kernel's scalar code, on demand from its stores.
//!
//! An element of a value at given coordinates is followed through movement operations to a load, a literal or a scalar
//! operation on other elements; equal elements share one scalar. The walk keeps its own stack, so that a chain of a
//! million operations needs no deep recursion.
//!
//! Loops and branches inside of the kernel have functions of their own. A *context* is one of those in its place: it says
//! what the function's parameters are there. Elements are placed in the outermost block that knows the loop indices in
//! their coordinates, so that nothing is computed in a loop that does not depend on it.

mod context;
mod places;
mod reduce;
mod region;

use super::choices::branched;
use super::coordinates::Coordinates;
use super::memory::{Home, Memory};
use crate::expand;
use context::{Context, ContextId};
use places::{Place, Places};
use rotrace_ir::Scalar;
use rotrace_ir::graph::{Function, NodeId, Op, Reduction, ValueId};
use rotrace_ir::kernel::{Access, BufferId, Extent, IndexId, KernelBuilder, Var};
use rotrace_ir::plan::{KernelStep, PlanBufferId, Step};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// An element of a value of a function.
type Element = (ContextId, ValueId, Place);

/// What an element turns out to be.
#[derive(Clone, Copy)]
enum Leaf {
    Load(Home, Place),
    Scratch(Element, Home, Place),
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
    memory: &'a mut Memory,
    pub(super) builder: KernelBuilder,
    arguments: Vec<PlanBufferId>,
    /// The kernel's views of each of the plan's buffers, by what it does with them.
    buffers: FxHashMap<(PlanBufferId, Access), SmallVec<[BufferId; 1]>>,
    places: Places,
    /// The kernel's function first.
    contexts: Vec<Context<'a>>,
    known: FxHashMap<Element, Var>,
    /// What became known in the block at each depth, inside of loops and branches.
    scopes: Vec<Vec<Element>>,
    /// The depth of the block in which a loop's index is known, for loops of functions.
    index_depths: FxHashMap<IndexId, usize>,
    /// Independent loops around everything.
    loops: Vec<(IndexId, Extent)>,
    /// Loops and branches that are there, by their lanes.
    emitted: FxHashSet<(ContextId, NodeId, Place)>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(function: &'a Function, memory: &'a mut Memory, name: String, grid: Extent) -> Self {
        let builder = KernelBuilder::new(name, function.dims.clone(), grid);
        Self {
            memory,
            builder,
            arguments: Vec::new(),
            buffers: FxHashMap::default(),
            places: Places::default(),
            contexts: vec![Context::root(function)],
            known: FxHashMap::default(),
            scopes: Vec::new(),
            index_depths: FxHashMap::default(),
            loops: Vec::new(),
            emitted: FxHashSet::default(),
        }
    }

    pub(super) fn finish(self) -> Step {
        Step::Kernel(KernelStep { kernel: branched(self.builder.finish()), arguments: self.arguments })
    }

    /// The function being lowered.
    pub(super) fn function(&self) -> &'a Function {
        self.contexts[0].function
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
        let views = self.buffers.entry((home.buffer, access)).or_default();
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
        self.element_in(ContextId::ROOT, value, at)
    }

    fn element_in(&mut self, context: ContextId, value: ValueId, at: Coordinates) -> Var {
        let place = self.places.number(at);
        let leaf = self.resolve(context, value, place);
        self.run(leaf)
    }

    /// The scalar of an element by the value's definition, for the kernel that stores it.
    pub(super) fn definition(&mut self, value: ValueId, at: Coordinates) -> Var {
        let place = self.places.number(at);
        let leaf = self.follow(ContextId::ROOT, value, place);
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
                let depth = self.depth(frame.element.0, frame.element.2);
                let var = self.at_depth(depth, |emitter| emitter.compute(frame.element, &frame.done));
                self.know(frame.element, var, depth);
                finished = Some(var);
            }
        }
        finished.expect("the last frame leaves its scalar")
    }

    /// The scalar of a leaf, or a new frame that will compute it.
    fn begin(&mut self, leaf: Leaf, stack: &mut Vec<Frame>) -> Option<Var> {
        match leaf {
            Leaf::Load(home, place) => {
                let depth = self.depth(ContextId::ROOT, place);
                Some(self.at_depth(depth, |emitter| emitter.load(home, emitter.places.at(place).clone())))
            }
            Leaf::Literal(value) => {
                let depth = self.contexts[0].depth;
                Some(self.at_depth(depth, |emitter| emitter.builder.constant(value)))
            }
            Leaf::Scratch(element, home, place) => Some(self.scratch(element, home, place)),
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

    fn compute(&mut self, (context, value, place): Element, operands: &[Var]) -> Var {
        let function = self.contexts[context.index()].function;
        let dtype = function.ty(value).dtype;
        match &function.definition(value).op {
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

    /// The depth of the block where an element of a function belongs: that of the function, or of a loop around it that
    /// its coordinates depend on. `None` without loops of functions: the innermost.
    fn depth(&self, context: ContextId, place: Place) -> Option<usize> {
        let base = self.contexts[context.index()].depth?;
        let indices = self.places.at(place).iter().flat_map(|coordinate| &coordinate.terms);
        let depths = indices.filter_map(|(index, _)| self.index_depths.get(index));
        Some(depths.fold(base, |depth, &own| depth.max(own)))
    }

    /// Runs `body` so that what it emits belongs to the block at a depth.
    fn at_depth<R>(&mut self, depth: Option<usize>, body: impl FnOnce(&mut Self) -> R) -> R {
        match depth.filter(|&depth| depth < self.builder.depth()) {
            None => body(self),
            Some(depth) => {
                let parked = self.builder.park(depth);
                let inner = self.scopes.split_off((depth + 1).min(self.scopes.len()));
                let result = body(self);
                self.builder.resume(parked);
                self.scopes.resize_with(depth + 1, Vec::new);
                self.scopes.extend(inner);
                result
            }
        }
    }

    /// Notes the scalar of an element, for as long as the block at this depth is open.
    fn know(&mut self, element: Element, var: Var, depth: Option<usize>) {
        self.known.insert(element, var);
        if let Some(depth) = depth {
            if self.scopes.len() <= depth {
                self.scopes.resize_with(depth + 1, Vec::new);
            }
            self.scopes[depth].push(element);
        }
    }
}
