//! Flat space, and products of manifolds: `()`, tuples of up to 8, `[M; N]` and `Vec<M>`.

use super::{Manifold, Side};
use crate::Tensor;
use crate::trace::{Mistake, located_at, record};
use std::panic::Location;

/// Flat space: the tangent at a tensor is another of the same shape, and a step is added.
impl Manifold for Tensor {
    type Tangent = Self;

    fn retract_on(self, _: Side, step: Self) -> Self {
        self + step
    }

    fn local_on(self, _: Side, other: Self) -> Self {
        other - self
    }

    fn zero_tangent(&self) -> Self {
        self.zeros_like()
    }

    fn pushforward(self, _: Side, tangent: Self) -> Self {
        tangent
    }

    fn pullback(self, _: Side, cotangent: Self) -> Self {
        cotangent
    }
}

impl Manifold for () {
    type Tangent = ();

    fn retract_on(self, _: Side, (): ()) {}

    fn local_on(self, _: Side, (): ()) {}

    fn zero_tangent(&self) {}

    fn pushforward(self, _: Side, (): ()) {}

    fn pullback(self, _: Side, (): ()) {}
}

macro_rules! tuple {
    ($($ty:ident $index:tt),*) => {
        impl<$($ty: Manifold),*> Manifold for ($($ty,)*) {
            type Tangent = ($($ty::Tangent,)*);

            fn retract_on(self, side: Side, step: Self::Tangent) -> Self {
                ($(self.$index.retract_on(side, step.$index),)*)
            }

            fn local_on(self, side: Side, other: Self) -> Self::Tangent {
                ($(self.$index.local_on(side, other.$index),)*)
            }

            fn zero_tangent(&self) -> Self::Tangent {
                ($(self.$index.zero_tangent(),)*)
            }

            fn pushforward(self, side: Side, tangent: Self::Tangent) -> Self {
                ($(self.$index.pushforward(side, tangent.$index),)*)
            }

            fn pullback(self, side: Side, cotangent: Self) -> Self::Tangent {
                ($(self.$index.pullback(side, cotangent.$index),)*)
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

impl<M: Manifold, const N: usize> Manifold for [M; N] {
    type Tangent = [M::Tangent; N];

    fn retract_on(self, side: Side, step: Self::Tangent) -> Self {
        located_at(Location::caller(), || paired(self, step, |value, step| value.retract_on(side, step)))
    }

    fn local_on(self, side: Side, other: Self) -> Self::Tangent {
        located_at(Location::caller(), || paired(self, other, |value, other| value.local_on(side, other)))
    }

    fn zero_tangent(&self) -> Self::Tangent {
        located_at(Location::caller(), || self.each_ref().map(M::zero_tangent))
    }

    fn pushforward(self, side: Side, tangent: Self::Tangent) -> Self {
        located_at(Location::caller(), || paired(self, tangent, |value, tangent| value.pushforward(side, tangent)))
    }

    fn pullback(self, side: Side, cotangent: Self) -> Self::Tangent {
        located_at(Location::caller(), || paired(self, cotangent, |value, cotangent| value.pullback(side, cotangent)))
    }
}

fn paired<A, B, C, const N: usize>(first: [A; N], second: [B; N], mut f: impl FnMut(A, B) -> C) -> [C; N] {
    let mut second = second.into_iter();
    first.map(|first| match second.next() {
        Some(second) => f(first, second),
        None => unreachable!("both arrays have N elements"),
    })
}

/// As many tangents as values; another number is a mistake.
impl<M: Manifold> Manifold for Vec<M> {
    type Tangent = Vec<M::Tangent>;

    fn retract_on(self, side: Side, step: Self::Tangent) -> Self {
        located_at(Location::caller(), || zipped(self, step, |value, step| value.retract_on(side, step)))
    }

    fn local_on(self, side: Side, other: Self) -> Self::Tangent {
        located_at(Location::caller(), || zipped(self, other, |value, other| value.local_on(side, other)))
    }

    fn zero_tangent(&self) -> Self::Tangent {
        located_at(Location::caller(), || self.iter().map(M::zero_tangent).collect())
    }

    fn pushforward(self, side: Side, tangent: Self::Tangent) -> Self {
        located_at(Location::caller(), || zipped(self, tangent, |value, tangent| value.pushforward(side, tangent)))
    }

    fn pullback(self, side: Side, cotangent: Self) -> Self::Tangent {
        located_at(Location::caller(), || zipped(self, cotangent, |value, cotangent| value.pullback(side, cotangent)))
    }
}

fn zipped<A, B, C>(first: Vec<A>, second: Vec<B>, mut f: impl FnMut(A, B) -> C) -> Vec<C> {
    if first.len() != second.len() {
        record(Location::caller(), |_| {
            let (values, others) = (first.len(), second.len());
            Err(Mistake::new(format!("a Vec of {values} values of a manifold goes with as many others, got {others}")))
        });
    }
    first.into_iter().zip(second).map(|(first, second)| f(first, second)).collect()
}
