//! SciPy's indexing in terms of what containers have.

use super::index::{Index, slice};
use rotrace::spatial::Container;

/// The sizes of the leading axes, which are all numbers here.
pub(super) fn leading_sizes(container: impl Container) -> Vec<i64> {
    container.shape().iter().filter_map(|dim| dim.as_fixed()).map(|size| size as i64).collect()
}

/// The leading sizes after the first.
fn rest(container: impl Container) -> Vec<usize> {
    leading_sizes(container).iter().skip(1).map(|&size| size as usize).collect()
}

fn taken(container: impl Container, bounds: [Option<i64>; 3]) -> Vec<i64> {
    slice(bounds, leading_sizes(container).first().copied().unwrap_or(0))
}

pub(super) fn get<C: Container>(container: C, index: &Index) -> C {
    match index {
        Index::One(index) => container.index(0, *index),
        Index::Slice(bounds) => container.take(&taken(container, *bounds), 0),
        Index::Many { indices, shape } => {
            container.take(indices, 0).reshape([shape.as_slice(), &rest(container)].concat().as_slice())
        }
        Index::Mask(mask) => container.take_where(mask),
        Index::All => container,
    }
}

pub(super) fn set<C: Container>(container: C, index: &Index, value: C) -> C {
    match index {
        Index::One(index) => container.set(&[*index], 0, value),
        Index::Slice(bounds) => container.set(&taken(container, *bounds), 0, value),
        Index::Many { indices, shape } => {
            let rest = rest(container);
            let whole = [shape.as_slice(), &rest].concat();
            let flat = [&[indices.len()], rest.as_slice()].concat();
            container.set(indices, 0, value.broadcast_to(whole.as_slice()).reshape(flat.as_slice()))
        }
        Index::Mask(mask) => container.set_where(mask, value),
        Index::All => value.broadcast_to(container.shape()),
    }
}
