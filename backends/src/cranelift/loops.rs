//! Counted loops, and loops over independent iterations with their vector form.

use super::address::Step;
use super::block::arguments;
use super::code::{Code, Held, Lanes};
use super::invariant::{self, Split};
use super::memory::Rows;
use super::partial::Windows;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::kernel::{Block, IndexId, Inst, Var};
use smallvec::SmallVec;

/// Values that a counted loop carries.
pub(super) type Carried = SmallVec<[Value; 8]>;

/// Short bodies are unrolled to about this many instructions.
const UNROLLED_INSTRUCTIONS: usize = 48;

impl Code<'_, '_> {
    /// A loop that steps from `start` to `end` (whose distance `step` divides) and carries values.
    pub(super) fn counted(
        &mut self,
        (start, end): (Value, Value),
        step: i64,
        initial: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Carried,
    ) -> Carried {
        let (run, after) = (self.builder.create_block(), self.builder.create_block());
        for &value in initial {
            let kind = self.kind(value);
            self.builder.append_block_param(after, kind);
        }
        let any = self.ins().icmp(IntCC::SignedLessThan, start, end);
        self.ins().brif(any, run, &[], after, &arguments(initial));
        self.builder.switch_to_block(run);
        let last = self.repeated((start, end), step, initial, body);
        self.ins().jump(after, &arguments(&last));
        self.builder.switch_to_block(after);
        SmallVec::from_slice(self.builder.block_params(after))
    }

    /// [`Self::counted`] from a `start` that is less than `end`.
    pub(super) fn repeated(
        &mut self,
        (start, end): (Value, Value),
        step: i64,
        initial: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Carried,
    ) -> Carried {
        let (inside, after) = (self.builder.create_block(), self.builder.create_block());
        self.builder.append_block_param(inside, types::I64);
        for &value in initial {
            let kind = self.kind(value);
            self.builder.append_block_param(inside, kind);
        }
        let first: Carried = std::iter::once(start).chain(initial.iter().copied()).collect();
        self.ins().jump(inside, &arguments(&first));

        self.builder.switch_to_block(inside);
        let parameters: Carried = SmallVec::from_slice(self.builder.block_params(inside));
        let next = body(self, parameters[0], &parameters[1..]);
        let index = self.plus(parameters[0], step);
        let more = self.ins().icmp(IntCC::SignedLessThan, index, end);
        let again: Carried = std::iter::once(index).chain(next.iter().copied()).collect();
        self.ins().brif(more, inside, &arguments(&again), after, &[]);
        self.builder.switch_to_block(after);
        next
    }

    /// Opens a loop's body.
    pub(super) fn enter(&mut self, index: IndexId, value: Value) {
        self.scopes.open();
        self.nest.push(index);
        self.indices[index.0 as usize] = Some(value);
    }

    /// Closes a loop's body.
    pub(super) fn leave(&mut self) {
        self.nest.pop();
        self.scopes.close();
    }

    /// Independent iterations from `start` to `end`, of which there is at least one.
    pub(super) fn iterations(&mut self, index: IndexId, range: (Value, Value), length: Option<u64>, body: &Block) {
        let split = invariant::split(self.kernel, body, index, &[]);
        let lanes = self.before_loop(index, length, &split, &[]);
        match self.windows(index, lanes, &split) {
            Some(windows) => self.windowed(index, range, &windows, &split),
            None => {
                let range = self.pairs(index, range, (lanes, length), &split);
                self.whole_and_single(index, range, lanes, &split);
            }
        }
        self.after_loop();
    }

    /// Vectors of iterations, the last of which may be partial.
    fn windowed(&mut self, index: IndexId, (start, end): (Value, Value), windows: &Windows, split: &Split) {
        self.counted((start, end), windows.lanes.count(), &[], |code, value, _| {
            code.enter(index, value);
            let iteration = code.begin(windows, value, end);
            code.lanes = windows.lanes;
            code.insts(split.varying.iter().copied());
            code.lanes = Lanes::One;
            code.end(windows, &iteration, |_| (), |_, _| ());
            code.leave();
            Carried::new()
        });
    }

    /// Two vectors of iterations at a time, where one would leave the processor waiting: a short loop in order is a chain
    /// of operations that wait for each other. Returns what is left over.
    fn pairs(
        &mut self,
        index: IndexId,
        (start, end): (Value, Value),
        (lanes, length): (Lanes, Option<u64>),
        split: &Split,
    ) -> (Value, Value) {
        let few = length.is_some_and(|length| length < Lanes::Four.count() as u64);
        if lanes != Lanes::Two || few || !invariant::waits(split) {
            return (start, end);
        }
        self.take_lanes(index, Lanes::Four, split, &[]);
        let start = self.vector_loop(index, (start, end), (Lanes::Four, 1), split);
        self.take_lanes(index, lanes, split, &[]);
        (start, end)
    }

    /// Full vectors of iterations, and what they leave over one by one.
    fn whole_and_single(&mut self, index: IndexId, (mut start, end): (Value, Value), lanes: Lanes, split: &Split) {
        if lanes != Lanes::One {
            let copies = self.copies(index, lanes, split);
            if copies > 1 {
                start = self.vector_loop(index, (start, end), (lanes, copies), split);
            }
            start = self.vector_loop(index, (start, end), (lanes, 1), split);
        }
        self.counted((start, end), 1, &[], |code, value, _| {
            code.enter(index, value);
            code.insts(split.varying.iter().copied());
            code.leave();
            Carried::new()
        });
    }

    /// Runs full vectors of iterations, `copies` of them at a time, and returns where it stopped.
    fn vector_loop(
        &mut self,
        index: IndexId,
        (start, end): (Value, Value),
        (lanes, copies): (Lanes, i64),
        split: &Split,
    ) -> Value {
        let step = lanes.count() * copies;
        let stop = self.last_multiple(start, end, step);
        self.counted((start, stop), step, &[], |code, value, _| {
            code.enter(index, value);
            code.lanes = lanes;
            for copy in 0..copies {
                code.ahead = (index, copy * lanes.count());
                code.insts(split.varying.iter().copied());
            }
            code.ahead = (index, 0);
            code.lanes = Lanes::One;
            code.leave();
            Carried::new()
        });
        stop
    }

    /// The last number up to `end` that whole steps from `start` reach.
    pub(super) fn last_multiple(&mut self, start: Value, end: Value, step: i64) -> Value {
        let length = self.ins().isub(end, start);
        let mask = self.number(-step);
        let whole = self.ins().band(length, mask);
        self.ins().iadd(start, whole)
    }

    /// How many copies of a short body an iteration of the vector loop runs.
    fn copies(&self, index: IndexId, lanes: Lanes, split: &Split) -> i64 {
        let parts = if lanes == Lanes::Four { 2 } else { 1 };
        let size = split.varying.len() * parts;
        let copies = if size * 4 <= UNROLLED_INSTRUCTIONS { 4 } else { 1 };
        if self.can_unroll(index, split) { copies } else { 1 }
    }

    /// Whether copies of a body can use the same pointers.
    pub(super) fn can_unroll(&self, index: IndexId, split: &Split) -> bool {
        split.varying.iter().all(|inst| match inst {
            Inst::Load { buffer, at, .. } | Inst::Store { buffer, at, .. } => {
                self.access(*buffer, at).0.step(index) != Step::Dynamic
            }
            Inst::If { .. } | Inst::Loop(_) => false,
            Inst::Constant { .. }
            | Inst::Scalar { .. }
            | Inst::Cast { .. }
            | Inst::Bitcast { .. }
            | Inst::Index { .. }
            | Inst::Lookup { .. } => true,
        })
    }

    /// Writes what does not vary in a loop, prepares its addresses, and decides its lanes.
    pub(super) fn before_loop(&mut self, index: IndexId, length: Option<u64>, split: &Split, yields: &[Var]) -> Lanes {
        self.scopes.open();
        self.insts(split.invariant.iter().copied());
        for (buffer, at, _) in split.varying.iter().filter_map(|inst| inst.access()) {
            let (place, _) = self.access(buffer, at);
            self.prepare(&place, index);
        }
        if !self.simd {
            return Lanes::One;
        }
        let lanes = invariant::lanes(self.kernel, split, yields, index);
        if length.is_some_and(|length| length < lanes.count() as u64) {
            return Lanes::One;
        }
        if lanes != Lanes::One {
            self.take_lanes(index, lanes, split, yields);
        }
        lanes
    }

    /// Prepares for vectors of so many lanes.
    fn take_lanes(&mut self, index: IndexId, lanes: Lanes, split: &Split, yields: &[Var]) {
        self.rows = Rows::of(self, index, split, lanes);
        self.lanes = lanes;
        self.splats.clear();
        self.presplat(&split.varying, yields);
        self.lanes = Lanes::One;
    }

    /// Forgets what [`Self::before_loop`] prepared.
    pub(super) fn after_loop(&mut self) {
        self.splats.clear();
        self.scopes.close();
    }

    /// Splats the uniform values that a vector loop's body uses, ahead of it.
    pub(super) fn presplat(&mut self, insts: &[&Inst], yields: &[Var]) -> Vec<Var> {
        let mut splatted = Vec::new();
        if self.lanes == Lanes::One {
            return splatted;
        }
        for var in invariant::outer_operands(insts.iter().copied(), yields) {
            if let Held::Scalar(value) = self.held[var.0 as usize]
                && !self.splats.contains_key(&var)
            {
                let size = self.size_of(var);
                let parts = self.splat(self.dtype(var), value, size);
                self.splats.insert(var, (size, parts));
                splatted.push(var);
            }
        }
        splatted
    }

    /// Forgets what [`Self::presplat`] made.
    pub(super) fn forget_splats(&mut self, vars: &[Var]) {
        vars.iter().for_each(|var| drop(self.splats.remove(var)));
    }
}
