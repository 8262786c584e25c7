//! Optimisers for loops of the user's: one step of a method is one traced function, compiled to one handle.
//!
//! ```text
//! start: (parameters, data) -> state
//! step:  (parameters, state, data) -> (parameters, state, report)
//! ```
//!
//! The objective is a traced function of parameters and data. Parameters are any [`Manifold`](crate::Manifold): tensors,
//! rotations, rigid transforms, trees of them; steps and gradients are with respect to
//! [`retract`](crate::Manifold::retract). The data are any tree, not differentiated, integers included. The loop is the
//! user's: to stop, to change a rate, to feed new data, or to do all of that inside another traced function.
//!
//! | method | objective | for |
//! |---|---|---|
//! | [`GradientDescent`], [`Adam`] | a loss | many parameters, noisy gradients |
//! | [`Lbfgs`] | a loss | many parameters, the same data in every step |
//! | [`GaussNewton`], [`LevenbergMarquardt`] | residuals | up to 16 directions for each problem, digits in few steps |
//!
//! A pose from points, by Levenberg and Marquardt. `run` keeps all that the steps need, so that they allocate nothing:
//!
//! ```
//! use rotrace::optimize::LevenbergMarquardt;
//! use rotrace::spatial::Rotation;
//! use rotrace::{Array, Tensor, trace};
//!
//! type Pose = (Rotation, Tensor);
//! let residuals = trace(|((rotation, shift), (points, seen)): (Pose, (Tensor, Tensor))| {
//!     rotation.apply(points) + shift - seen
//! });
//! let fit = LevenbergMarquardt::default().minimize(&residuals).compile("f64[4], f64[3], f64[m, 3], f64[m, 3]")?;
//!
//! // Turned by 90 degrees about z, then shifted along it.
//! let points = Array::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
//! let seen = Array::from([[0.0, 1.0, 2.0], [-1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]);
//! let identity = (Rotation::from_parts(Array::from([0.0, 0.0, 0.0, 1.0])), Array::from([0.0; 3]));
//! let mut run = fit.run(identity, (points, seen))?;
//! while run.step()?.cost.as_slice::<f64>()?[0] > 1e-24 {}
//! let shift = run.parameters().1.as_slice::<f64>()?;
//! assert!(shift[0].abs() < 1e-12 && shift[1].abs() < 1e-12 && (shift[2] - 2.0).abs() < 1e-12);
//! # Ok::<(), rotrace::Error>(())
//! ```
//!
//! # Many problems at once
//!
//! One handle solves any number of independent problems in each call. A loss of shape `[n]` is one for each of `n`
//! problems, whose parameters have the same leading axes; for residuals, `batch_axes` says how many of theirs count
//! problems. Each problem has its own rate, damping, line search and acceptance, all reports are `[n]`, and a problem
//! that is not a number leaves the others as they are, bit for bit. The same comes of
//! [`vmap`](crate::Traced::vmap) on both functions of one problem:
//! `Minimizer { start: one.start.vmap(0, 0), step: one.step.vmap(0, 0) }`.
//!
//! ```
//! use rotrace::optimize::Lbfgs;
//! use rotrace::{Array, Tensor, trace};
//!
//! // The largest point of a x - x^3 / 3 is sqrt(a).
//! let loss = trace(|(x, a): (Tensor, Tensor)| x * x * x / 3 - a * x);
//! let roots = Lbfgs::default().minimize(&loss).compile("f64[n], f64[n]")?;
//! let mut run = roots.run(Array::from([1.0; 3]), Array::from([2.0, 3.0, 4.0]))?;
//! for _ in 0..20 {
//!     run.step()?;
//! }
//! let found = run.parameters().as_slice::<f64>()?;
//! assert!((found[1] - 3.0_f64.sqrt()).abs() < 1e-8 && (found[2] - 2.0).abs() < 1e-8);
//! # Ok::<(), rotrace::Error>(())
//! ```
//!
//! # What always holds
//!
//! Nothing is decided by branches: what is not taken is not selected, so that steps can be called in a trace, batched and
//! compiled like anything else. Steps that meet something not finite leave the parameters alone and say so in the
//! [`Report`]. At a minimum everything stays finite, also where the Jacobian lacks rank or the residuals vanish, as do
//! the derivatives of a step of all methods but [`Lbfgs`]: the derivative of a Gauss-Newton step at a solution with zero
//! residuals is that of the solution.

mod adam;
mod first_order;
mod gauss_newton;
mod gradient_descent;
mod lbfgs;
mod least_squares;
mod levenberg_marquardt;
mod line_search;
mod memory;
mod minimizer;
mod problems;
mod robust;
mod state;

pub use adam::{Adam, AdamState};
pub use gauss_newton::GaussNewton;
pub use gradient_descent::{GradientDescent, GradientDescentState};
pub use lbfgs::{Lbfgs, LbfgsState};
pub use levenberg_marquardt::{LevenbergMarquardt, LevenbergMarquardtState};
pub use minimizer::{CompiledMinimizer, Minimizer, Run, Stepped};
pub use robust::Loss;

use crate::Tree;

/// What a step saw and did, one number for each problem.
#[derive(Clone, Copy, Debug, Tree)]
pub struct Report<T> {
    /// What is minimised, at the parameters that the step was given.
    pub cost: T,
    /// The length of its gradient there, with respect to steps.
    pub gradient_norm: T,
    /// The length of the step that was tried.
    pub step_norm: T,
    /// The damping of the step; 0 for methods without.
    pub damping: T,
    /// Whether the step was taken: otherwise, the parameters are as before.
    pub accepted: T,
}
