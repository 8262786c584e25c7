//! Elementwise operations, under the array API's names.

use super::{IntoTensor, Operand};
use crate::trace::{Mistake, Recorder, called, record};
use crate::{DType, Tensor};
use rotrace_ir::dim::display_shape;
use rotrace_ir::graph::{Op, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Shape};
use smallvec::SmallVec;
use std::panic::Location;

/// Ids of operands.
pub(super) type Ids = SmallVec<[ValueId; 3]>;

/// Records a scalar operation on operands that are brought to one dtype and one shape.
pub(super) fn elementwise(location: &'static Location<'static>, op: ScalarOp, operands: &[Operand]) -> Tensor {
    record(location, |recorder| {
        // The condition of a select has its own dtype.
        let (condition, values) = operands.split_at(usize::from(op == ScalarOp::Select));
        let mut ids = Ids::new();
        for operand in condition {
            ids.push(recorder.operand(operand, DType::Bool)?);
        }
        ids.extend(unify(recorder, op.name(), values)?);
        broadcast_together(recorder, op.name(), &mut ids)?;
        recorder.push(Op::Scalar(op), &ids)
    })
}

/// The ids of operands, whose numbers take the dtype that all others have.
pub(super) fn unify(recorder: &mut Recorder<'_>, name: &str, operands: &[Operand]) -> Result<Ids, Mistake> {
    let mut strong: Option<ValueId> = None;
    let mut found: SmallVec<[Option<ValueId>; 3]> = SmallVec::new();
    for operand in operands {
        let id = match operand {
            Operand::Tensor(_) | Operand::Array(_) => Some(recorder.any(operand)?),
            Operand::Weak(_) => None,
        };
        if let (Some(first), Some(id)) = (strong, id)
            && recorder.ty(first).dtype != recorder.ty(id).dtype
        {
            return Err(Mistake::of_dtypes(called(name), [first, id].map(|id| recorder.display(id))));
        }
        strong = strong.or(id);
        found.push(id);
    }
    let dtype = match strong {
        Some(id) => recorder.ty(id).dtype,
        None => weak_dtype(operands),
    };
    let mut ids = Ids::new();
    for (operand, id) in operands.iter().zip(found) {
        ids.push(match id {
            Some(id) => id,
            None => recorder
                .operand(operand, dtype)
                .map_err(|mistake| Mistake { message: format!("{}: {}", called(name), mistake.message), ..mistake })?,
        });
    }
    Ok(ids)
}

/// The dtype of numbers alone: `f64` if any is a float.
fn weak_dtype(operands: &[Operand]) -> DType {
    let dtypes = operands.iter().filter_map(|operand| match operand {
        Operand::Weak(weak) => Some(weak.default_dtype()),
        Operand::Tensor(_) | Operand::Array(_) => None,
    });
    dtypes.max().unwrap_or(DType::F64)
}

/// Brings values to their common shape.
pub(super) fn broadcast_together(recorder: &mut Recorder<'_>, name: &str, ids: &mut [ValueId]) -> Result<(), Mistake> {
    let shape = |id: ValueId| &recorder.ty(id).shape;
    if ids.windows(2).all(|pair| shape(pair[0]) == shape(pair[1])) {
        return Ok(());
    }
    let mut common = Shape::new();
    for &id in &*ids {
        common = common_shape(&common, shape(id)).ok_or_else(|| {
            let operands: Vec<String> = ids.iter().map(|&id| recorder.display(id)).collect();
            let name = called(name);
            Mistake { message: format!("{name}: cannot broadcast {} together", operands.join(" and ")), operands }
        })?;
    }
    for id in ids {
        *id = broadcast(recorder, *id, &common)?;
    }
    Ok(())
}

/// The shape that both broadcast to.
pub(super) fn common_shape(first: &[Dim], second: &[Dim]) -> Option<Shape> {
    let rank = first.len().max(second.len());
    // Absent leading axes count as 1.
    let dim = |shape: &[Dim], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(place) => shape[place],
        None => Dim::fixed(1),
    };
    (0..rank)
        .map(|axis| match (dim(first, axis), dim(second, axis)) {
            (a, b) if a == b || b.is_one() => Some(a),
            (a, b) if a.is_one() => Some(b),
            _ => None,
        })
        .collect()
}

/// Stretches a value to a shape, aligned at the last axes.
pub(super) fn broadcast(recorder: &mut Recorder<'_>, id: ValueId, shape: &Shape) -> Result<ValueId, Mistake> {
    let from = &recorder.ty(id).shape;
    if from == shape {
        return Ok(id);
    }
    let Some(missing) = shape.len().checked_sub(from.len()) else {
        let dims = &recorder.function().dims;
        let (from, to) = (display_shape(from, dims), display_shape(shape, dims));
        return Err(Mistake::new(format!("cannot broadcast {from} to {to}, which has fewer axes")));
    };
    let axes = (missing..shape.len()).collect();
    recorder.push(Op::Broadcast { shape: shape.clone(), axes }, &[id])
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $name(self) -> Tensor {
                elementwise(Location::caller(), ScalarOp::$op, &[Operand::Tensor(self)])
            }
        )*}
    };
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        impl Tensor {$(
            $(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $name(self, other: impl IntoTensor) -> Tensor {
                elementwise(Location::caller(), ScalarOp::$op, &[Operand::Tensor(self), other.into_operand()])
            }
        )*}
    };
}

unary! {
    /// |x|.
    abs Abs;
    /// -1, 0 or 1 with the sign of x; NaN stays NaN.
    sign Sign;
    /// The square root, correctly rounded; NaN for negative x.
    sqrt Sqrt;
    /// 1 / sqrt(x); infinite at 0, NaN for negative x. Fastest within 1e-6 of 1.
    rsqrt Rsqrt;
    /// The largest integer not above x.
    floor Floor;
    /// The smallest integer not below x.
    ceil Ceil;
    /// x rounded towards zero.
    trunc Trunc;
    /// x rounded to the nearest integer, halves to even.
    round Round;
    /// Whether x is NaN.
    isnan IsNan;
    /// Whether x is an infinity.
    isinf IsInf;
    /// Whether x is neither infinite nor NaN.
    isfinite IsFinite;
    /// Whether the sign bit is set, also of -0 and NaN.
    signbit Signbit;
    /// The inverse of every bit; logical not of `bool`.
    bitwise_invert Not;
    /// e to the power x.
    exp Exp;
    /// 2 to the power x.
    exp2 Exp2;
    /// e to the power x, less 1, precise near 0.
    expm1 Expm1;
    /// The natural logarithm.
    log Log;
    /// The natural logarithm of 1 + x, precise near 0.
    log1p Log1p;
    /// The logarithm to base 2.
    log2 Log2;
    /// The logarithm to base 10.
    log10 Log10;
    /// The sine of x radians.
    sin Sin;
    /// The cosine of x radians.
    cos Cos;
    /// The tangent of x radians.
    tan Tan;
    /// The arc sine in radians, in `[-pi/2, pi/2]`.
    asin Asin;
    /// The arc cosine in radians, in `[0, pi]`.
    acos Acos;
    /// The arc tangent in radians, in `[-pi/2, pi/2]`.
    atan Atan;
    /// The hyperbolic sine.
    sinh Sinh;
    /// The hyperbolic cosine.
    cosh Cosh;
    /// The hyperbolic tangent.
    tanh Tanh;
    /// The inverse hyperbolic sine.
    asinh Asinh;
    /// The inverse hyperbolic cosine.
    acosh Acosh;
    /// The inverse hyperbolic tangent.
    atanh Atanh;
}

binary! {
    /// The larger of both; NaN if either is.
    maximum Maximum;
    /// The smaller of both; NaN if either is.
    minimum Minimum;
    /// The magnitude of x with the sign bit of the other.
    copysign Copysign;
    /// The next number after x in the direction of the other.
    nextafter Nextafter;
    /// The floor of the quotient.
    floor_divide FloorDivide;
    /// The remainder with the sign of the divisor, also by the operator `%` (which differs from Rust's own `%`).
    remainder Remainder;
    /// x to the power of the other.
    pow Pow;
    /// The length of the vector (x, other), without undue overflow.
    hypot Hypot;
    /// log(exp(x) + exp(other)), without overflow.
    logaddexp Logaddexp;
    /// The angle in radians, in `[-pi, pi]`, of the point with ordinate x and abscissa `other`.
    atan2 Atan2;
    /// Whether both are equal, elementwise.
    equal Equal;
    /// Whether both differ, elementwise.
    not_equal NotEqual;
    /// x < other, elementwise.
    less Less;
    /// x <= other, elementwise.
    less_equal LessEqual;
    /// x > other, elementwise.
    greater Greater;
    /// x >= other, elementwise.
    greater_equal GreaterEqual;
    /// Bitwise and of integers; logical and of `bool`.
    bitwise_and And;
    /// Bitwise or of integers; logical or of `bool`.
    bitwise_or Or;
    /// Bitwise exclusive or of integers; logical of `bool`.
    bitwise_xor Xor;
    /// x << other; 0 for a shift that is negative or not below the width.
    bitwise_left_shift ShiftLeft;
    /// x >> other, arithmetic for signed integers.
    bitwise_right_shift ShiftRight;
}

macro_rules! logical {
    ($($(#[$doc:meta])* $name:ident $op:ident ($($other:ident)?);)*) => {
        impl Tensor {$(
            $(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $name(self $(, $other: impl IntoTensor)?) -> Tensor {
                let location = Location::caller();
                let operands = [Operand::Tensor(self) $(, $other.into_operand())?];
                let operands = operands.map(|operand| Operand::Tensor(as_bool(location, stringify!($name), &operand)));
                elementwise(location, ScalarOp::$op, &operands)
            }
        )*}
    };
}

logical! {
    /// Logical and of `bool`s.
    logical_and And (other);
    /// Logical or of `bool`s.
    logical_or Or (other);
    /// Logical exclusive or of `bool`s.
    logical_xor Xor (other);
    /// Logical not of `bool`s.
    logical_not Not ();
}

fn as_bool(location: &'static Location<'static>, name: &str, operand: &Operand) -> Tensor {
    record(location, |recorder| {
        let id = recorder.operand(operand, DType::Bool)?;
        if recorder.ty(id).dtype == DType::Bool {
            return Ok(id);
        }
        let operands = vec![recorder.display(id)];
        Err(Mistake { message: format!("{name} takes bool, got {}", operands[0]), operands })
    })
}

impl Tensor {
    /// x * x.
    #[track_caller]
    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    /// 1 / x, correctly rounded.
    #[track_caller]
    #[must_use]
    pub fn reciprocal(self) -> Self {
        elementwise(Location::caller(), ScalarOp::Divide, &[1.into_operand(), Operand::Tensor(self)])
    }

    /// `self * factor + summand`, rounded once.
    #[track_caller]
    #[must_use]
    pub fn fma(self, factor: impl IntoTensor, summand: impl IntoTensor) -> Self {
        let operands = [Operand::Tensor(self), factor.into_operand(), summand.into_operand()];
        elementwise(Location::caller(), ScalarOp::Fma, &operands)
    }

    /// x limited to `[low, high]`; NaN if any of them is NaN.
    #[track_caller]
    #[must_use]
    pub fn clip(self, low: impl IntoTensor, high: impl IntoTensor) -> Self {
        self.maximum(low).minimum(high)
    }

    /// `yes` where this `bool` tensor holds, elsewhere `no`. All three broadcast.
    #[track_caller]
    #[must_use]
    pub fn select(self, yes: impl IntoTensor, no: impl IntoTensor) -> Self {
        let operands = [Operand::Tensor(self), yes.into_operand(), no.into_operand()];
        elementwise(Location::caller(), ScalarOp::Select, &operands)
    }

    /// Converted to another element type: floats to integers towards zero, saturating, NaN to 0; integers to integers
    /// wrapping; to `bool` as `!= 0`.
    #[track_caller]
    #[must_use]
    pub fn astype(self, dtype: DType) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            if recorder.ty(id).dtype == dtype { Ok(id) } else { recorder.push(Op::Cast(dtype), &[id]) }
        })
    }

    /// The same value, which counts as a constant for derivatives. As `jax.lax.stop_gradient`.
    #[track_caller]
    #[must_use]
    pub fn stop_gradient(self) -> Self {
        record(Location::caller(), |recorder| {
            let id = recorder.resolve(self)?;
            recorder.push(Op::StopGradient, &[id])
        })
    }
}

/// `yes` where `condition` holds, elsewhere `no`; as [`Tensor::select`].
#[track_caller]
#[must_use]
pub fn where_(condition: Tensor, yes: impl IntoTensor, no: impl IntoTensor) -> Tensor {
    condition.select(yes, no)
}
