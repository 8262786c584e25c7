//! Core operations. None of them has corners that are undefined, though LLVM's instructions do.

use super::code::{Code, Held};
use melior::ir::attribute::{Attribute, IntegerAttribute};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};

/// The predicates of `arith.cmpf`, and of `arith.cmpi` for signed and unsigned integers. Unordered floats are only unequal.
fn comparison(op: ScalarOp) -> Option<(i64, i64, i64)> {
    let table = [
        (ScalarOp::Equal, (1, 0, 0)),
        (ScalarOp::NotEqual, (13, 1, 1)),
        (ScalarOp::Less, (4, 2, 6)),
        (ScalarOp::LessEqual, (5, 3, 7)),
        (ScalarOp::Greater, (2, 4, 8)),
        (ScalarOp::GreaterEqual, (3, 5, 9)),
    ];
    table.into_iter().find(|row| row.0 == op).map(|row| row.1)
}

impl<'c> Code<'c, '_> {
    /// An operation on registers of one dtype (a `select`'s condition apart).
    pub(super) fn scalar(&mut self, op: ScalarOp, dtype: DType, values: &[Held<'c>]) -> Held<'c> {
        if op == ScalarOp::Select {
            return self.select(values[0], values[1], values[2]);
        }
        if comparison(op).is_some() {
            return self.compare(op, dtype, values[0], values[1]);
        }
        if dtype.is_float() { self.float(op, values) } else { self.whole(op, dtype, values) }
    }

    pub(super) fn select(&mut self, condition: Held<'c>, yes: Held<'c>, no: Held<'c>) -> Held<'c> {
        let kind = melior::ir::ValueLike::r#type(&yes);
        self.op("arith.select", &[condition, yes, no], kind, &[])
    }

    /// `x op y` as an `i1`.
    pub(super) fn compare(&mut self, op: ScalarOp, dtype: DType, x: Held<'c>, y: Held<'c>) -> Held<'c> {
        let (float, signed, unsigned) = comparison(op).expect("a comparison");
        let (name, predicate) = match (dtype.is_float(), dtype.is_signed_integer()) {
            (true, _) => ("arith.cmpf", float),
            (false, true) => ("arith.cmpi", signed),
            (false, false) => ("arith.cmpi", unsigned),
        };
        let predicate: Attribute = IntegerAttribute::new(self.integer(64), predicate).into();
        let truth = self.kind_like(x, DType::Bool);
        self.op(name, &[x, y], truth, &[("predicate", predicate)])
    }

    fn float(&mut self, op: ScalarOp, values: &[Held<'c>]) -> Held<'c> {
        let name = match op {
            ScalarOp::Add => "arith.addf",
            ScalarOp::Subtract => "arith.subf",
            ScalarOp::Multiply => "arith.mulf",
            ScalarOp::Divide => "arith.divf",
            ScalarOp::Negative => "arith.negf",
            ScalarOp::Abs => "math.absf",
            ScalarOp::Sqrt => "math.sqrt",
            // Not `vector.fma`, which may round twice.
            ScalarOp::Fma => "math.fma",
            ScalarOp::Floor => "math.floor",
            ScalarOp::Ceil => "math.ceil",
            ScalarOp::Trunc => "math.trunc",
            ScalarOp::Round => "math.roundeven",
            other => unreachable!("{other} is not a core operation on floats"),
        };
        self.like(name, values)
    }

    /// An operation on integers or `bool`.
    fn whole(&mut self, op: ScalarOp, dtype: DType, values: &[Held<'c>]) -> Held<'c> {
        let x = values[0];
        let y = values.get(1).copied().unwrap_or(x);
        let signed = dtype.is_signed_integer();
        let zero = Scalar::from_i64(dtype, 0);
        match op {
            ScalarOp::Add => self.like("arith.addi", values),
            ScalarOp::Subtract => self.like("arith.subi", values),
            ScalarOp::Multiply => self.like("arith.muli", values),
            ScalarOp::Negative => {
                let zero = self.constant_like(x, zero);
                self.like("arith.subi", &[zero, x])
            }
            ScalarOp::Abs if signed => {
                let zero = self.constant_like(x, zero);
                let negative = self.compare(ScalarOp::Less, dtype, x, zero);
                let opposite = self.like("arith.subi", &[zero, x]);
                self.select(negative, opposite, x)
            }
            ScalarOp::Abs => x,
            ScalarOp::Maximum => self.like(if signed { "arith.maxsi" } else { "arith.maxui" }, values),
            ScalarOp::Minimum => self.like(if signed { "arith.minsi" } else { "arith.minui" }, values),
            ScalarOp::And => self.like("arith.andi", values),
            ScalarOp::Or => self.like("arith.ori", values),
            ScalarOp::Xor => self.like("arith.xori", values),
            ScalarOp::Not => {
                let ones = self.constant_like(x, Scalar::from_bits(dtype, u64::MAX));
                self.like("arith.xori", &[x, ones])
            }
            ScalarOp::FloorDivide | ScalarOp::Remainder if signed => self.signed_division(op, dtype, x, y),
            ScalarOp::FloorDivide | ScalarOp::Remainder => self.unsigned_division(op, dtype, x, y),
            ScalarOp::ShiftLeft | ScalarOp::ShiftRight => self.shift(op, dtype, x, y),
            ScalarOp::MultiplyHigh => {
                let kind = self.kind_like(x, dtype);
                self.operation("arith.mului_extended", values, &[kind, kind], &[], [])[1]
            }
            other => unreachable!("{other} is not a core operation on integers"),
        }
    }

    /// 0 where the divisor is 0.
    fn unsigned_division(&mut self, op: ScalarOp, dtype: DType, x: Held<'c>, y: Held<'c>) -> Held<'c> {
        let (zero, one) =
            (self.constant_like(x, Scalar::from_i64(dtype, 0)), self.constant_like(x, Scalar::from_i64(dtype, 1)));
        let none = self.compare(ScalarOp::Equal, dtype, y, zero);
        let divisor = self.select(none, one, y);
        let name = if op == ScalarOp::FloorDivide { "arith.divui" } else { "arith.remui" };
        let result = self.like(name, &[x, divisor]);
        self.select(none, zero, result)
    }

    /// 0 where the divisor is 0, and for -1 what needs no division; elsewhere rounded towards minus infinity.
    fn signed_division(&mut self, op: ScalarOp, dtype: DType, x: Held<'c>, y: Held<'c>) -> Held<'c> {
        let [zero, one, minus] = [0, 1, -1].map(|value| self.constant_like(x, Scalar::from_i64(dtype, value)));
        let none = self.compare(ScalarOp::Equal, dtype, y, zero);
        let opposite = self.compare(ScalarOp::Equal, dtype, y, minus);
        let special = self.like("arith.ori", &[none, opposite]);
        let divisor = self.select(special, one, y);
        let quotient = self.like("arith.divsi", &[x, divisor]);
        let product = self.like("arith.muli", &[quotient, divisor]);
        let rest = self.like("arith.subi", &[x, product]);
        let inexact = self.compare(ScalarOp::NotEqual, dtype, rest, zero);
        let signs = self.like("arith.xori", &[rest, divisor]);
        let differ = self.compare(ScalarOp::Less, dtype, signs, zero);
        let adjust = self.like("arith.andi", &[inexact, differ]);
        if op == ScalarOp::FloorDivide {
            let lower = self.like("arith.addi", &[quotient, minus]);
            let result = self.select(adjust, lower, quotient);
            let negated = self.like("arith.subi", &[zero, x]);
            let result = self.select(opposite, negated, result);
            self.select(none, zero, result)
        } else {
            let higher = self.like("arith.addi", &[rest, divisor]);
            let result = self.select(adjust, higher, rest);
            self.select(special, zero, result)
        }
    }

    /// All bits are shifted out by what is negative or not below the width.
    ///
    /// The amount is masked, not selected: of a select, LLVM's code generator for GPUs leaves a shift by the lowest 32 bits of an
    /// amount of 64, which it takes to be all of them.
    fn shift(&mut self, op: ScalarOp, dtype: DType, x: Held<'c>, y: Held<'c>) -> Held<'c> {
        let last = self.constant_like(x, Scalar::from_i64(dtype, i64::from(dtype.bits()) - 1));
        let beyond = self.compare(ScalarOp::Greater, DType::U64, y, last);
        let by = self.like("arith.andi", &[y, last]);
        let zero = self.constant_like(x, Scalar::from_i64(dtype, 0));
        let (name, out) = match op {
            ScalarOp::ShiftLeft => ("arith.shli", zero),
            _ if dtype.is_signed_integer() => ("arith.shrsi", self.like("arith.shrsi", &[x, last])),
            _ => ("arith.shrui", zero),
        };
        let shifted = self.like(name, &[x, by]);
        self.select(beyond, out, shifted)
    }
}
