//! Loops and branches inside of a kernel.

use super::super::coordinates::Coordinates;
use super::super::group::unrolled_places;
use super::super::memory::Home;
use super::super::regions::{self, direct_results, is_stack, times, wishes};
use super::context::{Binding, Context, ContextId};
use super::{Element, Emitter, Leaf, Place};
use rotrace_ir::dim::{Dim, Shape};
use rotrace_ir::graph::{Function, NodeId, Op, Scan, ValueId, While};
use rotrace_ir::kernel::{Access, Affine, Block, Extent, IndexId, Var, Vars, extents};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};

/// Where the slices of a stack go: to memory behind these coordinates.
#[derive(Clone)]
pub struct Destination {
    home: Home,
    /// Whether it is scratch memory, which every lane has for itself.
    scratch: bool,
    prefix: Vec<Affine>,
}

/// The grid's index.
const GRID: IndexId = IndexId(0);

/// A loop or branch that is being emitted.
#[derive(Clone, Copy)]
struct Site<'s> {
    context: ContextId,
    node: NodeId,
    /// The coordinates along the leading axes of what it carries and gives.
    lanes: &'s [Affine],
    /// Those by number.
    place: Place,
    /// The depth of the block that it stands in.
    depth: usize,
}

impl<'a> Emitter<'a> {
    /// Emits a loop or branch of the kernel's own function, whose results are stored.
    pub(in super::super) fn stored_region(&mut self, node: NodeId, lanes: &[Affine], loops: &[Dim]) {
        self.contexts[0].depth = Some(self.builder.depth());
        let indices = lanes.iter().map(|lane| lane.terms[0].0);
        self.loops = indices.zip(loops).map(|(index, &dim)| (index, Extent::Dim(dim))).collect();
        let function = self.function();
        let (direct, stacks) = function.node(node).results.split_at(direct_results(function.node(node)));
        let own = self.places.number(lanes.iter().cloned().collect());
        for &stack in stacks {
            let destination = Destination { home: self.home(stack), scratch: false, prefix: Vec::new() };
            self.contexts[0].destinations.insert((stack, own), vec![destination]);
        }
        self.region(ContextId::ROOT, node, lanes);
        for &value in direct {
            for at in places(&function.ty(value).shape, lanes) {
                let place = self.places.number(at.clone());
                let scalar = self.known[&(ContextId::ROOT, value, place)];
                self.store(self.home(value), at, scalar);
            }
        }
    }

    /// An element of a loop's or branch's result, after emitting that if it is not there.
    pub(super) fn of_region(&mut self, context: ContextId, value: ValueId, place: Place) -> Leaf {
        let function = self.contexts[context.index()].function;
        let defined = function.value(value);
        let count = regions::lanes(function, defined.node).map_or(0, |lanes| lanes.len());
        let at = self.places.at(place).clone();
        let (times, rest) = at.split_at(times(function, value));
        let (lanes, components) = rest.split_at(count);
        self.region(context, defined.node, lanes);
        let element = (context, value, place);
        if times.is_empty() {
            return Leaf::Computed(element);
        }
        let own = self.places.number(lanes.iter().cloned().collect());
        let home = self.contexts[context.index()].scratch[&(value, own)];
        let moved = self.in_scratch(times, components);
        Leaf::Scratch(element, home, self.places.number(moved))
    }

    /// The scalar of an element of scratch memory, loaded once in each block.
    pub(super) fn scratch(&mut self, element: Element, home: Home, place: Place) -> Var {
        if let Some(&known) = self.known.get(&element) {
            return known;
        }
        let depth = self.depth(element.0, element.2);
        let var = self.at_depth(depth, |emitter| {
            let buffer = emitter.buffer(home, Access::Scratch);
            emitter.builder.load(buffer, emitter.places.at(place).clone())
        });
        self.know(element, var, depth);
        var
    }

    /// Coordinates in scratch memory: times, components, and the independent loops but the grid, whose every iteration has
    /// its own.
    fn in_scratch(&self, times: &[Affine], components: &[Affine]) -> Coordinates {
        let loops = self.loops.iter().filter(|(index, _)| *index != GRID).map(|(index, _)| Affine::index(*index));
        times.iter().chain(components).cloned().chain(loops).collect()
    }

    fn region(&mut self, context: ContextId, node: NodeId, lanes: &[Affine]) {
        let place = self.places.number(lanes.iter().cloned().collect());
        if !self.emitted.insert((context, node, place)) {
            return;
        }
        let depth = self.depth(context, place).expect("contexts inside of a kernel know their depth");
        self.at_depth(Some(depth), |emitter| {
            let function = emitter.contexts[context.index()].function;
            let site = Site { context, node, lanes, place, depth };
            match &function.node(node).op {
                Op::Scan(scan) => emitter.scan(site, scan),
                Op::While(looped) => emitter.while_loop(site, looped),
                Op::Switch(branches) => emitter.switch(site, branches),
                Op::Call(called) => emitter.call(site, called),
                other => unreachable!("{} is a step of the plan", other.name()),
            }
        });
    }

    fn operands(&self, site: Site<'_>) -> &'a [ValueId] {
        &self.contexts[site.context.index()].function.node(site.node).operands
    }

    fn scan(&mut self, site: Site<'_>, scan: &'a Scan) {
        let function = self.contexts[site.context.index()].function;
        let (carried, rest) = self.operands(site).split_at(scan.carried);
        let initial: Vec<Var> = self.elements(site.context, carried, site.lanes);
        let index = self.builder.fresh_index();
        self.builder.open_block();
        let depth = site.depth + 1;
        self.index_depths.insert(index, depth);
        let time = regions::time(scan, index);
        let outer = |(place, &value): (usize, &ValueId)| {
            Binding::Outer(site.context, value, (place < scan.scanned).then(|| time.clone()))
        };
        let bindings = carried.iter().map(|_| Binding::Carried).chain(rest.iter().enumerate().map(outer)).collect();
        let (next, slices) = scan.body.results.split_at(scan.carried);
        let slices = slices.iter().filter(|&&slice| !is_stack(&scan.body, slice));
        let body = self.enter(&scan.body, depth, bindings, next.iter().chain(slices).copied().collect());
        let parameters: Vec<Var> = initial.iter().map(|&var| self.builder.fresh(self.builder.dtype(var))).collect();
        self.define(body, &scan.body.parameters[..scan.carried], site.lanes, &parameters, depth);
        self.prepare_stacks(site, scan, body, &time);
        let yields = self.elements(body, &scan.body.results[..scan.carried], site.lanes);
        let results = &function.node(site.node).results;
        for (&slice, &stack) in scan.body.results[scan.carried..].iter().zip(&results[scan.carried..]) {
            self.store_slice(site, body, slice, stack, &time);
        }
        let block = self.leave(&yields, depth);
        let last = self.builder.carry_loop(index, Extent::Dim(scan.length), &initial, &parameters, block);
        self.define(site.context, &results[..scan.carried], site.lanes, &last, site.depth);
    }

    /// A loop whose lanes run their own iterations if each has a wish of its own.
    fn while_loop(&mut self, site: Site<'_>, looped: &'a While) {
        let (carried, constants) = self.operands(site).split_at(looped.carried);
        let initial: Vec<Var> = self.elements(site.context, carried, site.lanes);
        let (index, depth) = (self.builder.fresh_index(), site.depth + 1);
        let parameters: Vec<Var> = initial.iter().map(|&var| self.builder.fresh(self.builder.dtype(var))).collect();
        let asked = match wishes(looped, site.lanes.len()) {
            Some(place) => &looped.condition.parameters[place..=place],
            None => &looped.condition.results[..],
        };
        let parts = [(&looped.condition, asked), (&looped.body, &looped.body.results[..])];
        let [condition, body] = parts.map(|(function, asked)| {
            self.builder.open_block();
            let outer = constants.iter().map(|&value| Binding::Outer(site.context, value, None));
            let bindings = carried.iter().map(|_| Binding::Carried).chain(outer).collect();
            let inside = self.enter(function, depth, bindings, asked.to_vec());
            self.define(inside, &function.parameters[..looped.carried], site.lanes, &parameters, depth);
            let yields = self.elements(inside, asked, site.lanes);
            self.leave(&yields, depth)
        });
        let extent = Extent::Dim(Dim::fixed(looped.bound.unwrap_or(u64::MAX).min(i64::MAX as u64)));
        let last = self.builder.while_loop((index, extent), &initial, &parameters, condition, body);
        let function = self.contexts[site.context.index()].function;
        self.define(site.context, &function.node(site.node).results, site.lanes, &last, site.depth);
    }

    /// Decides where stacks go: to those of the loop around, and to scratch memory if the function around reads them.
    fn prepare_stacks(&mut self, site: Site<'_>, scan: &'a Scan, body: ContextId, time: &Affine) {
        let function = self.contexts[site.context.index()].function;
        let results = &function.node(site.node).results[scan.carried..];
        for (&slice, &stack) in scan.body.results[scan.carried..].iter().zip(results) {
            if site.context != ContextId::ROOT && self.is_read(site.context, stack) {
                let home = self.scratch_home(function, stack, site.lanes.len());
                let context = &mut self.contexts[site.context.index()];
                context.scratch.insert((stack, site.place), home);
                let destination = Destination { home, scratch: true, prefix: Vec::new() };
                context.destinations.entry((stack, site.place)).or_default().push(destination);
            }
            if !is_stack(&scan.body, slice) {
                continue;
            }
            let mut inner = self.destinations(site, stack);
            inner.iter_mut().for_each(|destination| destination.prefix.push(time.clone()));
            self.contexts[body.index()].destinations.entry((slice, site.place)).or_default().extend(inner);
        }
    }

    /// Where a stack goes.
    fn destinations(&self, site: Site<'_>, stack: ValueId) -> Vec<Destination> {
        self.contexts[site.context.index()].destinations.get(&(stack, site.place)).cloned().unwrap_or_default()
    }

    /// Whether elements of a value are asked for: not only as slices of a stack that go where the loop inside puts them.
    fn is_read(&self, context: ContextId, value: ValueId) -> bool {
        let Context { function, yields, .. } = &self.contexts[context.index()];
        yields.contains(&value) || function.nodes.iter().any(|node| node.operands.contains(&value))
    }

    fn scratch_home(&mut self, function: &Function, stack: ValueId, lanes: usize) -> Home {
        let ty = function.ty(stack);
        let shape = extents(&ty.shape);
        let times = times(function, stack);
        let components = shape[times + lanes..].iter().copied();
        let loops = self.loops.iter().filter(|(index, _)| *index != GRID).map(|&(_, extent)| extent);
        let shape = shape[..times].iter().copied().chain(components).chain(loops).collect();
        self.memory.temporary(ty.dtype, shape)
    }

    fn store_slice(&mut self, site: Site<'_>, body: ContextId, slice: ValueId, stack: ValueId, time: &Affine) {
        let inner = self.contexts[body.index()].function;
        if is_stack(inner, slice) {
            // The loop inside stores it; it may be that nothing else asks for that loop.
            let node = inner.value(slice).node;
            return self.region(body, node, site.lanes);
        }
        let destinations = self.destinations(site, stack);
        for at in places(&inner.ty(slice).shape, site.lanes) {
            let value = self.element_in(body, slice, at.clone());
            for &Destination { home, scratch, ref prefix } in &destinations {
                let times: Vec<Affine> = prefix.iter().chain([time]).cloned().collect();
                if scratch {
                    let place = self.in_scratch(&times, &at[site.lanes.len()..]);
                    let buffer = self.buffer(home, Access::Scratch);
                    self.builder.store(buffer, place, value);
                } else {
                    self.store(home, times.into_iter().chain(at.iter().cloned()).collect(), value);
                }
            }
        }
    }

    /// Loops that share the kernel, in the block that the call stands in.
    fn call(&mut self, site: Site<'_>, called: &'a Function) {
        let function = self.contexts[site.context.index()].function;
        let node = function.node(site.node);
        let (direct, stacks) = called.results.split_at(direct_results(node));
        let bindings = node.operands.iter().map(|&value| Binding::Outer(site.context, value, None)).collect();
        let body = self.enter(called, site.depth, bindings, direct.to_vec());
        for (&inner, &stack) in stacks.iter().zip(&node.results[direct.len()..]) {
            let destinations = self.destinations(site, stack);
            self.contexts[body.index()].destinations.insert((inner, site.place), destinations);
        }
        let results = self.elements(body, direct, site.lanes);
        for &stack in stacks {
            self.region(body, called.value(stack).node, site.lanes);
        }
        self.define(site.context, &node.results[..direct.len()], site.lanes, &results, site.depth);
    }

    fn switch(&mut self, site: Site<'_>, branches: &'a [Function]) {
        let selector = self.element_in(site.context, self.operands(site)[0], Coordinates::new());
        let results = if self.builder.dtype(selector) == DType::Bool {
            let [otherwise, then] = [0, 1].map(|branch| self.branch(site, &branches[branch]));
            self.builder.branch(selector, then, otherwise)
        } else {
            self.select_among(site, selector, branches, 0)
        };
        let function = self.contexts[site.context.index()].function;
        self.define(site.context, &function.node(site.node).results, site.lanes, &results, site.depth);
    }

    /// The results of the branch that a number selects among those from `first` on.
    fn select_among(&mut self, site: Site<'_>, selector: Var, branches: &'a [Function], first: usize) -> Vars {
        let [branch, others @ ..] = &branches[first..] else { unreachable!("a switch has branches") };
        if others.is_empty() {
            let body = self.enter_branch(site, branch, site.depth);
            return self.elements(body, &branch.results, site.lanes).into();
        }
        let next = self.builder.constant(Scalar::from_i64(self.builder.dtype(selector), first as i64 + 1));
        let is_first = self.builder.scalar(ScalarOp::Less, &[selector, next]);
        let then = self.branch(site, branch);
        let otherwise = if let [last] = others {
            self.branch(site, last)
        } else {
            self.builder.open_block();
            let inner = Site { depth: site.depth + 1, ..site };
            let rest = self.select_among(inner, selector, branches, first + 1);
            self.leave(&rest, inner.depth)
        };
        self.builder.branch(is_first, then, otherwise)
    }

    /// A branch as a block, with all its results.
    fn branch(&mut self, site: Site<'_>, branch: &'a Function) -> Block {
        self.builder.open_block();
        let depth = site.depth + 1;
        let body = self.enter_branch(site, branch, depth);
        let yields = self.elements(body, &branch.results, site.lanes);
        self.leave(&yields, depth)
    }

    fn enter_branch(&mut self, site: Site<'_>, branch: &'a Function, depth: usize) -> ContextId {
        let arguments = &self.operands(site)[1..];
        let bindings = arguments.iter().map(|&value| Binding::Outer(site.context, value, None)).collect();
        self.enter(branch, depth, bindings, branch.results.clone())
    }

    /// A context for a function whose block has just been opened.
    fn enter(
        &mut self,
        function: &'a Function,
        depth: usize,
        parameters: Vec<Binding>,
        yields: Vec<ValueId>,
    ) -> ContextId {
        self.contexts.push(Context { yields, ..Context::new(function, Some(depth), parameters) });
        ContextId(self.contexts.len() as u32 - 1)
    }

    /// Closes a function's block; what became known in it is forgotten.
    fn leave(&mut self, yields: &[Var], depth: usize) -> Block {
        for scope in self.scopes.iter_mut().skip(depth) {
            for element in scope.drain(..) {
                self.known.remove(&element);
            }
        }
        self.builder.close_block(yields)
    }

    /// All elements of values at lanes.
    fn elements(&mut self, context: ContextId, values: &[ValueId], lanes: &[Affine]) -> Vec<Var> {
        let function = self.contexts[context.index()].function;
        let mut scalars = Vec::new();
        for &value in values {
            for at in places(&function.ty(value).shape, lanes) {
                scalars.push(self.element_in(context, value, at));
            }
        }
        scalars
    }

    /// Says what all elements of values at lanes are.
    fn define(&mut self, context: ContextId, values: &[ValueId], lanes: &[Affine], scalars: &[Var], depth: usize) {
        let function = self.contexts[context.index()].function;
        let mut scalars = scalars.iter();
        for &value in values {
            for at in places(&function.ty(value).shape, lanes) {
                let place = self.places.number(at);
                let scalar = *scalars.next().expect("one for each element");
                self.know((context, value, place), scalar, Some(depth));
            }
        }
    }
}

/// The coordinates of the elements at lanes: the other axes are unrolled.
fn places(shape: &Shape, lanes: &[Affine]) -> impl Iterator<Item = Coordinates> + use<> {
    let unrolled: Vec<bool> = (0..shape.len()).map(|axis| axis >= lanes.len()).collect();
    unrolled_places(shape, &unrolled, lanes)
}
