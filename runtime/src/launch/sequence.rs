//! A plan as a launch needs it: its steps, with the spots of their buffers in the frame.

use super::Call;
use super::control::{Carried, Loop, Slices, Switch, While};
use super::frame::{Extents, Frame, Spot};
use super::machine::{Launched, Machine};
use super::matmul::Matmul;
use super::memory::{Size, Spots, Tenant, share};
use super::native::Native;
use crate::Error;
use crate::bind::Sizes;
use crate::natives::Natives;
use rotrace_ir::dim::Type;
use rotrace_ir::plan::{self, LoopStep, Plan, PlanBufferId, Storage, SwitchStep, WhileStep};
use std::ops::Range;

/// The steps of one plan.
pub(super) struct Sequence<M: Machine> {
    /// Where the pointer of each input goes.
    pub(super) inputs: Vec<Spots>,
    /// Where the pointer of each output goes.
    pub(super) outputs: Vec<Spots>,
    /// Kept alive for the pointers to them.
    constants: Vec<(M::Constant, Spots)>,
    /// What shares a slot, which is as large as the largest.
    slots: Vec<Vec<Placed>>,
    pub(super) steps: Vec<Step<M>>,
}

/// What needs memory.
enum Placed {
    Temporary(Size, Spots),
    Step(usize),
}

/// What runs, with its spots.
pub(super) enum Step<M: Machine> {
    Kernel(M::Kernel),
    Loop(Box<Loop<M>>),
    While(Box<While<M>>),
    Switch(Box<Switch<M>>),
    Native(Native),
    Matmul(M::Matmul),
}

impl<M: Machine> Sequence<M> {
    /// Bytes of memory that the plan needs for its temporaries and those of the plans in it; `None` on overflow.
    #[inline]
    pub(super) fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        let slots = self.slots.iter();
        slots.map(|slot| self.slot_bytes(slot, sizes)).try_fold(0_u64, |total, bytes| total.checked_add(bytes?))
    }

    fn slot_bytes(&self, slot: &[Placed], sizes: &Sizes) -> Option<u64> {
        let mut bytes = slot.iter().map(|placed| match placed {
            Placed::Temporary(size, _) => size.padded(sizes),
            Placed::Step(step) => self.steps[*step].bytes(sizes),
        });
        bytes.try_fold(0, |largest, bytes| Some(largest.max(bytes?)))
    }

    /// Whether there are temporaries or constants.
    pub(super) fn has_memory(&self) -> bool {
        !self.slots.is_empty() || !self.constants.is_empty()
    }

    /// Writes the pointers that do not change during the call. Memory begins at `base`, and has been found to suffice.
    #[inline]
    pub(super) fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        for (data, spots) in &self.constants {
            frame.point(spots, M::address(data));
        }
        let mut free = base;
        for slot in &self.slots {
            for placed in slot {
                match placed {
                    Placed::Temporary(_, spots) => frame.point(spots, free),
                    Placed::Step(step) => self.steps[*step].place(frame, free, sizes),
                }
            }
            free = free.wrapping_add(self.slot_bytes(slot, sizes).unwrap_or(0) as usize);
        }
    }

    /// Writes the numbers, which do not change during the call.
    #[inline]
    pub(super) fn number(&self, frame: &mut Frame<'_>, sizes: &Sizes) {
        for step in &self.steps {
            match step {
                Step::Kernel(step) => M::number(step, frame, sizes),
                Step::Loop(step) => step.number(frame, sizes),
                Step::While(step) => step.number(frame, sizes),
                Step::Switch(step) => step.number(frame, sizes),
                Step::Native(step) => step.number(frame, sizes),
                Step::Matmul(_) => {}
            }
        }
    }

    #[inline(always)]
    pub(super) fn run(&self, frame: &mut Frame<'_>, call: &Call<'_, M>) -> Result<(), Error> {
        for step in &self.steps {
            match step {
                Step::Kernel(step) => call.machine.launch(step, frame, call.sizes)?,
                Step::Loop(step) => step.run(frame, call)?,
                Step::While(step) => step.run(frame, call)?,
                Step::Switch(step) => step.run(frame, call)?,
                Step::Native(step) => call.machine.native(step, frame)?,
                Step::Matmul(step) => call.machine.multiply(step, frame, call.sizes)?,
            }
        }
        Ok(())
    }
}

impl<M: Machine> Step<M> {
    /// Bytes that the step needs for itself and the plans in it.
    fn bytes(&self, sizes: &Sizes) -> Option<u64> {
        match self {
            Self::Kernel(step) => M::bytes(step, sizes),
            Self::Native(_) | Self::Matmul(_) => Some(0),
            Self::Loop(step) => step.bytes(sizes),
            Self::While(step) => step.bytes(sizes),
            Self::Switch(step) => step.bytes(sizes),
        }
    }

    fn place(&self, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        match self {
            Self::Kernel(step) => M::place(step, frame, base, sizes),
            Self::Native(_) | Self::Matmul(_) => {}
            Self::Loop(step) => step.place(frame, base, sizes),
            Self::While(step) => step.place(frame, base, sizes),
            Self::Switch(step) => step.place(frame, base, sizes),
        }
    }
}

/// Turns a plan and those in it into sequences.
pub(super) struct Builder<'n, M: Machine> {
    pub(super) extents: Extents,
    /// The kernels so far, which are numbered in the order of [`Plan::kernels`].
    kernels: usize,
    natives: &'n Natives,
    settings: &'n M::Settings,
    /// How many plans deep the one at hand is.
    depth: usize,
}

impl<'n, M: Machine> Builder<'n, M> {
    pub(super) fn new(natives: &'n Natives, settings: &'n M::Settings) -> Self {
        Self { extents: Extents::default(), kernels: 0, natives, settings, depth: 0 }
    }

    pub(super) fn sequence(&mut self, plan: &Plan) -> Result<Sequence<M>, Error> {
        let mut spots = vec![Spots::new(); plan.buffers.len()];
        self.depth += 1;
        let steps = plan.steps.iter().map(|step| self.step(plan, step, &mut spots)).collect::<Result<Vec<_>, _>>()?;
        self.depth -= 1;
        let placed = |tenant: &Tenant| match *tenant {
            Tenant::Temporary(PlanBufferId(id)) => {
                Placed::Temporary(Size::of(&plan.buffers[id as usize]), spots[id as usize].clone())
            }
            Tenant::Step(step) => Placed::Step(step),
        };
        let slots = share(plan).iter().map(|slot| slot.iter().map(placed).collect()).collect();
        let mut sequence = Sequence {
            inputs: vec![Spots::new(); plan.inputs.len()],
            outputs: vec![Spots::new(); plan.outputs.len()],
            constants: Vec::new(),
            slots,
            steps,
        };
        for (buffer, spots) in plan.buffers.iter().zip(spots) {
            match &buffer.storage {
                Storage::Input(position) => sequence.inputs[*position as usize].extend(spots),
                Storage::Output(position) => sequence.outputs[*position as usize].extend(spots),
                Storage::Constant(constant) => {
                    sequence.constants.push((M::constant(self.settings, &constant.data)?, spots));
                }
                Storage::Temporary => {}
            }
        }
        Ok(sequence)
    }

    fn step(&mut self, plan: &Plan, step: &plan::Step, spots: &mut [Spots]) -> Result<Step<M>, Error> {
        let first = self.extents.pointers;
        for (buffer, _) in step.arguments() {
            spots[buffer.0 as usize].push(self.extents.pointer());
        }
        let mut arguments = first..self.extents.pointers;
        Ok(match step {
            plan::Step::Kernel(step) => {
                self.kernels += 1;
                let (number, once) = (self.kernels - 1, self.depth == 1);
                let launched = Launched { number, arguments, once, extents: &mut self.extents };
                Step::Kernel(M::kernel(self.settings, &step.kernel, launched))
            }
            plan::Step::Loop(step) => Step::Loop(Box::new(self.looped(step, arguments)?)),
            plan::Step::While(step) => Step::While(Box::new(self.whiled(step, arguments)?)),
            plan::Step::Switch(step) => {
                let selector = take(&mut arguments, 1).start;
                let dtype = plan.buffers[step.selector.0 as usize].dtype;
                Step::Switch(Box::new(self.switch(step, selector, dtype, arguments)?))
            }
            plan::Step::Native(step) => {
                let function = self.natives.get(&step.name)?;
                Step::Native(Native::new(step, function, arguments, &mut self.extents))
            }
            plan::Step::Matmul(step) => Step::Matmul(M::matmul(self.settings, Matmul::new(step, arguments))?),
        })
    }

    fn looped(&mut self, step: &LoopStep, mut arguments: Range<Spot>) -> Result<Loop<M>, Error> {
        let initial = take(&mut arguments, step.initial.len());
        let scanned = take(&mut arguments, step.scanned.len());
        let constants = take(&mut arguments, step.constants.len());
        let results = take(&mut arguments, step.carried.len());
        let body = self.sequence(&step.body)?;
        let carried = step.initial.len();
        let inputs = body.inputs[..carried].to_vec();
        Ok(Loop {
            length: step.length,
            iterations: self.extents.number(),
            reverse: step.reverse,
            carried: self.carried(&step.body, inputs, &body.outputs, initial, results),
            scanned: self.slices(scanned, &body.inputs[carried..], &step.body.inputs[carried..]),
            stacked: self.slices(arguments, &body.outputs[carried..], &step.body.outputs[carried..]),
            constants: constants.zip(body.inputs[carried + step.scanned.len()..].to_vec()).collect(),
            body,
        })
    }

    fn whiled(&mut self, step: &WhileStep, mut arguments: Range<Spot>) -> Result<While<M>, Error> {
        let initial = take(&mut arguments, step.initial.len());
        let constants = take(&mut arguments, step.constants.len());
        let (condition, body) = (self.sequence(&step.condition)?, self.sequence(&step.body)?);
        let both = condition.inputs.iter().zip(&body.inputs);
        let mut inputs: Vec<Spots> = both.map(|(one, other)| one.iter().chain(other).copied().collect()).collect();
        let of_constants = inputs.split_off(step.initial.len());
        let holds = self.extents.pointer();
        let mut holds_at = condition.outputs[0].clone();
        holds_at.push(holds);
        Ok(While {
            bound: step.bound.unwrap_or(u64::MAX),
            holds,
            holds_at,
            carried: self.carried(&step.body, inputs, &body.outputs, initial, arguments),
            constants: constants.zip(of_constants).collect(),
            condition,
            body,
        })
    }

    fn switch(
        &mut self,
        step: &SwitchStep,
        selector: Spot,
        dtype: rotrace_ir::DType,
        mut arguments: Range<Spot>,
    ) -> Result<Switch<M>, Error> {
        let operands = take(&mut arguments, step.operands.len());
        let branches = step.branches.iter().map(|branch| self.sequence(branch)).collect::<Result<_, _>>()?;
        Ok(Switch { selector, dtype, operands, results: arguments, branches })
    }

    /// The carried values of a loop.
    fn carried(
        &mut self,
        body: &Plan,
        inputs: Vec<Spots>,
        outputs: &[Spots],
        initial: Range<Spot>,
        results: Range<Spot>,
    ) -> Vec<Carried> {
        let spots = initial.zip(results).zip(inputs.into_iter().zip(outputs)).zip(&body.inputs);
        let carried = spots.map(|(((initial, result), (inputs, outputs)), ty)| Carried {
            initial,
            result,
            other: self.extents.pointer(),
            bytes: self.extents.number(),
            size: Size::of_type(ty),
            inputs,
            outputs: outputs.clone(),
        });
        carried.collect()
    }

    fn slices(&mut self, starts: Range<Spot>, ends: &[Spots], types: &[Type]) -> Vec<Slices> {
        let slices = starts.zip(ends).zip(types).map(|((start, spots), ty)| Slices {
            start,
            stride: self.extents.number(),
            size: Size::of_type(ty),
            spots: spots.clone(),
        });
        slices.collect()
    }
}

/// Takes so many spots from the front.
fn take(spots: &mut Range<Spot>, count: usize) -> Range<Spot> {
    let taken = spots.start..spots.start + count as Spot;
    spots.start = taken.end;
    taken
}
