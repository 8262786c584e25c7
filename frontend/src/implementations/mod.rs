//! A user's own implementations of spatial operations, in the place of Rotrace's.
//!
//! An operation is a type, such as [`operation::FromRotvec`], that says what it takes and gives. [`Implementations`] hold
//! a function for each of some operations, and [`Traced::using`](crate::Traced::using) records a function with them: wherever
//! it, or what it calls, uses such an operation, the user's function is recorded instead. Derivatives are those of that
//! function, or its own where it is made by [`custom_jvp`](crate::Traced::custom_jvp). A plain Rust function is one by way of
//! [`native`](crate::native).
//!
//! Implementations belong to a traced function, not to the process, so that a library cannot change another's programs.
//! Rotrace's own operation is recorded too, for the types of its results; arguments that it refuses stay refused.
//! Operations on arrays ([`eager`](crate::eager)) are not affected, nor are operations that [`operation`] does not list.

mod arguments;
pub mod operation;

use crate::trace::{Mistake, located_as, record, unlocated};
use crate::tree::{Outline, leaves};
use crate::{Tensor, Tree};
use arguments::{Arguments, check_dtypes};
use operation::Slots;
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

/// Keeps [`Operation`] to the types in [`operation`], each of which has a place among the slots.
trait Sealed: Sized {
    fn slot(slots: &Slots) -> &Slot<Self>
    where
        Self: Operation;

    fn slot_mut(slots: &mut Slots) -> &mut Slot<Self>
    where
        Self: Operation;
}

/// An operation that can be implemented anew. The types in [`operation`] are all that there are.
#[expect(private_bounds, reason = "nobody else implements it")]
pub trait Operation: Sealed {
    /// What it takes: tensors, objects of them, and options, which are known when a function is traced.
    type In: Arguments;
    /// What it gives.
    type Out: Tree<Tensor>;
    /// Its name: `Rotation::from_rotvec`.
    const NAME: &'static str;
}

/// The user's function in the place of an operation.
type Slot<O> = Option<Rc<dyn Fn(<O as Operation>::In) -> <O as Operation>::Out>>;

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
///
/// Options come with the arguments, so that an implementation can be for some of them:
///
/// ```
/// use rotrace::implementations::{Implementations, operation};
/// use rotrace::{Array, Tensor, spatial::Rotation, trace};
/// let yaw = Implementations::new().with(operation::AsEuler, |(rotation, sequence): (Rotation, String)| {
///     let angles = rotation.as_euler(&sequence);
///     // Flat ground: there is neither roll nor pitch.
///     if sequence == "ZYX" { angles * [1.0, 0.0, 0.0] } else { angles }
/// });
/// let heading = trace(|quat: Tensor| Rotation::from_quat(quat).as_euler("ZYX")).using(&yaw);
/// let angles = heading.compile("f64[4]")?.call(&Array::from([0.1, 0.0, 0.0, 1.0]))?;
/// assert_eq!(angles.to_vec::<f64>()?, [0.0, 0.0, 0.0]);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Implementations {
    slots: Rc<Slots>,
}

impl std::fmt::Debug for Implementations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.slots.names()).finish()
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
        *O::slot_mut(Rc::make_mut(&mut self.slots)) = Some(Rc::new(function));
        self
    }
}

/// The implementations that are in effect.
#[derive(Default)]
struct Active {
    /// Innermost last.
    implementations: Vec<Implementations>,
    /// Operations whose implementation is running, and how many of the others were there when it began: those do not count
    /// for it.
    running: Vec<(&'static str, usize)>,
}

thread_local! {
    static ACTIVE: RefCell<Active> = RefCell::default();
}

/// Runs `body` with implementations in effect, before those around it.
pub(crate) fn with_implementations<R>(implementations: &Implementations, body: impl FnOnce() -> R) -> R {
    ACTIVE.with_borrow_mut(|active| active.implementations.push(implementations.clone()));
    let _end = End(|active| {
        active.implementations.pop();
    });
    body()
}

/// Runs `body`, which belongs to a function of its own, with none in effect.
pub(crate) fn without_implementations<R>(body: impl FnOnce() -> R) -> R {
    let mut around = ACTIVE.take();
    let _end = End(move |active| std::mem::swap(active, &mut around));
    body()
}

/// Puts back what was before, also after a panic.
struct End<F: FnMut(&mut Active)>(F);

impl<F: FnMut(&mut Active)> Drop for End<F> {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(&mut self.0);
    }
}

/// The innermost implementation of an operation that is not running.
fn innermost<O: Operation>() -> Slot<O> {
    ACTIVE.with_borrow(|active| {
        let outside = active.running.iter().rev().find(|(name, _)| *name == O::NAME).map_or(0, |&(_, count)| count);
        active.implementations[outside..].iter().rev().find_map(|own| O::slot(&own.slots).clone())
    })
}

/// An operation of the library on its arguments, whose nodes belong to the caller's line.
pub(crate) fn operate<O: Operation>(
    place: &'static Location<'static>,
    arguments: O::In,
    own: impl FnOnce(O::In) -> O::Out,
) -> O::Out {
    located_as(place, O::NAME, || {
        check_dtypes(O::NAME, &arguments);
        match innermost::<O>() {
            Some(function) => implemented::<O>(place, arguments, own, &*function),
            None => own(arguments),
        }
    })
}

/// What the user's implementation gives.
fn implemented<O: Operation>(
    place: &'static Location<'static>,
    arguments: O::In,
    own: impl FnOnce(O::In) -> O::Out,
    function: &dyn Fn(O::In) -> O::Out,
) -> O::Out {
    ACTIVE.with_borrow_mut(|active| active.running.push((O::NAME, active.implementations.len())));
    let _end = End(|active| {
        active.running.pop();
    });
    // What Rotrace gives tells the types; nobody uses its value.
    let expected = own(arguments.clone());
    // Its lines are the user's own.
    let results = unlocated(|| function(arguments));
    let (given, wanted) = (Outline::of(&results), Outline::of(&expected));
    if given != wanted {
        record(place, |_| {
            let counts = format!("gives {} arrays, but has to give {}", given.leaves, wanted.leaves);
            Err(Mistake::new(format!("the implementation of {} {counts}", O::NAME)))
        });
        return expected;
    }
    let pairs = leaves(&results).into_iter().zip(leaves(&expected));
    let results = pairs.map(|(result, wanted)| checked(O::NAME, place, result, wanted)).collect();
    match wanted.build(results) {
        Some(results) => results,
        None => unreachable!("a tree is built from its own outline"),
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
