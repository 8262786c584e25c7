//! From rows in memory to one vector per element of a row, and back.
//!
//! Rows whose length is a power of two (or may be taken as one, with what is beyond them left out) are transposed in stages: a
//! vector's number and the place in it are bits of a position in memory, some of which number lanes and some elements of a
//! row; a stage exchanges one of either kind between pairs of vectors. Of other short rows the vectors of memory are blended,
//! each element of which then stands where memory has it, and brought into order. Where that cannot be, as two lanes have an
//! element at one place of their vectors, elements are picked vector by vector.

use super::code::{Code, Held};
use super::places::{Bit, Stage, in_memory, small_bits, stages};
use rotrace_ir::DType;

/// How rows are cut into vectors.
pub(super) struct Order {
    /// Elements of a row.
    row: usize,
    lanes: usize,
    /// The power of two that rows are taken to be as long as; none where they are blended or picked.
    taken: Option<usize>,
    /// How many bits of a place are inside of 128 bits.
    small: usize,
}

impl Order {
    pub(super) fn of(row: usize, lanes: usize, dtype: DType) -> Self {
        let power = row.next_power_of_two();
        // A vector then lies within one row.
        let taken = (power == row || power >= lanes).then_some(power);
        Self { row, lanes, taken, small: small_bits(dtype.size(), lanes) }
    }

    /// Where each vector begins in memory, and how many of its elements are of the row, or rows, in question.
    pub(super) fn vectors(&self) -> impl Iterator<Item = (usize, usize)> {
        let (row, lanes) = (self.row, self.lanes);
        let taken = self.taken.filter(|&taken| taken != row);
        let count = taken.unwrap_or(row);
        (0..count).map(move |vector| match taken {
            None => (vector * lanes, lanes),
            Some(taken) => {
                let (lane, first) = (vector * lanes / taken, vector * lanes % taken);
                (lane * row + first, row.saturating_sub(first).min(lanes))
            }
        })
    }

    /// Whether the elements of one number have a place each, whatever the vector.
    fn is_blended(&self) -> bool {
        self.row % 2 == 1
    }
}

impl Stage {
    /// What the new vector with `value` for the leaving bit has of the pair: numbers below the length are of the first, others
    /// of the second.
    pub(super) fn mask(&self, value: usize) -> Vec<i32> {
        let length = 1 << self.before.len();
        (0..length)
            .map(|place: usize| {
                let of = |bit: Bit| {
                    if bit == self.leaving {
                        return value;
                    }
                    let at = self.after.iter().position(|&other| other == bit).expect("it stays");
                    place >> at & 1
                };
                let source: usize = self.before.iter().enumerate().map(|(at, &bit)| of(bit) << at).sum();
                (source + length * of(self.entering)) as i32
            })
            .collect()
    }
}

/// Stages whose last one leaves the bits of a place in the order that is asked for.
fn stages_to(goal: &[Bit], inner: Vec<Bit>, outer: Vec<Bit>, small: usize) -> (Vec<Stage>, Vec<Bit>) {
    let (mut stages, outer) = stages(inner, outer, small, |bit| goal.contains(bit));
    if let Some(last) = stages.last_mut() {
        last.after = goal.to_vec();
    }
    (stages, outer)
}

/// The number that a position has once its bits, which are in one order, are in another.
fn reordered(position: usize, from: &[Bit], to: &[Bit]) -> usize {
    let value = |bit: &Bit| position >> from.iter().position(|other| other == bit).expect("the same bits") & 1;
    to.iter().enumerate().map(|(at, bit)| value(bit) << at).sum()
}

impl<'c> Code<'c, '_> {
    /// One vector for each element of a row (for those that rows are taken to have), from vectors in the order of memory.
    pub(super) fn unwoven(&mut self, vectors: Vec<Held<'c>>, order: &Order) -> Vec<Option<Held<'c>>> {
        let Some(taken) = order.taken else {
            let lanes = self.places.lanes();
            let sources = |element: usize| -> Vec<(usize, usize)> {
                let position = |&lane: &usize| lane * order.row + element;
                lanes.iter().map(position).map(|at| (at / order.lanes, at % order.lanes)).collect()
            };
            let all = (0..order.row).map(|element| {
                let sources = sources(element);
                if order.is_blended() { self.blended(&vectors, &sources) } else { self.picked(&vectors, &sources) }
            });
            return all.map(Some).collect();
        };
        let (inner, outer) = in_memory(taken, order.lanes);
        let elements: Vec<Bit> = (0..taken.ilog2()).map(Bit::Element).collect();
        let (stages, outer) = stages_to(&self.places.bits(), inner, outer, order.small);
        let vectors = self.staged(vectors, &stages);
        (0..taken).map(|element| Some(vectors[reordered(element, &elements, &outer)])).collect()
    }

    /// Vectors in the order of memory, from one for each element of a row.
    pub(super) fn woven(&mut self, elements: &[Held<'c>], order: &Order) -> Vec<Held<'c>> {
        let Some(taken) = order.taken else {
            return if order.is_blended() { self.spliced(elements, order) } else { self.assembled(elements, order) };
        };
        let outer: Vec<Bit> = (0..taken.ilog2()).map(Bit::Element).collect();
        let (goal, goal_outer) = in_memory(taken, order.lanes);
        let (stages, outer) = stages_to(&goal, self.places.bits(), outer, order.small);
        // What is beyond a row is stored nowhere.
        let padded = (0..taken).map(|element| elements[element.min(elements.len() - 1)]).collect();
        let vectors = self.staged(padded, &stages);
        (0..taken).map(|vector| vectors[reordered(vector, &goal_outer, &outer)]).collect()
    }

    fn staged(&mut self, mut vectors: Vec<Held<'c>>, stages: &[Stage]) -> Vec<Held<'c>> {
        for stage in stages {
            let masks = [stage.mask(0), stage.mask(1)];
            for first in (0..vectors.len()).filter(|position| position >> stage.outer & 1 == 0) {
                let second = first | 1 << stage.outer;
                let pair = (vectors[first], vectors[second]);
                vectors[first] = self.arranged(pair.0, pair.1, &masks[0]);
                vectors[second] = self.arranged(pair.0, pair.1, &masks[1]);
            }
        }
        vectors
    }

    /// At each place the element that the vector of the given number has there.
    fn blend(&mut self, vectors: &[Held<'c>], numbers: &[usize]) -> Held<'c> {
        let mut whole = vectors[0];
        for (number, &next) in vectors.iter().enumerate().skip(1) {
            let from = |(place, &of): (usize, &usize)| (place + if of == number { numbers.len() } else { 0 }) as i32;
            let mask: Vec<i32> = numbers.iter().enumerate().map(from).collect();
            whole = self.arranged(whole, next, &mask);
        }
        whole
    }

    /// A vector of elements that are given by vector and place, all of them at different places.
    fn blended(&mut self, vectors: &[Held<'c>], sources: &[(usize, usize)]) -> Held<'c> {
        let mut numbers = vec![0; sources.len()];
        for &(vector, place) in sources {
            numbers[place] = vector;
        }
        let whole = self.blend(vectors, &numbers);
        let mask: Vec<i32> = sources.iter().map(|source| source.1 as i32).collect();
        self.arranged(whole, whole, &mask)
    }

    /// Vectors in the order of memory: elements are brought to the places that they have there, and blended.
    fn spliced(&mut self, elements: &[Held<'c>], order: &Order) -> Vec<Held<'c>> {
        let lanes = self.places.lanes();
        let mut placed = Vec::new();
        for (number, &element) in elements.iter().enumerate() {
            let mut mask = vec![0; order.lanes];
            for (place, lane) in lanes.iter().enumerate() {
                mask[(lane * order.row + number) % order.lanes] = place as i32;
            }
            placed.push(self.arranged(element, element, &mask));
        }
        let numbers = |vector: usize| -> Vec<usize> {
            (0..order.lanes).map(|place| (vector * order.lanes + place) % order.row).collect()
        };
        (0..order.row).map(|vector| self.blend(&placed, &numbers(vector))).collect()
    }

    /// Vectors in the order of memory, picked.
    fn assembled(&mut self, elements: &[Held<'c>], order: &Order) -> Vec<Held<'c>> {
        let places = self.places.places();
        let sources = |vector: usize| -> Vec<(usize, usize)> {
            let positions = vector * order.lanes..(vector + 1) * order.lanes;
            positions.map(|position| (position % order.row, places[position / order.row])).collect()
        };
        (0..order.row).map(|vector| self.picked(elements, &sources(vector))).collect()
    }

    /// A vector of elements that are given by vector and place, two vectors at a time.
    fn picked(&mut self, vectors: &[Held<'c>], sources: &[(usize, usize)]) -> Held<'c> {
        let mut needed: Vec<usize> = sources.iter().map(|source| source.0).collect();
        needed.sort_unstable();
        needed.dedup();
        let lanes = sources.len() as i32;
        let mut whole = vectors[needed[0]];
        let mut taken = vec![needed[0]];
        let all = if needed.len() > 1 { &needed[1..] } else { &needed[..] };
        for &next in all {
            let from = |(place, &(vector, element)): (usize, &(usize, usize))| {
                if vector == next {
                    return lanes + element as i32;
                }
                // What is already in place stays; the first vector's is brought there.
                match (taken.contains(&vector), taken.len()) {
                    (true, 1) => element as i32,
                    (true, _) => place as i32,
                    (false, _) => -1,
                }
            };
            let mask: Vec<i32> = sources.iter().enumerate().map(from).collect();
            whole = self.arranged(whole, vectors[next], &mask);
            taken.push(next);
        }
        whole
    }
}
