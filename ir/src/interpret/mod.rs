//! The oracle: what every program means, executed slowly and obviously.
//!
//! Every engine is tested against these interpreters, bit for bit. Nothing here is ever optimised.

pub mod graph;
pub mod kernel;
mod kernel_bounds;
mod kernel_checks;
mod kernel_memory;
pub mod plan;
mod plan_step;

use crate::dim::Type;
use crate::graph::{Constant, constant_matches};

/// The functions that a program calls by name: operands, and the results' types in this call, to results or a reason
/// why there are none.
pub type Natives<'a> = dyn Fn(&str, &[Constant], &[Type]) -> Result<Vec<Constant>, String> + 'a;

/// A function that a program calls by name and that gives no results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("native function `{name}`: {message}")]
pub struct NativeFailure {
    /// The function's name.
    pub name: String,
    /// Why not.
    pub message: String,
}

/// As [`Natives`], without any.
fn no_natives(_: &str, _: &[Constant], _: &[Type]) -> Result<Vec<Constant>, String> {
    Err("there is no function of this name".to_owned())
}

/// Calls a function and checks what it gives.
fn call_native(
    natives: &Natives<'_>,
    name: &str,
    operands: &[Constant],
    types: &[Type],
) -> Result<Vec<Constant>, NativeFailure> {
    let failed = |message: String| NativeFailure { name: name.to_owned(), message };
    let results = natives(name, operands, types).map_err(failed)?;
    let fit = results.iter().map(Constant::ty).eq(types.iter().cloned()) && results.iter().all(constant_matches);
    if fit { Ok(results) } else { Err(failed("the results are not of the types that were asked for".to_owned())) }
}
