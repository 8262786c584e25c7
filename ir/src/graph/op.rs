//! The operations of the graph IR, in families.

use super::{Function, Native, Rule, Scan, While};
use crate::dim::{Dim, Shape, Type, fixed_element_count};
use crate::scalar::ScalarOp;
use crate::{DType, Scalar};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// Concrete array data: a dtype, fixed sizes, and row-major little-endian elements.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Constant {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: Vec<u64>,
    /// Elements, row-major, each of `dtype.size()` little-endian bytes.
    pub data: Arc<[u8]>,
}

impl std::fmt::Debug for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Constant({}{:?})", self.dtype, self.shape)
    }
}

impl Constant {
    /// A 0-d constant.
    #[must_use]
    pub fn scalar(value: Scalar) -> Self {
        let bytes = value.bits.to_le_bytes();
        Self { dtype: value.dtype, shape: Vec::new(), data: bytes[..value.dtype.size()].into() }
    }

    /// An array from its elements in row-major order.
    #[must_use]
    pub fn from_scalars(dtype: DType, shape: Vec<u64>, elements: impl IntoIterator<Item = Scalar>) -> Self {
        let mut data = Vec::new();
        for element in elements {
            debug_assert_eq!(element.dtype, dtype);
            data.extend_from_slice(&element.bits.to_le_bytes()[..dtype.size()]);
        }
        Self { dtype, shape, data: data.into() }
    }

    /// The number of elements stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len() / self.dtype.size()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The element at a row-major position. Panics when out of range.
    #[must_use]
    pub fn element(&self, position: usize) -> Scalar {
        let size = self.dtype.size();
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&self.data[position * size..(position + 1) * size]);
        Scalar::from_bits(self.dtype, u64::from_le_bytes(bytes))
    }

    /// All elements in row-major order.
    pub fn elements(&self) -> impl Iterator<Item = Scalar> {
        (0..self.len()).map(|position| self.element(position))
    }

    /// The array type.
    #[must_use]
    pub fn ty(&self) -> Type {
        Type { dtype: self.dtype, shape: self.shape.iter().map(|&size| Dim::fixed(size)).collect() }
    }

    /// The one value that every element has bit for bit, if there is one.
    #[must_use]
    pub fn splat(&self) -> Option<Scalar> {
        let mut elements = self.elements();
        let first = elements.next()?;
        elements.all(|element| element == first).then_some(first)
    }
}

/// How a reduction combines two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reduction {
    /// `add`.
    Sum,
    /// `multiply`.
    Product,
    /// `maximum`, NaN propagating.
    Maximum,
    /// `minimum`, NaN propagating.
    Minimum,
    /// Logical `and` of `bool`.
    All,
    /// Logical `or` of `bool`.
    Any,
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Self; 6] = [Self::Sum, Self::Product, Self::Maximum, Self::Minimum, Self::All, Self::Any];

    /// The name in the text form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Product => "prod",
            Self::Maximum => "max",
            Self::Minimum => "min",
            Self::All => "all",
            Self::Any => "any",
        }
    }

    /// The scalar operation that combines two elements.
    #[must_use]
    pub const fn combine(self) -> ScalarOp {
        match self {
            Self::Sum => ScalarOp::Add,
            Self::Product => ScalarOp::Multiply,
            Self::Maximum => ScalarOp::Maximum,
            Self::Minimum => ScalarOp::Minimum,
            Self::All => ScalarOp::And,
            Self::Any => ScalarOp::Or,
        }
    }

    /// Whether it takes elements of `dtype`.
    #[must_use]
    pub const fn accepts(self, dtype: DType) -> bool {
        match self {
            Self::All | Self::Any => matches!(dtype, DType::Bool),
            _ => !matches!(dtype, DType::Bool),
        }
    }

    /// The value that leaves every element unchanged bit for bit: -0.0 for a float sum.
    #[must_use]
    pub const fn identity(self, dtype: DType) -> Scalar {
        match self {
            Self::Sum if dtype.is_float() => Scalar::from_f64(dtype, -0.0),
            Self::Sum => Scalar::from_i64(dtype, 0),
            Self::Product => Scalar::from_i64(dtype, 1),
            Self::Maximum => lowest(dtype),
            Self::Minimum => highest(dtype),
            Self::All => Scalar::bool(true),
            Self::Any => Scalar::bool(false),
        }
    }

    /// The result over no elements: the identity, but +0.0 for a float sum.
    #[must_use]
    pub const fn empty(self, dtype: DType) -> Scalar {
        match self {
            Self::Sum => Scalar::from_i64(dtype, 0),
            other => other.identity(dtype),
        }
    }
}

const fn lowest(dtype: DType) -> Scalar {
    match dtype {
        DType::F32 | DType::F64 => Scalar::from_f64(dtype, f64::NEG_INFINITY),
        signed if signed.is_signed_integer() => Scalar::from_bits(signed, 1 << (signed.bits() - 1)),
        other => Scalar::from_bits(other, 0),
    }
}

const fn highest(dtype: DType) -> Scalar {
    match dtype {
        DType::F32 | DType::F64 => Scalar::from_f64(dtype, f64::INFINITY),
        signed if signed.is_signed_integer() => Scalar::from_bits(signed, (1 << (signed.bits() - 1)) - 1),
        other => Scalar::from_bits(other, u64::MAX),
    }
}

/// An operation of the graph IR. Axes count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    // Create.
    /// The function's parameter at this position. No operands.
    Parameter {
        /// Position among the parameters.
        index: u32,
        /// Its type.
        ty: Type,
    },
    /// Concrete data. No operands.
    Constant(Constant),
    /// The index along `axis`, as an integer or float. No operands.
    Iota {
        /// Type of the result; numeric.
        ty: Type,
        /// The axis that is counted.
        axis: usize,
    },

    // Elementwise.
    /// A scalar operation on operands of equal shapes.
    Scalar(ScalarOp),
    /// Conversion to another dtype; see [`Scalar::cast`].
    Cast(DType),
    /// The same bits as the integer or float of the same size (`f32`/`i32`, `f64`/`i64`).
    Bitcast(DType),

    // Movement.
    /// The same elements in row-major order under another shape.
    Reshape {
        /// The result's shape.
        shape: Shape,
    },
    /// Operand axis `i` becomes result axis `axes[i]`; its size there is the operand's, or the operand's is 1.
    Broadcast {
        /// The result's shape.
        shape: Shape,
        /// Strictly increasing result axes, one per operand axis.
        axes: Vec<usize>,
    },
    /// Result axis `i` is operand axis `permutation[i]`.
    Transpose {
        /// A permutation of the axes.
        permutation: Vec<usize>,
    },
    /// Elements `start, start + step, ...` below `limit` along each axis. `step` is at least 1, and is 1 where the limit
    /// is named.
    Slice {
        /// First index per axis.
        start: Vec<u64>,
        /// Exclusive end per axis, at most the size for every size of the named dimensions: a number (also within the
        /// constant part of a size such as `n+3`), or the axis's named dimension plus a constant.
        limit: Shape,
        /// Distance per axis.
        step: Vec<u64>,
    },
    /// Surrounds the first operand with the second, a 0-d value: `low` before, `high` after, `interior` between
    /// neighbouring elements of each axis. `interior` is 0 along a named dimension.
    Pad {
        /// Elements before the first, per axis.
        low: Vec<u64>,
        /// Elements after the last, per axis.
        high: Vec<u64>,
        /// Elements between neighbours, per axis.
        interior: Vec<u64>,
    },
    /// The operands one after the other along an axis; at most one may have a named size there.
    Concatenate {
        /// The axis along which they are joined.
        axis: usize,
    },
    /// Order reversed along the axes.
    Reverse {
        /// Distinct axes.
        axes: Vec<usize>,
    },

    // Reduce.
    /// Combines all elements along the axes, which are removed. Order: [`crate::reduce`].
    Reduce {
        /// How two elements combine.
        kind: Reduction,
        /// Strictly increasing axes.
        axes: Vec<usize>,
    },

    // Contract.
    /// Sum of products of two operands: result axes are the batch axes, then the left operand's free axes, then the
    /// right's. Defined as multiply, then [`Op::Reduce`] with `Sum` over the contracted axes in the order listed.
    DotGeneral {
        /// Pairs of (left, right) axes that index the result too.
        batch: Vec<(usize, usize)>,
        /// Pairs of (left, right) axes that are summed over.
        contract: Vec<(usize, usize)>,
    },

    // Index.
    /// Slices of the operand at constant indices along an axis, in the order given.
    Take {
        /// The axis.
        axis: usize,
        /// Indices, each below the axis's fixed size.
        indices: Arc<[u64]>,
    },
    /// The transpose of [`Op::Take`]: slice `i` of the operand is added to slice `indices[i]` of zeros of the given
    /// size along the axis. Slices with equal indices are summed in the order of [`Op::Reduce`].
    ScatterAdd {
        /// The axis.
        axis: usize,
        /// Where each slice goes, each below `size`.
        indices: Arc<[u64]>,
        /// Size of the result along the axis.
        size: u64,
    },

    // Derivatives.
    /// The first operands, whose derivatives with respect to the others are what a rule says.
    Custom(Arc<Rule>),
    /// The operand, without a derivative.
    StopGradient,

    // Regions.
    /// The results of a function of the operands.
    Call(Arc<Function>),
    /// As [`Op::Call`], of which reverse mode keeps the operands alone and computes the rest again.
    Checkpoint(Arc<Function>),
    /// The results of one of several functions of the operands behind the first, which selects it: `false` the first and
    /// `true` the second, or a number, of which those below 0 select the first and those that are too large the last.
    Switch(Arc<[Function]>),
    /// A loop that runs while a condition holds.
    While(Arc<While>),
    /// A loop along an axis.
    Scan(Arc<Scan>),

    // Native.
    /// The results of a function that is not of the IR.
    Native(Arc<Native>),
}

impl Op {
    /// The name in the text form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Parameter { .. } => "parameter",
            Self::Constant(_) => "constant",
            Self::Iota { .. } => "iota",
            Self::Scalar(op) => op.name(),
            Self::Cast(_) => "cast",
            Self::Bitcast(_) => "bitcast",
            Self::Reshape { .. } => "reshape",
            Self::Broadcast { .. } => "broadcast",
            Self::Transpose { .. } => "transpose",
            Self::Slice { .. } => "slice",
            Self::Pad { .. } => "pad",
            Self::Concatenate { .. } => "concatenate",
            Self::Reverse { .. } => "reverse",
            Self::Reduce { .. } => "reduce",
            Self::DotGeneral { .. } => "dot_general",
            Self::Take { .. } => "take",
            Self::ScatterAdd { .. } => "scatter_add",
            Self::Custom(_) => "custom",
            Self::StopGradient => "stop_gradient",
            Self::Call(_) => "call",
            Self::Checkpoint(_) => "checkpoint",
            Self::Switch(_) => "switch",
            Self::While(_) => "while",
            Self::Scan(_) => "scan",
            Self::Native(_) => "native",
        }
    }

    /// Whether it is a call, a branch or a loop: what it computes is in its functions.
    #[must_use]
    pub fn is_region(&self) -> bool {
        matches!(self, Self::Call(_) | Self::Checkpoint(_) | Self::Switch(_) | Self::While(_) | Self::Scan(_))
    }

    /// The functions in it.
    #[must_use]
    pub fn functions(&self) -> SmallVec<[&Function; 2]> {
        match self {
            Self::Custom(rule) => smallvec![&rule.function],
            Self::Call(function) | Self::Checkpoint(function) => smallvec![&**function],
            Self::Switch(branches) => branches.iter().collect(),
            Self::While(looped) => smallvec![&looped.condition, &looped.body],
            Self::Scan(scan) => smallvec![&scan.body],
            Self::Parameter { .. }
            | Self::Constant(_)
            | Self::Iota { .. }
            | Self::Scalar(_)
            | Self::Cast(_)
            | Self::Bitcast(_)
            | Self::Reshape { .. }
            | Self::Broadcast { .. }
            | Self::Transpose { .. }
            | Self::Slice { .. }
            | Self::Pad { .. }
            | Self::Concatenate { .. }
            | Self::Reverse { .. }
            | Self::Reduce { .. }
            | Self::DotGeneral { .. }
            | Self::Take { .. }
            | Self::ScatterAdd { .. }
            | Self::StopGradient
            | Self::Native(_) => SmallVec::new(),
        }
    }

    /// A 0-d constant.
    #[must_use]
    pub fn constant(value: Scalar) -> Self {
        Self::Constant(Constant::scalar(value))
    }
}

/// Whether a constant stores exactly the elements of its shape, and only 0 and 1 for `bool`.
#[must_use]
pub fn constant_matches(constant: &Constant) -> bool {
    let bytes =
        fixed_element_count(&constant.ty().shape).and_then(|count| count.checked_mul(constant.dtype.size() as u64));
    let truth_values = constant.dtype != DType::Bool || constant.data.iter().all(|&byte| byte <= 1);
    bytes == Some(constant.data.len() as u64) && truth_values
}
