//! Where a NaN among the results of a call began: the graph interpreter runs the call again and watches.

use crate::interpreted::constant_of;
use crate::{Executable, View};
use rotrace_ir::dim::{Dim, DimId, Type};
use rotrace_ir::graph::{Constant, Function, Op};
use rotrace_ir::interpret::graph::{InterpretError, NanOrigin, origin_of_nan};

impl Executable {
    /// Where the first NaN of a result began that no argument's NaN explains, of one row along the result's leading axis or
    /// of all of it. Slow: the interpreter runs the graph as it was traced.
    ///
    /// A call that is too large for the interpreter is run on the row alone, if the rows do not meet.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn origin_of_nan(&self, inputs: &[View<'_>], result: usize, row: Option<usize>) -> Result<NanOrigin, String> {
        let function = self.texts.graph.as_ref().ok_or("the program has no graph")?;
        let natives = &self.texts.natives;
        let native = |name: &str, operands: &[Constant], types: &[Type]| natives.call(name, operands, types);
        let origin = |arguments: &[Constant], row| origin_of_nan(function, arguments, &native, (result, row));
        let arguments: Vec<Constant> = inputs.iter().map(constant_of).collect();
        let found = match (origin(&arguments, row), row) {
            (Err(InterpretError::Budget { .. } | InterpretError::Endless), Some(row)) => {
                let alone = of_row(function, &arguments, result, row);
                alone.map_or(Err(InterpretError::Endless), |arguments| origin(&arguments, Some(0)))
            }
            (found, _) => found,
        };
        match found {
            Ok(Some(origin)) => Ok(origin),
            Ok(None) => Err("it comes from an argument, in another row".to_owned()),
            Err(InterpretError::Budget { .. } | InterpretError::Endless) => {
                Err("the call is too large for the interpreter".to_owned())
            }
            Err(other) => Err(other.to_string()),
        }
    }
}

/// The arguments for one row, if the rows of the result are those of the arguments and do not meet.
fn of_row(function: &Function, arguments: &[Constant], result: usize, row: usize) -> Option<Vec<Constant>> {
    let dim = *function.result_types().nth(result)?.shape.first()?;
    let name = dim.name.filter(|_| dim.constant == 0)?;
    keeps_apart(function, name).then_some(())?;
    let taken = function.parameter_types().zip(arguments).map(|(ty, argument)| match ty.shape.first() {
        Some(first) if *first == dim => {
            let length = argument.data.len() / argument.shape[0] as usize;
            let shape = [&[1], &argument.shape[1..]].concat();
            Constant { shape, data: argument.data[row * length..(row + 1) * length].into(), ..argument.clone() }
        }
        _ => argument.clone(),
    });
    Some(taken.collect())
}

/// Whether no operation of the function, or of those in it, goes along axes of this size.
fn keeps_apart(function: &Function, name: DimId) -> bool {
    let has = |dim: Dim| dim.name == Some(name);
    // Sizes such as n-1 are those of a part.
    let is_part = |dim: Dim| has(dim) && dim.constant != 0;
    let whole = function.values.iter().all(|value| !value.ty.shape.iter().any(|&dim| is_part(dim)));
    whole
        && function.nodes.iter().all(|node| {
            let along = |axis: usize| has(function.ty(node.operands[0]).shape[axis]);
            let apart = match &node.op {
                Op::Reduce { axes, .. } | Op::Reverse { axes } => !axes.iter().any(|&axis| along(axis)),
                Op::DotGeneral { contract, .. } => !contract.iter().any(|&(axis, _)| along(axis)),
                Op::Take { axis, .. } | Op::Concatenate { axis } | Op::ScatterAdd { axis, .. } => !along(*axis),
                Op::Iota { ty, axis } => !has(ty.shape[*axis]),
                Op::Scan(scan) => !has(scan.length),
                Op::Native(_) => !node.results.iter().any(|&id| function.ty(id).shape.iter().any(|&dim| has(dim))),
                Op::Reshape { .. }
                | Op::Parameter { .. }
                | Op::Constant(_)
                | Op::Scalar(_)
                | Op::Cast(_)
                | Op::Bitcast(_)
                | Op::Broadcast { .. }
                | Op::Transpose { .. }
                | Op::Slice { .. }
                | Op::Pad { .. }
                | Op::Custom(_)
                | Op::StopGradient
                | Op::Call(_)
                | Op::Checkpoint(_)
                | Op::Switch(_)
                | Op::While(_) => true,
            };
            apart && node.op.functions().into_iter().all(|nested| keeps_apart(nested, name))
        })
}
