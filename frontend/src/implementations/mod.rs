//! A user's own implementations of spatial operations, in the place of Rotrace's.
//!
//! An operation is a type, such as [`operation::FromRotvec`], that says what it takes and gives. [`Implementations`] hold
//! a function for each of some operations, and [`Traced::using`](crate::Traced::using) records a function with them: wherever
//! it, or what it calls, uses such an operation, the user's function is recorded instead. Derivatives are those of that
//! function, or its own where it is made by [`custom_jvp`](crate::Traced::custom_jvp).
//!
//! Implementations belong to a traced function, not to the process, so that a library cannot change another's programs.
//! Rotrace's own operation is recorded too, for the types of its results; arguments that it refuses stay refused.
//! Operations on arrays ([`eager`](crate::eager)) are not affected, nor are operations that [`operation`] does not list.

pub mod operation;

use crate::trace::{Mistake, located_at, record};
use crate::tree::{Outline, leaves};
use crate::{Tensor, Tree};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;

/// Keeps [`Operation`] to the types in [`operation`].
trait Sealed {}

/// An operation that can be implemented anew. The types in [`operation`] are all that there are.
#[expect(private_bounds, reason = "nobody else implements it")]
pub trait Operation: Sealed {
    /// What it takes.
    type In: Tree<Tensor>;
    /// What it gives.
    type Out: Tree<Tensor>;
    /// Its name: `Rotation::from_rotvec`.
    const NAME: &'static str;
}

/// A function without its tree types.
type Erased = Rc<dyn Fn(Vec<Tensor>, &Outline) -> Option<Vec<Tensor>>>;

/// Functions in the place of operations.
///
/// ```
/// use rotrace::implementations::{Implementations, operation};
/// use rotrace::spatial::Rotation;
/// use rotrace::{Array, Tensor, stack, trace};
/// // Good enough for small angles, and cheaper.
/// let small = Implementations::new().with(operation::FromRotvec, |rotvec: Tensor| {
///     let [x, y, z] = [0, 1, 2].map(|axis| rotvec.component(axis) * 0.5);
///     Rotation::from_quat(stack([x, y, z, x.full_like(1)], -1))
/// });
/// let p = Array::from([1.0, 0.0, 0.0]);
/// let rotate = trace(|x| Rotation::from_rotvec(x).apply(p)).using(&small);
/// let turned = rotate.compile("f64[3]")?.call(&Array::from([0.0, 0.0, 0.001]))?;
/// assert!((turned.to_vec::<f64>()?[1] - 0.001).abs() < 1e-9);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Implementations {
    functions: BTreeMap<&'static str, Erased>,
}

impl std::fmt::Debug for Implementations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

impl Implementations {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These, and `function` in the place of an operation. It has to give the element types and shapes that the
    /// operation gives. Inside of it the operation is Rotrace's own.
    #[must_use]
    pub fn with<O: Operation>(mut self, _: O, function: impl Fn(O::In) -> O::Out + 'static) -> Self {
        let erased = move |arguments: Vec<Tensor>, outline: &Outline| {
            outline.build(arguments).map(|arguments| leaves(&function(arguments)))
        };
        self.functions.insert(O::NAME, Rc::new(erased));
        self
    }
}

thread_local! {
    /// The implementations that are in effect, innermost last.
    static ACTIVE: RefCell<Vec<Implementations>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` with implementations in effect, before those around it.
pub(crate) fn with_implementations<R>(implementations: &Implementations, body: impl FnOnce() -> R) -> R {
    ACTIVE.with_borrow_mut(|active| active.push(implementations.clone()));
    let _pop = Pop(None);
    body()
}

/// Runs `body`, which belongs to a function of its own, with none in effect.
pub(crate) fn without_implementations<R>(body: impl FnOnce() -> R) -> R {
    let _back = Pop(Some(ACTIVE.take()));
    body()
}

/// Ends what [`with_implementations`] began, or puts back what was taken out, also after a panic.
struct Pop(Option<Vec<Implementations>>);

impl Drop for Pop {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(|active| match self.0.take() {
            Some(all) => *active = all,
            None => {
                active.pop();
            }
        });
    }
}

/// The innermost implementation of an operation. Until the guard is dropped there is none of it.
fn taken(name: &str) -> Option<(Erased, Pop)> {
    ACTIVE.with_borrow_mut(|active| {
        let found = active.iter().rev().find_map(|own| own.functions.get(name).cloned())?;
        let all = active.clone();
        active.iter_mut().for_each(|own| {
            own.functions.remove(name);
        });
        Some((found, Pop(Some(all))))
    })
}

/// An operation of the library on its arguments, whose nodes belong to the caller's line.
pub(crate) fn operate<O: Operation>(
    place: &'static Location<'static>,
    arguments: O::In,
    own: impl FnOnce(O::In) -> O::Out,
) -> O::Out {
    located_at(place, || implemented::<O>(place, arguments, own))
}

/// The user's implementation, if there is one, else `own`.
fn implemented<O: Operation>(
    place: &'static Location<'static>,
    arguments: O::In,
    own: impl FnOnce(O::In) -> O::Out,
) -> O::Out {
    let Some((function, _guard)) = taken(O::NAME) else { return own(arguments) };
    let (outline, operands) = (Outline::of(&arguments), leaves(&arguments));
    // What Rotrace gives tells the types; nobody uses its value.
    let expected = own(arguments);
    let Some(results) = function(operands, &outline) else {
        unreachable!("arguments are built from their own outline")
    };
    let wanted = leaves(&expected);
    let results: Vec<Tensor> =
        results.into_iter().zip(wanted).map(|(result, wanted)| checked(O::NAME, place, result, wanted)).collect();
    match Outline::of(&expected).build(results) {
        Some(results) => results,
        None => unreachable!("results of one type have one structure"),
    }
}

/// The result, if it has the type that is wanted.
fn checked(name: &str, place: &'static Location<'static>, result: Tensor, wanted: Tensor) -> Tensor {
    record(place, |recorder| {
        let (found, expected) = (recorder.resolve(result)?, recorder.resolve(wanted)?);
        if recorder.ty(found) == recorder.ty(expected) {
            return Ok(found);
        }
        let (found, expected) = (recorder.display(found), recorder.display(expected));
        Err(Mistake::new(format!("the implementation of {name} gives {found}, but has to give {expected}")))
    })
}
