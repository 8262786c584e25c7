//! Core operations on single values.

use super::code::{Code, scalar_type, trusted};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use rotrace_ir::DType;
use rotrace_ir::kernel::{TableId, Var};
use rotrace_ir::scalar::ScalarOp;
use smallvec::SmallVec;

/// The condition of a comparison of floats; unordered operands are only unequal.
pub(super) fn float_condition(op: ScalarOp) -> Option<FloatCC> {
    comparison(op).map(|(float, _, _)| float)
}

/// The condition of a comparison of integers.
pub(super) fn integer_condition(op: ScalarOp, signed: bool) -> Option<IntCC> {
    comparison(op).map(|(_, yes, no)| if signed { yes } else { no })
}

fn comparison(op: ScalarOp) -> Option<(FloatCC, IntCC, IntCC)> {
    let table = [
        (ScalarOp::Equal, FloatCC::Equal, IntCC::Equal, IntCC::Equal),
        (ScalarOp::NotEqual, FloatCC::NotEqual, IntCC::NotEqual, IntCC::NotEqual),
        (ScalarOp::Less, FloatCC::LessThan, IntCC::SignedLessThan, IntCC::UnsignedLessThan),
        (ScalarOp::LessEqual, FloatCC::LessThanOrEqual, IntCC::SignedLessThanOrEqual, IntCC::UnsignedLessThanOrEqual),
        (ScalarOp::Greater, FloatCC::GreaterThan, IntCC::SignedGreaterThan, IntCC::UnsignedGreaterThan),
        (
            ScalarOp::GreaterEqual,
            FloatCC::GreaterThanOrEqual,
            IntCC::SignedGreaterThanOrEqual,
            IntCC::UnsignedGreaterThanOrEqual,
        ),
    ];
    table.into_iter().find(|row| row.0 == op).map(|(_, float, signed, unsigned)| (float, signed, unsigned))
}

impl Code<'_, '_> {
    /// An operation on uniform values.
    pub(super) fn scalar_op(&mut self, op: ScalarOp, result: Var, operands: &[Var]) -> Value {
        let values: SmallVec<[Value; 3]> = operands.iter().map(|&var| self.scalar(var)).collect();
        let dtype = self.dtype(*operands.last().expect("operations have operands"));
        self.scalar_values(op, dtype, self.absorbed[result.0 as usize], &values)
    }

    /// An operation on registers of one dtype (a `select`'s condition apart).
    pub(super) fn scalar_values(&mut self, op: ScalarOp, dtype: DType, absorbed: bool, values: &[Value]) -> Value {
        if op == ScalarOp::Select {
            return self.select(dtype, values[0], values[1], values[2]);
        }
        if dtype.is_float() {
            return self.float_op(op, absorbed, values);
        }
        // Registers compute 32 bits as fast as 8, and without the traps and corner cases of narrow instructions.
        if matches!(dtype, DType::I8 | DType::U8 | DType::I16 | DType::U16) {
            let wide: SmallVec<[Value; 3]> =
                values.iter().map(|&value| self.extend(value, dtype, types::I32)).collect();
            let value = self.integer_op(op, dtype, &wide);
            let narrow = scalar_type(dtype);
            return if op.row().gives_bool { value } else { self.ins().ireduce(narrow, value) };
        }
        self.integer_op(op, dtype, values)
    }

    /// An integer in a wider register.
    pub(super) fn extend(&mut self, value: Value, from: DType, kind: Type) -> Value {
        if self.kind(value) == kind {
            value
        } else if from.is_signed_integer() {
            self.ins().sextend(kind, value)
        } else {
            self.ins().uextend(kind, value)
        }
    }

    /// `first` where the condition holds, without a branch.
    fn select(&mut self, dtype: DType, condition: Value, first: Value, second: Value) -> Value {
        // Selecting floats would branch; selecting their bits is a conditional move.
        let bits = match dtype {
            DType::F64 => types::I64,
            DType::F32 => types::I32,
            DType::Bool
            | DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64 => return self.ins().select(condition, first, second),
        };
        let first = self.reinterpret(first, bits);
        let second = self.reinterpret(second, bits);
        let chosen = self.ins().select(condition, first, second);
        self.reinterpret(chosen, scalar_type(dtype))
    }

    /// An operation on floats, scalar or vector alike (comparisons give what Cranelift's do).
    pub(super) fn float_op(&mut self, op: ScalarOp, absorbed: bool, values: &[Value]) -> Value {
        let x = values[0];
        let y = values.get(1).copied().unwrap_or(x);
        if let Some(condition) = float_condition(op) {
            return self.ins().fcmp(condition, x, y);
        }
        match op {
            ScalarOp::Add => self.ins().fadd(x, y),
            ScalarOp::Subtract => self.ins().fsub(x, y),
            ScalarOp::Multiply => self.ins().fmul(x, y),
            ScalarOp::Divide => self.ins().fdiv(x, y),
            ScalarOp::Negative if absorbed => self.ins().fneg(x),
            ScalarOp::Negative => {
                let sign = self.sign_bit(x);
                self.ins().bxor(x, sign)
            }
            ScalarOp::Abs => {
                let rest = self.all_but_sign(x);
                self.ins().band(x, rest)
            }
            ScalarOp::Sqrt => self.ins().sqrt(x),
            ScalarOp::Fma => self.ins().fma(x, y, values[2]),
            ScalarOp::Floor => self.ins().floor(x),
            ScalarOp::Ceil => self.ins().ceil(x),
            ScalarOp::Trunc => self.ins().trunc(x),
            ScalarOp::Round => self.ins().nearest(x),
            ScalarOp::Equal
            | ScalarOp::NotEqual
            | ScalarOp::Less
            | ScalarOp::LessEqual
            | ScalarOp::Greater
            | ScalarOp::GreaterEqual
            | ScalarOp::Select
            | ScalarOp::Maximum
            | ScalarOp::Minimum
            | ScalarOp::FloorDivide
            | ScalarOp::Remainder
            | ScalarOp::And
            | ScalarOp::Or
            | ScalarOp::Xor
            | ScalarOp::Not
            | ScalarOp::ShiftLeft
            | ScalarOp::ShiftRight
            | ScalarOp::MultiplyHigh
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
            | ScalarOp::Atanh => unreachable!("`{op}` on floats passed the check for core operations"),
        }
    }

    fn sign_bit(&mut self, like: Value) -> Value {
        self.float_bits(like, i64::MIN, i32::MIN)
    }

    fn all_but_sign(&mut self, like: Value) -> Value {
        self.float_bits(like, i64::MAX, i32::MAX)
    }

    /// A bit pattern in the type of a float or vector of floats.
    fn float_bits(&mut self, like: Value, wide: i64, narrow: i32) -> Value {
        let kind = self.kind(like);
        let bytes = if kind.lane_bits() == 64 {
            std::array::from_fn(|at| wide.to_le_bytes()[at % 8])
        } else {
            std::array::from_fn(|at| narrow.to_le_bytes()[at % 4])
        };
        let (offset, base) = (self.pool.offset(bytes), self.entry.constants);
        self.ins().load(kind, trusted(), base, offset)
    }

    /// An operation on 32-bit or 64-bit registers that hold integers, extended by their own signedness, or on `bool`.
    fn integer_op(&mut self, op: ScalarOp, dtype: DType, values: &[Value]) -> Value {
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
            ScalarOp::FloorDivide => self.divide(dtype, x, y).0,
            ScalarOp::Remainder => self.divide(dtype, x, y).1,
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
            ScalarOp::Not if dtype == DType::Bool => {
                let one = self.ins().iconst(types::I8, 1);
                self.ins().bxor(x, one)
            }
            ScalarOp::Not => self.ins().bnot(x),
            ScalarOp::ShiftLeft => {
                let shifted = self.ins().ishl(x, y);
                let zero = self.zero(x);
                self.if_shift_in_range(dtype, y, shifted, zero)
            }
            ScalarOp::ShiftRight => self.shift_right(dtype, x, y),
            ScalarOp::MultiplyHigh => self.ins().umulhi(x, y),
            ScalarOp::Equal
            | ScalarOp::NotEqual
            | ScalarOp::Less
            | ScalarOp::LessEqual
            | ScalarOp::Greater
            | ScalarOp::GreaterEqual
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
            | ScalarOp::Atanh => unreachable!("`{op}` on {dtype} passed the check for core operations"),
        }
    }

    fn zero(&mut self, like: Value) -> Value {
        let kind = self.kind(like);
        self.ins().iconst(kind, 0)
    }

    fn if_shift_in_range(&mut self, dtype: DType, amount: Value, inside: Value, outside: Value) -> Value {
        let kind = self.kind(amount);
        let width = self.ins().iconst(kind, i64::from(dtype.bits()));
        let fits = self.ins().icmp(IntCC::UnsignedLessThan, amount, width);
        self.ins().select(fits, inside, outside)
    }

    fn shift_right(&mut self, dtype: DType, x: Value, y: Value) -> Value {
        if !dtype.is_signed_integer() {
            let shifted = self.ins().ushr(x, y);
            let zero = self.zero(x);
            return self.if_shift_in_range(dtype, y, shifted, zero);
        }
        // Too far is as far as it goes: all bits are the sign.
        let kind = self.kind(y);
        let most = self.ins().iconst(kind, i64::from(kind.bits()) - 1);
        let amount = self.if_shift_in_range(dtype, y, y, most);
        self.ins().sshr(x, amount)
    }

    /// Quotient and remainder, rounded down. Divisors for which the instruction would trap are replaced by 1 first.
    fn divide(&mut self, dtype: DType, x: Value, y: Value) -> (Value, Value) {
        let kind = self.kind(x);
        let (zero, one) = (self.ins().iconst(kind, 0), self.ins().iconst(kind, 1));
        let by_zero = self.ins().icmp(IntCC::Equal, y, zero);
        if !dtype.is_signed_integer() {
            let divisor = self.ins().select(by_zero, one, y);
            let quotient = self.ins().udiv(x, divisor);
            let remainder = self.ins().urem(x, divisor);
            return (self.ins().select(by_zero, zero, quotient), self.ins().select(by_zero, zero, remainder));
        }
        let minus_one = self.ins().iconst(kind, -1);
        let by_minus_one = self.ins().icmp(IntCC::Equal, y, minus_one);
        let special = self.ins().bor(by_zero, by_minus_one);
        let divisor = self.ins().select(special, one, y);
        let quotient = self.ins().sdiv(x, divisor);
        let product = self.ins().imul(quotient, divisor);
        let remainder = self.ins().isub(x, product);
        // Division rounds towards zero; where the signs differ and it was not exact, the floor is one below.
        let inexact = self.ins().icmp(IntCC::NotEqual, remainder, zero);
        let signs = self.ins().bxor(remainder, divisor);
        let differ = self.ins().icmp(IntCC::SignedLessThan, signs, zero);
        let adjust = self.ins().band(inexact, differ);
        let below = self.ins().isub(quotient, one);
        let floor = self.ins().select(adjust, below, quotient);
        let moved = self.ins().iadd(remainder, divisor);
        let modulo = self.ins().select(adjust, moved, remainder);
        let negated = self.ins().ineg(x);
        let quotient = self.ins().select(by_minus_one, negated, floor);
        (self.ins().select(by_zero, zero, quotient), modulo)
    }

    /// Where a table stands among the constants, put there at its first use.
    fn table(&mut self, table: TableId) -> i32 {
        let place = table.0 as usize;
        *self.tables[place].get_or_insert_with(|| self.pool.table(&self.kernel.tables[place]))
    }

    /// An element of a table; element 0 for an index out of range.
    pub(super) fn scalar_lookup(&mut self, table: TableId, index: Value) -> Value {
        let data = &self.kernel.tables[table.0 as usize];
        let (length, dtype) = (data.elements.len() as i64, data.dtype);
        let (limit, zero) = (self.number(length), self.number(0));
        let inside = self.ins().icmp(IntCC::UnsignedLessThan, index, limit);
        let index = self.ins().select(inside, index, zero);
        let bytes = self.scaled(index, dtype.size() as i64);
        let (base, offset) = (self.entry.constants, self.table(table));
        let address = self.ins().iadd(base, bytes);
        self.ins().load(scalar_type(dtype), trusted(), address, offset)
    }
}
