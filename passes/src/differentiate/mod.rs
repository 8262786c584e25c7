//! Derivatives, graph to graph.
//!
//! [`jvp`] pushes tangents forward beside the primal computation; [`vjp`] linearises every node at its primal operands and
//! applies the transposes of those linear maps from the results back to the parameters. Both read the same description
//! of a node's linear map: elementwise operations from the one table in [`partials`] (a diagonal map is its own
//! transpose), structural operations from one file per family in `transpose`.
//!
//! Invariants:
//!
//! * The output is an ordinary [`Function`]: it can be differentiated again, and second derivatives are right because
//!   singular points are guarded *before* the division, not masked after it.
//! * A value that does not depend on a parameter has a symbolic zero derivative, which is never stored unless it is a
//!   result.
//! * Zeros that a rule introduces (the padding around a slice's cotangent, the branch that a select did not take) are
//!   -0.0, which addition leaves without a trace: `x + (-0.0)` is `x` bit for bit, so sums of padded parts simplify to
//!   concatenations exactly. Where any were introduced, results are finished with `+ 0.0` so that no -0.0 is seen.
//! * Nothing recurses over the graph; a million nodes need no stack.
//! * Derived nodes carry the source line of the node they derive from.
//!
//! Rejected: transposing a traced linear program (as JAX does). It gives the same graph, but needs a second copy of the
//! function and a notion of linear values; the local maps are enough because there is one node to one map.

mod custom;
mod emit;
mod grad;
mod jvp;
mod native;
pub mod partials;
mod regions;
mod slopes;
mod transpose;
mod vjp;

pub use grad::{grad, value_and_grad};
pub use jvp::jvp;
pub use vjp::vjp;

use rotrace_ir::DType;
use rotrace_ir::graph::{Function, Node, Op, ValueId};

/// Why a function cannot be differentiated as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DifferentiateError {
    /// The selection of parameters does not fit the function.
    #[error("@{function} has {parameters} parameters, but `wrt` selects among {given}")]
    Selection {
        /// Name of the function.
        function: String,
        /// How many parameters it has.
        parameters: usize,
        /// How many flags were given.
        given: usize,
    },
    /// A selected parameter has no derivative.
    #[error("cannot differentiate @{function} with respect to parameter {parameter}: its type is {ty}, not a float")]
    NotFloat {
        /// Name of the function.
        function: String,
        /// Position of the parameter.
        parameter: usize,
        /// Its type.
        ty: String,
    },
    /// A gradient needs one number to differentiate.
    #[error("a gradient needs a function with exactly one 0-d float result, but @{function} returns ({results})")]
    NotScalar {
        /// Name of the function.
        function: String,
        /// The types of its results.
        results: String,
    },
    /// A function that is not of the IR, where no rule says its derivative.
    #[error("native function `{name}` has no derivative of its own: give it one by a rule{place}")]
    Native {
        /// The function's name.
        name: String,
        /// Where it is called.
        place: String,
    },
    /// Reverse mode goes through the iterations of a loop backwards, and must know how many there may be.
    #[error(
        "reverse mode through a while loop needs a bound of its iterations{place}: give it a `bound`, or use forward mode"
    )]
    Unbounded {
        /// Where the loop is.
        place: String,
    },
    /// Reverse mode stores what a loop carries into every iteration.
    #[error("reverse mode cannot store what a loop carries: {reason}{place}")]
    Stack {
        /// Why it is no array.
        reason: String,
        /// Where the loop is.
        place: String,
    },
    /// Iterations can be grouped only if their number is known.
    #[error(
        "a checkpoint policy other than `all` needs a loop of fixed length, but it is {length}{place}: give its size as a \
         number"
    )]
    CheckpointLength {
        /// The length.
        length: String,
        /// Where the loop is.
        place: String,
    },
}

/// ` (at file:line:column)`, where the place of a node is known.
fn place(function: &Function, node: &Node) -> String {
    node.location.map_or_else(String::new, |location| format!(" (at {})", function.display_location(location)))
}

/// A node with its operands and result in the function under construction.
#[derive(Clone, Copy)]
struct Applied<'a> {
    op: &'a Op,
    operands: &'a [ValueId],
    result: ValueId,
}

/// Checks the selection: one flag per parameter, floats only.
fn check_selection(function: &Function, wrt: &[bool]) -> Result<(), DifferentiateError> {
    if wrt.len() != function.parameters.len() {
        return Err(DifferentiateError::Selection {
            function: function.name.clone(),
            parameters: function.parameters.len(),
            given: wrt.len(),
        });
    }
    for (parameter, (ty, &selected)) in function.parameter_types().zip(wrt).enumerate() {
        if selected && !ty.dtype.is_float() {
            return Err(DifferentiateError::NotFloat {
                function: function.name.clone(),
                parameter,
                ty: ty.display(&function.dims),
            });
        }
    }
    Ok(())
}

/// Whether a derivative flows from operand `operand` of a node to its result, both being floats.
///
/// Bitcasts and bit operations have integer operands or results, so that the dtypes decide for them.
fn differentiable(op: &Op, operand: usize, from: DType, to: DType) -> bool {
    from.is_float()
        && to.is_float()
        && match op {
            Op::Scalar(scalar) => !partials::is_zero(*scalar, operand),
            Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } => false,
            Op::Cast(_)
            | Op::Bitcast(_)
            | Op::Reshape { .. }
            | Op::Broadcast { .. }
            | Op::Transpose { .. }
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Concatenate { .. }
            | Op::Reverse { .. }
            | Op::Reduce { .. }
            | Op::DotGeneral { .. }
            | Op::Take { .. }
            | Op::ScatterAdd { .. }
            | Op::Native(_) => true,
            Op::Custom(rule) => rule.selects(operand),
            // Which results of the others depend on which operands: see `regions`.
            Op::StopGradient | Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) => false,
        }
}
