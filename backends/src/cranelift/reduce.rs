//! Reduction loops, in the order of [`rotrace_ir::reduce`].
//!
//! The 16 accumulators live in a stack slot: element `k` is combined into number `k mod 16`, a vector of elements into as
//! many neighbours. Short bodies are unrolled over all 16, whose accumulators then stay in registers. What the vectors
//! leave over continues one by one in the same slot; at the end a tree of halves leaves accumulator 0.

use super::block::arguments;
use super::code::{Code, Held, Lanes, Parts, lane_type, scalar_type, trusted, vector_type};
use super::constants::splatted;
use super::invariant::{self, Split};
use super::loops::Carried;
use super::partial::Windows;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::DType;
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Extent, IndexId, Loop, Var};
use rotrace_ir::reduce::LANES;

/// Bodies whose 16 copies have at most so many instructions keep their accumulators in registers.
const REGISTER_INSTRUCTIONS: usize = 64;

/// Accumulators may take so many of the 16 vector registers.
const ACCUMULATOR_REGISTERS: usize = 8;

/// The 16 accumulators of one result.
#[derive(Clone, Copy)]
struct Accumulator {
    kind: Reduction,
    dtype: DType,
    /// The yielded element.
    element: Var,
    /// Bytes of one accumulator; of truth values in vector code, that of a mask.
    size: usize,
    /// The address of the first.
    slot: Value,
}

impl Accumulator {
    /// The bytes of 16 accumulators are so many vectors.
    const fn vectors(&self) -> usize {
        self.size * LANES as usize / 16
    }

    fn scalar_type(&self) -> cranelift_codegen::ir::Type {
        if self.dtype == DType::Bool { lane_type(self.size).lane_type() } else { scalar_type(self.dtype) }
    }

    fn vector_type(&self) -> cranelift_codegen::ir::Type {
        vector_type(self.dtype, self.size)
    }
}

impl Code<'_, '_> {
    /// A loop over independent iterations, with what it reduces.
    pub(super) fn reduction(&mut self, inner: &Loop, kinds: &[Reduction]) {
        let length = match inner.extent {
            Extent::Dim(dim) => dim.as_fixed(),
            Extent::Blocks(_) | Extent::Block { .. } => None,
        };
        let (start, end) = (self.number(0), self.extent(inner.extent));
        let (run, merge) = (self.builder.create_block(), self.builder.create_block());
        let mut empty = Carried::new();
        for (&kind, &var) in kinds.iter().zip(&inner.results) {
            let dtype = self.dtype(var);
            self.builder.append_block_param(merge, scalar_type(dtype));
            empty.push(self.literal(kind.identity(dtype)));
        }
        let any = self.ins().icmp(IntCC::SignedLessThan, start, end);
        self.ins().brif(any, run, &[], merge, &arguments(&empty));

        self.builder.switch_to_block(run);
        let results = if kinds.is_empty() {
            self.iterations(inner.index, (start, end), length, &inner.body);
            Carried::new()
        } else {
            self.reduced(inner, kinds, length, (start, end))
        };
        self.ins().jump(merge, &arguments(&results));

        self.builder.switch_to_block(merge);
        for (position, &var) in inner.results.iter().enumerate() {
            let value = self.builder.block_params(merge)[position];
            self.define(var, Held::Scalar(value));
        }
    }

    /// The reductions over at least one iteration.
    fn reduced(
        &mut self,
        inner: &Loop,
        kinds: &[Reduction],
        length: Option<u64>,
        (start, end): (Value, Value),
    ) -> Carried {
        let split = invariant::split(self.kernel, &inner.body, inner.index, &[]);
        let yields = &inner.body.yields;
        let lanes = self.before_loop(inner.index, length, &split, yields);
        let accumulators: Vec<Accumulator> =
            kinds.iter().zip(yields).map(|(&kind, &element)| self.accumulator(kind, element, lanes)).collect();

        let mut start = start;
        if lanes != Lanes::One && self.keeps_registers(inner.index, lanes, &split, &accumulators) {
            start = self.register_loop(inner.index, (start, end), lanes, &split, &accumulators);
        }
        match self.windows(inner.index, lanes, &split) {
            Some(windows) => self.windowed_loop(inner.index, (start, end), &windows, &split, &accumulators),
            None => {
                if lanes != Lanes::One {
                    start = self.memory_loop(inner.index, (start, end), lanes, &split, &accumulators);
                }
                self.memory_loop(inner.index, (start, end), Lanes::One, &split, &accumulators);
            }
        }
        self.after_loop();
        let live = length.map_or(LANES, |length| length.clamp(1, LANES)) as usize;
        accumulators.iter().map(|accumulator| self.tree(accumulator, lanes, live)).collect()
    }

    fn accumulator(&mut self, kind: Reduction, element: Var, lanes: Lanes) -> Accumulator {
        let dtype = self.dtype(element);
        let size = if dtype == DType::Bool { lanes.mask_size() } else { dtype.size() };
        let bytes = size as u32 * LANES as u32;
        let slot = self.stack_slot(bytes);
        let slot = self.ins().stack_addr(types::I64, slot, 0);
        let accumulator = Accumulator { kind, dtype, element, size, slot };
        for vector in 0..accumulator.vectors() {
            let identity = self.identity(&accumulator);
            self.ins().store(trusted(), identity, slot, vector as i32 * 16);
        }
        accumulator
    }

    /// 16 bytes of accumulators that have met nothing.
    fn identity(&mut self, accumulator: &Accumulator) -> Value {
        let mut bytes = splatted(accumulator.kind.identity(accumulator.dtype));
        if accumulator.dtype == DType::Bool && accumulator.size == 1 {
            bytes = bytes.map(|byte| byte & 1);
        }
        self.vector_literal(accumulator.vector_type(), bytes)
    }

    fn keeps_registers(&self, index: IndexId, lanes: Lanes, split: &Split, accumulators: &[Accumulator]) -> bool {
        let copies = LANES as usize / lanes.count() as usize;
        let registers: usize = accumulators.iter().map(Accumulator::vectors).sum();
        registers <= ACCUMULATOR_REGISTERS
            && (split.varying.len() + accumulators.len()) * copies <= REGISTER_INSTRUCTIONS
            && self.can_unroll(index, split)
    }

    /// Whole rounds over the 16 accumulators, which stay in registers and are put into their slots at the end.
    fn register_loop(
        &mut self,
        index: IndexId,
        (start, end): (Value, Value),
        lanes: Lanes,
        split: &Split,
        accumulators: &[Accumulator],
    ) -> Value {
        let stop = self.last_multiple(start, end, LANES as i64);
        let mut initial = Carried::new();
        for accumulator in accumulators {
            for _ in 0..accumulator.vectors() {
                initial.push(self.identity(accumulator));
            }
        }
        let last = self.counted((start, stop), LANES as i64, &initial, |code, value, current| {
            let mut next = Carried::from_slice(current);
            code.enter(index, value);
            code.lanes = lanes;
            for copy in 0..LANES as usize / lanes.count() as usize {
                code.ahead = (index, copy as i64 * lanes.count());
                code.insts(split.varying.iter().copied());
                let mut first = 0;
                for accumulator in accumulators {
                    let parts = code.vector_of_size(accumulator.element, accumulator.size);
                    for (part, &element) in parts.iter().enumerate() {
                        let at = first + copy * parts.len() + part;
                        next[at] = code.combine(accumulator, next[at], element);
                    }
                    first += accumulator.vectors();
                }
            }
            code.ahead = (index, 0);
            code.lanes = Lanes::One;
            code.leave();
            next
        });
        let mut values = last.iter();
        for accumulator in accumulators {
            for (vector, &value) in values.by_ref().take(accumulator.vectors()).enumerate() {
                self.ins().store(trusted(), value, accumulator.slot, vector as i32 * 16);
            }
        }
        stop
    }

    /// Iterations, one vector or one element at a time, that combine into the slots.
    fn memory_loop(
        &mut self,
        index: IndexId,
        (start, end): (Value, Value),
        lanes: Lanes,
        split: &Split,
        accumulators: &[Accumulator],
    ) -> Value {
        let stop = if lanes == Lanes::One { end } else { self.last_multiple(start, end, lanes.count()) };
        self.counted((start, stop), lanes.count(), &[], |code, value, _| {
            code.enter(index, value);
            code.lanes = lanes;
            code.insts(split.varying.iter().copied());
            for accumulator in accumulators {
                let elements = code.elements(accumulator, lanes);
                code.accumulate(accumulator, value, 0, &elements);
            }
            code.lanes = Lanes::One;
            code.leave();
            Carried::new()
        });
        stop
    }

    /// Vectors of iterations that combine into the slots, the last of which may be partial.
    fn windowed_loop(
        &mut self,
        index: IndexId,
        (start, end): (Value, Value),
        windows: &Windows,
        split: &Split,
        accumulators: &[Accumulator],
    ) {
        self.counted((start, end), windows.lanes.count(), &[], |code, value, _| {
            code.enter(index, value);
            let iteration = code.begin(windows, value, end);
            code.lanes = windows.lanes;
            code.insts(split.varying.iter().copied());
            let elements: Vec<Parts> =
                accumulators.iter().map(|accumulator| code.elements(accumulator, windows.lanes)).collect();
            code.lanes = Lanes::One;
            let yielded = || accumulators.iter().zip(&elements);
            code.end(
                windows,
                &iteration,
                |code| yielded().for_each(|(accumulator, parts)| code.accumulate(accumulator, value, 0, parts)),
                |code, lane| {
                    for (accumulator, parts) in yielded() {
                        let element = code.extract(parts, accumulator.size, lane);
                        code.accumulate(accumulator, value, lane, &Parts::from_slice(&[element]));
                    }
                },
            );
            code.leave();
            Carried::new()
        });
    }

    /// Combines what iterations from number `first + ahead` on yielded into their accumulators.
    fn accumulate(&mut self, accumulator: &Accumulator, first: Value, ahead: i64, elements: &Parts) {
        let mask = self.number(LANES as i64 - 1);
        let position = self.ins().band(first, mask);
        let bytes = self.scaled(position, accumulator.size as i64);
        let address = self.ins().iadd(accumulator.slot, bytes);
        for (part, &element) in elements.iter().enumerate() {
            let offset = ahead as i32 * accumulator.size as i32 + part as i32 * 16;
            let kind = self.kind(element);
            let current = self.ins().load(kind, trusted(), address, offset);
            let next = self.combine(accumulator, current, element);
            self.ins().store(trusted(), next, address, offset);
        }
    }

    /// What an iteration yields, as its accumulator holds it.
    fn elements(&mut self, accumulator: &Accumulator, lanes: Lanes) -> Parts {
        if lanes != Lanes::One {
            return self.vector_of_size(accumulator.element, accumulator.size);
        }
        let mut value = self.scalar(accumulator.element);
        if accumulator.dtype == DType::Bool && accumulator.size > 1 {
            value = self.mask_of_bool(value, accumulator.size);
        }
        Parts::from_slice(&[value])
    }

    /// `combine(a, b)`, on scalars or on vectors of accumulators.
    fn combine(&mut self, accumulator: &Accumulator, a: Value, b: Value) -> Value {
        let (kind, dtype) = (accumulator.kind, accumulator.dtype);
        let vector = self.kind(a).is_vector();
        match (kind, dtype.is_float()) {
            (Reduction::All, _) => self.ins().band(a, b),
            (Reduction::Any, _) => self.ins().bor(a, b),
            (Reduction::Maximum | Reduction::Minimum, true) => self.float_extreme(kind, dtype, a, b),
            (Reduction::Sum | Reduction::Product, true) => self.float_op(kind.combine(), false, &[a, b]),
            (_, false) if vector => self.integer_lanes(kind.combine(), dtype, &[a, b]),
            (_, false) => self.scalar_values(kind.combine(), dtype, false, &[a, b]),
        }
    }

    /// The better of two floats: a NaN wins, and zeros merge their bits.
    ///
    /// One selection gives `b` where the two are equal or unordered, the mirrored one gives `a`. Where both are the same
    /// number, or the two zeros, `and` (`or` for the minimum) of the two is the answer; where one is better both are it.
    /// A NaN makes the mask of unordered lanes, whose bits are themselves a NaN.
    fn float_extreme(&mut self, kind: Reduction, dtype: DType, a: Value, b: Value) -> Value {
        let whole = vector_type(dtype, dtype.size());
        let scalar = !self.kind(a).is_vector();
        let (a, b) = if scalar {
            (self.ins().scalar_to_vector(whole, a), self.ins().scalar_to_vector(whole, b))
        } else {
            (a, b)
        };
        let (first, second) = (self.better(kind, a, b), self.better(kind, b, a));
        let merged =
            if kind == Reduction::Maximum { self.ins().band(first, second) } else { self.ins().bor(first, second) };
        let unordered = self.ins().fcmp(FloatCC::Unordered, a, b);
        let unordered = self.reinterpret(unordered, whole);
        let result = self.ins().bor(merged, unordered);
        if scalar { self.ins().extractlane(result, 0) } else { result }
    }

    /// `a` where it is strictly better, else `b`: one instruction on x86-64.
    fn better(&mut self, kind: Reduction, a: Value, b: Value) -> Value {
        let better = if kind == Reduction::Maximum {
            self.ins().fcmp(FloatCC::LessThan, b, a)
        } else {
            self.ins().fcmp(FloatCC::LessThan, a, b)
        };
        let whole = self.kind(a);
        let mask = self.reinterpret(better, whole);
        self.ins().bitselect(mask, a, b)
    }

    /// The tree of halves over the first `live` accumulators; the others hold the identity, which changes nothing.
    fn tree(&mut self, accumulator: &Accumulator, lanes: Lanes, live: usize) -> Value {
        let mut scalars = if lanes == Lanes::One {
            let (kind, size) = (accumulator.scalar_type(), accumulator.size);
            (0..live)
                .map(|position| self.ins().load(kind, trusted(), accumulator.slot, (position * size) as i32))
                .collect()
        } else {
            self.vector_tree(accumulator)
        };
        let mut half = LANES as usize / 2;
        while half > 0 {
            for position in half..scalars.len() {
                scalars[position - half] = self.combine(accumulator, scalars[position - half], scalars[position]);
            }
            scalars.truncate(half);
            half /= 2;
        }
        let result = scalars[0];
        if accumulator.dtype == DType::Bool && accumulator.size > 1 { self.bool_of_mask(result) } else { result }
    }

    /// Combines vectors down to the last one, and returns its lanes.
    fn vector_tree(&mut self, accumulator: &Accumulator) -> Vec<Value> {
        let kind = accumulator.vector_type();
        let mut vectors: Vec<Value> = (0..accumulator.vectors())
            .map(|vector| self.ins().load(kind, trusted(), accumulator.slot, vector as i32 * 16))
            .collect();
        while vectors.len() > 1 {
            let half = vectors.len() / 2;
            for position in 0..half {
                vectors[position] = self.combine(accumulator, vectors[position], vectors[position + half]);
            }
            vectors.truncate(half);
        }
        (0..16 / accumulator.size).map(|lane| self.ins().extractlane(vectors[0], lane as u8)).collect()
    }
}
