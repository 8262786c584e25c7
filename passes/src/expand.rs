//! stub until merge
use rotrace_ir::kernel::{KernelBuilder, Var};
use rotrace_ir::scalar::ScalarOp;
pub fn emit(builder: &mut KernelBuilder, op: ScalarOp, operands: &[Var]) -> Var {
    builder.scalar(op, operands)
}
