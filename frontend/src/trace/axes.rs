//! Axes of trees: which axis of each leaf [`Traced::vmap`](crate::Traced::vmap) maps over.

use crate::{Tensor, Tree};

/// An axis for each leaf of a tree of type `T`, or `None` where a leaf is not mapped over. Negative axes count from the
/// end.
///
/// * A number or `None` is for all leaves: `0`, `-1`, `Some(1)`, `None`.
/// * A tuple or array has axes for each element of a tuple or array: `(0, None)` for `(Camera, Tensor)` is axis 0 of
///   all leaves of the camera, and none of the tensor. Such a choice can be nested like the tree.
/// * A list, `vec![Some(0), None, Some(-1)]` or a reference to an array, has one entry per leaf, in order.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not choose axes for the leaves of `{T}`",
    note = "a number or `None` is for all leaves, a tuple or array for the elements of a tuple or array, a `Vec<Option<i64>>` has one entry per leaf"
)]
pub trait MappedAxes<T> {
    /// Appends an axis per leaf of `tree`.
    fn append(&self, tree: &T, axes: &mut Vec<Option<i64>>);
}

impl<T: Tree<Tensor>> MappedAxes<T> for Option<i64> {
    fn append(&self, tree: &T, axes: &mut Vec<Option<i64>>) {
        tree.visit(&mut |_| axes.push(*self));
    }
}

impl<T: Tree<Tensor>> MappedAxes<T> for i64 {
    fn append(&self, tree: &T, axes: &mut Vec<Option<i64>>) {
        Some(*self).append(tree, axes);
    }
}

impl<T> MappedAxes<T> for Vec<Option<i64>> {
    fn append(&self, _: &T, axes: &mut Vec<Option<i64>>) {
        axes.extend_from_slice(self);
    }
}

impl<T, const N: usize> MappedAxes<T> for &[Option<i64>; N] {
    fn append(&self, _: &T, axes: &mut Vec<Option<i64>>) {
        axes.extend_from_slice(*self);
    }
}

impl<T, A: MappedAxes<T>, const N: usize> MappedAxes<[T; N]> for [A; N] {
    fn append(&self, tree: &[T; N], axes: &mut Vec<Option<i64>>) {
        self.iter().zip(tree).for_each(|(choice, tree)| choice.append(tree, axes));
    }
}

macro_rules! tuple {
    ($($choice:ident $ty:ident $index:tt),*) => {
        impl<$($ty, $choice: MappedAxes<$ty>),*> MappedAxes<($($ty,)*)> for ($($choice,)*) {
            fn append(&self, tree: &($($ty,)*), axes: &mut Vec<Option<i64>>) {
                $(self.$index.append(&tree.$index, axes);)*
            }
        }
    };
}

tuple!(A S 0);
tuple!(A S 0, B T 1);
tuple!(A S 0, B T 1, C U 2);
tuple!(A S 0, B T 1, C U 2, D V 3);
tuple!(A S 0, B T 1, C U 2, D V 3, E W 4);
tuple!(A S 0, B T 1, C U 2, D V 3, E W 4, F X 5);
tuple!(A S 0, B T 1, C U 2, D V 3, E W 4, F X 5, G Y 6);
tuple!(A S 0, B T 1, C U 2, D V 3, E W 4, F X 5, G Y 6, H Z 7);
