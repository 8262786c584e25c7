//! Trees: the structured arguments and results of functions.
//!
//! A tree holds *leaves* of one type in a fixed order: a tuple, a fixed array, a `Vec`, a struct with
//! `#[derive(Tree)]`, nested as you like. A traced function sees a tree of [`Tensor`](crate::Tensor)s; the compiled
//! one takes the same tree with [`Array`](crate::Array)s, named by [`Tree::With`].
//!
//! The leaf type is a parameter of the trait, not an associated type, so that a type without leaves, `()`, is a tree
//! of any leaf.

mod standard;

use crate::{Array, ArrayView, ArrayViewMut, Tensor};
use rotrace_runtime::DeviceArray;

/// A type that stands at the leaves of a tree.
pub trait Leaf: Tree<Self> {}

/// A structure with leaves of type `L`, visited in one fixed order.
///
/// `#[derive(Tree)]` implements it for a struct with one type parameter whose fields are all trees of it:
///
/// ```
/// use rotrace::{Array, Tree};
/// #[derive(Tree)]
/// struct Camera<T> {
///     pose: T,
///     focal: T,
/// }
/// let camera = Camera { pose: Array::from([0.0; 6]), focal: Array::from(500.0) };
/// let mut ranks = Vec::new();
/// camera.visit(&mut |leaf| ranks.push(leaf.shape().len()));
/// assert_eq!(ranks, [1, 0]);
/// ```
///
/// Anything else is refused with a message that says so: two parameters, a bound on the leaf, a field without leaves.
///
/// ```compile_fail
/// #[derive(rotrace::Tree)]
/// struct Two<A, B>(A, B);
/// ```
/// ```compile_fail
/// #[derive(rotrace::Tree)]
/// struct Counted<T> {
///     leaf: T,
///     count: usize,
/// }
/// ```
pub trait Tree<L>: Sized {
    /// The same structure with leaves of another type.
    type With<M: Leaf>: Tree<M>;

    /// Visits the leaves in order.
    fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a L))
    where
        L: 'a;

    /// Visits the leaves in order, to write to.
    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn FnMut(&'a mut L))
    where
        L: 'a;

    /// Reports the lengths of the `Vec`s and `Option`s in the tree, each before those inside it: all of the structure that the type
    /// does not say.
    fn visit_lengths(&self, visitor: &mut dyn FnMut(usize));

    /// Builds the tree from its leaves in order; `None` if there are too few.
    fn build(leaves: &mut Leaves<L>) -> Option<Self>;
}

/// Leaves from which [`Tree::build`] takes what it needs.
#[derive(Clone, Debug)]
pub struct Leaves<L> {
    leaves: std::vec::IntoIter<L>,
    lengths: Option<std::vec::IntoIter<usize>>,
}

impl<L> Leaves<L> {
    /// Leaves whose `Vec`s have unknown lengths: each takes all remaining leaves.
    #[must_use]
    pub fn new(leaves: Vec<L>) -> Self {
        Self { leaves: leaves.into_iter(), lengths: None }
    }

    /// Leaves with the lengths that [`Tree::visit_lengths`] reported.
    #[must_use]
    pub fn with_lengths(leaves: Vec<L>, lengths: Vec<usize>) -> Self {
        Self { leaves: leaves.into_iter(), lengths: Some(lengths.into_iter()) }
    }

    /// The next leaf.
    pub fn next_leaf(&mut self) -> Option<L> {
        self.leaves.next()
    }

    /// How many leaves are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.leaves.len()
    }

    /// The length of the `Vec` that is to be built; `None` if it is to take all remaining leaves.
    pub fn next_length(&mut self) -> Option<usize> {
        self.lengths.as_mut()?.next()
    }
}

/// The structure of a tree without its leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    pub leaves: usize,
    /// `None`: each `Vec` takes all remaining leaves.
    pub lengths: Option<Vec<usize>>,
}

impl Outline {
    pub(crate) fn of<L, T: Tree<L>>(tree: &T) -> Self {
        let (mut leaves, mut lengths) = (0, Vec::new());
        tree.visit(&mut |_| leaves += 1);
        tree.visit_lengths(&mut |length| lengths.push(length));
        Self { leaves, lengths: Some(lengths) }
    }

    /// The outline of a pair of trees.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.leaves += other.leaves;
        self.lengths = self.lengths.zip(other.lengths).map(|(mut first, second)| {
            first.extend(second);
            first
        });
        self
    }

    /// The tree of this structure over `leaves`; `None` if their number does not fit.
    pub(crate) fn build<L, T: Tree<L>>(&self, leaves: Vec<L>) -> Option<T> {
        let mut leaves = Leaves { leaves: leaves.into_iter(), lengths: self.lengths.clone().map(Vec::into_iter) };
        T::build(&mut leaves).filter(|_| leaves.remaining() == 0)
    }
}

/// All leaves in order.
pub(crate) fn leaves<L: Clone, T: Tree<L>>(tree: &T) -> Vec<L> {
    let mut leaves = Vec::new();
    tree.visit(&mut |leaf| leaves.push(leaf.clone()));
    leaves
}

/// The tree of the same structure over other leaves, as many as it has.
pub(crate) fn with_leaves<L, T: Tree<L>>(like: &T, leaves: Vec<L>) -> T {
    match Outline::of(like).build(leaves) {
        Some(tree) => tree,
        None => unreachable!("a tree is built from its own outline"),
    }
}

macro_rules! leaf {
    ($([$($lifetime:lifetime)?] $ty:ty;)*) => {$(
        impl$(<$lifetime>)? Leaf for $ty {}

        impl$(<$lifetime>)? Tree<$ty> for $ty {
            type With<M: Leaf> = M;

            fn visit<'leaf>(&'leaf self, visitor: &mut dyn FnMut(&'leaf $ty))
            where
                $ty: 'leaf,
            {
                visitor(self);
            }

            fn visit_mut<'leaf>(&'leaf mut self, visitor: &mut dyn FnMut(&'leaf mut $ty))
            where
                $ty: 'leaf,
            {
                visitor(self);
            }

            fn visit_lengths(&self, _: &mut dyn FnMut(usize)) {}

            fn build(leaves: &mut Leaves<$ty>) -> Option<Self> {
                leaves.next_leaf()
            }
        }
    )*};
}

leaf! {
    [] Tensor;
    [] Array;
    ['a] ArrayView<'a>;
    ['a] ArrayViewMut<'a>;
    [] DeviceArray;
}
