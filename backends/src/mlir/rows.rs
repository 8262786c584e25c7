//! Rows of small trailing axes: which accesses of a block share them, and how they are loaded and stored as whole vectors.

use super::access::{self, Step};
use super::code::{Code, Held};
use super::transpose::Order;
use melior::ir::attribute::IntegerAttribute;
use rotrace_ir::DType;
use rotrace_ir::kernel::{Access, Affine, Block, BufferId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;

/// The longest rows that vectors are made of.
const LONGEST_ROW: i64 = 16;

/// Bytes.
const CACHE_LINE: i64 = 64;

/// Of rows up to this long a single element is worth all.
const SHORT_ROW: i64 = 4;

/// One row in every lane: its buffer, coordinates without what is constant, and number.
type Row = (BufferId, SmallVec<[Affine; 3]>, i64);

/// What is known of a row's accesses in one block.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Elements from one lane's row to the next.
    step: i64,
    /// The first and the last element that is accessed.
    first: i64,
    last: i64,
    /// How many distinct ones are.
    distinct: i64,
}

/// Rows that the block being written loads or stores.
#[derive(Default)]
pub(super) struct Rows<'c> {
    loaded: FxHashMap<Row, Shape>,
    stored: FxHashMap<Row, Shape>,
    /// Whether several of those that are loaded are as long as a cache line.
    many_long: bool,
    /// Elements of rows that are loaded.
    known: FxHashMap<Row, Rc<[Option<Held<'c>>]>>,
    /// Elements of rows that wait to be stored together.
    waiting: FxHashMap<Row, Vec<(i64, Held<'c>)>>,
}

impl<'c> Rows<'c> {
    /// Groups the accesses of a block, without those of the blocks in it, which may not run.
    pub(super) fn of(code: &Code<'c, '_>, block: &Block) -> Self {
        let mut loads: FxHashMap<Row, (i64, Vec<i64>)> = FxHashMap::default();
        let mut stores = loads.clone();
        for (buffer, at, written) in block.insts.iter().filter_map(|inst| inst.access()) {
            if let Some((row, step, element)) = code.row(buffer, at) {
                let rows = if written { &mut stores } else { &mut loads };
                rows.entry(row).or_insert_with(|| (step, Vec::new())).1.push(element);
            }
        }
        let shape = |(row, (step, mut elements)): (Row, (i64, Vec<i64>))| {
            elements.sort_unstable();
            elements.dedup();
            let (first, last) = (elements[0], elements[elements.len() - 1]);
            (row, Shape { step, first, last, distinct: elements.len() as i64 })
        };
        let dense = |shape: &Shape| shape.step <= SHORT_ROW || 2 * shape.distinct > shape.last - shape.first + 1;
        let loaded: FxHashMap<Row, Shape> = loads.into_iter().map(shape).filter(|(_, shape)| dense(shape)).collect();
        let bytes = |row: &Row| code.kernel.buffers[row.0.0 as usize].dtype.size() as i64;
        let long = loaded.iter().filter(|(row, shape)| shape.step * bytes(row) >= CACHE_LINE);
        Self {
            many_long: long.count() > 1,
            loaded,
            stored: stores.into_iter().map(shape).filter(|(_, shape)| shape.distinct == shape.step).collect(),
            ..Self::default()
        }
    }
}

impl<'c> Code<'c, '_> {
    /// The row of an access, how far apart rows are, and the element in it; none of what is not made of small rows.
    fn row(&self, buffer: BufferId, at: &[Affine]) -> Option<(Row, i64, i64)> {
        let declared = &self.kernel.buffers[buffer.0 as usize];
        // What is stored and loaded again cannot wait.
        if declared.access == Access::Scratch || declared.dtype.size() < 4 {
            return None;
        }
        match access::step(declared, at, self.lane_index) {
            Step::Fixed(step @ 2..=LONGEST_ROW) => {
                let (place, offset) = access::apart(declared, at);
                Some(((buffer, place, offset.div_euclid(step)), step, offset.rem_euclid(step)))
            }
            Step::Fixed(_) | Step::Dynamic => None,
        }
    }

    /// An element of a row, if it is loaded as whole vectors.
    pub(super) fn load_row(&mut self, buffer: BufferId, at: &[Affine]) -> Option<Held<'c>> {
        let (row, _, element) = self.row(buffer, at)?;
        let shape = *self.woven.loaded.get(&row)?;
        if let Some(known) = self.woven.known.get(&row) {
            return known[element as usize];
        }
        let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
        let address = self.address(buffer, at);
        let start = self.moved(address, dtype, -element);
        let elements: Rc<[Option<Held<'c>>]> = self.loaded_rows(start, dtype, &shape).into();
        let value = elements[element as usize];
        self.woven.known.insert(row, elements);
        value
    }

    /// Keeps an element of a row until the row is complete, and stores it then; `false` if it is stored in pieces.
    pub(super) fn store_row(&mut self, buffer: BufferId, at: &[Affine], value: Held<'c>) -> bool {
        let Some((row, step, element)) = self.row(buffer, at) else { return false };
        if !self.woven.stored.contains_key(&row) {
            return false;
        }
        let waiting = self.woven.waiting.entry(row.clone()).or_default();
        waiting.push((element, value));
        if waiting.len() as i64 == step {
            let mut elements = self.woven.waiting.remove(&row).expect("it was just filled");
            elements.sort_unstable_by_key(|element| element.0);
            let values: Vec<Held<'c>> = elements.into_iter().map(|element| element.1).collect();
            let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
            let address = self.address(buffer, at);
            let start = self.moved(address, dtype, -element);
            self.stored_rows(start, dtype, &values);
        }
        true
    }

    /// Loads rows that begin at an address, apart from what lies outside of what is accessed.
    fn loaded_rows(&mut self, start: Held<'c>, dtype: DType, shape: &Shape) -> Vec<Option<Held<'c>>> {
        let order = Order::of(shape.step as usize, self.lanes as usize, dtype);
        if self.woven.many_long {
            self.ask_ahead(start, dtype, shape.step);
        }
        let end = i64::from(self.lanes - 1) * shape.step + shape.last;
        let vectors: Vec<Held<'c>> = order
            .vectors()
            .map(|(position, count)| {
                let inside = |lane: i64| (shape.first..=end).contains(&(position as i64 + lane)) && lane < count as i64;
                let mask: Vec<bool> = (0..i64::from(self.lanes)).map(inside).collect();
                let address = self.moved(start, dtype, position as i64);
                self.load_lanes(address, dtype, &mask)
            })
            .collect();
        let mut elements: Vec<Option<Held<'c>>> = vec![None; shape.step as usize];
        let all = self.unwoven(vectors, &order);
        for element in shape.first..=shape.last {
            elements[element as usize] = all[element as usize];
        }
        elements
    }

    /// Asks for the rows of the vector after the next: those of the next come too late. Where there are several long ones, their lines are needed in an order that
    /// processors do not foresee. An address beyond a buffer does no harm.
    fn ask_ahead(&mut self, start: Held<'c>, dtype: DType, step: i64) {
        let number = |code: &Self, value| IntegerAttribute::new(code.integer(32), value).into();
        let attributes = [("rw", number(self, 0)), ("hint", number(self, 3)), ("cache", number(self, 1))];
        let (all, line) = (step * i64::from(self.lanes), CACHE_LINE / dtype.size() as i64);
        for ahead in (2 * all..3 * all).step_by(line as usize) {
            let address = self.moved(start, dtype, ahead);
            self.effect("llvm.intr.prefetch", &[address], &attributes);
        }
    }

    /// Stores rows that begin at an address: one value for every element of a row.
    fn stored_rows(&mut self, start: Held<'c>, dtype: DType, elements: &[Held<'c>]) {
        let order = Order::of(elements.len(), self.lanes as usize, dtype);
        let vectors = self.woven(elements, &order);
        for ((position, count), vector) in order.vectors().zip(vectors) {
            let mask: Vec<bool> = (0..self.lanes as usize).map(|lane| lane < count).collect();
            let address = self.moved(start, dtype, position as i64);
            self.store_lanes(address, dtype, vector, &mask);
        }
    }

    /// So many elements further on.
    pub(super) fn moved(&mut self, address: Held<'c>, dtype: DType, elements: i64) -> Held<'c> {
        if elements == 0 {
            return address;
        }
        let elements = self.number(elements);
        self.element(address, dtype, elements)
    }
}
