//! States of methods as trees, and the types that they add to a signature.

use crate::tree::Outline;
use crate::{Lowered, Signature, Tensor, Tree};

/// Implements `Tree` for a struct with two parameters: of leaves that are numbers of each problem, and of trees like a
/// step.
macro_rules! state_tree {
    ($name:ident { $($field:ident),* }) => {
        impl<L, T: $crate::Tree<L>, V: $crate::Tree<L>> $crate::Tree<L> for $name<T, V> {
            type With<M: $crate::Leaf> = $name<T::With<M>, V::With<M>>;

            fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a L))
            where
                L: 'a,
            {
                $(self.$field.visit(visitor);)*
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn FnMut(&'a mut L))
            where
                L: 'a,
            {
                $(self.$field.visit_mut(visitor);)*
            }

            fn visit_lengths(&self, visitor: &mut dyn FnMut(usize)) {
                $(self.$field.visit_lengths(visitor);)*
            }

            fn build(leaves: &mut $crate::Leaves<L>) -> Option<Self> {
                Some(Self { $($field: $crate::Tree::build(leaves)?),* })
            }
        }
    };
}

pub(super) use state_tree;

/// The types of parameters, state and data, from those of parameters and data for which a state was lowered.
pub(super) fn signature<P: Tree<Tensor>, S: Tree<Tensor>, D: Tree<Tensor>>(
    given: &Signature,
    start: &Lowered<(P, D), S>,
) -> Signature {
    let stand_ins = |outline: &Outline| vec![Tensor::POISON; outline.leaves];
    let Some((parameters, data)) = given.outline.build::<Tensor, (P, D)>(stand_ins(&given.outline)) else {
        unreachable!("a function of these arguments has been lowered")
    };
    let (parameters, data) = (Outline::of(&parameters), Outline::of(&data));
    let (first, last) = given.types.split_at(parameters.leaves);
    let types = first.iter().chain(start.function().result_types()).chain(last).cloned().collect();
    let outline = parameters.then(start.results().clone()).then(data);
    Signature { dims: given.dims.clone(), types, outline }
}
