//! From a plan to launches: which buffer is where, as [`crate::launch`] decides it for calls.

use super::ExportError;
use crate::code::Image;
use crate::launch::{Tenant, share};
use rotrace_backends::cranelift::straight::{ALIGNMENT, Bytes, Launch, Place, Straight};
use rotrace_ir::kernel::{Access, Buffer};
use rotrace_ir::plan::{KernelStep, Plan, PlanBufferId, Step, Storage};

/// A plan for the backend.
pub(super) struct Exported {
    pub(super) straight: Straight,
    /// Machine code, constants of kernels, constants of the plan.
    pub(super) image: Vec<u8>,
}

/// Brings a plan and its code, which needs so many copies of scratch arrays, into the form that can be exported.
pub(super) fn export(plan: &Plan, code: &Image<'_>, least: &[i64], copies: u64) -> Result<Exported, ExportError> {
    let steps = plan.steps.iter().enumerate().map(|(position, step)| kernel(position, step));
    let steps = steps.collect::<Result<Vec<&KernelStep>, _>>()?;
    let mut image = code.bytes.to_vec();
    let constants: Vec<usize> = code.constants.iter().map(|bytes| append(&mut image, bytes)).collect();
    let data: Vec<Option<usize>> = plan
        .buffers
        .iter()
        .map(|buffer| match &buffer.storage {
            Storage::Constant(constant) => Some(append(&mut image, &constant.data)),
            Storage::Input(_) | Storage::Output(_) | Storage::Temporary => None,
        })
        .collect();
    let slots = share(plan);
    let places = Places { plan, slots: &slots, data: &data, copies };
    let launches = steps.iter().enumerate().map(|(position, step)| Launch {
        entry: code.entries[position],
        constants: constants[position],
        buffers: places.of_step(position, step),
        grid: step.kernel.grid,
    });
    let launches = launches.collect();
    let tenant = |tenant: &Tenant| match *tenant {
        Tenant::Temporary(id) => vec![of_temporary(plan, id)],
        Tenant::Step(step) => {
            let buffers = steps[step].kernel.buffers.iter();
            buffers.filter(|buffer| buffer.access == Access::Scratch).map(|buffer| of_scratch(buffer, copies)).collect()
        }
    };
    let slots = slots.iter().map(|slot| slot.iter().map(tenant).collect()).collect();
    let arguments = plan.inputs.iter().chain(&plan.outputs).map(|ty| ty.dtype.size() as u64).collect();
    Ok(Exported { straight: Straight { arguments, least: least.to_vec(), slots, launches }, image })
}

fn kernel(position: usize, step: &Step) -> Result<&KernelStep, ExportError> {
    let what = match step {
        Step::Kernel(step) => return Ok(step),
        Step::Loop(_) | Step::While(_) => "a loop that does not fit one kernel",
        Step::Switch(_) => "a branch that does not fit one kernel",
        Step::Native(_) => "a native function",
        Step::Matmul(_) => "a product of matrices by a library (`library_products` off makes it a kernel)",
    };
    Err(ExportError::Step { step: position, name: step.name().to_owned(), what })
}

/// Puts bytes at the end, where anything is aligned; says where.
fn append(image: &mut Vec<u8>, bytes: &[u8]) -> usize {
    image.resize(image.len().next_multiple_of(ALIGNMENT as usize), 0);
    let place = image.len();
    image.extend_from_slice(bytes);
    place
}

fn of_temporary(plan: &Plan, PlanBufferId(id): PlanBufferId) -> Bytes {
    let buffer = &plan.buffers[id as usize];
    Bytes { shape: buffer.shape.clone(), element: buffer.dtype.size() as u64 }
}

/// What one thread needs of an array that every iteration has for itself.
fn of_scratch(buffer: &Buffer, copies: u64) -> Bytes {
    Bytes { shape: buffer.shape.clone(), element: buffer.dtype.size() as u64 * copies }
}

/// Where a plan's buffers are.
struct Places<'p> {
    plan: &'p Plan,
    slots: &'p [Vec<Tenant>],
    /// Of the constants, in the image.
    data: &'p [Option<usize>],
    /// How many copies of scratch arrays the code needs.
    copies: u64,
}

impl Places<'_> {
    fn of_step(&self, position: usize, step: &KernelStep) -> Vec<Place> {
        let mut behind = Vec::new();
        let place = |(buffer, &id): (&Buffer, &PlanBufferId)| match buffer.access {
            Access::Read | Access::Write => self.of_buffer(id),
            Access::Scratch => {
                let slot = self.slot(Tenant::Step(position));
                let place = Place::Workspace { slot, behind: behind.clone() };
                behind.push(of_scratch(buffer, self.copies));
                place
            }
        };
        step.kernel.buffers.iter().zip(&step.arguments).map(place).collect()
    }

    fn of_buffer(&self, id: PlanBufferId) -> Place {
        let PlanBufferId(index) = id;
        match (&self.plan.buffers[index as usize].storage, self.data[index as usize]) {
            (Storage::Input(position), _) => Place::Argument(*position as usize),
            (Storage::Output(position), _) => Place::Argument(self.plan.inputs.len() + *position as usize),
            (Storage::Constant(_), Some(offset)) => Place::Image(offset),
            (Storage::Constant(_), None) => unreachable!("every constant is in the image"),
            (Storage::Temporary, _) => Place::Workspace { slot: self.slot(Tenant::Temporary(id)), behind: Vec::new() },
        }
    }

    fn slot(&self, tenant: Tenant) -> usize {
        match self.slots.iter().position(|slot| slot.contains(&tenant)) {
            Some(slot) => slot,
            None => unreachable!("what a step names has a slot"),
        }
    }
}
