//! Second derivatives, and the linear map of a function at a point.

use super::jacobian::{Differentiable, Mode};
use super::{Traced, located_at, trace};
use crate::{Tensor, Tree};
use std::panic::Location;

impl<'a, In: Tree<Tensor> + Clone + 'a, Out: Tree<Tensor> + 'a> Traced<'a, In, Out> {
    /// The results at a point of the enclosing trace, and the linear map at that point: a function of tangents of the
    /// arguments, to tangents of the results.
    ///
    /// For use inside a traced function: the map captures the point. However often it is called or mapped over directions,
    /// the function itself is computed once. By itself, compiled with the point as an argument, that map is
    /// [`jvp`](Self::jvp).
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// let f = trace(|x: Tensor| x * x * x);
    /// // One step of Newton's method, and the slope along it.
    /// let step = trace(move |x: Tensor| {
    ///     let (value, slope) = f.linearize(x);
    ///     let step = -value / slope.call_traced(x.ones_like());
    ///     (x + step, slope.call_traced(step))
    /// });
    /// let (next, along) = step.compile("f64")?.call(&Array::from(3.0))?;
    /// assert_eq!((next, along), (Array::from(2.0), Array::from(-27.0)));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    pub fn linearize(&self, at: In) -> (Out, Traced<'a, In, Out>) {
        let function = self.clone();
        located_at(Location::caller(), || {
            let value = function.call_traced(at.clone());
            (value, trace(move |tangent: In| function.jvp().call_traced((at, tangent)).1))
        })
    }

    /// Second derivatives of a function with one float result of rank 0: of the arguments and a direction of each, the
    /// Hessian times the direction, which has the types of the arguments. It is forward mode over reverse mode, and costs
    /// a few times the function, however many arguments there are.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// let f = trace(|x: Tensor| (x * x * x).sum(()));
    /// let product = f.hvp().compile("f64[n], f64[n]")?;
    /// let (x, direction) = (Array::from([1.0, 2.0]), Array::from([1.0, -1.0]));
    /// assert_eq!(product.call(&(x, direction))?, Array::from([6.0, -12.0]));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hvp(&self) -> Traced<'a, (In, In), In> {
        let function = self.clone();
        located_at(Location::caller(), || {
            let along = function.grad().jvp();
            trace(move |arguments: (In, In)| along.call_traced(arguments).1)
        })
    }
}

impl<'a, In: Differentiable<In> + Clone + 'a, Out: Tree<Tensor> + 'a> Traced<'a, In, Out> {
    /// The Hessian of a function with one float result of rank 0: the Jacobian, by forward mode, of the gradient. For one
    /// leaf `in...` it is `[in..., in...]`. For several it is a tree of trees: of `(x, y)`, `((xx, xy), (yx, yy))`, where
    /// `xy` is `[x..., y...]`.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// let f = trace(|(x, y): (Tensor, Tensor)| (x * x).sum(()) * y);
    /// let hessian = f.hessian().compile("f64[n], f64")?;
    /// let ((xx, xy), (yx, yy)) = hessian.call(&(Array::from([1.0, 2.0]), Array::from(5.0)))?;
    /// assert_eq!((xx, xy), (Array::from([[10.0, 0.0], [0.0, 10.0]]), Array::from([2.0, 4.0])));
    /// assert_eq!((yx, yy), (Array::from([2.0, 4.0]), Array::from(0.0)));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hessian(&self) -> Traced<'a, In, In::Jacobian> {
        located_at(Location::caller(), || self.grad().jacobian_by("hessian", Some(Mode::Forward), 0))
    }
}
