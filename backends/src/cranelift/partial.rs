//! The last, partial vector of a long loop.
//!
//! What a vector loop leaves over needs less than a vector. A short body is written a second time for that, as scalar
//! code. A long one would take half of the compile time for it, so its vector code runs once more instead: on rows copied
//! to the stack, whose missing lanes repeat the first, and from which results are copied back.

use super::address::{Key, Place, Step};
use super::block::arguments;
use super::code::{Code, Lanes, lane_type, trusted};
use super::invariant::{self, Split};
use super::memory::flags;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlot, Value, types};
use rotrace_ir::kernel::IndexId;
use smallvec::SmallVec;

/// Shorter bodies are written as scalar code too.
const LONG_BODY: usize = 160;

/// All copies together take at most so many bytes of the stack.
const MOST_BYTES: i64 = 16 << 10;

/// Rows of a place that span more elements than this are not copied.
const LONGEST_WINDOW: i64 = 64;

/// What a vector loop accesses at one place.
struct Window {
    place: Place,
    /// Elements from one iteration to the next.
    step: i64,
    /// In elements from the place's address, increasing.
    offsets: Vec<i64>,
    written: bool,
    /// Bytes of an element.
    size: i64,
}

impl Window {
    /// The lowest and the highest element that a vector of iterations touches.
    fn bounds(&self, lanes: Lanes) -> (i64, i64) {
        let reach = (lanes.count() - 1) * self.step;
        let (first, last) = (self.offsets[0], self.offsets[self.offsets.len() - 1]);
        (first + reach.min(0), last + reach.max(0))
    }

    fn bytes(&self, lanes: Lanes) -> i64 {
        let (first, last) = self.bounds(lanes);
        (last - first + 1) * self.size
    }

    /// Where in its copy an element is.
    fn position(&self, lanes: Lanes, offset: i64, lane: i64) -> i32 {
        ((offset + lane * self.step - self.bounds(lanes).0) * self.size) as i32
    }

    /// Where in the caller's buffer an element of lane 0 is.
    fn displacement(&self, offset: i64) -> i32 {
        (offset * self.size) as i32
    }
}

/// Everything that a vector loop accesses, and how many lanes it has.
pub(super) struct Windows {
    pub(super) lanes: Lanes,
    windows: Vec<Window>,
}

/// One iteration of a vector loop that may be the partial one.
pub(super) struct Iteration {
    /// How many of the lanes are to be run; may be more than there are.
    left: Value,
    /// Whether they are fewer than there are.
    partial: Value,
    /// Where the copies are, and where the addresses of what they are copies of.
    copies: Vec<StackSlot>,
    originals: StackSlot,
}

impl Code<'_, '_> {
    /// What a vector loop accesses, if its last vector is to run on copies of that.
    pub(super) fn windows(&self, index: IndexId, lanes: Lanes, split: &Split) -> Option<Windows> {
        let copied = split.varying.len() >= LONG_BODY && invariant::accesses_once(self.kernel, &split.varying);
        if lanes == Lanes::One || !copied {
            return None;
        }
        let mut windows: Vec<Window> = Vec::new();
        for (buffer, at, written) in split.varying.iter().filter_map(|inst| inst.access()) {
            let (place, offset) = self.access(buffer, at);
            match place.step(index) {
                Step::Dynamic => return None,
                Step::Fixed(0) => debug_assert!(!written, "no element is stored twice"),
                Step::Fixed(step) => match windows.iter_mut().find(|window| window.place == place) {
                    Some(window) => window.offsets.push(offset),
                    None => {
                        let size = self.kernel.buffers[buffer.0 as usize].dtype.size() as i64;
                        windows.push(Window { place, step, offsets: vec![offset], written, size });
                    }
                },
            }
        }
        for window in &mut windows {
            window.offsets.sort_unstable();
            window.offsets.dedup();
        }
        let fits = |window: &Window| {
            let (first, last) = window.bounds(lanes);
            last - first < LONGEST_WINDOW && [first, last].iter().all(|end| end.abs() < 1 << 24)
        };
        let bytes: i64 = windows.iter().map(|window| window.bytes(lanes)).sum();
        (windows.iter().all(fits) && bytes <= MOST_BYTES).then_some(Windows { lanes, windows })
    }

    /// Begins an iteration of a vector loop, from `value` up to at most `end`: redirects its accesses to copies where
    /// less than a vector is left.
    pub(super) fn begin(&mut self, windows: &Windows, value: Value, end: Value) -> Iteration {
        let left = self.ins().isub(end, value);
        let count = self.number(windows.lanes.count());
        let partial = self.ins().icmp(IntCC::SignedLessThan, left, count);
        let originals: SmallVec<[Value; 8]> =
            windows.windows.iter().map(|window| self.pointer(&window.place)).collect();
        let (copy, body) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(copy);
        self.ins().brif(partial, copy, &[], body, &arguments(&originals));

        self.builder.switch_to_block(copy);
        let saved = self.stack_slot(8 * originals.len() as u32);
        let addresses = self.ins().stack_addr(types::I64, saved, 0);
        let mut copies = Vec::new();
        let mut redirected = SmallVec::<[Value; 8]>::new();
        for (position, (window, &original)) in windows.windows.iter().zip(&originals).enumerate() {
            self.ins().store(trusted(), original, addresses, position as i32 * 8);
            let slot = self.stack_slot(window.bytes(windows.lanes) as u32);
            let place = self.ins().stack_addr(types::I64, slot, 0);
            if !window.written {
                self.copy_in(window, windows.lanes, original, place, left);
            }
            copies.push(slot);
            redirected.push(self.plus(place, -window.bounds(windows.lanes).0 * window.size));
        }
        self.ins().jump(body, &arguments(&redirected));

        self.builder.switch_to_block(body);
        for window in &windows.windows {
            let pointer = self.builder.append_block_param(body, types::I64);
            self.scopes.insert(Key::Pointer(window.place.clone()), pointer);
        }
        Iteration { left, partial, copies, originals: saved }
    }

    /// Copies what the lanes read; those beyond `left` read what the first does.
    fn copy_in(&mut self, window: &Window, lanes: Lanes, original: Value, copy: Value, left: Value) {
        let kind = lane_type(window.size as usize).lane_type();
        // The last lane is never left, or the vector would not be partial.
        let last = lanes.count() - 1;
        for &offset in &window.offsets {
            let element = self.ins().load(kind, flags(), original, window.displacement(offset));
            for lane in [0, last] {
                self.ins().store(flags(), element, copy, window.position(lanes, offset, lane));
            }
        }
        for lane in 1..last {
            let (number, there) = (self.number(lane), self.plus(original, lane * window.step * window.size));
            let exists = self.ins().icmp(IntCC::SignedGreaterThan, left, number);
            let source = self.ins().select(exists, there, original);
            for &offset in &window.offsets {
                let element = self.ins().load(kind, flags(), source, window.displacement(offset));
                self.ins().store(flags(), element, copy, window.position(lanes, offset, lane));
            }
        }
    }

    /// Ends an iteration of a vector loop: copies results back where they went to copies. Each lane that was run, or all
    /// at once, is also handed to the caller.
    pub(super) fn end(
        &mut self,
        windows: &Windows,
        iteration: &Iteration,
        mut whole: impl FnMut(&mut Self),
        mut single: impl FnMut(&mut Self, i64),
    ) {
        let (some, all) = (self.builder.create_block(), self.builder.create_block());
        let after = self.builder.create_block();
        self.builder.set_cold_block(some);
        self.ins().brif(iteration.partial, some, &[], all, &[]);

        self.builder.switch_to_block(some);
        for lane in 0..windows.lanes.count() - 1 {
            if lane > 0 {
                let more = self.builder.create_block();
                let number = self.number(lane);
                let exists = self.ins().icmp(IntCC::SignedGreaterThan, iteration.left, number);
                self.ins().brif(exists, more, &[], after, &[]);
                self.builder.switch_to_block(more);
            }
            self.copy_out(windows, iteration, lane);
            single(self, lane);
        }
        self.ins().jump(after, &[]);

        self.builder.switch_to_block(all);
        whole(self);
        self.ins().jump(after, &[]);
        self.builder.switch_to_block(after);
    }

    fn copy_out(&mut self, windows: &Windows, iteration: &Iteration, lane: i64) {
        let originals = self.ins().stack_addr(types::I64, iteration.originals, 0);
        for (position, window) in windows.windows.iter().enumerate().filter(|(_, window)| window.written) {
            let kind = lane_type(window.size as usize).lane_type();
            let original = self.ins().load(types::I64, trusted(), originals, position as i32 * 8);
            let copy = self.ins().stack_addr(types::I64, iteration.copies[position], 0);
            for &offset in &window.offsets {
                let from = window.position(windows.lanes, offset, lane);
                let element = self.ins().load(kind, flags(), copy, from);
                let to = window.displacement(offset + lane * window.step);
                self.ins().store(flags(), element, original, to);
            }
        }
    }
}
