//! Plans, executed step by step.
//!
//! A step may store a part of a buffer and leave the rest to others (the pieces of a concatenation), so that the check
//! of [`super::kernel::run_kernel_checked`] for elements never stored is too strict here.

use super::Natives;
use super::kernel::InterpretError;
use super::plan_step::Machine;
use crate::dim::Dim;
use crate::graph::{Constant, constant_matches};
use crate::plan::Plan;
use crate::verify::plan::verify_plan;

/// Verifies a plan and runs it: one constant per argument gives one per result.
///
/// # Errors
/// A plan that does not verify, arguments that do not fit it, memory that cannot be had, and whatever
/// [`super::kernel::run_kernel`] finds. A native step: there are no such functions.
pub fn run_plan(plan: &Plan, inputs: &[Constant]) -> Result<Vec<Constant>, InterpretError> {
    run_plan_with(plan, inputs, &super::no_natives)
}

/// As [`run_plan`], with the functions that native steps call.
///
/// # Errors
/// As [`run_plan`], and what these functions report.
pub fn run_plan_with(plan: &Plan, inputs: &[Constant], natives: &Natives<'_>) -> Result<Vec<Constant>, InterpretError> {
    if let Some(diagnostic) = verify_plan(plan).into_iter().next() {
        return Err(InterpretError::Invalid(diagnostic));
    }
    let dims = bind_dims(plan, inputs)?;
    Machine { dims: &dims, natives }.run(plan, inputs)
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
