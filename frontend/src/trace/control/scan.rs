//! Loops along the leading axis of arrays, and counted loops, which are such loops over indices.

use super::super::frame::{place_of, record};
use super::region::{Recording, Site, flattened};
use crate::tree::Outline;
use crate::{IntoShape, Tensor, Tree};
use rotrace_ir::graph::{self, Checkpoint, Function, Op};
use rotrace_ir::{DType, Dim, Shape, Type};
use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;

/// A loop along the leading axis of its arguments, with options; [`scan`] and [`fori`] have the defaults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    reverse: bool,
    checkpoint: Checkpoint,
}

impl Scan {
    /// From the first index to the last; reverse mode keeps what every iteration carries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From the last index to the first. Stacks keep the order of the indices.
    #[must_use]
    pub fn reverse(self) -> Self {
        Self { reverse: true, ..self }
    }

    /// What reverse mode keeps of the iterations, of which it computes the others again: memory against time. A loop of
    /// T iterations that carries s bytes (with what an iteration computes that is dear to compute again) keeps T s bytes under [`Checkpoint::All`], (T/k + k) s under
    /// [`Checkpoint::Every`]`(k)`, and at most m s under [`Checkpoint::Binomial`]`(m)`, if loops in loops can store as
    /// little as that. Other policies than `All` need a length that is a number.
    #[must_use]
    pub fn checkpoint(self, checkpoint: Checkpoint) -> Self {
        Self { checkpoint, ..self }
    }

    /// As [`scan`].
    #[track_caller]
    pub fn run<C, X, Y>(self, initial: C, scanned: X, body: impl FnOnce(C, X) -> (C, Y)) -> (C, Y)
    where
        C: Tree<Tensor>,
        X: Tree<Tensor>,
        Y: Tree<Tensor>,
    {
        self.recorded(initial, scanned, body, place_of(Location::caller()))
    }

    /// As [`fori`].
    #[track_caller]
    pub fn counted<C: Tree<Tensor>>(self, length: impl Length, initial: C, body: impl FnOnce(Tensor, C) -> C) -> C {
        let location = place_of(Location::caller());
        let index = record(location, |recorder| {
            let ty = Type { dtype: DType::I64, shape: Shape::from_slice(&[length.length()]) };
            recorder.push(Op::Iota { ty, axis: 0 }, &[])
        });
        self.recorded(initial, index, |carried, index| (body(index, carried), ()), location).0
    }

    fn recorded<C, X, Y>(
        self,
        initial: C,
        scanned: X,
        body: impl FnOnce(C, X) -> (C, Y),
        location: &'static Location<'static>,
    ) -> (C, Y)
    where
        C: Tree<Tensor>,
        X: Tree<Tensor>,
        Y: Tree<Tensor>,
    {
        let ((carried, structure), (arrays, slices)) = (flattened(&initial), flattened(&scanned));
        let operands = [carried.clone(), arrays].concat();
        let site = Site::new(&operands, location);
        let length = site.leading_size(carried.len());
        let types = site.types.iter().enumerate().map(|(place, ty)| match place < carried.len() {
            true => ty.clone(),
            false => Type { dtype: ty.dtype, shape: ty.shape.get(1..).unwrap_or_default().into() },
        });
        let types: Vec<Type> = types.collect();
        let next = Cell::new(0);
        let Recording { results, outcome } =
            site.record(structure.clone().then(slices), types, |(carried, slices): (C, X)| {
                let (carried, stacked) = body(carried, slices);
                next.set(Outline::of(&carried).leaves);
                (carried, stacked)
            });
        let node = outcome.zip(length).and_then(|((function, captures), length)| {
            site.check_carried(carried.len(), next.get(), &function)?;
            let scan = graph::Scan {
                carried: carried.len(),
                scanned: operands.len() - carried.len(),
                length,
                reverse: self.reverse,
                checkpoint: self.checkpoint,
                body: function,
            };
            Some((Op::Scan(Arc::new(scan)), [operands, captures].concat()))
        });
        site.emit(&results, node)
    }
}

/// Runs `body` once for each index along the leading axis of the arrays in `scanned`, in order: on what the iteration
/// before gave (`initial` for the first) and on the slices at the index. `body` gives what the next iteration takes, and
/// slices that are stacked along a new leading axis. As `jax.lax.scan`; [`Scan`] has the options.
///
/// The length may be a named dimension: one compiled function runs any number of steps. A loop over a batch, whose rows
/// do not meet, is one kernel with what it carries in registers.
///
/// A loop of no iterations is defined: it gives `initial`, and stacks without elements, and its derivatives are those of doing
/// nothing. A call that would make the length negative is an error, as is one that gives a named length two sizes.
///
/// A mistake of the trace: arrays that differ in their leading size, nothing to scan (see [`fori`]), or an iteration that
/// changes the type of what it carries.
///
/// ```
/// use rotrace::{Array, Tensor, scan, trace};
/// // Running sums.
/// let sums = trace(|x: Tensor| scan(x.sum(()) * 0.0, x, |sum, x| (sum + x, sum + x)).1);
/// let sums = sums.compile("f64[t]")?;
/// assert_eq!(sums.call(&Array::from([1.0, 2.0, 4.0]))?.to_vec::<f64>()?, [1.0, 3.0, 7.0]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
pub fn scan<C, X, Y>(initial: C, scanned: X, body: impl FnOnce(C, X) -> (C, Y)) -> (C, Y)
where
    C: Tree<Tensor>,
    X: Tree<Tensor>,
    Y: Tree<Tensor>,
{
    Scan::new().recorded(initial, scanned, body, place_of(Location::caller()))
}

/// Runs `body` on 0, 1, ... below `length` (an `i64` of rank 0 each) and on what the iteration before gave.
///
/// `length` is a number, or a size of an array, such as `x.shape()[0]`. As `jax.lax.fori_loop`; [`Scan`] has the options.
///
/// ```
/// use rotrace::{Array, Tensor, fori, trace};
/// let power = trace(|x: Tensor| fori(5, x / x, |_, product| product * x)).compile("f64[n]")?;
/// assert_eq!(power.call(&Array::from([2.0, 3.0]))?.to_vec::<f64>()?, [32.0, 243.0]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
pub fn fori<C: Tree<Tensor>>(length: impl Length, initial: C, body: impl FnOnce(Tensor, C) -> C) -> C {
    Scan::new().counted(length, initial, body)
}

/// A number of iterations: a number, or a size of an array.
pub trait Length {
    /// The size.
    fn length(self) -> Dim;
}

impl Length for usize {
    fn length(self) -> Dim {
        [self].into_shape()[0]
    }
}

impl Length for Dim {
    fn length(self) -> Dim {
        self
    }
}

impl Site {
    /// The size that all scanned arrays have along their leading axis.
    fn leading_size(&self, carried: usize) -> Option<Dim> {
        let scanned = self.types.get(carried..).unwrap_or_default();
        let Some(first) = scanned.first() else {
            if !self.inert {
                self.mistake("scan: there is nothing to scan; `fori` counts its iterations".to_owned());
            }
            return None;
        };
        if let Some(other) = scanned.iter().find(|ty| ty.shape.first() != first.shape.first() || ty.rank() == 0) {
            let (first, other) = (self.display(first), self.display(other));
            let message = if first == other {
                format!("scan: {first} has no leading axis to scan")
            } else {
                format!("scan: the leading sizes of {first} and {other} differ")
            };
            self.mistake(message);
            return None;
        }
        first.shape.first().copied()
    }

    /// Says which value an iteration gives with another type than it took.
    pub(super) fn check_carried(&self, carried: usize, given: usize, body: &Function) -> Option<()> {
        if carried != given {
            self.mistake(format!("an iteration takes {carried} carried values, but gives {given}"));
            return None;
        }
        let pairs = body.parameter_types().zip(body.result_types()).take(carried);
        for (leaf, (before, after)) in pairs.enumerate() {
            if before != after {
                let (before, after) = (self.display(before), self.display(after));
                let message = format!("carried value {leaf} is {before} before an iteration, but {after} after it");
                self.mistake(message);
                return None;
            }
        }
        Some(())
    }
}
