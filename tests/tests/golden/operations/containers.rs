//! `Rotation` and `RigidTransform` as containers: shapes, elements, means, and what is made of shapes alone.

use super::elements::{get, leading_sizes, set};
use super::{Argument, Form, Inputs, Kind, Operation, optional, quats, transforms};
use rotrace::spatial::{Container, RigidTransform, Rotation};
use rotrace::{Array, DType, Tensor, constant};

pub(super) const OF_ROTATIONS: &[Operation] = &table::<Rotation>();
pub(super) const OF_TRANSFORMS: &[Operation] = &table::<RigidTransform>();

/// What differs between the classes.
trait Class: Container {
    const IDENTITY: &'static str;
    const SHAPE: &'static str;
    const SINGLE: &'static str;
    const LEN: &'static str;
    const ITER: &'static str;
    const GET: &'static str;
    const SET: &'static str;
    const CONCATENATE: &'static str;
    const MEAN: &'static str;
    const OWN: &'static [Argument];
    const OWN_AND_VALUE: &'static [Argument];
    const OWN_AND_WEIGHTS: &'static [Argument];
    /// The list that is concatenated, as it is called there.
    const LIST: &'static str;
    const LISTED: &'static [Argument];
    const LISTED_SETTINGS: &'static [(&'static str, Kind)];

    fn of(numbers: Tensor) -> Self;
    fn numbers(self) -> Tensor;
    fn identity(dtype: DType, shape: &[usize]) -> Self;
    fn mean(self, weights: Option<Tensor>, axes: Option<&[i64]>) -> Self;
}

macro_rules! class {
    ($class:ident, $list:literal, $argument:ident, $form:ident, $of:ident, $numbers:expr) => {
        impl Class for $class {
            const IDENTITY: &'static str = concat!(stringify!($class), ".identity");
            const SHAPE: &'static str = concat!(stringify!($class), ".shape");
            const SINGLE: &'static str = concat!(stringify!($class), ".single");
            const LEN: &'static str = concat!(stringify!($class), ".__len__");
            const ITER: &'static str = concat!(stringify!($class), ".__iter__");
            const GET: &'static str = concat!(stringify!($class), ".__getitem__");
            const SET: &'static str = concat!(stringify!($class), ".__setitem__");
            const CONCATENATE: &'static str = concat!(stringify!($class), ".concatenate");
            const MEAN: &'static str = concat!(stringify!($class), ".mean");
            const OWN: &'static [Argument] = &[$argument("self")];
            const OWN_AND_VALUE: &'static [Argument] = &[$argument("self"), $argument("value")];
            const OWN_AND_WEIGHTS: &'static [Argument] = &[$argument("self"), optional("weights")];
            const LIST: &'static str = $list;
            const LISTED: &'static [Argument] = &[Argument { name: $list, form: Form::$form }];
            const LISTED_SETTINGS: &'static [(&'static str, Kind)] = &[($list, Kind::IsList)];

            fn of(numbers: Tensor) -> Self {
                Self::$of(numbers)
            }
            fn numbers(self) -> Tensor {
                $numbers(self)
            }
            fn identity(dtype: DType, shape: &[usize]) -> Self {
                Self::identity(dtype, shape)
            }
            fn mean(self, weights: Option<Tensor>, axes: Option<&[i64]>) -> Self {
                match (weights, axes) {
                    (None, None) => self.mean(()),
                    (None, Some(axes)) => self.mean(axes),
                    (Some(weights), None) => self.weighted_mean(weights, ()),
                    (Some(weights), Some(axes)) => self.weighted_mean(weights, axes),
                }
            }
        }
    };
}

class!(Rotation, "rotations", quats, Rotations, from_quat, |rotation: Rotation| rotation.as_quat(false));
class!(RigidTransform, "transforms", transforms, Transforms, from_matrix, |transform: RigidTransform| transform
    .as_matrix());

const fn table<C: Class>() -> [Operation; 9] {
    const SIZES: &[(&str, Kind)] = &[("num", Kind::Integers), ("shape", Kind::Integers)];
    const INDEX: &[(&str, Kind)] = &[("index", Kind::Index)];
    [
        operation(C::IDENTITY, &[], SIZES, identity::<C>),
        operation(C::SHAPE, C::OWN, &[], |x| vec![constant(Array::from(leading_sizes(own::<C>(x))))]),
        operation(C::SINGLE, C::OWN, &[], |x| vec![constant(own::<C>(x).is_single())]),
        operation(C::LEN, C::OWN, &[], len::<C>),
        operation(C::ITER, C::OWN, &[], |x| own::<C>(x).unstack(0).into_iter().map(C::numbers).collect()),
        operation(C::GET, C::OWN, INDEX, |x| vec![get(own::<C>(x), x.index("index")).numbers()]),
        operation(C::SET, C::OWN_AND_VALUE, INDEX, |x| {
            vec![set(own::<C>(x), x.index("index"), C::of(x.numbers("value"))).numbers()]
        }),
        operation(C::CONCATENATE, C::LISTED, C::LISTED_SETTINGS, concatenate::<C>),
        operation(C::MEAN, C::OWN_AND_WEIGHTS, &[("axis", Kind::Integers)], |x| {
            vec![C::mean(own::<C>(x), x.optional("weights"), x.integers("axis")).numbers()]
        }),
    ]
}

/// A result for each call, of all elements together.
const fn operation(
    name: &'static str,
    arguments: &'static [Argument],
    settings: &'static [(&'static str, Kind)],
    record: fn(&Inputs<'_>) -> Vec<Tensor>,
) -> Operation {
    Operation { name, arguments, settings, cores: None, record }
}

fn own<C: Class>(x: &Inputs<'_>) -> C {
    C::of(x.numbers("self"))
}

fn identity<C: Class>(x: &Inputs<'_>) -> Vec<Tensor> {
    // SciPy refuses both; here there is one parameter.
    let ((None, sizes) | (sizes, None)) = (x.integers("num"), x.integers("shape")) else { return Vec::new() };
    let shape: Vec<usize> = sizes.unwrap_or_default().iter().map(|&size| size as usize).collect();
    vec![C::identity(x.dtype(), &shape).numbers()]
}

fn len<C: Class>(x: &Inputs<'_>) -> Vec<Tensor> {
    match own::<C>(x).len().and_then(|size| size.as_fixed()) {
        Some(size) => vec![constant(size as i64)],
        // A single element has no length.
        None => Vec::new(),
    }
}

fn concatenate<C: Class>(x: &Inputs<'_>) -> Vec<Tensor> {
    let all: Vec<C> = x.list(C::LIST).iter().map(|&numbers| C::of(numbers)).collect();
    match all.as_slice() {
        // In SciPy this is a copy; here all values are.
        &[alone] if !x.flag(C::LIST) => vec![alone.numbers()],
        several => vec![C::concatenate(several.iter().copied()).numbers()],
    }
}
