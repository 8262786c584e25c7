//! Rows of arrays in memory, lanes in registers: shuffles between the two.
//!
//! Only shuffles that are one x86-64 instruction are used: `unpck`, `shufps`, `palignr`, `pblendw`, `pshufd`.

use super::address::{Key, Place};
use super::code::{Code, Parts};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::DType;

/// One lane of a vector.
type Source = (Value, usize);

impl Code<'_, '_> {
    /// A shuffle by lanes of `16 / N` bytes, where `second`'s lanes count from `N`.
    fn shuffle<const N: usize>(&mut self, first: Value, second: Value, lanes: [usize; N]) -> Value {
        if first == second && lanes.iter().enumerate().all(|(at, &lane)| lane % N == at) {
            return first;
        }
        let size = 16 / N;
        let mask: [u8; 16] = std::array::from_fn(|byte| (lanes[byte / size] * size + byte % size) as u8);
        let key = Key::Shuffle(first, second, mask);
        if let Some(value) = self.scopes.find(&key) {
            return value;
        }
        let kind = self.kind(first);
        let mask = self.builder.func.dfg.immediates.push(mask.to_vec().into());
        let (first, second) = (self.reinterpret(first, types::I8X16), self.reinterpret(second, types::I8X16));
        let bytes = self.ins().shuffle(first, second, mask);
        let value = self.reinterpret(bytes, kind);
        self.scopes.insert(key, value);
        value
    }

    /// Two 64-bit lanes, in one instruction.
    fn gather_two(&mut self, [first, second]: [Source; 2]) -> Value {
        if first.0 == second.0 {
            return self.shuffle(first.0, first.0, [first.1, second.1]);
        }
        self.shuffle(first.0, second.0, [first.1, second.1 + 2])
    }

    /// Four 32-bit lanes, in three instructions or fewer.
    fn gather_four(&mut self, [a, b, c, d]: [Source; 4]) -> Value {
        let (low, first, second) = self.pair(a, b);
        let (high, third, fourth) = self.pair(c, d);
        if low == high {
            return self.shuffle(low, low, [first, second, third, fourth]);
        }
        self.shuffle(low, high, [first, second, third + 4, fourth + 4])
    }

    /// A vector with two given lanes in it, and where.
    fn pair(&mut self, a: Source, b: Source) -> (Value, usize, usize) {
        if a.0 == b.0 {
            return (a.0, a.1, b.1);
        }
        // Neighbouring lanes of the same two vectors can share an `unpck`.
        match (a.1 == b.1, a.1) {
            (true, 0 | 1) => (self.shuffle(a.0, b.0, [0, 4, 1, 5]), 2 * a.1, 2 * a.1 + 1),
            (true, _) => (self.shuffle(a.0, b.0, [2, 6, 3, 7]), 2 * a.1 - 4, 2 * a.1 - 3),
            (false, _) => (self.shuffle(a.0, b.0, [a.1, a.1, b.1 + 4, b.1 + 4]), 0, 2),
        }
    }

    /// The lanes in opposite order.
    pub(super) fn reverse(&mut self, vector: Value) -> Value {
        if self.kind(vector).lane_bits() == 64 {
            self.shuffle(vector, vector, [1, 0])
        } else {
            self.shuffle(vector, vector, [3, 2, 1, 0])
        }
    }

    /// The low and the high lanes of 32-bit lanes in 64 bits each: how a mask grows.
    fn grow(&mut self, mask: Value) -> [Value; 2] {
        [[0, 0, 1, 1], [2, 2, 3, 3]].map(|lanes| {
            let grown = self.shuffle(mask, mask, lanes);
            self.reinterpret(grown, types::I64X2)
        })
    }

    /// A mask with lanes of another width. Of a mask of two lanes, the narrow form holds each half twice.
    pub(super) fn resize_mask(&mut self, mask: &Parts, size: usize) -> Parts {
        match (size, mask.len()) {
            (8, _) => self.grow(mask[0]).into_iter().collect(),
            (_, count) => {
                let parts: Parts = mask.iter().map(|&part| self.reinterpret(part, types::I32X4)).collect();
                let narrow = self.shuffle_even(parts[0], parts[count - 1]);
                [narrow].into_iter().collect()
            }
        }
    }

    /// The even 32-bit lanes of two vectors.
    pub(super) fn shuffle_even(&mut self, first: Value, second: Value) -> Value {
        if first == second {
            return self.shuffle(first, first, [0, 2, 0, 2]);
        }
        self.shuffle(first, second, [0, 2, 4, 6])
    }

    /// The low 64 bits of two vectors.
    pub(super) fn low_halves(&mut self, first: Value, second: Value) -> Value {
        self.shuffle(first, second, [0, 2])
    }

    /// The high 64 bits of a vector, in its low half.
    pub(super) fn high_half(&mut self, vector: Value) -> Value {
        self.shuffle(vector, vector, [1, 1])
    }

    /// One element of every lane's row, of which elements `first..=last` may be read.
    pub(super) fn load_interleaved(
        &mut self,
        place: &Place,
        offset: i64,
        step: i64,
        (first, last): (i64, i64),
        dtype: DType,
    ) -> Parts {
        let per_part = 16 / dtype.size() as i64;
        let start = offset.div_euclid(step) * step + first;
        let element = offset.rem_euclid(step) - first;
        (0..self.lanes.parts(dtype.size()) as i64)
            .map(|part| {
                let start = start + part * per_part * step;
                // The last vector that lies within the rows.
                let limit = (per_part - 1) * step + (last - first) - (per_part - 1);
                let mut source = |lane: i64| {
                    let position = lane * step + element;
                    let vector = (position / per_part * per_part).min(limit);
                    (self.row_vector(place, start + vector, dtype), (position - vector) as usize)
                };
                if per_part == 2 {
                    let sources = [source(0), source(1)];
                    self.gather_two(sources)
                } else {
                    let sources = [source(0), source(1), source(2), source(3)];
                    self.gather_four(sources)
                }
            })
            .collect()
    }

    /// A vector of a row, loaded once.
    fn row_vector(&mut self, place: &Place, offset: i64, dtype: DType) -> Value {
        let key = Key::Row(place.clone(), offset);
        if let Some(value) = self.scopes.find(&key) {
            return value;
        }
        let value = self.load_vector(place, offset, dtype);
        self.scopes.insert(key, value);
        value
    }

    /// Stores whole rows: `elements` holds one value per element of a row, `offset` is the first row's first element.
    pub(super) fn store_interleaved(&mut self, place: &Place, offset: i64, elements: &[Parts], dtype: DType) {
        let per_part = 16 / dtype.size();
        let row = elements.len();
        let parts = self.lanes.parts(dtype.size());
        (0..parts).for_each(|part| {
            let start = offset + (part * per_part * row) as i64;
            for vector in 0..row {
                let source = |lane: usize| {
                    let position = vector * per_part + lane;
                    (elements[position % row][part], position / row)
                };
                let value = if per_part == 2 {
                    self.gather_two([source(0), source(1)])
                } else {
                    self.gather_four([source(0), source(1), source(2), source(3)])
                };
                self.store_vector(place, start + (vector * per_part) as i64, value);
            }
        });
    }
}
