//! From rows in memory to one vector per element of a row, and back.
//!
//! Rows whose length is a power of two (or may be taken as one, with what is beyond them left out) are transposed in stages: a
//! vector's number and the place in it are bits of a position in memory, some of which number lanes and some elements of a
//! row; a stage exchanges one of either kind between pairs of vectors. Other short rows are picked from the few vectors that
//! they touch.

use super::code::{Code, Held};

/// How rows are cut into vectors.
pub(super) struct Order {
    /// Elements of a row.
    row: usize,
    lanes: usize,
    /// The power of two that rows are taken to be as long as; none where they are picked.
    taken: Option<usize>,
}

/// What a bit of a position stands for: its number, in the number of the lane or of the element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bit {
    Lane(u32),
    Element(u32),
}

impl Order {
    pub(super) fn of(row: usize, lanes: usize) -> Self {
        let power = row.next_power_of_two();
        // A vector then lies within one row.
        let taken = (power == row || power >= lanes).then_some(power);
        Self { row, lanes, taken }
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

    /// The bits of a place in a vector and those of a vector's number, lowest first, as memory has them.
    fn bits(&self, taken: usize) -> (Vec<Bit>, Vec<Bit>) {
        let elements = (0..taken.ilog2()).map(Bit::Element);
        let mut all: Vec<Bit> = elements.chain((0..self.lanes.ilog2()).map(Bit::Lane)).collect();
        let outer = all.split_off(self.lanes.ilog2() as usize);
        (all, outer)
    }
}

/// An exchange of the bit at a place of a vector's number with one in the vector.
struct Stage {
    outer: usize,
    before: Vec<Bit>,
    leaving: Bit,
    entering: Bit,
    after: Vec<Bit>,
}

impl Stage {
    /// What the new vector with `value` for the leaving bit has of the pair: numbers below the length are of the first, others
    /// of the second.
    fn mask(&self, value: usize) -> Vec<i32> {
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

/// The stages between two orders of bits; in the last, the bits in vectors take the order that is asked for.
fn stages(mut inner: Vec<Bit>, mut outer: Vec<Bit>, goal: &[Bit]) -> (Vec<Stage>, Vec<Bit>) {
    let mut stages = Vec::new();
    while let Some(at) = inner.iter().position(|bit| !goal.contains(bit)) {
        let from = outer.iter().position(|bit| goal.contains(bit)).expect("as many come as go");
        let (leaving, entering) = (inner[at], outer[from]);
        let before = inner.clone();
        inner[at] = entering;
        outer[from] = leaving;
        if inner.iter().all(|bit| goal.contains(bit)) {
            inner = goal.to_vec();
        }
        stages.push(Stage { outer: from, before, leaving, entering, after: inner.clone() });
    }
    (stages, outer)
}

/// The number that bits of one kind make of a vector's number.
fn number(vector: usize, outer: &[Bit], bit: impl Fn(u32) -> Bit) -> usize {
    let place = |number: u32| outer.iter().position(|&other| other == bit(number));
    (0..usize::BITS)
        .map_while(|number| Some((number, place(number)?)))
        .map(|(to, from)| (vector >> from & 1) << to)
        .sum()
}

impl<'c> Code<'c, '_> {
    /// One vector for each element of a row (for those that rows are taken to have), from vectors in the order of memory.
    pub(super) fn unwoven(&mut self, vectors: Vec<Held<'c>>, order: &Order) -> Vec<Option<Held<'c>>> {
        let Some(taken) = order.taken else {
            let pick = |element| {
                let source = |lane: usize| {
                    let position = lane * order.row + element;
                    (position / order.lanes, position % order.lanes)
                };
                (0..order.lanes).map(source).collect::<Vec<_>>()
            };
            return (0..order.row).map(|element| Some(self.picked(&vectors, &pick(element)))).collect();
        };
        let (inner, outer) = order.bits(taken);
        let goal: Vec<Bit> = (0..order.lanes.ilog2()).map(Bit::Lane).collect();
        let (stages, outer) = stages(inner, outer, &goal);
        let vectors = self.staged(vectors, &stages);
        let mut elements = vec![None; taken];
        for (position, vector) in vectors.into_iter().enumerate() {
            elements[number(position, &outer, Bit::Element)] = Some(vector);
        }
        elements
    }

    /// Vectors in the order of memory, from one for each element of a row.
    pub(super) fn woven(&mut self, elements: &[Held<'c>], order: &Order) -> Vec<Held<'c>> {
        let Some(taken) = order.taken else {
            let pick = |vector| {
                let source = |lane: usize| {
                    let position = vector * order.lanes + lane;
                    (position % order.row, position / order.row)
                };
                (0..order.lanes).map(source).collect::<Vec<_>>()
            };
            return (0..order.row).map(|vector| self.picked(elements, &pick(vector))).collect();
        };
        let inner: Vec<Bit> = (0..order.lanes.ilog2()).map(Bit::Lane).collect();
        let outer: Vec<Bit> = (0..taken.ilog2()).map(Bit::Element).collect();
        let (goal, goal_outer) = order.bits(taken);
        let (stages, outer) = stages(inner, outer, &goal);
        // What is beyond a row is stored nowhere.
        let padded = (0..taken).map(|element| elements[element.min(elements.len() - 1)]).collect();
        let vectors = self.staged(padded, &stages);
        let place = |position: usize| -> usize {
            let value = |bit: &Bit| {
                let at = outer.iter().position(|other| other == bit).expect("the same bits");
                position >> at & 1
            };
            goal_outer.iter().enumerate().map(|(at, bit)| value(bit) << at).sum()
        };
        let mut placed = vectors.clone();
        for (position, vector) in vectors.into_iter().enumerate() {
            placed[place(position)] = vector;
        }
        placed
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
