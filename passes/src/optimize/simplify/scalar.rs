//! Rules for elementwise operations.

use super::{Rewrite, Simplifier};
use rotrace_ir::graph::{Op, ValueId, Values};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::{SmallVec, smallvec};

fn node<const N: usize>(op: ScalarOp, operands: [ValueId; N]) -> Rewrite {
    Rewrite::Node(Op::Scalar(op), Values::from_slice(&operands))
}

impl Simplifier<'_> {
    pub(super) fn scalar(&mut self, op: ScalarOp, operands: &Values) -> Rewrite {
        if let Some(hoisted) = self.hoist(op, operands) {
            return hoisted;
        }
        let x = operands[0];
        let float = self.ty(x).dtype.is_float();
        match op {
            ScalarOp::Add => self.add(x, operands[1]),
            ScalarOp::Subtract => self.subtract(x, operands[1]),
            ScalarOp::Multiply => self.multiply(x, operands[1]),
            ScalarOp::Divide => self.divide(x, operands[1]),
            ScalarOp::Fma => self.fma(operands),
            ScalarOp::FloorDivide if !float && self.is(operands[1], 1.0) => Rewrite::Value(x),
            ScalarOp::Negative | ScalarOp::Not => self.argument(op, x).map_or(Rewrite::Keep, Rewrite::Value),
            ScalarOp::Abs => match self.argument(ScalarOp::Negative, x) {
                Some(inner) => node(ScalarOp::Abs, [inner]),
                None if float && self.argument(ScalarOp::Abs, x).is_some() => Rewrite::Value(x),
                None => Rewrite::Keep,
            },
            ScalarOp::Floor | ScalarOp::Ceil | ScalarOp::Trunc | ScalarOp::Round => {
                // Integers are returned unchanged, and so is what any of them has rounded.
                let roundings = [ScalarOp::Floor, ScalarOp::Ceil, ScalarOp::Trunc, ScalarOp::Round];
                let whole = !float || roundings.into_iter().any(|rounding| self.argument(rounding, x).is_some());
                if whole { Rewrite::Value(x) } else { Rewrite::Keep }
            }
            ScalarOp::Maximum | ScalarOp::Minimum if x == operands[1] => Rewrite::Value(x),
            ScalarOp::And | ScalarOp::Or | ScalarOp::Xor => self.logic(op, x, operands[1]),
            ScalarOp::ShiftLeft | ScalarOp::ShiftRight if self.is(operands[1], 0.0) => Rewrite::Value(x),
            ScalarOp::Select => self.select(x, operands[1], operands[2]),
            _ => Rewrite::Keep,
        }
    }

    /// The operand of `value` if it is the unary operation applied to one.
    fn argument(&self, op: ScalarOp, value: ValueId) -> Option<ValueId> {
        let definition = self.definition(value);
        (definition.op == Op::Scalar(op)).then(|| definition.operands[0])
    }

    /// An operation on arrays of one number each is computed once and then repeated.
    fn hoist(&mut self, op: ScalarOp, operands: &Values) -> Option<Rewrite> {
        if self.ty(operands[0]).rank() == 0 {
            return None;
        }
        let numbers: Option<SmallVec<[Scalar; 3]>> = operands.iter().map(|&id| self.splat_of(id)).collect();
        let shape = self.ty(operands[0]).shape.clone();
        let numbers: Values = numbers?.into_iter().map(|number| self.push(Op::constant(number), &[])).collect();
        let once = self.push(Op::Scalar(op), &numbers);
        Some(Rewrite::Node(Op::Broadcast { shape, axes: Vec::new() }, smallvec![once]))
    }

    fn add(&mut self, x: ValueId, y: ValueId) -> Rewrite {
        if self.is_neutral(y) {
            return Rewrite::Value(x);
        }
        if self.is_neutral(x) {
            return Rewrite::Value(y);
        }
        if let Some(y) = self.argument(ScalarOp::Negative, y) {
            return node(ScalarOp::Subtract, [x, y]);
        }
        if let Some(x) = self.argument(ScalarOp::Negative, x) {
            return node(ScalarOp::Subtract, [y, x]);
        }
        if let Some(merged) = self.add_selects(x, y) {
            return merged;
        }
        self.add_pieces(x, y).map_or(Rewrite::Keep, Rewrite::Value)
    }

    /// Two selects by one condition, with neutral zeros, add up to one.
    fn add_selects(&mut self, x: ValueId, y: ValueId) -> Option<Rewrite> {
        let parts = |this: &Self, value| {
            let definition = this.definition(value);
            (definition.op == Op::Scalar(ScalarOp::Select)).then(|| definition.operands.clone())
        };
        let (a, b) = (parts(self, x)?, parts(self, y)?);
        if a[0] != b[0] {
            return None;
        }
        let mut sums = [a[1], a[2]];
        for (place, sum) in sums.iter_mut().enumerate() {
            let other = b[place + 1];
            if self.is_neutral(*sum) {
                *sum = other;
            } else if !self.is_neutral(other) {
                return None;
            }
        }
        Some(node(ScalarOp::Select, [a[0], sums[0], sums[1]]))
    }

    fn subtract(&mut self, x: ValueId, y: ValueId) -> Rewrite {
        if self.is(y, 0.0) {
            return Rewrite::Value(x);
        }
        if let Some(y) = self.argument(ScalarOp::Negative, y) {
            return node(ScalarOp::Add, [x, y]);
        }
        if self.is_neutral(x) { node(ScalarOp::Negative, [y]) } else { Rewrite::Keep }
    }

    fn multiply(&mut self, x: ValueId, y: ValueId) -> Rewrite {
        for (factor, other) in [(x, y), (y, x)] {
            if self.is(factor, 1.0) {
                return Rewrite::Value(other);
            }
            let dtype = self.ty(factor).dtype;
            if dtype.is_float() && self.is(factor, -1.0) {
                return node(ScalarOp::Negative, [other]);
            }
            if dtype.is_integer() && self.is(factor, 0.0) {
                return Rewrite::Value(factor);
            }
        }
        match (self.argument(ScalarOp::Negative, x), self.argument(ScalarOp::Negative, y)) {
            (Some(x), Some(y)) => node(ScalarOp::Multiply, [x, y]),
            (Some(_), None) | (None, Some(_)) | (None, None) => Rewrite::Keep,
        }
    }

    fn divide(&mut self, x: ValueId, y: ValueId) -> Rewrite {
        if self.is(y, 1.0) {
            return Rewrite::Value(x);
        }
        if self.is(y, -1.0) {
            return node(ScalarOp::Negative, [x]);
        }
        // A power of two has an exact reciprocal, and both round the same number once.
        if let Some(reciprocal) = self.splat_of(y).and_then(exact_reciprocal) {
            let shape = self.ty(y).shape.clone();
            let reciprocal = self.splat(reciprocal, &shape);
            return node(ScalarOp::Multiply, [x, reciprocal]);
        }
        Rewrite::Keep
    }

    fn fma(&mut self, operands: &Values) -> Rewrite {
        let (x, y, z) = (operands[0], operands[1], operands[2]);
        if self.is_neutral(z) {
            return node(ScalarOp::Multiply, [x, y]);
        }
        for (factor, other) in [(x, y), (y, x)] {
            if self.is(factor, 1.0) {
                return node(ScalarOp::Add, [other, z]);
            }
            if self.is(factor, -1.0) {
                return node(ScalarOp::Subtract, [z, other]);
            }
        }
        Rewrite::Keep
    }

    fn logic(&mut self, op: ScalarOp, x: ValueId, y: ValueId) -> Rewrite {
        if x == y && op != ScalarOp::Xor {
            return Rewrite::Value(x);
        }
        if self.ty(x).dtype != DType::Bool {
            return Rewrite::Keep;
        }
        for (known, other) in [(x, y), (y, x)] {
            let Some(truth) = self.splat_of(known).map(Scalar::as_bool) else { continue };
            return match (op, truth) {
                (ScalarOp::And, true) | (ScalarOp::Or | ScalarOp::Xor, false) => Rewrite::Value(other),
                (ScalarOp::And, false) | (ScalarOp::Or, true) => Rewrite::Value(known),
                _ => node(ScalarOp::Not, [other]),
            };
        }
        Rewrite::Keep
    }

    fn select(&mut self, condition: ValueId, x: ValueId, y: ValueId) -> Rewrite {
        if x == y {
            return Rewrite::Value(x);
        }
        if let (Some(a), Some(b)) = (self.splat_of(x), self.splat_of(y)) {
            if a == b {
                return Rewrite::Value(x);
            }
            if a.dtype == DType::Bool {
                return if a.as_bool() { Rewrite::Value(condition) } else { node(ScalarOp::Not, [condition]) };
            }
        }
        if let Some(truth) = self.splat_of(condition) {
            return Rewrite::Value(if truth.as_bool() { x } else { y });
        }
        if let Some(inverse) = self.argument(ScalarOp::Not, condition) {
            return node(ScalarOp::Select, [inverse, y, x]);
        }
        // A select by the same condition within a branch has been decided.
        let within = |this: &Self, value: ValueId, branch: usize| {
            let definition = this.definition(value);
            let same = definition.op == Op::Scalar(ScalarOp::Select) && definition.operands[0] == condition;
            same.then(|| definition.operands[branch])
        };
        match (within(self, x, 1), within(self, y, 2)) {
            (None, None) => Rewrite::Keep,
            (inner_x, inner_y) => node(ScalarOp::Select, [condition, inner_x.unwrap_or(x), inner_y.unwrap_or(y)]),
        }
    }

    pub(super) fn cast(&mut self, dtype: DType, x: ValueId) -> Rewrite {
        let from = self.ty(x).dtype;
        if from == dtype {
            return Rewrite::Value(x);
        }
        let definition = self.definition(x);
        if let Op::Cast(_) = definition.op {
            let source = definition.operands[0];
            if self.ty(source).dtype == dtype && embeds(dtype, from) {
                return Rewrite::Value(source);
            }
        }
        Rewrite::Keep
    }

    pub(super) fn bitcast(&mut self, dtype: DType, x: ValueId) -> Rewrite {
        let definition = self.definition(x);
        if let Op::Bitcast(_) = definition.op
            && self.ty(definition.operands[0]).dtype == dtype
        {
            return Rewrite::Value(definition.operands[0]);
        }
        Rewrite::Keep
    }
}

/// Whether a conversion to `wide` and back gives every value of `narrow` again.
fn embeds(narrow: DType, wide: DType) -> bool {
    match (narrow, wide) {
        (DType::Bool, _) => true,
        (DType::F32, _) => wide == DType::F64,
        (DType::F64, _) => false,
        (_, DType::F32) => narrow.bits() <= 16,
        (_, DType::F64) => narrow.bits() <= 32,
        (_, DType::Bool) => false,
        // Integers wrap, so that as many bits are enough.
        (_, _) => wide.bits() >= narrow.bits(),
    }
}

/// `1 / x` if `x` is a power of two with a representable reciprocal.
fn exact_reciprocal(x: Scalar) -> Option<Scalar> {
    let reciprocal = Scalar::from_f64(x.dtype, 1.0 / x.as_f64());
    let (x, value) = (x.as_f64(), reciprocal.as_f64());
    let mantissa = |x: f64| x.to_bits() << 12;
    (x.is_normal() && mantissa(x) == 0 && value.is_normal() && x * value == 1.0).then_some(reciprocal)
}
