//! Plans, executed step by step.
//!
//! A step may store a part of a buffer and leave the rest to others (the pieces of a concatenation), so that the check
//! of [`super::kernel::run_kernel_checked`] for elements never stored is too strict here.

use super::kernel::{InterpretError, Memory, run_kernel};
use super::kernel_memory::byte_count;
use crate::dim::{Dim, Type};
use crate::graph::{Constant, constant_matches};
use crate::kernel::Access;
use crate::plan::{Plan, PlanBuffer, Step, Storage};
use crate::verify::plan::verify_plan;

/// Verifies a plan and runs it: one constant per argument gives one per result.
///
/// # Errors
/// A plan that does not verify, arguments that do not fit it, memory that cannot be had, and whatever
/// [`run_kernel`] finds.
pub fn run_plan(plan: &Plan, inputs: &[Constant]) -> Result<Vec<Constant>, InterpretError> {
    if let Some(diagnostic) = verify_plan(plan).into_iter().next() {
        return Err(InterpretError::Invalid(diagnostic));
    }
    let dims = bind_dims(plan, inputs)?;
    let owned = plan.buffers.iter().map(|buffer| allocate(buffer, &dims)).collect::<Result<_, _>>()?;
    let mut memory = PlanMemory { plan, inputs, owned };
    for step in &plan.steps {
        memory.run(step, &dims)?;
    }
    plan.outputs.iter().enumerate().map(|(position, ty)| memory.output(position as u32, ty, &dims)).collect()
}

/// The sizes of the named dimensions, as the arguments tell them.
fn bind_dims(plan: &Plan, inputs: &[Constant]) -> Result<Vec<u64>, InterpretError> {
    if inputs.len() != plan.inputs.len() {
        let (given, needed) = (inputs.len(), plan.inputs.len());
        return Err(InterpretError::Arguments(format!("{needed} arguments needed, got {given}")));
    }
    let mut dims = vec![None; plan.dims.len()];
    for (position, (input, ty)) in inputs.iter().zip(&plan.inputs).enumerate() {
        let fits = input.dtype == ty.dtype && input.shape.len() == ty.rank() && constant_matches(input);
        let sizes = || input.shape.iter().zip(&ty.shape);
        if !fits || !sizes().all(|(&size, &dim)| bind(&mut dims, dim, size)) {
            let (got, needed) = (input.ty().display(&[]), ty.display(&plan.dims));
            let known: String = plan.dims.iter().zip(&dims).map(|(name, size)| known_size(name, *size)).collect();
            let message = format!("argument {position} is {got}, which does not fit {needed}{known}");
            return Err(InterpretError::Arguments(message));
        }
    }
    Ok(dims.into_iter().map(|size| size.expect("a verified plan's arguments bind every dimension")).collect())
}

fn known_size(name: &str, size: Option<u64>) -> String {
    size.map_or_else(String::new, |size| format!(", {name} = {size}"))
}

/// Makes a dim have a size, if it can.
fn bind(dims: &mut [Option<u64>], dim: Dim, size: u64) -> bool {
    let Some(name) = dim.name else { return dim.as_fixed() == Some(size) };
    let implied = i64::try_from(size).ok().and_then(|size| size.checked_sub(dim.constant));
    let implied = implied.and_then(|size| u64::try_from(size).ok());
    let known = &mut dims[name.0 as usize];
    implied.is_some() && *known.get_or_insert(implied.unwrap_or(0)) == implied.unwrap_or(0)
}

/// Zeroed memory for a buffer that the plan writes; none for the others.
fn allocate(buffer: &PlanBuffer, dims: &[u64]) -> Result<Vec<u8>, InterpretError> {
    match buffer.storage {
        Storage::Input(_) | Storage::Constant(_) => return Ok(Vec::new()),
        Storage::Output(_) | Storage::Temporary => {}
    }
    let sizes: Option<Vec<u64>> = buffer.shape.iter().map(|extent| extent.size(dims)).collect();
    let bytes = sizes.and_then(|sizes| byte_count(&sizes, buffer.dtype));
    let too_large = || InterpretError::Arguments(format!("a buffer has no size that fits memory for dims {dims:?}"));
    let bytes = bytes.ok_or_else(too_large)?;
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| too_large())?;
    memory.resize(bytes, 0);
    Ok(memory)
}

struct PlanMemory<'p> {
    plan: &'p Plan,
    inputs: &'p [Constant],
    /// Memory of outputs and temporaries, per buffer.
    owned: Vec<Vec<u8>>,
}

impl PlanMemory<'_> {
    fn bytes(&self, index: usize) -> &[u8] {
        match &self.plan.buffers[index].storage {
            Storage::Input(position) => &self.inputs[*position as usize].data,
            Storage::Constant(constant) => &constant.data,
            Storage::Output(_) | Storage::Temporary => &self.owned[index],
        }
    }

    fn run(&mut self, step: &Step, dims: &[u64]) -> Result<(), InterpretError> {
        let arguments = || step.arguments.iter().map(|argument| argument.0 as usize).zip(&step.kernel.buffers);
        // What is written is taken out, so that the rest can be borrowed. A verified plan passes it only once.
        let written = arguments().filter(|(_, buffer)| buffer.access != Access::Read);
        let mut written: Vec<(usize, Vec<u8>)> =
            written.map(|(index, _)| (index, std::mem::take(&mut self.owned[index]))).collect();
        let mut remaining = written.iter_mut();
        let mut memories: Vec<Memory<'_>> = arguments()
            .map(|(index, buffer)| match buffer.access {
                Access::Read => Memory::Read(self.bytes(index)),
                Access::Write => Memory::Write(&mut remaining.next().expect("one per written buffer").1),
                Access::Scratch => Memory::Scratch(&mut remaining.next().expect("one per written buffer").1),
            })
            .collect();
        let result = run_kernel(&step.kernel, dims, &mut memories);
        drop(memories);
        written.into_iter().for_each(|(index, bytes)| self.owned[index] = bytes);
        result
    }

    fn output(&self, position: u32, ty: &Type, dims: &[u64]) -> Result<Constant, InterpretError> {
        let storage = Storage::Output(position);
        let index = self.plan.buffers.iter().position(|buffer| buffer.storage == storage);
        let index = index.expect("a verified plan has a buffer for every result");
        let shape: Option<Vec<u64>> = ty.shape.iter().map(|dim| dim.size(dims)).collect();
        let shape = shape.expect("the buffer of this shape was allocated");
        Ok(Constant { dtype: ty.dtype, shape, data: self.owned[index].as_slice().into() })
    }
}
