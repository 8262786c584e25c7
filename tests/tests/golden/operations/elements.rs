//! What `Rotation` and `RigidTransform` have in common as containers, and SciPy's indexing in terms of that.

use super::index::{Index, slice};
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Array, Shape};

/// A container over its leading axes.
pub(super) trait Elements: Copy {
    fn shape(self) -> Shape;
    fn index(self, index: i64) -> Self;
    fn take(self, indices: &[i64]) -> Self;
    fn take_where(self, mask: &Array) -> Self;
    fn set(self, indices: &[i64], value: Self) -> Self;
    fn set_where(self, mask: &Array, value: Self) -> Self;
    fn reshape(self, shape: &[usize]) -> Self;
    fn broadcast_to(self, shape: Shape) -> Self;
}

macro_rules! elements {
    ($($container:ident)*) => {$(
        impl Elements for $container {
            fn shape(self) -> Shape {
                <$container>::shape(self)
            }
            fn index(self, index: i64) -> Self {
                <$container>::index(self, 0, index)
            }
            fn take(self, indices: &[i64]) -> Self {
                <$container>::take(self, indices, 0)
            }
            fn take_where(self, mask: &Array) -> Self {
                <$container>::take_where(self, mask.clone())
            }
            fn set(self, indices: &[i64], value: Self) -> Self {
                <$container>::set(self, indices, 0, value)
            }
            fn set_where(self, mask: &Array, value: Self) -> Self {
                <$container>::set_where(self, mask.clone(), value)
            }
            fn reshape(self, shape: &[usize]) -> Self {
                <$container>::reshape(self, shape)
            }
            fn broadcast_to(self, shape: Shape) -> Self {
                <$container>::broadcast_to(self, shape)
            }
        }
    )*};
}

elements!(Rotation RigidTransform);

/// The sizes of the leading axes, which are all numbers here.
pub(super) fn leading_sizes(container: impl Elements) -> Vec<i64> {
    container.shape().iter().filter_map(|dim| dim.as_fixed()).map(|size| size as i64).collect()
}

/// The leading sizes after the first.
fn rest(container: impl Elements) -> Vec<usize> {
    leading_sizes(container).iter().skip(1).map(|&size| size as usize).collect()
}

fn taken(container: impl Elements, bounds: [Option<i64>; 3]) -> Vec<i64> {
    slice(bounds, leading_sizes(container).first().copied().unwrap_or(0))
}

pub(super) fn get<C: Elements>(container: C, index: &Index) -> C {
    match index {
        Index::One(index) => container.index(*index),
        Index::Slice(bounds) => container.take(&taken(container, *bounds)),
        Index::Many { indices, shape } => {
            container.take(indices).reshape(&[shape.as_slice(), &rest(container)].concat())
        }
        Index::Mask(mask) => container.take_where(mask),
        Index::All => container,
    }
}

pub(super) fn set<C: Elements>(container: C, index: &Index, value: C) -> C {
    match index {
        Index::One(index) => container.set(&[*index], value),
        Index::Slice(bounds) => container.set(&taken(container, *bounds), value),
        Index::Many { indices, shape } => {
            let rest = rest(container);
            let whole = shape.iter().chain(&rest).map(|&size| rotrace::Dim::fixed(size as u64)).collect();
            let value = value.broadcast_to(whole).reshape(&[&[indices.len()], rest.as_slice()].concat());
            container.set(indices, value)
        }
        Index::Mask(mask) => container.set_where(mask, value),
        Index::All => value.broadcast_to(container.shape()),
    }
}
