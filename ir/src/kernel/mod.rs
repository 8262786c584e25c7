//! Kernel IR: the narrow waist between the passes and the backends.
//!
//! A [`Kernel`] is one *grid* loop whose iterations are independent (threads and SIMD lanes may take them in any order),
//! around a body of scalar SSA: loads and stores at affine coordinates of row-major buffers, scalar operations, nested
//! loops and branches. It is structured: a block is a list of instructions, and control flow nests.
//!
//! ```text
//! kernel @rotate(dims n; read %0: f64[n, 3], write %1: f64[n, 3]) {
//!   grid i0 in n {
//!     v0: f64 = load %0[i0, 0]
//!     ...
//!     store %1[i0, 0] v7
//!   }
//! }
//! ```
//!
//! Float semantics: every operation is the IEEE 754 operation rounded to nearest even; `fma` is fused and nothing else
//! is; subnormals are kept; a NaN's sign and payload are unspecified. Reductions follow [`crate::reduce`].
//!
//! The full specification, with its numbered constraints, is `docs/kernel-ir.md`.
//!
//! Rejected: affine maps on flat offsets. Coordinates keep symbolic strides out of the IR and bounds checkable.

mod build;
mod size;

pub use build::KernelBuilder;
pub use size::{Affine, Extent, extents};

use crate::graph::Reduction;
use crate::scalar::ScalarOp;
use crate::{DType, Scalar};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Arc;

/// A scalar SSA value of a kernel, an index into [`Kernel::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Var(pub u32);

/// A loop index, below [`Kernel::index_count`]. Index 0 is the grid's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexId(pub u32);

/// A buffer of the kernel, an index into [`Kernel::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BufferId(pub u32);

/// A constant table, an index into [`Kernel::tables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableId(pub u32);

/// How deep loops and branches may nest inside the grid.
pub const MAX_NESTING: usize = 64;

/// How many loop indices a kernel may have.
pub const MAX_INDICES: u32 = 1 << 16;

/// Operands of an instruction.
pub type Vars = SmallVec<[Var; 3]>;

/// What a kernel does with a buffer. Distinct buffers never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Access {
    /// Only loads.
    Read,
    /// Only stores; no element is stored twice.
    Write,
    /// Both. Every iteration of the grid has such an array for itself, whose elements have no values before they are
    /// stored; so coordinates do not name the grid's index. Iterations of a loop over independent iterations do not
    /// touch what others of them store. An element may be stored again.
    Scratch,
}

/// A row-major array in memory. A `bool` element is a byte that is 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first, with at most 2^62 elements.
    pub shape: BufferShape,
    /// Direction.
    pub access: Access,
}

/// The sizes of a buffer, outermost first.
pub type BufferShape = SmallVec<[Extent; 4]>;

/// A constant table that [`Inst::Lookup`] reads. All elements have one dtype.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Element type.
    pub dtype: DType,
    /// Elements as [`Scalar::bits`].
    pub elements: Arc<[u64]>,
}

/// A list of instructions, with the values it hands to the enclosing loop or branch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// In order of execution.
    pub insts: Vec<Inst>,
    /// What [`Inst::If`] or [`Inst::Loop`] receives.
    pub yields: Vars,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Inst {
    /// A literal.
    Constant {
        /// Defined here.
        result: Var,
        /// The literal.
        value: Scalar,
    },
    /// A scalar operation.
    Scalar {
        /// Defined here.
        result: Var,
        /// What it computes.
        op: ScalarOp,
        /// As many as its arity.
        operands: Vars,
    },
    /// Conversion to the result's dtype; see [`Scalar::cast`].
    Cast {
        /// Defined here.
        result: Var,
        /// What is converted.
        operand: Var,
    },
    /// The same bits as the result's dtype, of the same size (any two dtypes of 8, 16, 32 or 64 bits).
    Bitcast {
        /// Defined here.
        result: Var,
        /// What is reinterpreted.
        operand: Var,
    },
    /// A coordinate as an `i64`.
    Index {
        /// Defined here.
        result: Var,
        /// Its value.
        value: Affine,
    },
    /// Reads one element.
    Load {
        /// Defined here.
        result: Var,
        /// A buffer to read, or scratch.
        buffer: BufferId,
        /// One coordinate per axis, in bounds.
        at: SmallVec<[Affine; 3]>,
    },
    /// Writes one element.
    Store {
        /// A buffer to write, or scratch.
        buffer: BufferId,
        /// One coordinate per axis, in bounds.
        at: SmallVec<[Affine; 3]>,
        /// What is written.
        value: Var,
    },
    /// Reads a table. An index out of range reads element 0.
    Lookup {
        /// Defined here.
        result: Var,
        /// The table.
        table: TableId,
        /// An `i64`.
        index: Var,
    },
    /// Runs one of two blocks. Neither stores or loads, so an engine may run both and select. `then` is the cheap or expected
    /// side: engines lay code out so that lanes that all take it never pay for `otherwise`.
    If {
        /// Defined here; as many as each block yields.
        results: Vars,
        /// A `bool`.
        condition: Var,
        /// Runs where it holds.
        then: Block,
        /// Runs elsewhere.
        otherwise: Block,
        /// Whether `otherwise` is no rare side, which engines may make slow to keep the other one fast.
        often: bool,
    },
    /// A nested loop.
    Loop(Box<Loop>),
}

/// A loop inside a kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    /// Counts from 0; belongs to this loop alone.
    pub index: IndexId,
    /// How many iterations.
    pub extent: Extent,
    /// What passes from one iteration to the next.
    pub kind: LoopKind,
    /// What each iteration runs. Values defined outside the loop are visible in it.
    pub body: Block,
    /// Defined after the loop: one per accumulator or carried value.
    pub results: Vars,
}

/// How the iterations of a [`Loop`] depend on each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LoopKind {
    /// Independent iterations, each of which yields one element per accumulator. The results are those elements reduced
    /// as *one block* ([`crate::reduce::block`], steps 2 and 3), whatever their number: the lowering cuts a long axis
    /// into blocks by nested loops. No iterations give [`Reduction::identity`]; where the axis itself may be empty, the
    /// lowering selects [`Reduction::empty`]. With no accumulators, a plain independent loop. May load and store.
    Reduce {
        /// How each yielded value is reduced.
        accumulators: SmallVec<[Reduction; 2]>,
    },
    /// Iterations run in order; `parameters` hold `initial` in the first and what the body yielded in the others; the
    /// results are what the last yielded (or `initial`). May load and store.
    Carry {
        /// Values before the first iteration.
        initial: Vars,
        /// Defined at the start of the body.
        parameters: Vars,
    },
    /// As [`Self::Carry`], but an iteration runs only if the condition holds ahead of it; the first that does not run
    /// ends the loop. The extent is the most iterations there can be, ahead of which the condition is not asked. May
    /// load, at coordinates that are in bounds in every iteration up to the extent, whether it runs or not; does not
    /// store.
    While {
        /// Values before the first iteration.
        initial: Vars,
        /// Defined at the start of the condition, and visible in the body too.
        parameters: Vars,
        /// Yields a `bool`. What it defines is not visible in the body.
        condition: Block,
    },
}

/// A kernel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// Name without the `@`.
    pub name: String,
    /// Names of the named dimensions, whose sizes are arguments.
    pub dims: Vec<String>,
    /// Arrays, which are arguments.
    pub buffers: Vec<Buffer>,
    /// Constant tables.
    pub tables: Vec<Table>,
    /// The dtype of every [`Var`].
    pub values: Vec<DType>,
    /// How many loop indices there are.
    pub index_count: u32,
    /// Iterations of the grid loop; [`Extent::Block`] is not allowed.
    pub grid: Extent,
    /// What each grid iteration runs; yields nothing.
    pub body: Block,
}

impl Kernel {
    /// The dtype of a value.
    #[must_use]
    pub fn dtype(&self, var: Var) -> DType {
        self.values[var.0 as usize]
    }
}

impl Inst {
    /// The values it defines, in order.
    #[must_use]
    pub fn results(&self) -> &[Var] {
        match self {
            Self::Constant { result, .. }
            | Self::Scalar { result, .. }
            | Self::Cast { result, .. }
            | Self::Bitcast { result, .. }
            | Self::Index { result, .. }
            | Self::Load { result, .. }
            | Self::Lookup { result, .. } => std::slice::from_ref(result),
            Self::Store { .. } => &[],
            Self::If { results, .. } => results,
            Self::Loop(looped) => &looped.results,
        }
    }

    /// The access that the instruction itself is: buffer, coordinates, and whether it stores.
    #[must_use]
    pub fn access(&self) -> Option<(BufferId, &[Affine], bool)> {
        match self {
            Self::Load { buffer, at, .. } => Some((*buffer, at, false)),
            Self::Store { buffer, at, .. } => Some((*buffer, at, true)),
            Self::Constant { .. }
            | Self::Scalar { .. }
            | Self::Cast { .. }
            | Self::Bitcast { .. }
            | Self::Index { .. }
            | Self::Lookup { .. }
            | Self::If { .. }
            | Self::Loop(_) => None,
        }
    }

    /// The blocks in it, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        let (first, second) = match self {
            Self::If { then, otherwise, .. } => (Some(then), Some(otherwise)),
            Self::Loop(looped) => (looped.condition(), Some(&looped.body)),
            Self::Constant { .. }
            | Self::Scalar { .. }
            | Self::Cast { .. }
            | Self::Bitcast { .. }
            | Self::Index { .. }
            | Self::Load { .. }
            | Self::Store { .. }
            | Self::Lookup { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl Loop {
    /// The values defined at the start of the body.
    #[must_use]
    pub fn parameters(&self) -> &[Var] {
        match &self.kind {
            LoopKind::Reduce { .. } => &[],
            LoopKind::Carry { parameters, .. } | LoopKind::While { parameters, .. } => parameters,
        }
    }

    /// The values that the parameters have in the first iteration.
    #[must_use]
    pub fn initial(&self) -> &[Var] {
        match &self.kind {
            LoopKind::Reduce { .. } => &[],
            LoopKind::Carry { initial, .. } | LoopKind::While { initial, .. } => initial,
        }
    }

    /// What is asked ahead of an iteration.
    #[must_use]
    pub fn condition(&self) -> Option<&Block> {
        match &self.kind {
            LoopKind::Reduce { .. } | LoopKind::Carry { .. } => None,
            LoopKind::While { condition, .. } => Some(condition),
        }
    }
}
