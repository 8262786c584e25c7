//! What conversions have in common: elements of a fixed number of numbers, and what arrays and objects hold.

use crate::spatial::{RigidTransform, Rotation};
use crate::{Array, Element, Error};

/// An array, or an object that holds one.
pub(super) trait Holder {
    fn hold(array: Array) -> Self;
    fn held(&self) -> Array;
}

impl Holder for Array {
    fn hold(array: Array) -> Self {
        array
    }

    fn held(&self) -> Array {
        self.clone()
    }
}

impl Holder for Rotation<Array> {
    fn hold(array: Array) -> Self {
        Self::from_parts(array)
    }

    fn held(&self) -> Array {
        self.clone().into_parts()
    }
}

impl Holder for RigidTransform<Array> {
    fn hold(array: Array) -> Self {
        Self::from_parts(array)
    }

    fn held(&self) -> Array {
        self.clone().into_parts()
    }
}

/// How many numbers one element of the given sizes has.
pub(super) const fn count(core: &[usize]) -> usize {
    let (mut product, mut axis) = (1, 0);
    while axis < core.len() {
        product *= core[axis];
        axis += 1;
    }
    product
}

/// An array of elements of the sizes `core`, under the given leading sizes, as many as these say.
pub(super) fn array<T: Element, const N: usize>(
    leading: &[usize],
    core: &[usize],
    elements: impl Iterator<Item = [T; N]>,
) -> Array {
    let shape: Vec<usize> = leading.iter().chain(core).copied().collect();
    match Array::from_vec(&shape, elements.flatten().collect()) {
        Ok(array) => array,
        Err(error) => unreachable!("the elements were counted: {error}"),
    }
}

/// The elements, of `N` numbers in the trailing sizes `core`, made into what `read` makes of one.
pub(super) fn elements<T: Element, V, const N: usize>(
    array: &Array,
    core: &[usize],
    read: impl FnMut([T; N]) -> V,
) -> Result<Vec<V>, Error> {
    if !array.shape().ends_with(core) {
        let (got, core) = (array.shape(), sizes(core));
        return Err(Error::Array(format!("a conversion wants an array of shape [..., {core}], got {got:?}")));
    }
    Ok(array.as_slice::<T>()?.as_chunks::<N>().0.iter().copied().map(read).collect())
}

/// The only element of an array without leading axes.
pub(super) fn single<T: Element, V, const N: usize>(
    array: &Array,
    core: &[usize],
    read: impl FnMut([T; N]) -> V,
) -> Result<V, Error> {
    let found = if array.shape() == core { elements(array, core, read)?.pop() } else { None };
    found.ok_or_else(|| {
        let (got, core) = (array.shape(), sizes(core));
        Error::Array(format!("a conversion wants an array of shape [{core}], got {got:?}"))
    })
}

fn sizes(core: &[usize]) -> String {
    core.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// The four conversions of a type. A line says what holds its values, the sizes of one value as an array, and how one is
/// made into numbers and back: `Holder: Type, number[sizes], |value| numbers, |numbers| value;`
macro_rules! conversions {
    ($($holder:ty: $ty:ty, $number:ident $core:tt, $write:expr, $read:expr;)*) => {$(
        impl From<$ty> for $holder {
            fn from(value: $ty) -> Self {
                let write: fn($ty) -> [$number; count(&$core)] = $write;
                Holder::hold(array(&[], &$core, std::iter::once(write(value))))
            }
        }

        impl From<&[$ty]> for $holder {
            /// With one leading axis.
            fn from(values: &[$ty]) -> Self {
                let write: fn($ty) -> [$number; count(&$core)] = $write;
                Holder::hold(array(&[values.len()], &$core, values.iter().copied().map(write)))
            }
        }

        impl TryFrom<&$holder> for $ty {
            type Error = Error;

            /// Of what has no leading axes.
            fn try_from(holder: &$holder) -> Result<Self, Error> {
                let read: fn([$number; count(&$core)]) -> $ty = $read;
                single(&holder.held(), &$core, read)
            }
        }

        impl TryFrom<&$holder> for Vec<$ty> {
            type Error = Error;

            /// All elements in row-major order.
            fn try_from(holder: &$holder) -> Result<Self, Error> {
                let read: fn([$number; count(&$core)]) -> $ty = $read;
                elements(&holder.held(), &$core, read)
            }
        }
    )*};
}

pub(super) use conversions;
