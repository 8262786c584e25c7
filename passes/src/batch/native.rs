//! Functions that are not of the IR: called row by row, because nobody knows whether they could do all rows at once.

use super::emit::{Emitter, Mapped};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{Checkpoint, Function, GraphBuilder, Location, Native, Node, Op, Scan, ValueId};
use rotrace_ir::{Shape, Type};
use smallvec::SmallVec;
use std::sync::Arc;

/// The results of a loop over the rows, which scans the operands that have the axis.
pub fn native(
    e: &mut Emitter,
    function: &Function,
    node: &Node,
    native: &Arc<Native>,
    operands: &[Mapped],
) -> Result<SmallVec<[Mapped; 1]>, Violation> {
    let (rows, others): (Vec<usize>, Vec<usize>) = (0..operands.len()).partition(|&place| operands[place].batched);
    let mut builder = GraphBuilder::new(format!("{}_row", function.name), function.dims.clone());
    let mut arguments = vec![ValueId(0); operands.len()];
    for &place in rows.iter().chain(&others) {
        let Type { dtype, shape } = e.ty(operands[place].value);
        let shape: Shape = shape[usize::from(operands[place].batched)..].into();
        arguments[place] = builder.parameter(Type { dtype: *dtype, shape })?;
    }
    builder.location = node.location.and_then(|location| {
        let file = function.files.get(location.file as usize)?;
        Some(Location { file: builder.file(file), ..location })
    });
    let results = builder.push_all(Op::Native(Arc::clone(native)), &arguments)?;
    let body = builder.finish(results.to_vec());
    let scan =
        Scan { carried: 0, scanned: rows.len(), length: e.size, reverse: false, checkpoint: Checkpoint::All, body };
    let operands: Vec<ValueId> = rows.iter().chain(&others).map(|&place| operands[place].value).collect();
    let results = e.builder.push_all(Op::Scan(Arc::new(scan)), &operands)?;
    Ok(results.into_iter().map(|value| Mapped { value, batched: true }).collect())
}
