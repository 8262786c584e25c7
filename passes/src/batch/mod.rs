//! Batching, graph to graph: a function of one row becomes one of all rows.
//!
//! [`batch`] gives some parameters a new leading axis and carries it through the function, node by node: every node whose
//! operands have the axis becomes one node (or a few) that computes all rows. The rules stand in one file per family.
//!
//! Invariants:
//!
//! * Row `k` of a result is, bit for bit, what the function gives for row `k` of the parameters. No rule changes the
//!   order in which a reduction meets its elements.
//! * A value that depends on no parameter with the axis has none, and is computed once. It is repeated along the axis only
//!   where a node needs operands of one shape.
//! * The new axis stands first in every value that has it. Who wants it elsewhere transposes parameters and results.
//! * The output is an ordinary [`Function`] with the dims of the input, so that it can be batched again, differentiated
//!   before or after, and compiled. The size of the axis is a number or one of its named dimensions.
//! * Nothing recurses over the graph but into nested functions, which have a bounded depth. Nodes keep their source lines.

mod contract;
mod custom;
mod elementwise;
mod emit;
mod flow;
mod guard;
mod index;
mod movement;
mod native;
mod reduce;
mod regions;

use emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Function, Node, Op};
use rotrace_ir::{DType, Dim, Type};
use smallvec::{SmallVec, smallvec};

/// Why a function cannot be batched as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A selection of parameters or results does not fit the function.
    #[error("@{function} has {count} {what}, but {given} flags select among them")]
    Selection {
        /// Name of the function.
        function: String,
        /// `parameters` or `results`.
        what: &'static str,
        /// How many of them it has.
        count: usize,
        /// How many flags were given.
        given: usize,
    },
    /// An array would have too many axes or elements, or the size is not a dim of the function.
    #[error("cannot batch @{function}: {violation}")]
    Violation {
        /// Name of the function.
        function: String,
        /// What a value with the new axis would violate.
        violation: Violation,
    },
}

/// A function with a new axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batched {
    /// The function. Its parameters and results are those of the original, some with the new axis in front.
    pub function: Function,
    /// Which results have the axis.
    pub results: Vec<bool>,
}

/// The function of all rows: parameters that `parameters` selects have a further leading axis of the given size.
///
/// Results that depend on one of those have the axis too, and so have those that `results` selects, whose rows are
/// all alike if they depend on none.
pub fn batch(function: &Function, parameters: &[bool], results: &[bool], size: Dim) -> Result<Batched, BatchError> {
    check_selection(function, "parameters", function.parameters.len(), parameters)?;
    check_selection(function, "results", function.results.len(), results)?;
    batched(function, parameters, results, size, false)
        .map_err(|violation| BatchError::Violation { function: function.name.clone(), violation })
}

fn check_selection(
    function: &Function,
    what: &'static str,
    count: usize,
    selection: &[bool],
) -> Result<(), BatchError> {
    if selection.len() == count {
        return Ok(());
    }
    Err(BatchError::Selection { function: function.name.clone(), what, count, given: selection.len() })
}

/// [`batch`] with selections that fit. A *masked* function has a further, last parameter, which says of each row whether
/// the function runs for it: loops that might never end do so for those rows only.
fn batched(
    function: &Function,
    parameters: &[bool],
    results: &[bool],
    size: Dim,
    masked: bool,
) -> Result<Batched, Violation> {
    let mut e = Emitter::new(function, size);
    let mut values: Vec<Mapped> = Vec::with_capacity(function.values.len());
    for (ty, &batched) in function.parameter_types().zip(parameters) {
        values.push(e.parameter(ty, batched)?);
    }
    if masked {
        e.active = Some(e.parameter(&Type::scalar(DType::Bool), true)?.value);
    }
    for node in &function.nodes[function.parameters.len()..] {
        e.builder.location = node.location;
        let operands: SmallVec<[Mapped; 3]> = node.operands.iter().map(|id| values[id.0 as usize]).collect();
        values.extend(apply(&mut e, function, node, &operands)?);
    }
    e.builder.location = None;
    let mut given = Vec::new();
    for (id, &wanted) in function.results.iter().zip(results) {
        let result = values[id.0 as usize];
        given.push(if wanted { Mapped { value: e.spread(result)?, batched: true } } else { result });
    }
    let results = given.iter().map(|result| result.batched).collect();
    let function = e.builder.finish(given.into_iter().map(|result| result.value).collect());
    Ok(Batched { function, results })
}

/// The results of a node, one by one, for operands some of which have the axis.
fn apply(
    e: &mut Emitter,
    function: &Function,
    node: &Node,
    operands: &[Mapped],
) -> Result<SmallVec<[Mapped; 1]>, Violation> {
    let is_masked = || e.active.is_some() && flow::has_while(&node.op);
    if operands.iter().all(|operand| !operand.batched) && !is_masked() {
        return Ok(e.copy(function, node, operands));
    }
    let value = match &node.op {
        Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } => {
            unreachable!("{} has no operands, and so none with the axis", node.op.name())
        }
        Op::Scalar(_) => elementwise::scalar(e, &node.op, operands)?,
        Op::Cast(_) | Op::Bitcast(_) | Op::StopGradient => elementwise::convert(e, &node.op, operands[0])?,
        Op::Reshape { shape } => movement::reshape(e, shape, operands[0])?,
        Op::Broadcast { shape, axes } => movement::broadcast(e, shape, axes, operands[0])?,
        Op::Transpose { permutation } => movement::transpose(e, permutation, operands[0])?,
        Op::Slice { start, limit, step } => movement::slice(e, (start, limit, step), operands[0])?,
        Op::Pad { low, high, interior } => movement::pad(e, [low, high, interior], [operands[0], operands[1]])?,
        Op::Concatenate { axis } => movement::concatenate(e, *axis, operands)?,
        Op::Reverse { axes } => movement::reverse(e, axes, operands[0])?,
        Op::Reduce { kind, axes } => reduce::reduce(e, *kind, axes, operands[0])?,
        Op::DotGeneral { batch, contract } => contract::dot_general(e, batch, contract, [operands[0], operands[1]])?,
        Op::Take { axis, indices } => index::take(e, *axis, indices, operands[0])?,
        Op::ScatterAdd { axis, indices, size } => index::scatter_add(e, *axis, indices, *size, operands[0])?,
        Op::Custom(rule) => return custom::custom(e, rule, operands),
        Op::Call(called) | Op::Checkpoint(called) => return regions::call(e, &node.op, called, operands),
        Op::Switch(branches) => return regions::switch(e, &node.op, branches, operands),
        Op::While(looped) => return regions::while_loop(e, looped, operands),
        Op::Scan(scan) => return regions::scan(e, scan, operands),
        Op::Native(called) => return native::native(e, function, node, called, operands),
    };
    Ok(smallvec![Mapped { value, batched: true }])
}
