//! Jacobians: forward or reverse mode, mapped over the vectors of a basis.
//!
//! One direction is a column (or a row) of the Jacobian; the map makes them all at once. What does not depend on the
//! direction, the function itself above all, has no axis for it and is computed once. With few directions the axis is short,
//! and its loop is unrolled like that of any short axis.

mod basis;
mod differentiable;
mod plan;
mod sparse;
mod sparsity;

pub use differentiable::Differentiable;
pub(crate) use plan::{Mode, Plan};
pub use sparsity::Sparsity;

use super::{Traced, located_at, trace};
use crate::tree::{leaves, with_leaves};
use crate::{Tensor, Tree};
use std::panic::Location;

impl<'a, In: Tree<Tensor> + Clone + 'a, Out: Differentiable<In> + 'a> Traced<'a, In, Out> {
    /// The Jacobian with respect to each leaf of the arguments: a leaf `[batch..., in...]` of a function to
    /// `[batch..., out...]` becomes `[batch..., out..., in...]`. Of a function with one result it is a tree like the
    /// arguments; of several, the results' tree with one of those for each ([`Differentiable`]).
    ///
    /// `batch_axes` says how many leading axes are the batch, which each leaf and each result must have. Row `i` of the
    /// results may depend on row `i` of the arguments only, and its Jacobian is with respect to that row; this is not
    /// checked. With 0 batch axes it is the whole Jacobian, of any function.
    ///
    /// It takes a forward pass per element of the `in...` of all leaves, as [`jacfwd`](Self::jacfwd), or a reverse pass
    /// per element of the `out...` of all results, as [`jacrev`](Self::jacrev), whichever are fewer; forward passes if
    /// they are as many, or if sizes on both sides are named.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// let polar = trace(|x: Tensor| {
    ///     let (radius, angle) = (x.component(0), x.component(1));
    ///     rotrace::stack([radius * angle.cos(), radius * angle.sin()], -1)
    /// });
    /// let rows = polar.jacobian(1).compile("f64[n, 2]")?;
    /// let jacobians = rows.call(&Array::from([[2.0, 0.0], [3.0, 0.0]]))?;
    /// assert_eq!(jacobians, Array::from_vec(&[2, 2, 2], vec![1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 3.0])?);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacobian(&self, batch_axes: usize) -> Traced<'a, In, Out::Jacobian> {
        located_at(Location::caller(), || self.jacobian_by("jacobian", None, batch_axes))
    }

    /// The whole Jacobian, as [`jacobian`](Self::jacobian)`(0)`, by forward mode mapped over a basis of the arguments:
    /// a pass per element of them. A leaf `in...` of a function to `out...` becomes `[out..., in...]`; sizes may be
    /// named.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// let f = trace(|(x, k): (Tensor, Tensor)| x * x * k);
    /// let jacobian = f.jacfwd().compile("f64[n], f64")?;
    /// let (dx, dk) = jacobian.call(&(Array::from([1.0, 2.0]), Array::from(3.0)))?;
    /// assert_eq!(dx, Array::from([[6.0, 0.0], [0.0, 12.0]]));
    /// assert_eq!(dk, Array::from([1.0, 4.0]));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacfwd(&self) -> Traced<'a, In, Out::Jacobian> {
        located_at(Location::caller(), || self.jacobian_by("jacfwd", Some(Mode::Forward), 0))
    }

    /// The whole Jacobian, as [`jacobian`](Self::jacobian)`(0)`, by reverse mode mapped over a basis of the results: a pass
    /// per element of them. A leaf `in...` of a function to `out...` becomes `[out..., in...]`; sizes may be named.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// // Two results, and so two Jacobians.
    /// let f = trace(|x: Tensor| (x * x, x.sum(())));
    /// let (square, sum) = f.jacrev().compile("f64[n]")?.call(&Array::from([1.0, 2.0]))?;
    /// assert_eq!(square, Array::from([[2.0, 0.0], [0.0, 4.0]]));
    /// assert_eq!(sum, Array::from([1.0, 1.0]));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacrev(&self) -> Traced<'a, In, Out::Jacobian> {
        located_at(Location::caller(), || self.jacobian_by("jacrev", Some(Mode::Reverse), 0))
    }

    pub(super) fn jacobian_by(
        &self,
        name: &'static str,
        mode: Option<Mode>,
        batch_axes: usize,
    ) -> Traced<'a, In, Out::Jacobian> {
        let function = self.clone();
        trace(move |point: In| {
            let results = function.call_traced(point.clone());
            let (arguments, values) = (leaves(&point), leaves(&results));
            let plan = Plan { name, mode, batch_axes, arguments: &arguments, results: &values };
            let push = |leaf: usize, tangent: Tensor| {
                // The other leaves are captured, so that no zeros are multiplied for them.
                let of_leaf = trace(|x: Tensor| {
                    let mut moved = arguments.clone();
                    moved[leaf] = x;
                    function.call_traced(with_leaves(&point, moved))
                });
                leaves(&of_leaf.jvp().call_traced((arguments[leaf], tangent)).1)
            };
            let pull = |result: usize, cotangent: Tensor| {
                let to_result = trace(|point: In| leaves(&function.call_traced(point))[result]);
                leaves(&to_result.vjp().call_traced((point.clone(), cotangent)).1)
            };
            let blocks = plan.blocks(&push, &pull);
            results.assemble(&mut blocks.into_iter().map(|blocks| with_leaves(&point, blocks)))
        })
    }
}
