//! Core operations on one value per lane.

use super::code::{Code, Held, Parts, lane_type};
use super::scalar::integer_condition;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rotrace_ir::DType;
use rotrace_ir::kernel::Var;
use rotrace_ir::scalar::ScalarOp;
use smallvec::SmallVec;

impl Code<'_, '_> {
    /// An operation of which at least one operand differs between lanes.
    pub(super) fn vector_op(&mut self, op: ScalarOp, result: Var, operands: &[Var]) -> Held {
        let dtype = self.dtype(*operands.last().expect("operations have operands"));
        if op == ScalarOp::Select {
            return self.vector_select(operands);
        }
        if dtype == DType::Bool {
            return self.mask_op(op, operands);
        }
        let size = dtype.size();
        if dtype.is_float() {
            let absorbed = self.absorbed[result.0 as usize];
            let parts = self.by_part(operands, size, |code, values| code.float_op(op, absorbed, values));
            return Held::Vector { size, parts };
        }
        let shift = matches!(op, ScalarOp::ShiftLeft | ScalarOp::ShiftRight);
        if shift && let Some(amount) = self.constant_of(operands[1]) {
            let parts = self.by_part(&operands[..1], size, |code, x| code.constant_shift(op, dtype, x[0], amount.bits));
            return Held::Vector { size, parts };
        }
        if shift || matches!(op, ScalarOp::FloorDivide | ScalarOp::Remainder | ScalarOp::MultiplyHigh) {
            return self.lane_by_lane(op, result, operands);
        }
        let parts = self.by_part(operands, size, |code, values| code.integer_lanes(op, dtype, values));
        Held::Vector { size, parts }
    }

    /// Applies `operation` to each part of the operands.
    fn by_part(
        &mut self,
        operands: &[Var],
        size: usize,
        mut operation: impl FnMut(&mut Self, &[Value]) -> Value,
    ) -> Parts {
        let mut parts = Parts::new();
        for part in 0..self.lanes.parts(size) {
            // Constants and splats are written anew for each part, right where their loads fold into the operation.
            let values: SmallVec<[Value; 3]> =
                operands.iter().map(|&var| self.vector_of_size(var, size)[part]).collect();
            parts.push(operation(self, &values));
        }
        parts
    }

    /// What has no vector form.
    fn lane_by_lane(&mut self, op: ScalarOp, result: Var, operands: &[Var]) -> Held {
        let dtype = self.dtype(operands[0]);
        let scalars: SmallVec<[Value; 4]> = (0..self.lanes.count())
            .map(|lane| {
                let values: SmallVec<[Value; 3]> = operands.iter().map(|&var| self.lane(var, lane)).collect();
                self.scalar_values(op, dtype, false, &values)
            })
            .collect();
        self.assembled(self.dtype(result), &scalars)
    }

    /// An integer operation on vectors; comparisons give masks.
    pub(super) fn integer_lanes(&mut self, op: ScalarOp, dtype: DType, values: &[Value]) -> Value {
        let x = values[0];
        let y = values.get(1).copied().unwrap_or(x);
        let signed = dtype.is_signed_integer();
        if let Some(condition) = integer_condition(op, signed) {
            return self.ins().icmp(condition, x, y);
        }
        match op {
            ScalarOp::Add => self.ins().iadd(x, y),
            ScalarOp::Subtract => self.ins().isub(x, y),
            ScalarOp::Multiply => self.ins().imul(x, y),
            ScalarOp::Negative => self.ins().ineg(x),
            ScalarOp::Abs if signed => self.ins().iabs(x),
            ScalarOp::Abs => x,
            ScalarOp::Maximum if signed => self.ins().smax(x, y),
            ScalarOp::Maximum => self.ins().umax(x, y),
            ScalarOp::Minimum if signed => self.ins().smin(x, y),
            ScalarOp::Minimum => self.ins().umin(x, y),
            ScalarOp::And => self.ins().band(x, y),
            ScalarOp::Or => self.ins().bor(x, y),
            ScalarOp::Xor => self.ins().bxor(x, y),
            ScalarOp::Not => self.ins().bnot(x),
            ScalarOp::Equal
            | ScalarOp::NotEqual
            | ScalarOp::Less
            | ScalarOp::LessEqual
            | ScalarOp::Greater
            | ScalarOp::GreaterEqual
            | ScalarOp::FloorDivide
            | ScalarOp::Remainder
            | ScalarOp::ShiftLeft
            | ScalarOp::ShiftRight
            | ScalarOp::MultiplyHigh
            | ScalarOp::Select
            | ScalarOp::Divide
            | ScalarOp::Sqrt
            | ScalarOp::Fma
            | ScalarOp::Floor
            | ScalarOp::Ceil
            | ScalarOp::Trunc
            | ScalarOp::Round
            | ScalarOp::Sign
            | ScalarOp::Copysign
            | ScalarOp::Nextafter
            | ScalarOp::IsNan
            | ScalarOp::IsInf
            | ScalarOp::IsFinite
            | ScalarOp::Signbit
            | ScalarOp::Exp
            | ScalarOp::Exp2
            | ScalarOp::Expm1
            | ScalarOp::Rsqrt
            | ScalarOp::Log
            | ScalarOp::Log1p
            | ScalarOp::Log2
            | ScalarOp::Log10
            | ScalarOp::Logaddexp
            | ScalarOp::Pow
            | ScalarOp::Hypot
            | ScalarOp::Sin
            | ScalarOp::Cos
            | ScalarOp::Tan
            | ScalarOp::Asin
            | ScalarOp::Acos
            | ScalarOp::Atan
            | ScalarOp::Atan2
            | ScalarOp::Sinh
            | ScalarOp::Cosh
            | ScalarOp::Tanh
            | ScalarOp::Asinh
            | ScalarOp::Acosh
            | ScalarOp::Atanh => unreachable!("`{op}` has no vector form on {dtype}"),
        }
    }

    fn constant_shift(&mut self, op: ScalarOp, dtype: DType, x: Value, amount: u64) -> Value {
        let width = u64::from(dtype.bits());
        let arithmetic = op == ScalarOp::ShiftRight && dtype.is_signed_integer();
        if amount >= width && !arithmetic {
            let kind = self.kind(x);
            return self.vector_literal(kind, [0; 16]);
        }
        let amount = self.ins().iconst(types::I32, amount.min(width - 1) as i64);
        match op {
            ScalarOp::ShiftLeft => self.ins().ishl(x, amount),
            _ if arithmetic => self.ins().sshr(x, amount),
            _ => self.ins().ushr(x, amount),
        }
    }

    /// Logic on masks.
    fn mask_op(&mut self, op: ScalarOp, operands: &[Var]) -> Held {
        let varying = operands.iter().find(|&&var| !self.is_uniform(var)).expect("an operand differs between lanes");
        let size = self.size_of(*varying);
        let parts = self.by_part(operands, size, |code, values| {
            let x = values[0];
            let y = values.get(1).copied().unwrap_or(x);
            match op {
                ScalarOp::And => code.ins().band(x, y),
                ScalarOp::Or => code.ins().bor(x, y),
                ScalarOp::Xor | ScalarOp::NotEqual => code.ins().bxor(x, y),
                ScalarOp::Not => code.ins().bnot(x),
                ScalarOp::Equal => {
                    let differ = code.ins().bxor(x, y);
                    code.ins().bnot(differ)
                }
                other => unreachable!("`{other}` is not an operation on bool"),
            }
        });
        Held::Vector { size, parts }
    }

    fn vector_select(&mut self, operands: &[Var]) -> Held {
        let size = match self.dtype(operands[1]) {
            DType::Bool if self.is_uniform(operands[0]) => self.lanes.mask_size(),
            DType::Bool => self.size_of(operands[0]),
            dtype => dtype.size(),
        };
        let parts = self.by_part(operands, size, |code, values| code.blend(values[0], values[1], values[2]));
        Held::Vector { size, parts }
    }

    /// `first` where the mask is set. Every lane of the mask is all ones or all zeros.
    pub(super) fn blend(&mut self, mask: Value, first: Value, second: Value) -> Value {
        let kind = self.kind(first);
        let bits = lane_type(kind.lane_bits() as usize / 8);
        let mask = self.reinterpret(mask, bits);
        let (first, second) = (self.reinterpret(first, bits), self.reinterpret(second, bits));
        let chosen =
            if self.blend { self.ins().blendv(mask, first, second) } else { self.ins().bitselect(mask, first, second) };
        self.reinterpret(chosen, kind)
    }

    /// Whether any lane of a mask is not set.
    pub(super) fn any_lane_off(&mut self, condition: Var) -> Value {
        let parts = self.vector(condition);
        let first = parts[0];
        let all = parts[1..].iter().fold(first, |all, &part| self.ins().band(all, part));
        let lanes = self.kind(all).lane_count();
        let bits = self.ins().vhigh_bits(types::I32, all);
        let full = self.ins().iconst(types::I32, (1 << lanes) - 1);
        self.ins().icmp(IntCC::NotEqual, bits, full)
    }
}
