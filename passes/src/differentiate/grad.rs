//! Gradients: reverse mode of a function with one number as its result.

use super::emit::Emitter;
use super::vjp::{Pulled, Seed, finished, pull_back};
use super::{DifferentiateError, check_selection};
use crate::optimize::dce;
use rotrace_ir::graph::Function;

/// The gradient of a function with exactly one 0-d float result.
///
/// Parameters: those of `function`. Results: one gradient for each parameter that `wrt` selects.
pub fn grad(function: &Function, wrt: &[bool]) -> Result<Function, DifferentiateError> {
    gradient(function, wrt, "grad", false)
}

/// The value and the gradient of a function with exactly one 0-d float result.
///
/// Parameters: those of `function`. Results: its result, then one gradient for each parameter that `wrt` selects.
pub fn value_and_grad(function: &Function, wrt: &[bool]) -> Result<Function, DifferentiateError> {
    gradient(function, wrt, "value_and_grad", true)
}

fn gradient(function: &Function, wrt: &[bool], suffix: &str, value: bool) -> Result<Function, DifferentiateError> {
    check_selection(function, wrt)?;
    let is_number =
        matches!(function.results[..], [id] if function.ty(id).dtype.is_float() && function.ty(id).rank() == 0);
    if !is_number {
        let results: Vec<_> = function.result_types().map(|ty| ty.display(&function.dims)).collect();
        let results = results.join(", ");
        return Err(DifferentiateError::NotScalar { function: function.name.clone(), results });
    }
    let mut e = Emitter::new(function, suffix);
    let Pulled { mut results, cotangents } = pull_back(&mut e, function, wrt, Seed::One)?;
    if !value {
        results.clear();
    }
    results.extend(finished(&mut e, function, wrt, &cotangents));
    // What only the value needed is dead.
    Ok(dce(&e.finish(results)))
}
