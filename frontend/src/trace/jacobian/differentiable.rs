//! What the Jacobian of several results is.

use crate::{Tensor, Tree};

/// Results whose Jacobian, with respect to arguments of type `In`, is a tree: that of the results with a tree of the
/// arguments' structure in the place of each leaf.
///
/// Of one [`Tensor`] it is an `In`, of `(Tensor, Tensor)` an `(In, In)`, and so on for tuples, arrays and `Vec`s. A function
/// that returns a struct can return the tuple of its fields.
#[diagnostic::on_unimplemented(
    message = "a Jacobian of `{Self}` has no type",
    note = "Jacobians are taken of a `Tensor`, or of tuples, arrays and `Vec`s of them; of a struct, return the fields as a tuple"
)]
pub trait Differentiable<In>: Tree<Tensor> {
    /// The Jacobian.
    type Jacobian: Tree<Tensor>;

    /// The Jacobian of results of this structure, from those of the leaves in order.
    fn assemble(&self, blocks: &mut dyn Iterator<Item = In>) -> Self::Jacobian;
}

impl<In: Tree<Tensor>> Differentiable<In> for Tensor {
    type Jacobian = In;

    fn assemble(&self, blocks: &mut dyn Iterator<Item = In>) -> In {
        match blocks.next() {
            Some(block) => block,
            None => unreachable!("there is a block for each leaf of the results"),
        }
    }
}

macro_rules! tuple {
    ($($ty:ident $index:tt),*) => {
        impl<In, $($ty: Differentiable<In>),*> Differentiable<In> for ($($ty,)*) {
            type Jacobian = ($($ty::Jacobian,)*);

            fn assemble(&self, blocks: &mut dyn Iterator<Item = In>) -> Self::Jacobian {
                ($(self.$index.assemble(blocks),)*)
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<In, T: Differentiable<In>, const N: usize> Differentiable<In> for [T; N] {
    type Jacobian = [T::Jacobian; N];

    fn assemble(&self, blocks: &mut dyn Iterator<Item = In>) -> Self::Jacobian {
        self.each_ref().map(|results| results.assemble(blocks))
    }
}

impl<In, T: Differentiable<In>> Differentiable<In> for Vec<T> {
    type Jacobian = Vec<T::Jacobian>;

    fn assemble(&self, blocks: &mut dyn Iterator<Item = In>) -> Self::Jacobian {
        self.iter().map(|results| results.assemble(blocks)).collect()
    }
}
