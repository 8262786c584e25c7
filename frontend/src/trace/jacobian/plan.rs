//! How a Jacobian is computed: which mode, and the maps over the basis.

use super::super::frame::place_of;
use super::super::{Mistake, record, trace, type_of};
use super::basis::basis;
use crate::Tensor;
use rotrace_ir::{Dim, Shape};
use std::panic::Location;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A pass per column.
    Forward,
    /// A pass per row.
    Reverse,
}

/// What a Jacobian is asked of.
pub(crate) struct Plan<'p> {
    /// Of the operation, for messages.
    pub name: &'static str,
    /// `None`: what takes fewer passes.
    pub mode: Option<Mode>,
    pub batch_axes: usize,
    /// The leaves that it is with respect to, or others of their types.
    pub arguments: &'p [Tensor],
    /// The leaves of the function's results.
    pub results: &'p [Tensor],
}

impl Plan<'_> {
    /// The blocks `[batch..., out..., in...]`: a list per result, each with one per leaf of the arguments.
    ///
    /// `push` gives the tangents of all results for the tangent of one leaf, the others being constant; `pull` the
    /// cotangents of all leaves for the cotangent of one result.
    #[track_caller]
    pub(crate) fn blocks(
        &self,
        push: &dyn Fn(usize, Tensor) -> Vec<Tensor>,
        pull: &dyn Fn(usize, Tensor) -> Vec<Tensor>,
    ) -> Vec<Vec<Tensor>> {
        let poison = || vec![vec![Tensor::POISON; self.arguments.len()]; self.results.len()];
        match self.checked() {
            None => poison(),
            Some(Err(message)) => {
                refuse(self.name, &message, &[self.arguments, self.results].concat());
                poison()
            }
            Some(Ok(Mode::Forward)) => {
                let columns: Vec<_> =
                    (0..self.arguments.len()).map(|leaf| self.columns(leaf, |tangent| push(leaf, tangent))).collect();
                let of_result = |result: usize| columns.iter().map(|blocks| blocks[result]).collect();
                (0..self.results.len()).map(of_result).collect()
            }
            Some(Ok(Mode::Reverse)) => {
                (0..self.results.len()).map(|result| self.rows(result, |cotangent| pull(result, cotangent))).collect()
            }
        }
    }

    /// The blocks of one leaf, by a map over each of its axes: the tangents' axes come last.
    fn columns(&self, leaf: usize, push: impl Fn(Tensor) -> Vec<Tensor>) -> Vec<Tensor> {
        let (seeds, axes) = self.seeds(self.arguments[leaf]);
        let push = &push;
        let mut map = trace(move |tangent: Tensor| push(tangent));
        for inner in 0..axes {
            map = map.vmap(0, -1 - inner as i64);
        }
        filled(map.call_traced(seeds), self.results.len())
    }

    /// The blocks of one result, by a map over each of its axes, which come behind the batch.
    fn rows(&self, result: usize, pull: impl Fn(Tensor) -> Vec<Tensor>) -> Vec<Tensor> {
        let (seeds, axes) = self.seeds(self.results[result]);
        let pull = &pull;
        let mut map = trace(move |cotangent: Tensor| pull(cotangent));
        for _ in 0..axes {
            map = map.vmap(0, self.batch_axes as i64);
        }
        filled(map.call_traced(seeds), self.arguments.len())
    }

    /// The directions along each element beside the batch, and how many axes they are counted by.
    fn seeds(&self, like: Tensor) -> (Tensor, usize) {
        let shape = like.shape();
        let (batch, rest) = shape.split_at(self.batch_axes);
        (like.dtype().map_or(Tensor::POISON, |dtype| basis(dtype, batch, rest)), rest.len())
    }

    /// The mode. `None` if something is poisoned; an error if types do not fit.
    fn checked(&self) -> Option<Result<Mode, String>> {
        let shapes = |leaves: &[Tensor]| -> Option<Vec<Shape>> {
            leaves.iter().map(|leaf| leaf.dtype().map(|_| leaf.shape())).collect()
        };
        let (arguments, results) = (shapes(self.arguments)?, shapes(self.results)?);
        Some(self.check(&arguments, &results).map(|()| self.mode.unwrap_or_else(|| self.shorter(&arguments, &results))))
    }

    fn check(&self, arguments: &[Shape], results: &[Shape]) -> Result<(), String> {
        for (what, leaves) in [("arguments", self.arguments), ("results", self.results)] {
            let types = leaves.iter().map(|&leaf| type_of(leaf)).enumerate();
            for (leaf, (ty, names)) in types.filter_map(|(leaf, known)| known.map(|known| (leaf, known))) {
                if !ty.dtype.is_float() {
                    let ty = ty.display(&names);
                    return Err(format!("cannot differentiate: leaf {leaf} of the {what} is {ty}, not a float"));
                }
            }
        }
        let count = self.batch_axes;
        let Some(first) = results.first() else { return Ok(()) };
        let Some(batch) = first.get(..count) else {
            return Err(format!("the result has fewer axes than the {count} of the batch"));
        };
        let differs = |shape: &Shape| shape.get(..count) != Some(batch);
        if let Some(leaf) = results.iter().position(differs) {
            return Err(format!(
                "leaf {leaf} of the results does not have the {count} leading axes of the first, the batch"
            ));
        }
        match arguments.iter().position(differs) {
            None => Ok(()),
            Some(leaf) => Err(format!(
                "leaf {leaf} of the arguments does not have the result's {count} leading axes, the batch; broadcast the \
                 argument, or capture it if it is no unknown"
            )),
        }
    }

    /// What takes fewer passes; named sizes are taken for large ones.
    fn shorter(&self, arguments: &[Shape], results: &[Shape]) -> Mode {
        let passes = |shapes: &[Shape]| {
            shapes.iter().try_fold(0_usize, |sum, shape| sum.checked_add(elements(&shape[self.batch_axes..])?))
        };
        match (passes(arguments), passes(results)) {
            (Some(columns), Some(rows)) if rows < columns => Mode::Reverse,
            (None, Some(_)) => Mode::Reverse,
            (Some(_), _) | (None, None) => Mode::Forward,
        }
    }
}

/// Keeps a mistake about some tensors, as that of the operation `name`.
#[track_caller]
pub(super) fn refuse(name: &str, message: &str, tensors: &[Tensor]) {
    record(place_of(Location::caller()), |recorder| {
        let ids = tensors.iter().map(|&tensor| recorder.resolve(tensor)).collect::<Result<Vec<_>, _>>()?;
        let operands = ids.into_iter().map(|id| recorder.display(id)).collect();
        Err(Mistake { message: format!("{name}: {message}"), operands })
    });
}

/// So many tensors also after a mistake.
fn filled(mut tensors: Vec<Tensor>, count: usize) -> Vec<Tensor> {
    tensors.resize(count, Tensor::POISON);
    tensors
}

/// The number of elements over fixed sizes.
pub(super) fn elements(shape: &[Dim]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, dim| product.checked_mul(usize::try_from(dim.as_fixed()?).ok()?))
}
