//! Loops that run while a condition holds, with or without a bound of their iterations.

use super::super::frame::place_of;
use super::region::{Site, flattened, unified};
use crate::tree::Outline;
use crate::{DType, Tensor, Tree};
use rotrace_ir::graph::{self, Function, Op};
use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;

/// A loop that runs while a condition holds, with options; [`while_loop`] has the defaults.
#[derive(Clone, Copy, Debug, Default)]
pub struct While {
    bound: Option<u64>,
}

impl While {
    /// Without a bound.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many iterations, after which the loop ends whatever the condition. Reverse mode needs a bound: it goes
    /// through as many iterations, those past the end changing nothing.
    #[must_use]
    pub fn bound(self, iterations: u64) -> Self {
        Self { bound: Some(iterations) }
    }

    /// As [`while_loop`].
    #[track_caller]
    pub fn run<C: Tree<Tensor>>(self, initial: C, condition: impl FnOnce(C) -> Tensor, body: impl FnOnce(C) -> C) -> C {
        self.recorded(initial, condition, body, place_of(Location::caller()))
    }

    fn recorded<C: Tree<Tensor>>(
        self,
        initial: C,
        condition: impl FnOnce(C) -> Tensor,
        body: impl FnOnce(C) -> C,
        location: &'static Location<'static>,
    ) -> C {
        let (operands, structure) = flattened(&initial);
        let site = Site::new(&operands, location);
        let goes_on = site.record(structure.clone(), site.types.clone(), condition);
        let given = Cell::new(0);
        let next = site.record(structure, site.types.clone(), |carried| {
            let next = body(carried);
            given.set(Outline::of(&next).leaves);
            next
        });
        let node = goes_on.outcome.zip(next.outcome).and_then(|(condition, body)| {
            site.check_carried(operands.len(), given.get(), &body.0)?;
            check_condition(&site, &condition.0)?;
            let carried = operands.len();
            let (functions, captures) = unified(vec![condition, body], carried)
                .map_err(|violation| site.mistake(violation.to_string()))
                .ok()?;
            let [condition, body] = <[_; 2]>::try_from(functions).ok()?;
            let looped = graph::While { carried, bound: self.bound, condition, body };
            Some((Op::While(Arc::new(looped)), [operands, captures].concat()))
        });
        site.emit(&next.results, node)
    }
}

fn check_condition(site: &Site, condition: &Function) -> Option<()> {
    let ty = condition.result_types().next()?;
    if ty.dtype == DType::Bool && ty.rank() == 0 {
        return Some(());
    }
    site.mistake(format!("while_loop: the condition has to give bool[], but gives {}", site.display(ty)));
    None
}

/// Runs `body` on what it gave before (`initial` first) while `condition`, a `bool` of rank 0, holds. As
/// `jax.lax.while_loop`. Forward mode works as for any function, reverse mode if there is a [bound](While::bound).
///
/// ```
/// use rotrace::{Array, Tensor, trace, while_loop};
/// // How often a number can be halved before it is at most 1.
/// let halvings = trace(|x: Tensor| {
///     while_loop((x, x * 0.0), |(x, _)| x.greater(1.0), |(x, count)| (x * 0.5, count + 1.0)).1
/// });
/// let halvings = halvings.compile("f64[]")?;
/// assert_eq!(halvings.call(&Array::from(100.0))?.to_vec::<f64>()?, [7.0]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
pub fn while_loop<C: Tree<Tensor>>(initial: C, condition: impl FnOnce(C) -> Tensor, body: impl FnOnce(C) -> C) -> C {
    While::new().recorded(initial, condition, body, place_of(Location::caller()))
}
