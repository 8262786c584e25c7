//! Plain Rust functions as operations of traced functions.
//!
//! A program names the functions that it calls; which they are is kept beside it while it is recorded, and goes to the
//! compiler with it. So programs stay plain data, and two functions of one name do not get into each other's way.

use crate::trace::native_call;
use crate::{ArrayView, ArrayViewMut, Tensor, Traced, Tree, trace};
use rotrace_runtime::{NativeFunction, Natives, View, ViewMut};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::error::Error as StandardError;
use std::sync::Arc;

/// Why a native function has no result: any error, or a message by `into()`.
pub type Failure = Box<dyn StandardError + Send + Sync>;

/// As many arrays as are passed on without allocating.
const INLINE_ARRAYS: usize = 8;

/// A plain Rust function over arrays as a traced function, to be called inside others.
///
/// `like` says what it takes and gives: it is traced for the types of its results, and what it computes is not used. So it
/// can be the simplest formula with results of these types, and named dimensions are no concern. `function` reads one
/// view per leaf of the arguments, and writes one per leaf of the results, which hold zeros before. If it fails, so does
/// the call of the compiled function.
///
/// Its results must depend on its arguments alone. Equal calls may be made once and calls without need left out, or made
/// where it shows later that there was none; and calls may be made from many threads.
///
/// It has no derivative of its own: to differentiate through it is an error that says so, until
/// [`custom_jvp`](Traced::custom_jvp) or [`custom_vjp`](Traced::custom_vjp) gives it a rule, which may call native functions
/// too. [`Implementations`](crate::implementations::Implementations) can put it in the place of a spatial operation.
///
/// ```
/// use rotrace::{Array, Tensor, native, trace};
/// // The error function of a library, say.
/// fn erf(x: f64) -> f64 {
///     # (1.0 - (-x * x * (4.0 / std::f64::consts::PI + 0.147 * x * x) / (1.0 + 0.147 * x * x)).exp()).sqrt().copysign(x)
///     // ...
/// }
/// let erf = native("erf", |x: Tensor| x, |arguments, results| {
///     let x = arguments[0].as_slice::<f64>()?;
///     for (y, &x) in results[0].as_mut_slice::<f64>()?.iter_mut().zip(x) {
///         *y = erf(x);
///     }
///     Ok(())
/// })
/// .custom_jvp(|x, tangent| (-(x * x)).exp() * (2.0 / std::f64::consts::PI.sqrt()) * tangent);
///
/// let area = trace(move |x: Tensor| (erf.call_traced(x) * 0.5).sum(()));
/// let (value, slope) = area.value_and_grad().compile("f64[n]")?.call(&Array::from([0.0, 9.0]))?;
/// assert_eq!(value.to_vec::<f64>()?, [0.5]);
/// assert!((slope.to_vec::<f64>()?[0] - 0.5641895835477563).abs() < 1e-15);
/// # Ok::<(), rotrace::Error>(())
/// ```
pub fn native<'a, In, Out>(
    name: &str,
    like: impl FnOnce(In) -> Out + Clone + 'a,
    function: impl Fn(&[ArrayView<'_>], &mut [ArrayViewMut<'_>]) -> Result<(), Failure> + Send + Sync + 'static,
) -> Traced<'a, In, Out>
where
    In: Tree<Tensor> + 'a,
    Out: Tree<Tensor> + 'a,
{
    native_call(name.to_owned(), trace(like), native_function(function))
}

/// A plain Rust function over arrays as [`Natives::insert`] takes it, for programs that name it but come without it: saved ones
/// ([`Compiled::from_saved`](crate::Compiled::from_saved)). As for [`native`], its results depend on its arguments alone.
pub fn native_function(
    function: impl Fn(&[ArrayView<'_>], &mut [ArrayViewMut<'_>]) -> Result<(), Failure> + Send + Sync + 'static,
) -> Arc<NativeFunction> {
    Arc::new(move |operands: &[View<'_>], results: &mut [ViewMut<'_>]| {
        let operands: SmallVec<[ArrayView<'_>; INLINE_ARRAYS]> = operands.iter().map(ArrayView::of_view).collect();
        let mut results: SmallVec<[ArrayViewMut<'_>; INLINE_ARRAYS]> =
            results.iter_mut().map(ArrayViewMut::of_view).collect();
        function(&operands, &mut results).map_err(|failure| failure.to_string())
    })
}

/// The functions that a program calls, by their names in it.
type Called = Vec<(String, Arc<NativeFunction>)>;

thread_local! {
    /// Those of the programs being recorded, the innermost last: a closure that is recorded may lower another.
    static CALLED: RefCell<Vec<Called>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body`, which records a program, and gives the functions that this calls.
pub(crate) fn with_natives<R>(body: impl FnOnce() -> R) -> (R, Natives) {
    /// A panic must not leave a list behind.
    struct Pop(usize);
    impl Drop for Pop {
        fn drop(&mut self) {
            CALLED.with_borrow_mut(|called| called.truncate(self.0));
        }
    }
    let depth = CALLED.with_borrow_mut(|called| {
        called.push(Vec::new());
        called.len()
    });
    let _pop = Pop(depth - 1);
    let outcome = body();
    let called = CALLED.with_borrow_mut(|called| called.pop().unwrap_or_default());
    let mut natives = Natives::default();
    called.into_iter().for_each(|(name, function)| natives.insert(name, function));
    (outcome, natives)
}

/// The name under which the program being recorded calls a function: its own, with a number if another has it.
pub(crate) fn named(name: &str, function: &Arc<NativeFunction>) -> String {
    CALLED.with_borrow_mut(|called| {
        let Some(called) = called.last_mut() else { return name.to_owned() };
        let mut number = 1;
        let mut own = name.to_owned();
        loop {
            match called.iter().find(|(known, _)| *known == own) {
                Some((_, known)) if Arc::ptr_eq(known, function) => return own,
                Some(_) => {
                    number += 1;
                    own = format!("{name}.{number}");
                }
                None => {
                    called.push((own.clone(), Arc::clone(function)));
                    return own;
                }
            }
        }
    })
}
