//! Conversions of single values; see [`rotrace_ir::Scalar::cast`].

use super::code::{Code, scalar_type};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::{DType, Scalar};

impl Code<'_, '_> {
    /// A conversion of one value.
    pub(super) fn scalar_cast(&mut self, value: Value, from: DType, to: DType) -> Value {
        if from == to {
            return value;
        }
        match (from.is_float(), to) {
            (true, DType::Bool) => {
                let zero = self.literal(Scalar::from_f64(from, 0.0));
                self.ins().fcmp(FloatCC::NotEqual, value, zero)
            }
            (false, DType::Bool) => {
                let zero = self.ins().iconst(scalar_type(from), 0);
                self.ins().icmp(IntCC::NotEqual, value, zero)
            }
            (true, DType::F64) => self.ins().fpromote(types::F64, value),
            (true, DType::F32) => self.ins().fdemote(types::F32, value),
            (false, DType::F32 | DType::F64) => self.float_of_integer(value, from, to),
            (
                true,
                DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 | DType::U64,
            ) => self.integer_of_float(value, to),
            (
                false,
                DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 | DType::U64,
            ) => {
                let kind = scalar_type(to);
                if to.size() < from.size() { self.ins().ireduce(kind, value) } else { self.extend(value, from, kind) }
            }
        }
    }

    /// Everything but `u64` fits an `i64`, from which the processor rounds once.
    fn float_of_integer(&mut self, value: Value, from: DType, to: DType) -> Value {
        let wide = self.extend(value, from, types::I64);
        if from == DType::U64 {
            self.ins().fcvt_from_uint(scalar_type(to), wide)
        } else {
            self.ins().fcvt_from_sint(scalar_type(to), wide)
        }
    }

    /// Truncates and saturates; NaN gives 0. Narrow integers saturate twice, to 32 bits and then to their own.
    fn integer_of_float(&mut self, value: Value, to: DType) -> Value {
        let signed = to.is_signed_integer();
        if to.size() >= 4 {
            let kind = scalar_type(to);
            return if signed {
                self.ins().fcvt_to_sint_sat(kind, value)
            } else {
                self.ins().fcvt_to_uint_sat(kind, value)
            };
        }
        let wide = self.ins().fcvt_to_sint_sat(types::I32, value);
        let bits = to.bits();
        let (low, high) = if signed { (-(1_i64 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
        let (low, high) = (self.ins().iconst(types::I32, low), self.ins().iconst(types::I32, high));
        let raised = self.ins().smax(wide, low);
        let clamped = self.ins().smin(raised, high);
        self.ins().ireduce(scalar_type(to), clamped)
    }
}
