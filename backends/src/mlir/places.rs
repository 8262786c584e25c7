//! Which lane each place of a vector is.
//!
//! Any order of lanes does, as long as all values keep to it. Rows of two, four or eight elements come to be vectors by the
//! cheapest shuffles, those inside of 128 bits and those of whole 128 bits, if lanes may stand as these leave them; any other
//! order takes shuffles with indices, of which processors do half as many at a time.

use super::access::{self, Step};
use rotrace_ir::kernel::{Access, Block, IndexId, Kernel};

/// What a bit of a position stands for: its number, in the number of the lane or of the element of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bit {
    Lane(u32),
    Element(u32),
}

/// The bits of a place in a vector and those of a vector's number, lowest first, as memory has them.
pub(super) fn in_memory(row: usize, lanes: usize) -> (Vec<Bit>, Vec<Bit>) {
    let elements = (0..row.ilog2()).map(Bit::Element);
    let mut inner: Vec<Bit> = elements.chain((0..lanes.ilog2()).map(Bit::Lane)).collect();
    let outer = inner.split_off(lanes.ilog2() as usize);
    (inner, outer)
}

/// An exchange of the bit at a place of a vector's number with one in the vector.
pub(super) struct Stage {
    pub(super) outer: usize,
    pub(super) before: Vec<Bit>,
    pub(super) leaving: Bit,
    pub(super) entering: Bit,
    pub(super) after: Vec<Bit>,
}

/// The exchanges after which the bits of a place are those that are `wanted`, and the bits of vectors' numbers then. `small`:
/// how many bits of a place are inside of 128 bits.
///
/// The bit that enters goes last of those inside of 128 bits, or last of all, which is one shuffle without indices.
pub(super) fn stages(
    mut inner: Vec<Bit>,
    mut outer: Vec<Bit>,
    small: usize,
    wanted: impl Fn(&Bit) -> bool,
) -> (Vec<Stage>, Vec<Bit>) {
    let mut stages = Vec::new();
    while let Some(at) = inner.iter().position(|bit| !wanted(bit)) {
        let from = outer.iter().position(&wanted).expect("as many come as go");
        let before = inner.clone();
        let (leaving, entering) = (inner.remove(at), outer[from]);
        inner.insert(if at < small { small - 1 } else { inner.len() }, entering);
        outer[from] = leaving;
        stages.push(Stage { outer: from, before, leaving, entering, after: inner.clone() });
    }
    (stages, outer)
}

/// How many bits of a place are inside of 128 bits, for elements of so many bytes.
pub(super) fn small_bits(size: usize, lanes: usize) -> usize {
    (16 / size).min(lanes).ilog2() as usize
}

/// The order of lanes in vectors.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Which bit of the lane's number each bit of the place is.
    bits: Vec<u32>,
}

impl Places {
    /// Lanes in the order of iterations.
    pub(super) fn natural(lanes: u32) -> Self {
        Self { bits: (0..lanes.ilog2()).collect() }
    }

    /// The order that suits what a block loads and stores in lanes of the loop over an index: that of its most frequent rows.
    pub(super) fn suited(kernel: &Kernel, block: &Block, index: IndexId, lanes: u32) -> Self {
        let mut counts: Vec<((usize, usize), usize)> = Vec::new();
        let mut blocks = vec![block];
        while let Some(block) = blocks.pop() {
            for inst in &block.insts {
                blocks.extend(inst.blocks());
                let Some((buffer, at, _)) = inst.access() else { continue };
                let buffer = &kernel.buffers[buffer.0 as usize];
                let Step::Fixed(step @ 2..) = access::step(buffer, at, index) else { continue };
                let (row, size) = (step as usize, buffer.dtype.size());
                if buffer.access == Access::Scratch || size < 4 || !row.is_power_of_two() || row >= lanes as usize {
                    continue;
                }
                match counts.iter_mut().find(|(kind, _)| *kind == (row, size)) {
                    Some((_, count)) => *count += 1,
                    None => counts.push(((row, size), 1)),
                }
            }
        }
        let Some(&((row, size), _)) = counts.iter().max_by_key(|(kind, count)| (*count, *kind)) else {
            return Self::natural(lanes);
        };
        let lanes = lanes as usize;
        let (inner, outer) = in_memory(row, lanes);
        let is_lane = |bit: &Bit| matches!(bit, Bit::Lane(_));
        let (stages, _) = stages(inner, outer, small_bits(size, lanes), is_lane);
        let last = stages.into_iter().next_back().expect("rows have elements");
        let number = |bit: &Bit| match bit {
            Bit::Lane(number) | Bit::Element(number) => *number,
        };
        Self { bits: last.after.iter().map(number).collect() }
    }

    pub(super) fn bits(&self) -> Vec<Bit> {
        self.bits.iter().map(|&number| Bit::Lane(number)).collect()
    }

    /// The lane at every place, in the order of places.
    pub(super) fn lanes(&self) -> Vec<usize> {
        let lane = |place: usize| self.bits.iter().enumerate().map(|(at, &bit)| (place >> at & 1) << bit).sum();
        (0..1 << self.bits.len()).map(lane).collect()
    }

    /// The place of every lane, in the order of lanes.
    pub(super) fn places(&self) -> Vec<usize> {
        let place = |lane: usize| self.bits.iter().enumerate().map(|(at, &bit)| (lane >> bit & 1) << at).sum();
        (0..1 << self.bits.len()).map(place).collect()
    }

    /// Whether lanes are in the order of iterations.
    pub(super) fn are_natural(&self) -> bool {
        self.bits.is_sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bit, Places, in_memory, small_bits, stages};

    #[test]
    fn lanes_and_places_are_inverse() {
        let places = Places { bits: vec![2, 3, 0, 1] };
        let (lanes, back) = (places.lanes(), places.places());
        assert_eq!(lanes[..6], [0, 4, 8, 12, 1, 5]);
        assert!((0..16).all(|place| back[lanes[place]] == place));
        assert!(!places.are_natural() && Places::natural(8).are_natural());
    }

    #[test]
    fn rows_of_four_singles_stay_inside_of_128_bits() {
        let (inner, outer) = in_memory(4, 16);
        let (stages, outer) = stages(inner, outer, small_bits(4, 16), |bit| matches!(bit, Bit::Lane(_)));
        let masks: Vec<Vec<i32>> = stages.iter().map(|stage| stage.mask(0)).collect();
        assert_eq!(masks[0], [0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30]);
        assert_eq!(masks[1], masks[0]);
        assert_eq!(outer, [Bit::Element(0), Bit::Element(1)]);
    }
}
