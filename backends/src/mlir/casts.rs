//! Conversions, as [`rotrace_ir::Scalar::cast`] defines them.

use super::code::{Code, Held};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};

impl<'c> Code<'c, '_> {
    pub(super) fn cast(&mut self, value: Held<'c>, from: DType, to: DType) -> Held<'c> {
        let kind = self.kind_like(value, to);
        if from == to {
            return value;
        }
        if to == DType::Bool {
            let zero = self.constant_like(value, Scalar::from_i64(from, 0));
            return self.compare(ScalarOp::NotEqual, from, value, zero);
        }
        let name = match (from.is_float(), to.is_float()) {
            (true, true) if to == DType::F64 => "arith.extf",
            (true, true) => "arith.truncf",
            (true, false) => return self.saturated(value, to),
            (false, true) if from.is_signed_integer() => "arith.sitofp",
            (false, true) => "arith.uitofp",
            (false, false) if from.bits() == to.bits() => return value,
            (false, false) if from.bits() > to.bits() => "arith.trunci",
            (false, false) if from.is_signed_integer() => "arith.extsi",
            (false, false) => "arith.extui",
        };
        self.op(name, &[value], kind, &[])
    }

    /// Truncates and saturates, NaN to 0. `arith.fptosi` is undefined out of range.
    fn saturated(&mut self, value: Held<'c>, to: DType) -> Held<'c> {
        let name = if to.is_signed_integer() { "llvm.fptosi.sat" } else { "llvm.fptoui.sat" };
        let kind = self.kind_like(value, to);
        self.intrinsic(name, &[value], kind)
    }

    pub(super) fn bitcast(&mut self, value: Held<'c>, from: DType, to: DType) -> Held<'c> {
        let kind = self.kind_like(value, to);
        if from.is_float() == to.is_float() { value } else { self.op("arith.bitcast", &[value], kind, &[]) }
    }
}
