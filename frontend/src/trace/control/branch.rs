//! Branches: of several recorded functions, the one that is taken when the compiled function is called.

use super::super::frame::{place_of, record};
use super::region::{Recording, Site, unified};
use crate::tree::Outline;
use crate::{DType, IntoTensor, Tensor, Tree};
use rotrace_ir::graph::Op;
use std::panic::Location;

/// Runs `then` if the predicate, a `bool` of rank 0, holds, and else `otherwise`. As `jax.lax.cond`: only the branch that
/// is taken is computed, where [`where_`](crate::where_) computes both. Both give results of the same types.
///
/// Under [`vmap`](crate::Traced::vmap) it stays a branch if all rows share the predicate; otherwise both are computed.
///
/// ```
/// use rotrace::{Array, Tensor, cond, trace};
/// let f = trace(|x: Tensor| cond(x.greater(0.0), || x.sqrt(), || x * 0.0)).compile("f64[]")?;
/// assert_eq!(f.call(&Array::from(4.0))?.to_vec::<f64>()?, [2.0]);
/// assert_eq!(f.call(&Array::from(-4.0))?.to_vec::<f64>()?, [-0.0]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
pub fn cond<T: Tree<Tensor>>(predicate: impl IntoTensor, then: impl FnOnce() -> T, otherwise: impl FnOnce() -> T) -> T {
    let location = place_of(Location::caller());
    let predicate = selector(predicate, location);
    let site = Site::new(&[predicate], location);
    if !site.inert && site.types[0].dtype != DType::Bool {
        site.mistake(format!("cond: the predicate has to be bool[], got {}", site.display(&site.types[0])));
    }
    let first = site.record(Outline::of::<Tensor, _>(&()), Vec::new(), |()| otherwise());
    let second = site.record(Outline::of::<Tensor, _>(&()), Vec::new(), |()| then());
    branches(&site, predicate, vec![first, second], |branch| ["`otherwise`", "`then`"][branch].to_owned())
}

/// Runs `branch` of the number that `index`, an `i32` or `i64` of rank 0, is: of 0 if it is less, and of the last,
/// `count - 1`, if it is more. As `jax.lax.switch`. `branch` is called with each number while the function is recorded,
/// and gives results of the same types for all.
///
/// ```
/// use rotrace::{Array, Tensor, switch, trace};
/// let f = trace(|(i, x): (Tensor, Tensor)| {
///     switch(i, 3, |branch| match branch {
///         0 => x.sin(),
///         1 => x.cos(),
///         _ => x * 2.0,
///     })
/// });
/// let f = f.compile("i64[], f64[n]")?;
/// assert_eq!(f.call(&(Array::from(7_i64), Array::from([1.0, 2.0])))?.to_vec::<f64>()?, [2.0, 4.0]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
pub fn switch<T: Tree<Tensor>>(index: impl IntoTensor, count: usize, mut branch: impl FnMut(usize) -> T) -> T {
    let location = place_of(Location::caller());
    let index = selector(index, location);
    let site = Site::new(&[index], location);
    if count == 0 && !site.inert {
        site.mistake("switch: there are no branches".to_owned());
    }
    // One branch is recorded in any case, to know the structure of the results.
    let record = |number| site.record(Outline::of::<Tensor, _>(&()), Vec::new(), |()| branch(number));
    let recordings = (0..count.max(1)).map(record).collect();
    branches(&site, index, recordings, |branch| format!("branch {branch}"))
}

fn selector(value: impl IntoTensor, location: &'static Location<'static>) -> Tensor {
    let operand = value.into_operand();
    record(location, |recorder| recorder.any(&operand))
}

fn branches<T: Tree<Tensor>>(
    site: &Site,
    selector: Tensor,
    recordings: Vec<Recording>,
    name: impl Fn(usize) -> String,
) -> T {
    let results = recordings[0].results.clone();
    if let Some(other) = recordings.iter().position(|recording| recording.results != results) {
        let (first, second) = (results.leaves, recordings[other].results.leaves);
        let (name, other) = (name(0), name(other));
        site.mistake(format!("the branches differ in structure: {name} gives {first} values, {other} gives {second}"));
    }
    let functions: Option<Vec<_>> = recordings.into_iter().map(|recording| recording.outcome).collect();
    let node = functions.and_then(|functions| {
        let (functions, captures) =
            unified(functions, 0).map_err(|violation| site.mistake(violation.to_string())).ok()?;
        for (number, branch) in functions.iter().enumerate().skip(1) {
            let pairs = functions[0].result_types().zip(branch.result_types());
            if let Some((leaf, (first, other))) = pairs.enumerate().find(|(_, (first, other))| first != other) {
                let (first, other) = (site.display(first), site.display(other));
                let (name, other_name) = (name(0), name(number));
                site.mistake(format!(
                    "the branches disagree on result {leaf}: {first} in {name}, but {other} in {other_name}"
                ));
                return None;
            }
        }
        Some((Op::Switch(functions.into()), [vec![selector], captures].concat()))
    });
    site.emit(&results, node)
}
