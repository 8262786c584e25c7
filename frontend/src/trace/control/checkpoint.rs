//! Parts of a function that reverse mode computes again instead of keeping what they computed.

use super::super::frame::place_of;
use super::region::{Recording, Site};
use crate::tree::Outline;
use crate::{Tensor, Tree};
use rotrace_ir::graph::Op;
use std::panic::Location;
use std::sync::Arc;

/// Runs `body`, of which reverse mode keeps nothing but the values from around that it uses: on the way back, it is
/// computed again. As `jax.checkpoint`. The iterations of loops have [`Scan::checkpoint`](crate::Scan::checkpoint).
///
/// ```
/// use rotrace::{Array, Tensor, checkpoint, trace};
/// let f = trace(|x: Tensor| checkpoint(|| x.exp().sin()).sum(()));
/// let slope = f.grad().compile("f64[n]")?.call(&Array::from([0.0]))?;
/// assert_eq!(slope.to_vec::<f64>()?, [1_f64.cos()]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
pub fn checkpoint<T: Tree<Tensor>>(body: impl FnOnce() -> T) -> T {
    let site = Site::new(&[], place_of(Location::caller()));
    let Recording { results, outcome } = site.record(Outline::of::<Tensor, _>(&()), Vec::new(), |()| body());
    let node = outcome.map(|(function, captures)| (Op::Checkpoint(Arc::new(function)), captures));
    site.emit(&results, node)
}
