//! Manifolds: values that move along tangents, so that an optimiser steps in as many numbers as there are directions.
//!
//! A rotation is held as a quaternion, 4 numbers, but moves in 3 directions; its *tangent* is the rotation vector of a
//! small turn. [`Manifold::retract`] makes a step, [`Manifold::local`] finds the step between two values, and
//! [`Traced::tangent`](crate::Traced::tangent) differentiates functions with respect to the step at 0. The conventions,
//! with formulas, are in `docs/tangent-space.md`.
//!
//! First derivatives come from those with respect to the coordinates, by the two maps between coordinates and tangents
//! at a value, which are linear: [`Manifold::pushforward`] and its transpose, [`Manifold::pullback`]. They cost a few
//! multiplications and leave the function itself as it is, bit for bit. Differentiating `f(x.retract(step))` at the step
//! 0 gives the same, but all that 0 is multiplied with has to be computed, for 0 times infinity is not 0.

mod standard;
mod transform;

pub use transform::Tangential;

use crate::{Tensor, Tree};

/// On which side of a value a step is taken, where that makes a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// `x * exp(step)`: the step is made first, in the frame of the value (of the body).
    #[default]
    Right,
    /// `exp(step) * x`: the step is made last, in the frame that the value leads to (of the world).
    Left,
}

/// A tree of traced values on a manifold.
///
/// Implemented for [`Tensor`] (flat: steps are added), [`Rotation`](crate::spatial::Rotation) (steps `[..., 3]` are
/// rotation vectors), [`RigidTransform`](crate::spatial::RigidTransform) (steps `[..., 6]` are exponential coordinates),
/// and tuples, arrays and `Vec`s of manifolds; `#[derive(Manifold)]` implements it for a struct with one type parameter,
/// whose tangent is the tuple of its fields' tangents:
///
/// ```
/// use rotrace::spatial::Rotation;
/// use rotrace::{Manifold, Tensor, Tree, trace};
///
/// #[derive(Clone, Tree, Manifold)]
/// struct Camera<T> {
///     rotation: Rotation<T>,
///     focal: T,
/// }
///
/// let step = trace(|(camera, step): (Camera<Tensor>, (Tensor, Tensor))| camera.retract(step));
/// step.lower("f64[n, 4], f64[n], f64[n, 3], f64[n]")?;
/// # Ok::<(), rotrace::Error>(())
/// ```
///
/// A type of your own needs the methods without a body; the identities that they keep are in `docs/tangent-space.md`.
pub trait Manifold: Tree<Tensor> + Clone {
    /// Directions and lengths of steps.
    type Tangent: Tree<Tensor>;

    /// The value after a step from this one. Leading axes broadcast.
    #[track_caller]
    #[must_use]
    fn retract_on(self, side: Side, step: Self::Tangent) -> Self;

    /// The step from this value to another, the inverse of [`retract_on`](Self::retract_on).
    #[track_caller]
    #[must_use]
    fn local_on(self, side: Side, other: Self) -> Self::Tangent;

    /// The step that changes nothing.
    #[track_caller]
    #[must_use]
    fn zero_tangent(&self) -> Self::Tangent;

    /// The derivative of the coordinates along a tangent: that of [`retract_on`](Self::retract_on) at the step 0. The
    /// result holds a change of coordinates, and is no value of the manifold.
    #[track_caller]
    #[must_use]
    fn pushforward(self, side: Side, tangent: Self::Tangent) -> Self;

    /// The gradient with respect to the step at 0, of the gradient with respect to the coordinates: the transpose of
    /// [`pushforward`](Self::pushforward).
    #[track_caller]
    #[must_use]
    fn pullback(self, side: Side, cotangent: Self) -> Self::Tangent;

    /// The value after a step on the right, `x * exp(step)`.
    #[track_caller]
    #[must_use]
    fn retract(self, step: Self::Tangent) -> Self {
        self.retract_on(Side::Right, step)
    }

    /// The step on the right that leads from this value to another: `log(x^-1 * other)`.
    #[track_caller]
    #[must_use]
    fn local(self, other: Self) -> Self::Tangent {
        self.local_on(Side::Right, other)
    }
}
