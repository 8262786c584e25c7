//! Replaces operations that are not core by their definitions in [`rotrace_ir::elementary`].
//!
//! The same programs are what interpreters evaluate, so a kernel computes the same bits before and after.

mod emitter;
mod rebuild;

pub use rebuild::expand;

use emitter::Emitter;
use rotrace_ir::elementary::{Definition, Outcome, definition, on_bits, on_integers};
use rotrace_ir::kernel::{KernelBuilder, Var};
use rotrace_ir::{DType, ScalarOp};

/// Appends a scalar operation: itself if it is core, else its definition. Equal operations of equal operands are
/// emitted once while the block they stand in is open.
pub fn emit(builder: &mut KernelBuilder, op: ScalarOp, operands: &[Var]) -> Var {
    let dtype = builder.dtype(operands[operands.len() - 1]);
    if op.is_core(dtype) {
        return builder.scalar(op, operands);
    }
    if let Some(known) = builder.recall(op.name(), operands) {
        return known[0];
    }
    let (x, y) = (operands[0], operands[operands.len() - 1]);
    let result = if dtype.is_float() { emit_float(builder, op, x, y) } else { emit_integer(builder, dtype, op, x, y) };
    builder.remember(op.name(), operands, &[result]);
    result
}

fn emit_float(builder: &mut KernelBuilder, op: ScalarOp, x: Var, y: Var) -> Var {
    let dtype = builder.dtype(x);
    let result = match definition::<Emitter<'_>>(op, dtype) {
        Definition::Core => unreachable!("{op} is core on floats"),
        Definition::Bits(op) => {
            return match on_bits(&Emitter::new(builder, dtype), op, x, y) {
                Outcome::Number(result) | Outcome::Bool(result) => result,
            };
        }
        Definition::Unary(define) => {
            let x = builder.cast(DType::F64, x);
            define(&Emitter::new(builder, DType::F64), x)
        }
        Definition::Binary(define) => {
            let (x, y) = (builder.cast(DType::F64, x), builder.cast(DType::F64, y));
            define(&Emitter::new(builder, DType::F64), x, y)
        }
    };
    builder.cast(dtype, result)
}

fn emit_integer(builder: &mut KernelBuilder, dtype: DType, op: ScalarOp, x: Var, y: Var) -> Var {
    let wide = if dtype.is_signed_integer() { DType::I64 } else { DType::U64 };
    let mut widen = |operand| {
        let wide = builder.cast(wide, operand);
        builder.bitcast(DType::U64, wide)
    };
    let (x, y) = (widen(x), widen(y));
    match on_integers(&Emitter::new(builder, DType::F64), dtype, op, x, y) {
        Outcome::Number(result) => {
            let result = builder.bitcast(wide, result);
            builder.cast(dtype, result)
        }
        Outcome::Bool(result) => result,
    }
}
