//! Loads and stores.
//!
//! In a vector loop over `i`, an access that steps by one element is one 128-bit load or store per part; one that steps
//! by a small row is de-interleaved from, or interleaved into, contiguous vectors if the kernel touches most of the row;
//! anything else goes lane by lane.

use super::address::{Place, Step};
use super::code::{Code, Held, Lanes, Parts, scalar_type, vector_type};
use super::invariant::Split;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use rotrace_ir::DType;
use rotrace_ir::kernel::{Access, Affine, BufferId, IndexId, Inst, Var};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The longest rows that are interleaved in registers.
const LONGEST_ROW: i64 = 16;

/// The accesses of a vector loop that share rows.
pub(super) struct Rows {
    /// The loop's index.
    pub(super) index: IndexId,
    /// Loads from rows of which one block loads most elements: the first and the last of those.
    loaded: FxHashMap<Var, (i64, i64)>,
    /// Rows that one block stores completely: how many elements they have.
    stored: FxHashMap<(Place, i64), i64>,
    /// Elements of rows that wait to be stored together.
    waiting: FxHashMap<(Place, i64), Vec<(i64, Parts)>>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            index: IndexId(0),
            loaded: FxHashMap::default(),
            stored: FxHashMap::default(),
            waiting: FxHashMap::default(),
        }
    }
}

impl Rows {
    /// Groups the accesses of a loop's body by row.
    pub(super) fn of(code: &Code, index: IndexId, split: &Split, lanes: Lanes) -> Self {
        let mut rows = Self { index, ..Self::default() };
        rows.gather(code, &mut split.varying.iter().copied(), lanes);
        rows
    }

    /// Groups the accesses of a block, and of the loops in it apart: those may not run.
    fn gather(&mut self, code: &Code, insts: &mut dyn Iterator<Item = &Inst>, lanes: Lanes) {
        let mut loads: FxHashMap<(Place, i64), Vec<(i64, Var)>> = FxHashMap::default();
        let mut stores: FxHashMap<(Place, i64), i64> = FxHashMap::default();
        for inst in insts {
            inst.blocks().for_each(|block| self.gather(code, &mut block.insts.iter(), lanes));
            let Some((buffer, at, written)) = inst.access() else { continue };
            let (place, offset) = code.access(buffer, at);
            let buffer = &code.kernel.buffers[buffer.0 as usize];
            let size = buffer.dtype.size();
            if let Step::Fixed(step @ 2..=LONGEST_ROW) = place.step(self.index)
                && lanes.parts(size) > 0
                && size >= 4
                // What is stored and loaded again cannot wait.
                && buffer.access != Access::Scratch
            {
                let row = (place, offset.div_euclid(step));
                if written {
                    *stores.entry(row).or_default() += 1;
                } else {
                    let element = (offset.rem_euclid(step), inst.results()[0]);
                    loads.entry(row).or_default().push(element);
                }
            }
        }
        for mut elements in loads.into_values() {
            elements.sort_unstable();
            let distinct = elements.chunk_by(|a, b| a.0 == b.0).count();
            let (first, last) = (elements[0].0, elements[elements.len() - 1].0);
            if distinct >= 2 && 2 * distinct as i64 > last - first {
                self.loaded.extend(elements.iter().map(|&(_, result)| (result, (first, last))));
            }
        }
        let complete = stores.into_iter().filter(|((place, _), count)| place.step(self.index) == Step::Fixed(*count));
        self.stored.extend(complete);
    }
}

/// Flags of accesses to the caller's buffers, which are aligned to their elements only.
pub(super) fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl Code<'_, '_> {
    pub(super) fn load(&mut self, result: Var, buffer: BufferId, at: &[Affine]) {
        let (place, offset) = self.access(buffer, at);
        let dtype = self.dtype(result);
        let held = if self.lanes == Lanes::One || self.lane_step(&place) == Step::Fixed(0) {
            let (pointer, displacement) = self.address(&place, offset);
            Held::Scalar(self.ins().load(scalar_type(dtype), flags(), pointer, displacement))
        } else {
            let size = if dtype == DType::Bool { self.lanes.mask_size() } else { dtype.size() };
            Held::Vector { size, parts: self.vector_load(&place, offset, result) }
        };
        self.define(result, held);
    }

    pub(super) fn store(&mut self, buffer: BufferId, at: &[Affine], var: Var) {
        let (place, offset) = self.access(buffer, at);
        if self.lanes == Lanes::One {
            let value = self.scalar(var);
            let (pointer, displacement) = self.address(&place, offset);
            self.ins().store(flags(), value, pointer, displacement);
        } else {
            self.vector_store(&place, offset, var);
        }
    }

    fn vector_load(&mut self, place: &Place, offset: i64, result: Var) -> Parts {
        let dtype = self.dtype(result);
        match (self.lane_step(place), dtype) {
            (Step::Fixed(1), DType::Bool) => return self.load_bools(place, offset),
            (_, DType::Bool) | (Step::Dynamic, _) => {}
            (Step::Fixed(1), _) => return self.load_contiguous(place, offset, dtype),
            (Step::Fixed(-1), _) => return self.load_reversed(place, offset, dtype),
            (Step::Fixed(step), _) => {
                if let Some(&bounds) = self.rows.loaded.get(&result) {
                    return self.load_interleaved(place, offset, step, bounds, dtype);
                }
            }
        }
        let index = self.rows.index;
        let scalars: SmallVec<[Value; 4]> = (0..self.lanes.count())
            .map(|lane| {
                let (pointer, displacement) = self.lane_address(place, offset, index, lane);
                self.ins().load(scalar_type(dtype), flags(), pointer, displacement)
            })
            .collect();
        let size = if dtype == DType::Bool { self.lanes.mask_size() } else { dtype.size() };
        self.assemble(dtype, size, &scalars)
    }

    /// What [`Self::access`] added for the current copy of an unrolled body.
    fn rows_ahead(&self, step: i64) -> i64 {
        step * self.ahead.1
    }

    /// One 128-bit load.
    pub(super) fn load_vector(&mut self, place: &Place, offset: i64, dtype: DType) -> Value {
        let (pointer, displacement) = self.address(place, offset);
        self.ins().load(vector_type(dtype, dtype.size()), flags(), pointer, displacement)
    }

    fn load_contiguous(&mut self, place: &Place, offset: i64, dtype: DType) -> Parts {
        let per_part = 16 / dtype.size() as i64;
        (0..self.lanes.parts(dtype.size()) as i64)
            .map(|part| self.load_vector(place, offset + part * per_part, dtype))
            .collect()
    }

    fn load_reversed(&mut self, place: &Place, offset: i64, dtype: DType) -> Parts {
        let per_part = 16 / dtype.size() as i64;
        (0..self.lanes.parts(dtype.size()) as i64)
            .map(|part| {
                let vector = self.load_vector(place, offset - (part + 1) * per_part + 1, dtype);
                self.reverse(vector)
            })
            .collect()
    }

    /// Two or four bytes that are 0 or 1, as a mask.
    fn load_bools(&mut self, place: &Place, offset: i64) -> Parts {
        let (pointer, displacement) = self.address(place, offset);
        let four = self.lanes == Lanes::Four;
        let bytes = if four {
            self.ins().load(types::I32, flags(), pointer, displacement)
        } else {
            self.ins().uload16(types::I32, flags(), pointer, displacement)
        };
        let vector = self.ins().scalar_to_vector(types::I32X4, bytes);
        let mut wide = self.reinterpret(vector, types::I8X16);
        for _ in 0..if four { 2 } else { 3 } {
            wide = self.ins().uwiden_low(wide);
        }
        let mask = self.ins().ineg(wide);
        SmallVec::from_slice(&[mask])
    }

    fn vector_store(&mut self, place: &Place, offset: i64, var: Var) {
        let dtype = self.dtype(var);
        match (self.lane_step(place), dtype) {
            (Step::Fixed(1), DType::Bool) => return self.store_bools(place, offset, var),
            (_, DType::Bool) | (Step::Dynamic, _) => {}
            (Step::Fixed(step @ (1 | -1)), _) => return self.store_contiguous(place, offset, var, step < 0),
            (Step::Fixed(step), _) => {
                if step > 1 && self.store_row(place, offset, step, var) {
                    return;
                }
            }
        }
        let index = self.rows.index;
        for lane in 0..self.lanes.count() {
            let value = self.lane(var, lane);
            let (pointer, displacement) = self.lane_address(place, offset, index, lane);
            self.ins().store(flags(), value, pointer, displacement);
        }
    }

    /// One 128-bit store.
    pub(super) fn store_vector(&mut self, place: &Place, offset: i64, value: Value) {
        let (pointer, displacement) = self.address(place, offset);
        self.ins().store(flags(), value, pointer, displacement);
    }

    fn store_contiguous(&mut self, place: &Place, offset: i64, var: Var, reversed: bool) {
        let per_part = 16 / self.dtype(var).size() as i64;
        for (part, value) in self.vector(var).into_iter().enumerate() {
            let part = part as i64;
            if reversed {
                let value = self.reverse(value);
                self.store_vector(place, offset - (part + 1) * per_part + 1, value);
            } else {
                self.store_vector(place, offset + part * per_part, value);
            }
        }
    }

    /// A mask as two or four bytes that are 0 or 1.
    fn store_bools(&mut self, place: &Place, offset: i64, var: Var) {
        // Of two lanes there is no vector of four-byte lanes for a splat to fill, hence the detour by eight bytes.
        let mask = match self.lanes {
            Lanes::Two => {
                let wide = self.vector_of_size(var, 8);
                self.resize_mask(&wide, 4)
            }
            Lanes::Four => self.vector_of_size(var, 4),
            Lanes::One => unreachable!("scalar code stores scalars"),
        };
        // Of two lanes, the upper half of the vector repeats the lower.
        let halves = self.ins().snarrow(mask[0], mask[0]);
        let bytes = self.ins().snarrow(halves, halves);
        let ones = self.vector_literal(types::I8X16, [1; 16]);
        let bools = self.ins().band(bytes, ones);
        let word = self.reinterpret(bools, types::I32X4);
        let word = self.ins().extractlane(word, 0);
        let (pointer, displacement) = self.address(place, offset);
        if self.lanes == Lanes::Four {
            self.ins().store(flags(), word, pointer, displacement);
        } else {
            self.ins().istore16(flags(), word, pointer, displacement);
        }
    }

    /// Keeps an element of a row until the row is complete, then stores it; `false` if the row is stored in pieces.
    fn store_row(&mut self, place: &Place, offset: i64, step: i64, var: Var) -> bool {
        let base = offset - self.rows_ahead(step);
        let row = (place.clone(), base.div_euclid(step));
        if self.rows.stored.get(&row) != Some(&step) {
            return false;
        }
        let parts = self.vector(var);
        let waiting = self.rows.waiting.entry(row.clone()).or_default();
        waiting.push((base.rem_euclid(step), parts));
        if waiting.len() as i64 == step {
            let mut elements = self.rows.waiting.remove(&row).expect("it was just filled");
            elements.sort_unstable_by_key(|element| element.0);
            let parts: Vec<Parts> = elements.into_iter().map(|element| element.1).collect();
            self.store_interleaved(place, offset.div_euclid(step) * step, &parts, self.dtype(var));
        }
        true
    }
}
