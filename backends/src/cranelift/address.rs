//! Addresses of elements.
//!
//! The flat position of an access is a sum of terms `coefficient * variable * dynamic`, where `dynamic` is a product of a
//! buffer's last sizes that are not fixed numbers. Accesses that differ in the constant term only share one pointer and
//! differ in the instruction's displacement; what does not change in a loop is added up before it.

use super::code::{Code, Lanes};
use cranelift_codegen::ir::{InstBuilder, Value};
use rotrace_ir::kernel::{Access, Affine, BufferId, Extent, IndexId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A buffer's strides: per axis a number, and how many of the `dynamics` it is multiplied by.
pub(super) struct Layout {
    axes: SmallVec<[(usize, i64); 4]>,
    /// Products of the last 1, 2, ... sizes that are not fixed.
    dynamics: SmallVec<[Value; 2]>,
}

/// What a term is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Variable {
    /// Nothing.
    One,
    /// The size of a named dimension.
    Dim(u32),
    /// A loop index.
    Index(u32),
}

/// One term: variable, number of dynamic sizes, coefficient in elements.
pub(super) type Term = (Variable, usize, i64);

/// All of an access but its constant term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) buffer: BufferId,
    terms: SmallVec<[Term; 4]>,
}

/// How far apart the elements of neighbouring iterations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many elements.
    Fixed(i64),
    /// Only known at run time.
    Dynamic,
}

impl Place {
    /// The place for index 0.
    pub(super) fn without(&self, index: IndexId) -> Self {
        let terms = self.terms.iter().filter(|term| term.0 != Variable::Index(index.0)).copied().collect();
        Self { buffer: self.buffer, terms }
    }

    /// The place for constant coordinates of 0.
    pub(super) fn without_constants(&self) -> Self {
        let terms = self.terms.iter().filter(|term| term.0 != Variable::One).copied().collect();
        Self { buffer: self.buffer, terms }
    }

    /// The constant coordinates.
    pub(super) fn constants(&self) -> SmallVec<[Term; 4]> {
        self.terms.iter().filter(|term| term.0 == Variable::One).copied().collect()
    }

    /// The constant coordinates along one axis.
    fn constant(&self, dynamic: usize) -> i64 {
        let term = self.terms.iter().find(|term| (term.0, term.1) == (Variable::One, dynamic));
        term.map_or(0, |term| term.2)
    }

    /// What one iteration of a loop adds.
    pub(super) fn step(&self, index: IndexId) -> Step {
        let mut step = 0;
        for &(variable, dynamic, coefficient) in &self.terms {
            if variable == Variable::Index(index.0) {
                if dynamic > 0 {
                    return Step::Dynamic;
                }
                step += coefficient;
            }
        }
        Step::Fixed(step)
    }
}

/// A value that is computed once in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The address of a place.
    Pointer(Place),
    /// Bytes per unit of a variable: coefficient in bytes, times the buffer's dynamic sizes.
    Stride(BufferId, usize, i64),
    /// A multiple of a loop index.
    Multiple(u32, i64),
    /// An interleaving of two vectors.
    Shuffle(Value, Value, [u8; 16]),
    /// A scalar in every lane of so many bytes.
    Splat(Value, usize),
    /// A vector of a row: place, first element.
    Row(Place, i64),
}

/// Values that are already computed, per open region of code; those of outer regions dominate inner ones.
#[derive(Default)]
pub(super) struct Scopes {
    open: Vec<FxHashMap<Key, Value>>,
}

impl Scopes {
    pub(super) fn open(&mut self) {
        self.open.push(FxHashMap::default());
    }

    pub(super) fn close(&mut self) {
        self.open.pop().expect("scopes are closed as often as opened");
    }

    pub(super) fn find(&self, key: &Key) -> Option<Value> {
        self.open.iter().rev().find_map(|scope| scope.get(key).copied())
    }

    pub(super) fn insert(&mut self, key: Key, value: Value) {
        self.open.last_mut().expect("the function's scope is open").insert(key, value);
    }
}

impl Code<'_, '_> {
    /// The strides of a shape.
    pub(super) fn layout(&mut self, shape: &[Extent]) -> Layout {
        let mut layout = Layout { axes: SmallVec::new(), dynamics: SmallVec::new() };
        let mut fixed = 1_i64;
        for (axis, &extent) in shape.iter().enumerate().rev() {
            layout.axes.push((layout.dynamics.len(), fixed));
            let known = match extent {
                Extent::Dim(dim) => dim.as_fixed(),
                Extent::Blocks(_) | Extent::Block { .. } => None,
            };
            match known {
                Some(size) => fixed = fixed.wrapping_mul(size as i64),
                // The outermost size is no stride.
                None if axis == 0 => {}
                None => {
                    let size = self.extent(extent);
                    let product = match layout.dynamics.last() {
                        Some(&inner) => self.ins().imul(inner, size),
                        None => size,
                    };
                    layout.dynamics.push(product);
                }
            }
        }
        layout.axes.reverse();
        layout
    }

    /// An access as a place and a constant number of elements.
    pub(super) fn access(&self, buffer: BufferId, at: &[Affine]) -> (Place, i64) {
        let mut sums: SmallVec<[Term; 8]> = SmallVec::new();
        let mut add = |variable, dynamic, coefficient: i64| match sums
            .iter_mut()
            .find(|term| (term.0, term.1) == (variable, dynamic))
        {
            Some(term) => term.2 = term.2.wrapping_add(coefficient),
            None => sums.push((variable, dynamic, coefficient)),
        };
        let layout = &self.entry.layouts[buffer.0 as usize];
        let copies = if self.has_copies(buffer) { self.lanes.count() } else { 1 };
        for (affine, &(dynamic, stride)) in at.iter().zip(&layout.axes) {
            let stride = stride.wrapping_mul(copies);
            for &(index, factor) in &affine.terms {
                add(Variable::Index(index.0), dynamic, factor.wrapping_mul(stride));
            }
            if let Some(name) = affine.offset.name {
                add(Variable::Dim(name.0), dynamic, stride);
            }
            add(Variable::One, dynamic, affine.offset.constant.wrapping_mul(stride));
        }
        let constant = sums.iter().find(|term| (term.0, term.1) == (Variable::One, 0)).map_or(0, |term| term.2);
        sums.retain(|term| term.2 != 0 && (term.0, term.1) != (Variable::One, 0));
        sums.sort_unstable();
        let place = Place { buffer, terms: sums.into_iter().collect() };
        // A copy of an unrolled body reads further along with the same pointers.
        let ahead = match (self.ahead, place.step(self.ahead.0)) {
            ((_, 0), _) => 0,
            ((_, ahead), Step::Fixed(step)) => step * ahead,
            (_, Step::Dynamic) => unreachable!("loops with dynamic steps are not unrolled"),
        };
        (place, constant + ahead)
    }

    /// Whether every lane has its own copy of a buffer. They are interleaved: an element's copies are neighbours.
    fn has_copies(&self, buffer: BufferId) -> bool {
        let scratch = self.kernel.buffers[buffer.0 as usize].access == Access::Scratch;
        scratch && self.lanes != Lanes::One && self.rows.index == IndexId(0)
    }

    /// How far apart the elements of neighbouring lanes are.
    pub(super) fn lane_step(&self, place: &Place) -> Step {
        if self.has_copies(place.buffer) { Step::Fixed(1) } else { place.step(self.rows.index) }
    }

    /// The address of a place.
    pub(super) fn pointer(&mut self, place: &Place) -> Value {
        let key = Key::Pointer(place.clone());
        if let Some(value) = self.scopes.find(&key) {
            return value;
        }
        let value = match (self.neighbours.get(place).cloned(), self.last_varying(place)) {
            (Some(neighbour), _) => {
                let mut sum = self.pointer(&neighbour);
                for bytes in self.strides_between(&neighbour, place) {
                    sum = self.ins().iadd(sum, bytes);
                }
                sum
            }
            (None, None) => self.entry.buffers[place.buffer.0 as usize],
            (None, Some(variable)) => {
                let mut rest = place.clone();
                rest.terms.retain(|term| term.0 != variable);
                let mut sum = self.pointer(&rest);
                for &term in place.terms.iter().filter(|term| term.0 == variable) {
                    let bytes = self.term(place.buffer, term);
                    sum = self.ins().iadd(sum, bytes);
                }
                sum
            }
        };
        self.scopes.insert(key, value);
        value
    }

    /// Bytes along each axis between places that differ in constant coordinates.
    pub(super) fn strides_between(&mut self, from: &Place, to: &Place) -> SmallVec<[Value; 2]> {
        let size = self.element_bytes(to);
        let mut strides = SmallVec::new();
        for dynamic in 1..=self.entry.layouts[to.buffer.0 as usize].dynamics.len() {
            let distance = to.constant(dynamic).wrapping_sub(from.constant(dynamic));
            if distance != 0 {
                strides.push(self.stride(to.buffer, dynamic, distance.wrapping_mul(size)));
            }
        }
        strides
    }

    fn element_bytes(&self, place: &Place) -> i64 {
        self.kernel.buffers[place.buffer.0 as usize].dtype.size() as i64
    }

    /// What one iteration of a loop adds to the address of a place, if anything.
    pub(super) fn step_in_bytes(&mut self, place: &Place, index: IndexId) -> Option<Value> {
        let size = self.element_bytes(place);
        let mut sum = None;
        for &(variable, dynamic, coefficient) in &place.terms {
            if variable == Variable::Index(index.0) {
                let bytes = self.stride(place.buffer, dynamic, coefficient.wrapping_mul(size));
                sum = Some(sum.map_or(bytes, |sum| self.ins().iadd(sum, bytes)));
            }
        }
        sum
    }

    /// The variable of a place that changes most often: the index of the innermost loop, if there is one.
    fn last_varying(&self, place: &Place) -> Option<Variable> {
        let innermost = self.nest.iter().rev().map(|index| Variable::Index(index.0));
        innermost
            .chain(place.terms.iter().rev().map(|term| term.0))
            .find(|variable| place.terms.iter().any(|term| term.0 == *variable))
    }

    /// A term in bytes.
    fn term(&mut self, buffer: BufferId, (variable, dynamic, coefficient): Term) -> Value {
        let bytes = coefficient.wrapping_mul(self.kernel.buffers[buffer.0 as usize].dtype.size() as i64);
        let factor = match variable {
            Variable::One => return self.stride(buffer, dynamic, bytes),
            Variable::Dim(name) => self.entry.dims[name as usize],
            Variable::Index(index) => self.indices[index as usize].expect("an index is used inside its loop"),
        };
        if dynamic > 0 {
            let stride = self.stride(buffer, dynamic, bytes);
            return self.ins().imul(factor, stride);
        }
        let Variable::Index(index) = variable else { return self.scaled(factor, bytes) };
        let key = Key::Multiple(index, bytes);
        if let Some(value) = self.scopes.find(&key) {
            return value;
        }
        let value = self.scaled(factor, bytes);
        self.scopes.insert(key, value);
        value
    }

    fn stride(&mut self, buffer: BufferId, dynamic: usize, bytes: i64) -> Value {
        if dynamic == 0 {
            return self.number(bytes);
        }
        let key = Key::Stride(buffer, dynamic, bytes);
        if let Some(value) = self.scopes.find(&key) {
            return value;
        }
        let product = self.entry.layouts[buffer.0 as usize].dynamics[dynamic - 1];
        let value = self.scaled(product, bytes);
        self.scopes.insert(key, value);
        value
    }

    /// Computes, before a loop, what an access in it needs of the outside.
    pub(super) fn prepare(&mut self, place: &Place, index: IndexId) {
        let size = self.element_bytes(place);
        self.pointer(&place.without(index));
        for &(variable, dynamic, coefficient) in &place.terms {
            if variable == Variable::Index(index.0) && dynamic > 0 {
                self.stride(place.buffer, dynamic, coefficient.wrapping_mul(size));
            }
        }
    }

    /// The address of an element as a pointer and a displacement.
    pub(super) fn address(&mut self, place: &Place, offset: i64) -> (Value, i32) {
        let size = self.element_bytes(place);
        let pointer = self.pointer(place);
        let bytes = offset.wrapping_mul(size);
        match i32::try_from(bytes) {
            Ok(displacement) => (pointer, displacement),
            Err(_) => (self.plus(pointer, bytes), 0),
        }
    }

    /// The address of an access `lane` iterations later.
    pub(super) fn lane_address(&mut self, place: &Place, offset: i64, index: IndexId, lane: i64) -> (Value, i32) {
        if let Step::Fixed(step) = place.step(index) {
            return self.address(place, offset + lane * step);
        }
        let (mut pointer, displacement) = self.address(place, offset);
        for bytes in self.lane_distance(place, index, lane) {
            pointer = self.ins().iadd(pointer, bytes);
        }
        (pointer, displacement)
    }

    /// Bytes between the elements of lane 0 and of another lane, as a sum; none if they are known.
    pub(super) fn lane_distance(&mut self, place: &Place, index: IndexId, lane: i64) -> SmallVec<[Value; 2]> {
        if lane == 0 || place.step(index) != Step::Dynamic {
            return SmallVec::new();
        }
        let bytes = self.element_bytes(place).wrapping_mul(lane);
        let terms = place.terms.iter().filter(|term| term.0 == Variable::Index(index.0));
        terms.map(|term| self.stride(place.buffer, term.1, term.2.wrapping_mul(bytes))).collect()
    }
}
