//! The tensors among what an operation takes.

use crate::manifold::Side;
use crate::spatial::{Order, RigidTransform, Rotation, RotationSpline, Slerp};
use crate::trace::{Mistake, record};
use crate::{DType, Operand, Shape, Tensor, Tree};
use std::panic::Location;

/// Tensors, objects of them, and options.
pub(super) trait Arguments: Clone {
    fn visit_tensors(&self, visitor: &mut dyn FnMut(Tensor));
}

macro_rules! trees {
    ($($ty:ty)*) => {$(
        impl Arguments for $ty {
            fn visit_tensors(&self, visitor: &mut dyn FnMut(Tensor)) {
                self.visit(&mut |tensor: &Tensor| visitor(*tensor));
            }
        }
    )*};
}

macro_rules! options {
    ($($ty:ty)*) => {$(
        impl Arguments for $ty {
            fn visit_tensors(&self, _: &mut dyn FnMut(Tensor)) {}
        }
    )*};
}

macro_rules! tuples {
    ($($($ty:ident $index:tt),*;)*) => {$(
        impl<$($ty: Arguments),*> Arguments for ($($ty,)*) {
            fn visit_tensors(&self, visitor: &mut dyn FnMut(Tensor)) {
                $(self.$index.visit_tensors(visitor);)*
            }
        }
    )*};
}

trees!(Tensor Rotation RigidTransform Slerp RotationSpline Option<Rotation>);
options!(bool f64 String Vec<i64> Order Side DType Shape);
tuples! {
    A 0, B 1;
    A 0, B 1, C 2;
}

impl Arguments for Operand {
    fn visit_tensors(&self, visitor: &mut dyn FnMut(Tensor)) {
        match self {
            Self::Tensor(tensor) => visitor(*tensor),
            Self::Array(_) | Self::Weak(_) => {}
        }
    }
}

/// Reports floats of two element types, in the name of the operation that mixes them.
pub(super) fn check_dtypes(name: &str, arguments: &impl Arguments) {
    let (mut first, mut other) = (None, None);
    arguments.visit_tensors(&mut |tensor| {
        if let Some(dtype) = tensor.dtype().filter(|dtype| dtype.is_float()) {
            let &mut (_, expected) = first.get_or_insert((tensor, dtype));
            other = other.or(Some(tensor).filter(|_| dtype != expected));
        }
    });
    let (Some((first, _)), Some(other)) = (first, other) else { return };
    record(Location::caller(), |recorder| {
        let ids = [recorder.resolve(first)?, recorder.resolve(other)?];
        let operands = ids.map(|id| recorder.display(id));
        Err(Mistake::of_dtypes(name, operands))
    });
}
