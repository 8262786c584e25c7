//! Trees of the standard library's types: `()`, tuples of up to 8 trees, `[T; N]`, `Vec<T>` and `Option<T>`.

use super::{Leaf, Leaves, Tree};

macro_rules! tuple {
    ($($ty:ident $index:tt),*) => {
        impl<L, $($ty: Tree<L>),*> Tree<L> for ($($ty,)*) {
            type With<M: Leaf> = ($($ty::With<M>,)*);

            fn visit<'a>(&'a self, _visitor: &mut dyn FnMut(&'a L))
            where
                L: 'a,
            {
                $(self.$index.visit(_visitor);)*
            }

            fn visit_mut<'a>(&'a mut self, _visitor: &mut dyn FnMut(&'a mut L))
            where
                L: 'a,
            {
                $(self.$index.visit_mut(_visitor);)*
            }

            fn visit_lengths(&self, _visitor: &mut dyn FnMut(usize)) {
                $(self.$index.visit_lengths(_visitor);)*
            }

            fn build(_leaves: &mut Leaves<L>) -> Option<Self> {
                Some(($($ty::build(_leaves)?,)*))
            }
        }
    };
}

tuple!();
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<L, T: Tree<L>, const N: usize> Tree<L> for [T; N] {
    type With<M: Leaf> = [T::With<M>; N];

    fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a L))
    where
        L: 'a,
    {
        self.iter().for_each(|tree| tree.visit(visitor));
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn FnMut(&'a mut L))
    where
        L: 'a,
    {
        self.iter_mut().for_each(|tree| tree.visit_mut(visitor));
    }

    fn visit_lengths(&self, visitor: &mut dyn FnMut(usize)) {
        self.iter().for_each(|tree| tree.visit_lengths(visitor));
    }

    fn build(leaves: &mut Leaves<L>) -> Option<Self> {
        let trees: Option<Vec<T>> = (0..N).map(|_| T::build(leaves)).collect();
        trees?.try_into().ok()
    }
}

/// A `Vec` takes the recorded number of elements, or all remaining leaves where none is recorded: a function whose
/// arguments hold a `Vec` anywhere but last is lowered with [`Signature::like`](crate::Signature::like).
impl<L, T: Tree<L>> Tree<L> for Vec<T> {
    type With<M: Leaf> = Vec<T::With<M>>;

    fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a L))
    where
        L: 'a,
    {
        self.iter().for_each(|tree| tree.visit(visitor));
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn FnMut(&'a mut L))
    where
        L: 'a,
    {
        self.iter_mut().for_each(|tree| tree.visit_mut(visitor));
    }

    fn visit_lengths(&self, visitor: &mut dyn FnMut(usize)) {
        visitor(self.len());
        self.iter().for_each(|tree| tree.visit_lengths(visitor));
    }

    fn build(leaves: &mut Leaves<L>) -> Option<Self> {
        if let Some(length) = leaves.next_length() {
            return (0..length).map(|_| T::build(leaves)).collect();
        }
        let mut trees = Self::new();
        while leaves.remaining() > 0 {
            let before = leaves.remaining();
            trees.push(T::build(leaves)?);
            // An element without leaves would go on for ever.
            if leaves.remaining() == before {
                trees.pop();
                break;
            }
        }
        Some(trees)
    }
}

/// An `Option` is as a `Vec` of one element or none: without a recorded length, it takes a tree if any leaves remain.
impl<L, T: Tree<L>> Tree<L> for Option<T> {
    type With<M: Leaf> = Option<T::With<M>>;

    fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a L))
    where
        L: 'a,
    {
        self.iter().for_each(|tree| tree.visit(visitor));
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn FnMut(&'a mut L))
    where
        L: 'a,
    {
        self.iter_mut().for_each(|tree| tree.visit_mut(visitor));
    }

    fn visit_lengths(&self, visitor: &mut dyn FnMut(usize)) {
        visitor(usize::from(self.is_some()));
        self.iter().for_each(|tree| tree.visit_lengths(visitor));
    }

    fn build(leaves: &mut Leaves<L>) -> Option<Self> {
        let length = leaves.next_length().unwrap_or_else(|| leaves.remaining().min(1));
        if length == 0 { Some(None) } else { T::build(leaves).map(Some) }
    }
}
