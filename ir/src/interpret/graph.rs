//! The interpreter of graph functions: operation by operation, element by element.
//!
//! Total: any function with any arguments gives results or an [`InterpretError`], within [`ELEMENT_BUDGET`].

mod array;
mod origin;
mod region;
mod structural;

use super::{NativeFailure, Natives, call_native, no_natives};
use crate::dim::{Dim, Type, element_count};
use crate::elementary::evaluate;
use crate::graph::{Constant, Function, Native, Node, Op, Reduction, ValueId};
use crate::scalar::ScalarOp;
use crate::verify::{Diagnostic, graph::verify};
use crate::{DType, Scalar};
use array::Array;
use origin::Watch;
use smallvec::SmallVec;
use std::rc::Rc;
use thiserror::Error;

pub use origin::{LoopStep, LoopValue, NanOrigin, origin_of_nan};

/// The elements that one call may compute and combine in all: every value's elements, and the elements that reductions
/// and contractions read. 2^26 elements are up to 1 GiB and some seconds.
pub const ELEMENT_BUDGET: u64 = 1 << 26;

/// Why a function cannot be interpreted on the given arguments.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InterpretError {
    /// The function is not well formed; the first violation.
    #[error("the function is not well formed: {0}")]
    Invalid(Diagnostic),
    /// The wrong number of arguments.
    #[error("the function takes {expected} arguments, got {got}")]
    ArgumentCount {
        /// The number of parameters.
        expected: usize,
        /// The number of arguments.
        got: usize,
    },
    /// An argument whose data does not fill its shape.
    #[error("argument {position} does not store the elements of its shape")]
    ArgumentData {
        /// Position among the arguments.
        position: usize,
    },
    /// An argument of another dtype, rank or fixed size than the parameter's.
    #[error("argument {position} should be {expected}, got {got}")]
    ArgumentType {
        /// Position among the arguments.
        position: usize,
        /// The parameter's type.
        expected: String,
        /// The argument's type.
        got: String,
    },
    /// Arguments that give one named dimension two sizes, or a negative one.
    #[error("axis {axis} of argument {position} gives dimension {name} the size {size}, {reason}")]
    DimSize {
        /// Position among the arguments.
        position: usize,
        /// Axis of the argument.
        axis: usize,
        /// The dimension.
        name: String,
        /// The size that the axis asks for.
        size: i128,
        /// Why that is not possible.
        reason: String,
    },
    /// A value with a negative size, such as `n-1` for n = 0.
    #[error("%{value}: {ty} has a negative size for the given arguments")]
    NegativeSize {
        /// The value's number.
        value: u32,
        /// Its type.
        ty: String,
    },
    /// More work than the interpreter accepts.
    #[error("%{value}: {ty} exceeds the interpreter's budget of {ELEMENT_BUDGET} elements")]
    Budget {
        /// The value's number.
        value: u32,
        /// Its type.
        ty: String,
    },
    /// Loops that take more iterations than the interpreter accepts.
    #[error("loops exceed the interpreter's budget of {ELEMENT_BUDGET} iterations and elements")]
    Endless,
    /// A native function failed.
    #[error(transparent)]
    Native(#[from] NativeFailure),
}

/// The results of a function on the given arguments.
pub fn interpret(function: &Function, arguments: &[Constant]) -> Result<Vec<Constant>, InterpretError> {
    interpret_with(function, arguments, &no_natives)
}

/// As [`interpret`], with the functions that are not of the IR.
pub fn interpret_with(
    function: &Function,
    arguments: &[Constant],
    natives: &Natives<'_>,
) -> Result<Vec<Constant>, InterpretError> {
    let dims = checked_dims(function, arguments)?;
    let arguments = arguments.iter().map(|argument| Rc::new(Array::from_constant(argument))).collect();
    let mut call = Call { dims: &dims, budget: ELEMENT_BUDGET, natives, watch: None };
    let results = run(function, arguments, &mut call)?;
    Ok(results.iter().map(|result| result.to_constant()).collect())
}

/// The sizes of the named dimensions of a function that is well formed, and has possible sizes for the arguments.
fn checked_dims(function: &Function, arguments: &[Constant]) -> Result<Vec<u64>, InterpretError> {
    if let Some(diagnostic) = verify(function).into_iter().next() {
        return Err(InterpretError::Invalid(diagnostic));
    }
    let dims = bind_dims(function, arguments)?;
    check_sizes(function, &dims)?;
    Ok(dims)
}

/// That all sizes are possible, those in branches and loops that do not run too.
fn check_sizes(function: &Function, dims: &[u64]) -> Result<(), InterpretError> {
    let negative = |id: ValueId, ty: String| Err(InterpretError::NegativeSize { value: id.0, ty });
    for node in &function.nodes {
        for &id in &node.results {
            let ty = function.ty(id);
            if ty.shape.iter().any(|dim| dim.size(dims).is_none()) {
                return negative(id, ty.display(&function.dims));
            }
        }
        match &node.op {
            Op::Scan(scan) if scan.length.size(dims).is_none() => {
                return negative(node.results[0], format!("scan of length {}", scan.length.display(&function.dims)));
            }
            // A rule does not run.
            Op::Custom(_) => {}
            other => other.functions().into_iter().try_for_each(|function| check_sizes(function, dims))?,
        }
    }
    Ok(())
}

/// The results of a well-formed function whose sizes are possible.
fn run(function: &Function, arguments: Vec<Rc<Array>>, call: &mut Call<'_>) -> Result<Vec<Rc<Array>>, InterpretError> {
    let mut interpreter = Interpreter { function, values: arguments, call };
    for node in &function.nodes[function.parameters.len()..] {
        interpreter.node(node)?;
    }
    Ok(function.results.iter().map(|&id| Rc::clone(&interpreter.values[id.0 as usize])).collect())
}

/// The sizes of the named dimensions, from the arguments' shapes. A dimension that no type mentions gets size 0.
pub fn bind_dims(function: &Function, arguments: &[Constant]) -> Result<Vec<u64>, InterpretError> {
    let (expected, got) = (function.parameters.len(), arguments.len());
    if expected != got {
        return Err(InterpretError::ArgumentCount { expected, got });
    }
    let mut bound: Vec<Option<u64>> = vec![None; function.dims.len()];
    for (position, (parameter, argument)) in function.parameter_types().zip(arguments).enumerate() {
        if !crate::graph::constant_matches(argument) {
            return Err(InterpretError::ArgumentData { position });
        }
        let fixed_differs = |(dim, &size): (&Dim, &u64)| dim.as_fixed().is_some_and(|fixed| fixed != size);
        if parameter.dtype != argument.dtype
            || parameter.rank() != argument.shape.len()
            || parameter.shape.iter().zip(&argument.shape).any(fixed_differs)
        {
            let (expected, got) = (parameter.display(&function.dims), argument.ty().display(&[]));
            return Err(InterpretError::ArgumentType { position, expected, got });
        }
        for (axis, (dim, &size)) in parameter.shape.iter().zip(&argument.shape).enumerate() {
            let Some(id) = dim.name else { continue };
            let size = i128::from(size) - i128::from(dim.constant);
            let known = &mut bound[id.0 as usize];
            let reason = match (u64::try_from(size), *known) {
                (Err(_), _) => "which is not possible".to_owned(),
                (Ok(size), Some(known)) if known != size => format!("but it is {known} elsewhere"),
                (Ok(size), _) => {
                    *known = Some(size);
                    continue;
                }
            };
            let name = function.dims[id.0 as usize].clone();
            return Err(InterpretError::DimSize { position, axis, name, size, reason });
        }
    }
    Ok(bound.into_iter().map(|size| size.unwrap_or(0)).collect())
}

/// What a function shares with those that it calls.
struct Call<'a> {
    dims: &'a [u64],
    /// What is left of [`ELEMENT_BUDGET`].
    budget: u64,
    natives: &'a Natives<'a>,
    watch: Option<Watch>,
}

struct Interpreter<'a, 'b> {
    function: &'a Function,
    /// The values so far, by [`ValueId`].
    values: Vec<Rc<Array>>,
    call: &'a mut Call<'b>,
}

impl Interpreter<'_, '_> {
    fn value(&self, id: ValueId) -> &Array {
        &self.values[id.0 as usize]
    }

    /// The sizes of a node's result, after paying for its elements.
    fn result_shape(&mut self, node: &Node, id: ValueId) -> Result<Vec<u64>, InterpretError> {
        let ty = self.function.ty(id);
        let cost = element_count(&ty.shape, self.call.dims).and_then(|count| self.cost(node, count));
        match cost.and_then(|cost| self.call.budget.checked_sub(cost)) {
            Some(left) => self.call.budget = left,
            None => return Err(InterpretError::Budget { value: id.0, ty: ty.display(&self.function.dims) }),
        }
        Ok(ty.shape.iter().map(|dim| dim.size(self.call.dims).expect("checked ahead")).collect())
    }

    /// The elements that are made and read for a result of `count` elements; `None` on overflow.
    fn cost(&self, node: &Node, count: u64) -> Option<u64> {
        let read = match &node.op {
            Op::DotGeneral { contract, .. } => {
                let left = self.value(node.operands[0]);
                let products: Vec<u64> = contract.iter().map(|&(axis, _)| left.shape[axis]).collect();
                count.checked_mul(reduction_cost(&products, 0..products.len())?)?
            }
            Op::Reduce { axes, .. } => reduction_cost(&self.value(node.operands[0]).shape, axes.iter().copied())?,
            Op::ScatterAdd { .. } => self.value(node.operands[0]).elements.len() as u64,
            Op::Parameter { .. }
            | Op::Constant(_)
            | Op::Iota { .. }
            | Op::Scalar(_)
            | Op::Cast(_)
            | Op::Bitcast(_)
            | Op::Reshape { .. }
            | Op::Broadcast { .. }
            | Op::Transpose { .. }
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Concatenate { .. }
            | Op::Reverse { .. }
            | Op::Take { .. }
            | Op::Custom(_)
            | Op::StopGradient
            | Op::Call(_)
            | Op::Checkpoint(_)
            | Op::Switch(_)
            | Op::While(_)
            | Op::Scan(_)
            | Op::Native(_) => 0,
        };
        count.checked_add(read)?.checked_add(1)
    }

    fn node(&mut self, node: &Node) -> Result<(), InterpretError> {
        if node.op.is_region() {
            return self.region(node);
        }
        if let Op::Native(native) = &node.op {
            return self.native(node, native);
        }
        if let Op::Custom(rule) = &node.op {
            for (&value, &result) in node.operands[..rule.values()].iter().zip(&node.results) {
                self.result_shape(node, result)?;
                self.values.push(Rc::clone(&self.values[value.0 as usize]));
            }
            return Ok(());
        }
        let shape = self.result_shape(node, node.results[0])?;
        let array = self.array(node, shape);
        self.define(node, array)
    }

    /// Appends a result.
    fn define(&mut self, node: &Node, mut array: Array) -> Result<(), InterpretError> {
        self.tag(node, &mut array)?;
        self.values.push(Rc::new(array));
        Ok(())
    }

    /// Appends the results of a function that is not of the IR.
    fn native(&mut self, node: &Node, native: &Native) -> Result<(), InterpretError> {
        let operands: Vec<Constant> = node.operands.iter().map(|&id| self.value(id).to_constant()).collect();
        let mut types = Vec::new();
        for (ty, &id) in native.results.iter().zip(&node.results) {
            let shape = self.result_shape(node, id)?;
            types.push(Type { dtype: ty.dtype, shape: shape.into_iter().map(Dim::fixed).collect() });
        }
        let results = call_native(self.call.natives, &native.name, &operands, &types)?;
        results.iter().try_for_each(|result| self.define(node, Array::from_constant(result)))
    }

    /// The result of an operation that has one.
    fn array(&self, node: &Node, shape: Vec<u64>) -> Array {
        let dtype = self.function.ty(node.results[0]).dtype;
        let operands: SmallVec<[&Array; 3]> = node.operands.iter().map(|&id| self.value(id)).collect();
        match &node.op {
            Op::Parameter { .. } => unreachable!("parameters come first, and have arguments"),
            Op::Constant(constant) => Array::from_constant(constant),
            Op::Iota { axis, .. } => Array::from_fn(dtype, shape, |index| Scalar::from_i64(dtype, index[*axis] as i64)),
            Op::Scalar(op) => elementwise(*op, dtype, shape, &operands),
            Op::Cast(to) => operands[0].map(dtype, |element| element.cast(*to)),
            Op::Bitcast(to) => operands[0].map(dtype, |element| Scalar::from_bits(*to, element.bits)),
            Op::Reshape { .. } => Array::new(dtype, shape, operands[0].elements.clone()),
            Op::Broadcast { axes, .. } => structural::broadcast(operands[0], shape, axes),
            Op::Transpose { permutation } => structural::transpose(operands[0], shape, permutation),
            Op::Slice { start, step, .. } => structural::slice(operands[0], shape, start, step),
            Op::Pad { low, interior, .. } => {
                structural::pad(operands[0], operands[1].elements[0], shape, low, interior)
            }
            Op::Concatenate { axis } => structural::concatenate(&operands, shape, *axis),
            Op::Reverse { axes } => structural::reverse(operands[0], axes),
            Op::Reduce { kind, axes } => structural::reduce(operands[0], *kind, axes),
            Op::DotGeneral { batch, contract } => {
                structural::dot_general([operands[0], operands[1]], shape, batch, contract, SUMS_OF_PRODUCTS)
            }
            Op::Take { axis, indices } => structural::take(operands[0], shape, *axis, indices),
            Op::ScatterAdd { axis, indices, .. } => {
                structural::scatter(operands[0], shape, *axis, indices, Reduction::Sum)
            }
            Op::StopGradient => operands[0].clone(),
            Op::Custom(_)
            | Op::Call(_)
            | Op::Checkpoint(_)
            | Op::Switch(_)
            | Op::While(_)
            | Op::Scan(_)
            | Op::Native(_) => {
                unreachable!("the results of {} are made one by one", node.op.name())
            }
        }
    }
}

/// A `dot_general` on its own.
pub(super) fn dot_general(
    operands: [&Constant; 2],
    shape: Vec<u64>,
    batch: &[(usize, usize)],
    contract: &[(usize, usize)],
) -> Constant {
    let [left, right] = operands.map(Array::from_constant);
    structural::dot_general([&left, &right], shape, batch, contract, SUMS_OF_PRODUCTS).to_constant()
}

/// What `dot_general` makes of pairs of elements, and of those.
const SUMS_OF_PRODUCTS: (ScalarOp, Reduction) = (ScalarOp::Multiply, Reduction::Sum);

/// The elements of an array and of what is left of it after each of the axes, the last one first. What is left can be
/// far larger than the array, when the axis that went had size 0.
fn reduction_cost(shape: &[u64], axes: impl DoubleEndedIterator<Item = usize>) -> Option<u64> {
    let count = |shape: &[Dim]| element_count(shape, &[]);
    let mut shape: Vec<Dim> = shape.iter().map(|&size| Dim::fixed(size)).collect();
    axes.rev().try_fold(count(&shape)?, |total, axis| {
        shape.remove(axis);
        total.checked_add(count(&shape)?)
    })
}

/// Applies a scalar operation to the elements at each position.
fn elementwise(op: ScalarOp, dtype: DType, shape: Vec<u64>, operands: &[&Array]) -> Array {
    let elements = (0..operands[0].elements.len()).map(|position| {
        let scalars: SmallVec<[Scalar; 3]> = operands.iter().map(|operand| operand.elements[position]).collect();
        evaluate(op, &scalars)
    });
    Array::new(dtype, shape, elements.collect())
}
