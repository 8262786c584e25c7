//! Derivatives of traced functions with respect to steps on manifolds.

use super::{Manifold, Side};
use crate::trace::{Plan, located_at};
use crate::tree::{leaves, with_leaves};
use crate::{Differentiable, Tensor, Traced, Tree, trace};
use std::panic::Location;

/// A traced function whose derivatives are taken with respect to steps of its arguments; made by [`Traced::tangent`].
///
/// Each derivative is a traced function like those of [`Traced::grad`] and its like, under the same conditions, with
/// tangents in the place of the arguments' coordinates.
pub struct Tangential<'a, In, Out> {
    function: Traced<'a, In, Out>,
    side: Side,
}

impl<In, Out> Clone for Tangential<'_, In, Out> {
    fn clone(&self) -> Self {
        Self { function: self.function.clone(), side: self.side }
    }
}

impl<In, Out> std::fmt::Debug for Tangential<'_, In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tangential").field("side", &self.side).finish_non_exhaustive()
    }
}

impl<'a, In: Manifold + 'a, Out: Tree<Tensor> + 'a> Traced<'a, In, Out> {
    /// Derivatives with respect to steps of the arguments instead of their coordinates: 3 numbers for a rotation, not
    /// the 4 of its quaternion. Steps are on the right, `x * exp(step)`, unless asked for [on the left](Tangential::left).
    ///
    /// ```
    /// use rotrace::spatial::Rotation;
    /// use rotrace::{Array, trace};
    ///
    /// // Of R p, the derivative with respect to a step on the right is -R [p]x, here [-p]x.
    /// let rotate = trace(|rotation: Rotation| rotation.apply([0.0, 0.0, 2.0]));
    /// let jacobian = rotate.tangent().jacobian(0).compile("f64[4]")?;
    /// let identity = Rotation::from_parts(Array::from([0.0, 0.0, 0.0, 1.0]));
    /// assert_eq!(jacobian.call(&identity)?, Array::from([[0.0, 2.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    pub fn tangent(&self) -> Tangential<'a, In, Out> {
        Tangential { function: self.clone(), side: Side::Right }
    }
}

impl<'a, In: Manifold + 'a, Out: Tree<Tensor> + 'a> Tangential<'a, In, Out> {
    /// With steps on the left: `exp(step) * x`.
    #[must_use]
    pub fn left(self) -> Self {
        Self { side: Side::Left, ..self }
    }

    /// The gradient of a function with one float result of rank 0.
    #[must_use]
    #[track_caller]
    pub fn grad(&self) -> Traced<'a, In, In::Tangent> {
        let Self { function, side } = self.clone();
        located_at(Location::caller(), || {
            trace(move |point: In| {
                let gradient = function.grad().call_traced(point.clone());
                point.pullback(side, gradient)
            })
        })
    }

    /// The value and the gradient, under the conditions of [`grad`](Self::grad).
    #[must_use]
    #[track_caller]
    pub fn value_and_grad(&self) -> Traced<'a, In, (Out, In::Tangent)> {
        let Self { function, side } = self.clone();
        located_at(Location::caller(), || {
            trace(move |point: In| {
                let (value, gradient) = function.value_and_grad().call_traced(point.clone());
                (value, point.pullback(side, gradient))
            })
        })
    }

    /// Reverse mode: of the arguments and a cotangent of each result, the results and the gradients with respect to the
    /// arguments' steps.
    #[must_use]
    #[track_caller]
    pub fn vjp(&self) -> Traced<'a, (In, Out), (Out, In::Tangent)> {
        let Self { function, side } = self.clone();
        located_at(Location::caller(), || {
            trace(move |(point, cotangent): (In, Out)| {
                let (value, gradient) = function.vjp().call_traced((point.clone(), cotangent));
                (value, point.pullback(side, gradient))
            })
        })
    }

    /// Forward mode: of the arguments and a direction of each, the results and their derivatives along it.
    #[must_use]
    #[track_caller]
    pub fn jvp(&self) -> Traced<'a, (In, In::Tangent), (Out, Out)> {
        let Self { function, side } = self.clone();
        located_at(Location::caller(), || {
            trace(move |(point, direction): (In, In::Tangent)| {
                let direction = point.clone().pushforward(side, direction);
                function.jvp().call_traced((point, direction))
            })
        })
    }

    /// Second derivatives of a function with one float result of rank 0: of the arguments and a direction, the Hessian
    /// times the direction. The Hessian is that of `f(x.retract(step))` at the step 0, which is symmetric.
    #[must_use]
    #[track_caller]
    pub fn hvp(&self) -> Traced<'a, (In, In::Tangent), In::Tangent> {
        let Self { function, side } = self.clone();
        located_at(Location::caller(), || {
            trace(move |(point, direction): (In, In::Tangent)| {
                let zero = point.zero_tangent();
                let around = trace(move |step: In::Tangent| function.call_traced(point.retract_on(side, step)));
                let (_, product) = around.grad().jvp().call_traced((zero, direction));
                product
            })
        })
    }
}

impl<'a, In: Manifold + 'a, Out: Differentiable<In::Tangent> + 'a> Tangential<'a, In, Out> {
    /// The Jacobian, under the conditions of [`Traced::jacobian`]: a leaf `[batch..., in...]` of the tangent becomes
    /// `[batch..., out..., in...]`.
    ///
    /// For one rotation per row and a result `[n, m]`, with 1 batch axis, that is `[n, m, 3]`.
    #[must_use]
    #[track_caller]
    pub fn jacobian(&self, batch_axes: usize) -> Traced<'a, In, Out::Jacobian> {
        let Self { function, side } = self.clone();
        located_at(Location::caller(), || {
            trace(move |point: In| {
                let results = function.call_traced(point.clone());
                let (zero, values) = (point.zero_tangent(), leaves(&results));
                let zeros = leaves(&zero);
                let plan = Plan { name: "jacobian", mode: None, batch_axes, arguments: &zeros, results: &values };
                let push = |leaf: usize, tangent: Tensor| {
                    let mut tangents = zeros.clone();
                    tangents[leaf] = tangent;
                    let along = point.clone().pushforward(side, with_leaves(&zero, tangents));
                    leaves(&function.jvp().call_traced((point.clone(), along)).1)
                };
                let pull = |result: usize, cotangent: Tensor| {
                    let to_result = trace(|point: In| leaves(&function.call_traced(point))[result]);
                    let (_, gradient) = to_result.vjp().call_traced((point.clone(), cotangent));
                    leaves(&point.clone().pullback(side, gradient))
                };
                let blocks = plan.blocks(&push, &pull);
                results.assemble(&mut blocks.into_iter().map(|blocks| with_leaves(&zero, blocks)))
            })
        })
    }
}
