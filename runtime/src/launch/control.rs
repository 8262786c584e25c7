//! Steps that run nested plans.
//!
//! Carried values live in two places in turn: the step's result, and memory of the step. So no iteration allocates or
//! copies; it writes the pointers that change, and runs. Slices are pointers into the whole.

use super::Call;
use super::frame::{Frame, Spot};
use super::machine::Machine;
use super::memory::{Size, Spots};
use super::sequence::Sequence;
use crate::Error;
use crate::bind::{Sizes, dim_size};
use rotrace_ir::{DType, Dim};
use std::ops::Range;

/// A value that passes from one iteration to the next.
pub(super) struct Carried {
    pub(super) initial: Spot,
    pub(super) result: Spot,
    /// The second place, which takes turns with the result.
    pub(super) other: Spot,
    /// The number of its bytes.
    pub(super) bytes: Spot,
    pub(super) size: Size,
    /// Where nested plans read it.
    pub(super) inputs: Spots,
    /// Where the body writes it.
    pub(super) outputs: Spots,
}

impl Carried {
    /// The place that an iteration writes: the result, or the other one.
    #[inline]
    fn place(&self, frame: &Frame<'_>, in_result: bool) -> *mut u8 {
        frame.pointer(if in_result { self.result } else { self.other })
    }

    /// Brings the value to the result.
    fn finish<M: Machine>(&self, machine: &M, frame: &Frame<'_>, from: Spot) -> Result<(), Error> {
        machine.copy(frame.pointer(from), frame.pointer(self.result), frame.number(self.bytes))
    }
}

/// Slices of an array, one per iteration.
pub(super) struct Slices {
    pub(super) start: Spot,
    /// The number of bytes from one to the next.
    pub(super) stride: Spot,
    pub(super) size: Size,
    /// Where the body reads or writes one.
    pub(super) spots: Spots,
}

impl Slices {
    #[inline]
    fn point(&self, frame: &mut Frame<'_>, index: usize) {
        let slice = frame.pointer(self.start).wrapping_add(index * frame.number(self.stride));
        frame.point(&self.spots, slice);
    }
}

/// What is passed on unchanged: from where, to where.
pub(super) type Constants = Vec<(Spot, Spots)>;

fn pass(frame: &mut Frame<'_>, constants: &Constants) {
    for (from, to) in constants {
        let pointer = frame.pointer(*from);
        frame.point(to, pointer);
    }
}

/// The bytes that both places of carried values take, less the results.
fn carried_bytes(carried: &[Carried], sizes: &Sizes) -> Option<u64> {
    carried.iter().map(|carried| carried.size.padded(sizes)).try_fold(0_u64, |total, bytes| total.checked_add(bytes?))
}

/// Gives every carried value its second place; returns what is free behind them.
fn place_carried(carried: &[Carried], frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) -> *mut u8 {
    carried.iter().fold(base, |free, carried| {
        frame.point(&[carried.other], free);
        free.wrapping_add(carried.size.padded(sizes).unwrap_or(0) as usize)
    })
}

fn number_carried(carried: &[Carried], frame: &mut Frame<'_>, sizes: &Sizes) {
    for carried in carried {
        frame.set_number(carried.bytes, carried.size.bytes(sizes).unwrap_or(0) as usize);
    }
}

/// [`rotrace_ir::plan::LoopStep`].
pub(super) struct Loop<M: Machine> {
    pub(super) body: Sequence<M>,
    pub(super) length: Dim,
    /// The number of iterations in this call.
    pub(super) iterations: Spot,
    pub(super) reverse: bool,
    pub(super) carried: Vec<Carried>,
    pub(super) scanned: Vec<Slices>,
    pub(super) constants: Constants,
    pub(super) stacked: Vec<Slices>,
}

impl<M: Machine> Loop<M> {
    pub(super) fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        carried_bytes(&self.carried, sizes)?.checked_add(self.body.bytes(sizes)?)
    }

    pub(super) fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        let free = place_carried(&self.carried, frame, base, sizes);
        self.body.place(frame, free, sizes);
    }

    pub(super) fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        frame.set_number(self.iterations, dim_size(self.length, sizes).max(0) as usize);
        number_carried(&self.carried, frame, sizes);
        for slices in self.scanned.iter().chain(&self.stacked) {
            frame.set_number(slices.stride, slices.size.bytes(sizes).unwrap_or(0) as usize);
        }
        self.body.number(frame, sizes);
    }

    pub(super) fn run(&self, frame: &mut Frame<'_>, call: &Call<'_, M>) -> Result<(), Error> {
        let iterations = frame.number(self.iterations);
        if iterations == 0 {
            return self.carried.iter().try_for_each(|carried| carried.finish(call.machine, frame, carried.initial));
        }
        pass(frame, &self.constants);
        for carried in &self.carried {
            let initial = frame.pointer(carried.initial);
            frame.point(&carried.inputs, initial);
        }
        for iteration in 0..iterations {
            // So that the last one writes the results.
            let in_result = (iterations - iteration) % 2 == 1;
            for carried in &self.carried {
                if iteration > 0 {
                    let before = carried.place(frame, !in_result);
                    frame.point(&carried.inputs, before);
                }
                let after = carried.place(frame, in_result);
                frame.point(&carried.outputs, after);
            }
            let index = if self.reverse { iterations - 1 - iteration } else { iteration };
            for slices in self.scanned.iter().chain(&self.stacked) {
                slices.point(frame, index);
            }
            self.body.run(frame, call)?;
        }
        Ok(())
    }
}

/// [`rotrace_ir::plan::WhileStep`].
pub(super) struct While<M: Machine> {
    pub(super) condition: Sequence<M>,
    pub(super) body: Sequence<M>,
    pub(super) bound: u64,
    /// Whether there is a further iteration, in memory of the step.
    pub(super) holds: Spot,
    /// `holds`, and where the condition writes it.
    pub(super) holds_at: Spots,
    pub(super) carried: Vec<Carried>,
    pub(super) constants: Constants,
}

impl<M: Machine> While<M> {
    pub(super) fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        let nested = self.condition.bytes(sizes)?.max(self.body.bytes(sizes)?);
        let own = carried_bytes(&self.carried, sizes)?.checked_add(Size::truth_value().padded(sizes)?)?;
        own.checked_add(nested)
    }

    pub(super) fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        let holds = place_carried(&self.carried, frame, base, sizes);
        frame.point(&self.holds_at, holds);
        let free = holds.wrapping_add(Size::truth_value().padded(sizes).unwrap_or(0) as usize);
        self.condition.place(frame, free, sizes);
        self.body.place(frame, free, sizes);
    }

    pub(super) fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        number_carried(&self.carried, frame, sizes);
        self.condition.number(frame, sizes);
        self.body.number(frame, sizes);
    }

    pub(super) fn run(&self, frame: &mut Frame<'_>, call: &Call<'_, M>) -> Result<(), Error> {
        pass(frame, &self.constants);
        for carried in &self.carried {
            let initial = frame.pointer(carried.initial);
            frame.point(&carried.inputs, initial);
        }
        let mut iterations = 0;
        // The first iteration writes the results.
        let mut in_result = true;
        while iterations < self.bound {
            self.condition.run(frame, call)?;
            if call.machine.read(frame.pointer(self.holds))? == [0] {
                break;
            }
            for carried in &self.carried {
                let after = carried.place(frame, in_result);
                frame.point(&carried.outputs, after);
            }
            self.body.run(frame, call)?;
            for carried in &self.carried {
                let after = carried.place(frame, in_result);
                frame.point(&carried.inputs, after);
            }
            in_result = !in_result;
            iterations += 1;
        }
        for carried in &self.carried {
            match iterations {
                0 => carried.finish(call.machine, frame, carried.initial)?,
                // The last iteration wrote the other place.
                _ if in_result => carried.finish(call.machine, frame, carried.other)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// [`rotrace_ir::plan::SwitchStep`].
pub(super) struct Switch<M: Machine> {
    pub(super) selector: Spot,
    pub(super) dtype: DType,
    pub(super) operands: Range<Spot>,
    pub(super) results: Range<Spot>,
    pub(super) branches: Vec<Sequence<M>>,
}

impl<M: Machine> Switch<M> {
    pub(super) fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        let mut bytes = self.branches.iter().map(|branch| branch.bytes(sizes));
        bytes.try_fold(0, |largest, bytes| Some(largest.max(bytes?)))
    }

    pub(super) fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        self.branches.iter().for_each(|branch| branch.place(frame, base, sizes));
    }

    pub(super) fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        self.branches.iter().for_each(|branch| branch.number(frame, sizes));
    }

    pub(super) fn run(&self, frame: &mut Frame<'_>, call: &Call<'_, M>) -> Result<(), Error> {
        let selector = frame.pointer(self.selector);
        let selected = match self.dtype {
            DType::Bool => i64::from(call.machine.read(selector)? != [0]),
            DType::I32 => i64::from(i32::from_ne_bytes(call.machine.read(selector)?)),
            _ => i64::from_ne_bytes(call.machine.read(selector)?),
        };
        let branch = &self.branches[selected.clamp(0, self.branches.len() as i64 - 1) as usize];
        let passed = self.operands.clone().zip(&branch.inputs).chain(self.results.clone().zip(&branch.outputs));
        for (from, to) in passed {
            let pointer = frame.pointer(from);
            frame.point(to, pointer);
        }
        branch.run(frame, call)
    }
}
