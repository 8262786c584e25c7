//! Any traced function on concrete arrays, compiled when it is first called with arguments of their types.

use super::cache::Cache;
use crate::{Array, Compiled, Error, Tensor, Tree, With, trace};
use std::panic::Location;
use std::sync::Arc;

/// A function over traced arrays that is called with concrete ones; see [`jit`].
pub struct Jit<F, In, Out> {
    function: F,
    element_axes: &'static [usize],
    programs: Cache<(), In, Out>,
}

impl<F, In, Out> std::fmt::Debug for Jit<F, In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jit")
    }
}

/// A function that compiles itself for the types of the arguments it is called with, once for each.
///
/// `element_axes` says for each leaf of the arguments how many trailing axes belong to one element (its last number
/// holds for all leaves that follow). The sizes of these are part of the type; the axes before them may have any size
/// without a new compilation. Equal sizes become one named dimension, and a size of 1 next to another broadcasts, so
/// that at most a few programs are made for one rank.
///
/// It is `Sync` if the closure is, and can be a `static` if that is a function.
///
/// ```
/// use rotrace::{Array, Tensor, eager::jit, spatial::Rotation};
/// let turn = jit(|(x, p): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(p), &[1, 1]);
/// let p = Array::from([1.0, 2.0, 3.0]);
/// let one = turn.call(&(Array::from([[0.0, 0.0, 1.5]]), p.clone()))?;
/// let three = turn.call(&(Array::from([[0.0, 0.0, 1.5]; 3]), p))?;
/// assert_eq!(one.as_slice::<f64>()?, &three.as_slice::<f64>()?[6..]);
/// assert_eq!(turn.programs(), 1);
/// # Ok::<(), rotrace::Error>(())
/// ```
pub const fn jit<F, In, Out>(function: F, element_axes: &'static [usize]) -> Jit<F, In, Out>
where
    F: FnOnce(In) -> Out + Clone,
    In: Tree<Tensor>,
    Out: Tree<Tensor>,
{
    Jit { function, element_axes, programs: Cache::new() }
}

impl<F, In, Out> Jit<F, In, Out>
where
    F: FnOnce(In) -> Out + Clone,
    In: Tree<Tensor>,
    Out: Tree<Tensor>,
{
    /// Calls the function.
    ///
    /// # Errors
    /// A mistake in the function for arguments of these types, with its source line; what the compiler reports; lack of
    /// memory.
    #[track_caller]
    pub fn call(&self, arguments: &With<In, Array>) -> Result<With<Out, Array>, Error> {
        self.compiled(arguments)?.call(arguments)
    }

    /// The compiled function for arguments of these types, which it serves at any batch size.
    ///
    /// # Errors
    /// A mistake in the function for arguments of these types, with its source line, or what the compiler reports.
    #[track_caller]
    pub fn compiled(&self, arguments: &With<In, Array>) -> Result<Arc<Compiled<In, Out>>, Error> {
        let cores = self.element_axes.iter().copied();
        self.programs.program((), arguments, cores, || trace(self.function.clone()), Location::caller())
    }

    /// How many programs were compiled.
    #[must_use]
    pub fn programs(&self) -> usize {
        self.programs.len()
    }
}
