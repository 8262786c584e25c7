//! A compiled function as steps over planned buffers.
//!
//! Loops and branches whose bodies fit one kernel are inside of it ([`crate::kernel`]); all others are steps that run
//! nested plans. Values pass between a plan and those nested in it only as inputs and outputs, so that each can be planned
//! on its own.

use crate::DType;
use crate::dim::{Dim, Shape, Type};
use crate::graph::Constant;
use crate::kernel::{Access, BufferShape, Kernel};
use serde::{Deserialize, Serialize};

/// A buffer of a plan, an index into [`Plan::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanBufferId(pub u32);

/// How deep plans may nest in plans.
pub const MAX_PLAN_NESTING: usize = 32;

/// Where a buffer's memory comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanBuffer {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: BufferShape,
    /// Where it lives.
    pub storage: Storage,
}

/// What runs at one place of a plan.
///
/// A step reads buffers of the plan (*operands*) and writes others (*results*). A kernel or a nested plan may see a
/// buffer under another shape with as many elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// One kernel launch.
    Kernel(KernelStep),
    /// A nested plan, run a number of times known before.
    Loop(Box<LoopStep>),
    /// A nested plan, run as long as another says so.
    While(Box<WhileStep>),
    /// One of several nested plans.
    Switch(Box<SwitchStep>),
    /// A function that the user supplied.
    Native(NativeStep),
    /// A large product of matrices, by a library.
    Matmul(MatmulStep),
}

/// One kernel launch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelStep {
    /// What runs.
    pub kernel: Kernel,
    /// The plan's buffer for each of the kernel's.
    pub arguments: Vec<PlanBufferId>,
}

/// A scan: runs `body` once for each index below `length`.
///
/// The body's inputs are the carried values, one slice of each of `scanned`, and `constants`, in this order; its outputs
/// are the carried values for the next iteration and one slice of each of `stacked`. Slices are along a leading axis of
/// size `length`. No iterations leave the initial values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopStep {
    /// What each iteration runs.
    pub body: Plan,
    /// How many iterations.
    pub length: Dim,
    /// Whether the last index comes first.
    pub reverse: bool,
    /// The carried values before the first iteration.
    pub initial: Vec<PlanBufferId>,
    /// What each iteration reads a slice of.
    pub scanned: Vec<PlanBufferId>,
    /// What every iteration reads.
    pub constants: Vec<PlanBufferId>,
    /// Written: the carried values after the last iteration.
    pub carried: Vec<PlanBufferId>,
    /// Written: what each iteration writes a slice of.
    pub stacked: Vec<PlanBufferId>,
}

/// Runs `body` as long as `condition` gives true, and at most `bound` times.
///
/// The inputs of both are the carried values and `constants`. The condition's output is a `bool[]`; the body's are the
/// carried values for the next iteration. No iterations leave the initial values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhileStep {
    /// Whether there is a further iteration.
    pub condition: Plan,
    /// What each iteration runs.
    pub body: Plan,
    /// The most iterations: after these the loop ends, whatever the condition.
    pub bound: Option<u64>,
    /// The carried values before the first iteration.
    pub initial: Vec<PlanBufferId>,
    /// What every iteration reads.
    pub constants: Vec<PlanBufferId>,
    /// Written: the carried values after the last iteration.
    pub carried: Vec<PlanBufferId>,
}

/// Runs the branch that a 0-d `selector` names: of two, false the first and true the second; or an `i32` or `i64`
/// the branch of this number, or else the nearest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwitchStep {
    /// Which branch.
    pub selector: PlanBufferId,
    /// At least one, with inputs and outputs of the same types.
    pub branches: Vec<Plan>,
    /// The inputs of every branch.
    pub operands: Vec<PlanBufferId>,
    /// Written: the outputs of every branch.
    pub results: Vec<PlanBufferId>,
}

/// Calls a function of the user's, which compiling finds by its name.
///
/// Its results hold zeros when it is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NativeStep {
    /// The function's name.
    pub name: String,
    /// The types under which it sees its operands.
    pub inputs: Vec<Type>,
    /// The types under which it sees its results.
    pub outputs: Vec<Type>,
    /// What it reads.
    pub operands: Vec<PlanBufferId>,
    /// What it writes.
    pub results: Vec<PlanBufferId>,
}

/// Products of matrices, by a library that adds in an order of its own.
///
/// Sizes are lists, each of which stands for its product: the operands are `[batch, rows, inner]` and
/// `[batch, inner, columns]`, the result is `[batch, rows, columns]`. An operand that is *transposed* has its last two the
/// other way round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatmulStep {
    /// The type of all elements, `f32` or `f64`.
    pub dtype: DType,
    /// How many products there are.
    pub batch: Shape,
    /// Rows of the left matrices and the results.
    pub rows: Shape,
    /// What is summed over.
    pub inner: Shape,
    /// Columns of the right matrices and the results.
    pub columns: Shape,
    /// Whether the left and the right operand are transposed.
    pub transposed: [bool; 2],
    /// The left and the right matrices.
    pub operands: [PlanBufferId; 2],
    /// Written: the products.
    pub result: PlanBufferId,
}

impl MatmulStep {
    /// The types under which it sees its operands, and its result.
    #[must_use]
    pub fn types(&self) -> ([Type; 2], Type) {
        let ty = |first: &Shape, second: &Shape| {
            let shape = [&self.batch, first, second].into_iter().flatten().copied().collect();
            Type { dtype: self.dtype, shape }
        };
        let either = |first, second, transposed: bool| if transposed { ty(second, first) } else { ty(first, second) };
        let [left, right] = self.transposed;
        let operands = [either(&self.rows, &self.inner, left), either(&self.inner, &self.columns, right)];
        (operands, ty(&self.rows, &self.columns))
    }
}

/// Steps that run one after the other.
///
/// A nested plan has the dims of the plan around it, with their sizes: its inputs need not tell them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

impl Plan {
    /// Every step of this plan and of those nested in it; a step comes before those in it.
    #[must_use]
    pub fn all_steps(&self) -> Vec<&Step> {
        let mut found = Vec::new();
        for step in &self.steps {
            found.push(step);
            step.plans().into_iter().for_each(|plan| found.extend(plan.all_steps()));
        }
        found
    }

    /// The kernels of [`all_steps`](Self::all_steps), in this order.
    #[must_use]
    pub fn kernels(&self) -> Vec<&Kernel> {
        let steps = self.all_steps().into_iter();
        steps.filter_map(|step| if let Step::Kernel(step) = step { Some(&step.kernel) } else { None }).collect()
    }
}

impl Step {
    /// The name of what runs.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Kernel(step) => &step.kernel.name,
            Self::Loop(step) => &step.body.name,
            Self::While(step) => &step.body.name,
            Self::Switch(step) => step.branches.first().map_or("", |branch| &branch.name),
            Self::Native(step) => &step.name,
            Self::Matmul(_) => "matmul",
        }
    }

    /// The plans nested in it, in order of execution.
    #[must_use]
    pub fn plans(&self) -> Vec<&Plan> {
        match self {
            Self::Kernel(_) | Self::Native(_) | Self::Matmul(_) => Vec::new(),
            Self::Loop(step) => vec![&step.body],
            Self::While(step) => vec![&step.condition, &step.body],
            Self::Switch(step) => step.branches.iter().collect(),
        }
    }

    /// The buffers that it names, with what is done to each. A kernel's buffers are in its order; of other steps,
    /// operands come before results.
    #[must_use]
    pub fn arguments(&self) -> Vec<(PlanBufferId, Access)> {
        let (read, written): (Vec<&[PlanBufferId]>, Vec<&[PlanBufferId]>) = match self {
            Self::Kernel(step) => {
                let accesses = step.kernel.buffers.iter().map(|buffer| buffer.access);
                return step.arguments.iter().copied().zip(accesses).collect();
            }
            Self::Loop(step) => {
                (vec![&step.initial, &step.scanned, &step.constants], vec![&step.carried, &step.stacked])
            }
            Self::While(step) => (vec![&step.initial, &step.constants], vec![&step.carried]),
            Self::Switch(step) => (vec![std::slice::from_ref(&step.selector), &step.operands], vec![&step.results]),
            Self::Native(step) => (vec![&step.operands], vec![&step.results]),
            Self::Matmul(step) => (vec![&step.operands], vec![std::slice::from_ref(&step.result)]),
        };
        let list = |buffers: Vec<&[PlanBufferId]>, access| {
            buffers.into_iter().flatten().map(|&buffer| (buffer, access)).collect::<Vec<_>>()
        };
        [list(read, Access::Read), list(written, Access::Write)].concat()
    }
}
