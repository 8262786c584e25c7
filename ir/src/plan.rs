//! A compiled function as steps over planned buffers.

use crate::DType;
use crate::dim::Type;
use crate::graph::Constant;
use crate::kernel::{BufferShape, Kernel};

/// A buffer of a plan, an index into [`Plan::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanBufferId(pub u32);

/// Where a buffer's memory comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Storage {
    /// The caller's argument at this position.
    Input(u32),
    /// The caller's result at this position.
    Output(u32),
    /// Data of the program.
    Constant(Constant),
    /// Memory of the call, alive from the first step that names it to the last.
    Temporary,
}

/// A buffer with sizes symbolic in the named dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanBuffer {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: BufferShape,
    /// Where it lives.
    pub storage: Storage,
}

/// One kernel launch. A kernel's buffers may see the plan's under another shape with as many elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What runs.
    pub kernel: Kernel,
    /// The plan's buffer for each of the kernel's.
    pub arguments: Vec<PlanBufferId>,
}

/// Steps that run one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Name of the function.
    pub name: String,
    /// Names of the named dimensions, bound by the arguments' sizes.
    pub dims: Vec<String>,
    /// Types of the caller's arguments.
    pub inputs: Vec<Type>,
    /// Types of the caller's results.
    pub outputs: Vec<Type>,
    /// All memory.
    pub buffers: Vec<PlanBuffer>,
    /// In order of execution.
    pub steps: Vec<Step>,
}
