//! The type rule of every operation: operand types to result types, or what is wrong.
//!
//! Shared by the frontend, the builder, the parser and the verifier, so that one mistake has one message. Numbers such
//! as `C12` name constraints; each is listed in `docs/graph-ir.md` and has a negative test.

mod nested;

use super::op::{Op, constant_matches};
use crate::dim::{Dim, MAX_RANK, Shape, Type, display_shape};
use smallvec::{SmallVec, smallvec};
use std::fmt;

/// A violated constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The constraint's name, such as `C12`.
    pub constraint: &'static str,
    /// What is wrong, with the operands' types.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.constraint)
    }
}

impl std::error::Error for Violation {}

/// Result types of a node.
pub type Types = SmallVec<[Type; 1]>;

type Inferred = Result<Type, Violation>;

fn violation<T>(constraint: &'static str, message: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { constraint, message: message.into() })
}

/// The result types of `op` on operands of the given types. `names` are the function's dimension names, for messages.
pub fn infer(op: &Op, operands: &[&Type], names: &[String]) -> Result<Types, Violation> {
    check_operand_count(op, operands.len())?;
    let ty = match op {
        Op::Parameter { ty, .. } => parameter(ty)?,
        Op::Constant(constant) => {
            if !constant_matches(constant) {
                return violation(
                    "C2",
                    format!("constant of shape {:?} has {} elements", constant.shape, constant.len()),
                );
            }
            constant.ty()
        }
        Op::Iota { ty, axis } => iota(ty, *axis, names)?,
        Op::Scalar(scalar) => {
            let dtypes: SmallVec<[_; 3]> = operands.iter().map(|ty| ty.dtype).collect();
            let dtype = scalar.result_dtype(&dtypes).or_else(|message| violation("C5", message))?;
            if let Some(other) = operands.iter().find(|ty| ty.shape != operands[0].shape) {
                let (a, b) = (operands[0].display(names), other.display(names));
                return violation("C6", format!("{scalar} needs operands of one shape, got {a} and {b}"));
            }
            operands[0].with_dtype(dtype)
        }
        Op::Cast(dtype) => operands[0].with_dtype(*dtype),
        Op::Bitcast(dtype) => {
            let from = operands[0].dtype;
            if from.bits_dtype() != Some(*dtype) && dtype.bits_dtype() != Some(from) {
                return violation("C7", format!("cannot bitcast {from} to {dtype}"));
            }
            operands[0].with_dtype(*dtype)
        }
        Op::Reshape { shape } => reshape(operands[0], shape, names)?,
        Op::Broadcast { shape, axes } => broadcast(operands[0], shape, axes, names)?,
        Op::Transpose { permutation } => transpose(operands[0], permutation)?,
        Op::Slice { start, limit, step } => slice(operands[0], start, limit, step, names)?,
        Op::Pad { low, high, interior } => pad(operands, low, high, interior, names)?,
        Op::Concatenate { axis } => concatenate(operands, *axis, names)?,
        Op::Reverse { axes } => {
            check_axes("C17", "reverse", axes, operands[0].rank(), false)?;
            operands[0].clone()
        }
        Op::Reduce { kind, axes } => {
            if !kind.accepts(operands[0].dtype) {
                return violation("C18", format!("{} does not take {}", kind.name(), operands[0].dtype));
            }
            check_axes("C19", kind.name(), axes, operands[0].rank(), true)?;
            let kept = operands[0].shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
            Type { dtype: operands[0].dtype, shape: kept.map(|(_, &dim)| dim).collect() }
        }
        Op::DotGeneral { batch, contract } => dot_general(operands[0], operands[1], batch, contract, names)?,
        Op::Take { axis, indices } => {
            let size = indexed_axis_size("take", operands[0], *axis, names)?;
            check_indices("take", indices, size)?;
            replace_dim(operands[0], *axis, Dim::fixed(indices.len() as u64))
        }
        Op::ScatterAdd { axis, indices, size } => {
            let count = indexed_axis_size("scatter_add", operands[0], *axis, names)?;
            check_indices("scatter_add", indices, *size)?;
            if count != indices.len() as u64 || !operands[0].dtype.is_float() && !operands[0].dtype.is_integer() {
                let ty = operands[0].display(names);
                return violation(
                    "C24",
                    format!("scatter_add of {} indices does not take {ty} at axis {axis}", indices.len()),
                );
            }
            replace_dim(operands[0], *axis, Dim::fixed(*size))
        }
        Op::Custom(rule) => return nested::custom(rule, operands, names),
        Op::StopGradient => operands[0].clone(),
        Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) => {
            let types = nested::region(op, operands, names)?;
            types.iter().try_for_each(|ty| check_sizes(&ty.shape, names))?;
            return Ok(types);
        }
        Op::Native(native) => {
            if native.name.is_empty() || native.results.is_empty() {
                return violation("C35", "native names no function, or one without results");
            }
            native.results.iter().try_for_each(|ty| check_sizes(&ty.shape, names))?;
            return Ok(native.results.iter().cloned().collect());
        }
    };
    check_sizes(&ty.shape, names)?;
    Ok(smallvec![ty])
}

fn check_operand_count(op: &Op, count: usize) -> Result<(), Violation> {
    let wanted = match op {
        Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } => 0,
        Op::Scalar(scalar) => scalar.arity(),
        Op::Pad { .. } | Op::DotGeneral { .. } => 2,
        Op::Concatenate { .. } if count == 0 => return violation("C1", "concatenate needs at least one operand"),
        Op::Concatenate { .. } => count,
        Op::Custom(rule) => rule.values() + rule.wrt.len(),
        Op::Call(function) | Op::Checkpoint(function) => function.parameters.len(),
        Op::Switch(branches) => branches.first().map_or(0, |branch| branch.parameters.len()) + 1,
        Op::While(looped) => looped.body.parameters.len(),
        Op::Scan(scan) => scan.body.parameters.len(),
        Op::Native(_) => count,
        Op::Cast(_)
        | Op::Bitcast(_)
        | Op::Reshape { .. }
        | Op::Broadcast { .. }
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Reverse { .. }
        | Op::Reduce { .. }
        | Op::Take { .. }
        | Op::ScatterAdd { .. }
        | Op::StopGradient => 1,
    };
    if count == wanted {
        Ok(())
    } else {
        violation("C1", format!("{} takes {wanted} operands, got {count}", op.name()))
    }
}

/// C3: a shape has at most [`MAX_RANK`] axes, a size that is a number is not negative, and the fixed sizes other than 0
/// multiply to at most 2^62.
fn check_sizes(shape: &[Dim], names: &[String]) -> Result<(), Violation> {
    if shape.len() > MAX_RANK {
        return violation("C3", format!("a shape of {} axes: at most {MAX_RANK} are possible", shape.len()));
    }
    let mut product = 1_u64;
    for dim in shape {
        if dim.name.is_none() && dim.constant < 0 {
            return violation("C3", format!("negative size in shape {}", display_shape(shape, names)));
        }
        if let Some(size) = dim.as_fixed().filter(|&size| size > 1) {
            product = match product.checked_mul(size).filter(|&product| product <= 1 << 62) {
                Some(product) => product,
                None => return violation("C3", format!("shape {} is too large", display_shape(shape, names))),
            };
        }
    }
    Ok(())
}

fn parameter(ty: &Type) -> Inferred {
    Ok(ty.clone())
}

fn iota(ty: &Type, axis: usize, names: &[String]) -> Inferred {
    if ty.dtype == crate::DType::Bool || axis >= ty.rank() {
        return violation("C4", format!("iota cannot count axis {axis} of {}", ty.display(names)));
    }
    Ok(ty.clone())
}

/// C8: the fixed sizes multiply to the same number, and the named dims are the same in the same order.
fn reshape(operand: &Type, shape: &Shape, names: &[String]) -> Inferred {
    let named = |dim: &&Dim| dim.name.is_some();
    let fixed = |shape: &[Dim]| shape.iter().filter_map(|dim| dim.as_fixed()).try_fold(1_u64, |a, b| a.checked_mul(b));
    let same_names = operand.shape.iter().filter(named).eq(shape.iter().filter(named));
    if !same_names || fixed(&operand.shape) != fixed(shape) || fixed(shape).is_none() {
        let (from, to) = (display_shape(&operand.shape, names), display_shape(shape, names));
        return violation("C8", format!("cannot reshape {from} to {to}: sizes differ or named dimensions would mix"));
    }
    Ok(Type { dtype: operand.dtype, shape: shape.clone() })
}

fn broadcast(operand: &Type, shape: &Shape, axes: &[usize], names: &[String]) -> Inferred {
    let shapes = || (display_shape(&operand.shape, names), display_shape(shape, names));
    let increasing = axes.windows(2).all(|pair| pair[0] < pair[1]);
    if axes.len() != operand.rank() || !increasing || axes.last().is_some_and(|&axis| axis >= shape.len()) {
        let (from, to) = shapes();
        return violation("C9", format!("cannot broadcast {from} to {to} along axes {axes:?}"));
    }
    for (dim, &axis) in operand.shape.iter().zip(axes) {
        if *dim != shape[axis] && !dim.is_one() {
            let (from, to) = shapes();
            return violation(
                "C10",
                format!(
                    "cannot broadcast {from} to {to}: size {} is neither 1 nor {}",
                    dim.display(names),
                    shape[axis].display(names)
                ),
            );
        }
    }
    Ok(Type { dtype: operand.dtype, shape: shape.clone() })
}

fn transpose(operand: &Type, permutation: &[usize]) -> Inferred {
    let mut seen = vec![false; operand.rank()];
    let valid = permutation.len() == operand.rank()
        && permutation.iter().all(|&axis| seen.get_mut(axis).is_some_and(|seen| !std::mem::replace(seen, true)));
    if !valid {
        return violation("C11", format!("{permutation:?} is not a permutation of {} axes", operand.rank()));
    }
    Ok(Type { dtype: operand.dtype, shape: permutation.iter().map(|&axis| operand.shape[axis]).collect() })
}

fn slice(operand: &Type, start: &[u64], limit: &Shape, step: &[u64], names: &[String]) -> Inferred {
    let rank = operand.rank();
    if start.len() != rank || limit.len() != rank || step.len() != rank {
        return violation("C12", format!("slice of a rank {rank} array needs {rank} bounds per axis"));
    }
    let mut shape = Shape::new();
    for axis in 0..rank {
        let (size, end) = (operand.shape[axis], limit[axis]);
        if step[axis] == 0 {
            return violation("C12", format!("slice needs a step of at least 1, got 0 at axis {axis}"));
        }
        let Ok(first) = i64::try_from(start[axis]) else {
            return violation("C12", format!("slice start {} at axis {axis} is too large", start[axis]));
        };
        // Comparable when both are numbers or offsets of one name, and when the end is a number: named sizes are not
        // negative, so that an axis of size n+3 has at least 3 elements.
        let comparable = end.name.is_none() || size.name == end.name;
        let within = comparable && end.constant <= size.constant;
        let ordered = end.name.is_some() || (end.constant >= 0 && first <= end.constant);
        if !within || !ordered {
            let (end, size) = (end.display(names), size.display(names));
            return violation("C13", format!("slice {first}..{end} is out of bounds for axis {axis} of size {size}"));
        }
        if end.name.is_some() && step[axis] != 1 {
            return violation("C13", format!("slice of named axis {axis} needs step 1, got {}", step[axis]));
        }
        let Some(length) = end.plus(-first) else { return violation("C13", "slice bound overflows") };
        shape.push(match length.as_fixed() {
            Some(length) => Dim::fixed(length.div_ceil(step[axis])),
            None => length,
        });
    }
    Ok(Type { dtype: operand.dtype, shape })
}

fn pad(operands: &[&Type], low: &[u64], high: &[u64], interior: &[u64], names: &[String]) -> Inferred {
    let (operand, value) = (operands[0], operands[1]);
    let rank = operand.rank();
    if low.len() != rank || high.len() != rank || interior.len() != rank {
        return violation("C14", format!("pad of a rank {rank} array needs {rank} amounts per side"));
    }
    if value.rank() != 0 || value.dtype != operand.dtype {
        let (a, b) = (operand.display(names), value.display(names));
        return violation("C14", format!("pad of {a} needs a 0-d {} value, got {b}", operand.dtype));
    }
    let mut shape = Shape::new();
    for axis in 0..rank {
        let dim = operand.shape[axis];
        let between = match dim.as_fixed() {
            Some(size) => size.saturating_sub(1).checked_mul(interior[axis]),
            None => (interior[axis] == 0).then_some(0),
        };
        let total = between.and_then(|between| between.checked_add(low[axis])?.checked_add(high[axis]));
        let Some(padded) = total.and_then(|total| dim.plus(i64::try_from(total).ok()?)) else {
            return violation("C14", format!("cannot pad axis {axis} of size {} that way", dim.display(names)));
        };
        shape.push(padded);
    }
    Ok(Type { dtype: operand.dtype, shape })
}

fn concatenate(operands: &[&Type], axis: usize, names: &[String]) -> Inferred {
    let first = operands[0];
    if axis >= first.rank() {
        return violation("C15", format!("cannot concatenate along axis {axis} of {}", first.display(names)));
    }
    let mut total = Dim::fixed(0);
    for operand in operands {
        let alike = operand.dtype == first.dtype
            && operand.rank() == first.rank()
            && (0..first.rank()).all(|other| other == axis || operand.shape[other] == first.shape[other]);
        if !alike {
            let (a, b) = (first.display(names), operand.display(names));
            return violation("C15", format!("cannot concatenate {a} and {b} along axis {axis}"));
        }
        let dim = operand.shape[axis];
        if dim.name.is_some() && total.name.is_some() {
            return violation("C16", "cannot concatenate along an axis where two sizes are named dimensions");
        }
        let Some(sum) = total.plus(dim.constant) else { return violation("C16", "concatenated size overflows") };
        total = Dim { name: total.name.or(dim.name), constant: sum.constant };
    }
    Ok(replace_dim(first, axis, total))
}

fn check_axes(
    constraint: &'static str,
    what: &str,
    axes: &[usize],
    rank: usize,
    increasing: bool,
) -> Result<(), Violation> {
    if axes.len() > rank {
        return violation(constraint, format!("{what} over {} axes of a rank {rank} array", axes.len()));
    }
    let distinct = axes.iter().enumerate().all(|(place, axis)| !axes[..place].contains(axis));
    let ordered = !increasing || axes.windows(2).all(|pair| pair[0] < pair[1]);
    if !distinct || !ordered || axes.iter().any(|&axis| axis >= rank) {
        return violation(constraint, format!("{what} over axes {axes:?} is not possible for a rank {rank} array"));
    }
    Ok(())
}

fn dot_general(
    left: &Type,
    right: &Type,
    batch: &[(usize, usize)],
    contract: &[(usize, usize)],
    names: &[String],
) -> Inferred {
    let pairs = || batch.iter().chain(contract);
    let (used_left, used_right): (Vec<_>, Vec<_>) = pairs().copied().unzip();
    check_axes("C20", "dot_general", &used_left, left.rank(), false)?;
    check_axes("C20", "dot_general", &used_right, right.rank(), false)?;
    let mismatch = pairs().find(|&&(a, b)| left.shape[a] != right.shape[b]);
    if mismatch.is_some() || left.dtype != right.dtype || left.dtype == crate::DType::Bool {
        let (a, b) = (left.display(names), right.display(names));
        return violation("C21", format!("cannot contract {a} with {b}: sizes or dtypes differ"));
    }
    let mut shape: Shape = batch.iter().map(|&(axis, _)| left.shape[axis]).collect();
    let free = |ty: &Type, used: &[usize]| -> Shape {
        (0..ty.rank()).filter(|axis| !used.contains(axis)).map(|axis| ty.shape[axis]).collect()
    };
    shape.extend(free(left, &used_left));
    shape.extend(free(right, &used_right));
    Ok(Type { dtype: left.dtype, shape })
}

fn indexed_axis_size(what: &str, operand: &Type, axis: usize, names: &[String]) -> Result<u64, Violation> {
    match operand.shape.get(axis).and_then(|dim| dim.as_fixed()) {
        Some(size) => Ok(size),
        None => violation(
            "C22",
            format!("{what} needs an axis of fixed size, got axis {axis} of {}", operand.display(names)),
        ),
    }
}

fn check_indices(what: &str, indices: &[u64], size: u64) -> Result<(), Violation> {
    match indices.iter().find(|&&index| index >= size) {
        Some(index) => violation("C23", format!("{what} index {index} is out of bounds for size {size}")),
        None => Ok(()),
    }
}

fn replace_dim(ty: &Type, axis: usize, dim: Dim) -> Type {
    let mut ty = ty.clone();
    ty.shape[axis] = dim;
    ty
}
