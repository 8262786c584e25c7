//! Reductions over one, several or all axes.
//!
//! The order in which elements combine is part of the language (it does not depend on threads or vector width):
//! see [`rotrace_ir::reduce`].

use super::elementwise::broadcast;
use super::shape::axes_of;
use super::{IntoAxes, Operand};
use crate::trace::{Mistake, Recorder, record};
use crate::{DType, Tensor};
use rotrace_ir::graph::{Op, Reduction, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Scalar, Shape, Type};
use smallvec::SmallVec;
use std::panic::Location;

type Axes = Option<SmallVec<[i64; 4]>>;

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $keep:ident $kind:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])*
            /// The axes are `()` for all, one such as `-1`, or several such as `[0, 1]`; they are removed.
            #[track_caller]
            #[must_use]
            pub fn $name(self, axes: impl IntoAxes) -> Tensor {
                reduce(Location::caller(), Reduction::$kind, self, axes.into_axes(), false)
            }

            $(#[$doc])*
            /// The axes stay, with size 1.
            #[track_caller]
            #[must_use]
            pub fn $keep(self, axes: impl IntoAxes) -> Tensor {
                reduce(Location::caller(), Reduction::$kind, self, axes.into_axes(), true)
            }
        )*}
    };
}

reductions! {
    /// The sum along axes; 0 over no elements. Integers narrower than 64 bits are widened first.
    sum sum_keepdims Sum;
    /// The product along axes; 1 over no elements. Integers narrower than 64 bits are widened first.
    prod prod_keepdims Product;
    /// The largest element along axes; NaN if any is. Over no elements, the lowest value of the element type.
    max max_keepdims Maximum;
    /// The smallest element along axes; NaN if any is. Over no elements, the highest value of the element type.
    min min_keepdims Minimum;
    /// Whether all elements along axes are true, that is not 0.
    all all_keepdims All;
    /// Whether any element along axes is true, that is not 0.
    any any_keepdims Any;
}

impl Tensor {
    /// The mean along axes; NaN over no elements. Only of floats.
    #[track_caller]
    #[must_use]
    pub fn mean(self, axes: impl IntoAxes) -> Self {
        mean(Location::caller(), self, axes.into_axes(), false)
    }

    /// The mean along axes, which stay with size 1.
    #[track_caller]
    #[must_use]
    pub fn mean_keepdims(self, axes: impl IntoAxes) -> Self {
        mean(Location::caller(), self, axes.into_axes(), true)
    }
}

fn reduce(location: &'static Location<'static>, kind: Reduction, tensor: Tensor, axes: Axes, keep: bool) -> Tensor {
    record(location, |recorder| {
        let id = recorder.resolve(tensor)?;
        let from = recorder.ty(id).dtype;
        let dtype = match kind {
            Reduction::Sum | Reduction::Product if from.is_signed_integer() => DType::I64,
            Reduction::Sum | Reduction::Product if from.is_unsigned_integer() => DType::U64,
            Reduction::All | Reduction::Any => DType::Bool,
            Reduction::Sum | Reduction::Product | Reduction::Maximum | Reduction::Minimum => from,
        };
        let id = if dtype == from { id } else { recorder.push(Op::Cast(dtype), &[id])? };
        let axes = axes_of(kind.name(), axes.as_deref(), recorder.ty(id).rank())?;
        reduce_axes(recorder, kind, id, axes, keep)
    })
}

fn reduce_axes(
    recorder: &mut Recorder<'_>,
    kind: Reduction,
    id: ValueId,
    axes: Vec<usize>,
    keep: bool,
) -> Result<ValueId, Mistake> {
    let mut shape: Shape = recorder.ty(id).shape.clone();
    axes.iter().for_each(|&axis| shape[axis] = Dim::fixed(1));
    let reduced = recorder.push(Op::Reduce { kind, axes }, &[id])?;
    if keep { recorder.push(Op::Reshape { shape }, &[reduced]) } else { Ok(reduced) }
}

fn mean(location: &'static Location<'static>, tensor: Tensor, axes: Axes, keep: bool) -> Tensor {
    record(location, |recorder| {
        let id = recorder.resolve(tensor)?;
        let ty = recorder.ty(id).clone();
        let axes = axes_of("mean", axes.as_deref(), ty.rank())?;
        let count = count(recorder, &ty, &axes)?;
        let sum = reduce_axes(recorder, Reduction::Sum, id, axes, keep)?;
        let shape = recorder.ty(sum).shape.clone();
        let count = broadcast(recorder, count, &shape)?;
        recorder.push(Op::Scalar(ScalarOp::Divide), &[sum, count])
    })
}

/// The number of elements along axes, as a 0-d value: over named dimensions, a sum of ones.
fn count(recorder: &mut Recorder<'_>, ty: &Type, axes: &[usize]) -> Result<ValueId, Mistake> {
    let dims = axes.iter().map(|&axis| ty.shape[axis]);
    let (named, fixed): (Vec<Dim>, Vec<Dim>) = dims.partition(|dim| dim.name.is_some());
    let product = fixed.iter().filter_map(|dim| dim.as_fixed()).map(|size| size as f64).product();
    let one = recorder.scalar(Scalar::from_f64(ty.dtype, product))?;
    if named.is_empty() {
        return Ok(one);
    }
    let all = (0..named.len()).collect();
    let ones = broadcast(recorder, one, &named.into_iter().collect())?;
    reduce_axes(recorder, Reduction::Sum, ones, all, false)
}

impl Tensor {
    /// The Euclidean length along axes (`linalg.vector_norm`). Its derivative at the zero vector is taken as 0.
    #[track_caller]
    #[must_use]
    pub fn vector_norm(self, axes: impl IntoAxes) -> Self {
        let location = Location::caller();
        safe_sqrt(location, reduce(location, Reduction::Sum, self.square(), axes.into_axes(), false))
    }

    /// The Euclidean length along axes, which stay with size 1.
    #[track_caller]
    #[must_use]
    pub fn vector_norm_keepdims(self, axes: impl IntoAxes) -> Self {
        let location = Location::caller();
        safe_sqrt(location, reduce(location, Reduction::Sum, self.square(), axes.into_axes(), true))
    }
}

/// The square root whose derivative at 0 is 0. The root is taken of 1 there, so that no infinity arises that a select
/// would multiply with 0 in a derivative.
fn safe_sqrt(location: &'static Location<'static>, square: Tensor) -> Tensor {
    use super::elementwise::elementwise;
    use super::{IntoTensor, Weak};
    let zero = || 0.into_operand();
    let is_zero = Operand::Tensor(elementwise(location, ScalarOp::Equal, &[Operand::Tensor(square), zero()]));
    let one = Operand::Weak(Weak::Integer(1));
    let guarded = elementwise(location, ScalarOp::Select, &[is_zero.clone(), one, Operand::Tensor(square)]);
    let root = elementwise(location, ScalarOp::Sqrt, &[Operand::Tensor(guarded)]);
    elementwise(location, ScalarOp::Select, &[is_zero, zero(), Operand::Tensor(root)])
}
