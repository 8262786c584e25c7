//! The algebra whose values are those of a kernel under construction.

use rotrace_ir::elementary::{Algebra, DoubleAlgebra, Key};
use rotrace_ir::kernel::{Extent, KernelBuilder, Table, Var};
use rotrace_ir::{DType, Scalar, ScalarOp};
use std::cell::RefCell;

/// Appends the operations of a definition to a kernel.
pub(super) struct Emitter<'b> {
    builder: RefCell<&'b mut KernelBuilder>,
    float: DType,
    integer: DType,
}

impl<'b> Emitter<'b> {
    /// For definitions on floats of the dtype `float`.
    pub(super) fn new(builder: &'b mut KernelBuilder, float: DType) -> Self {
        let integer = if float == DType::F32 { DType::U32 } else { DType::U64 };
        Self { builder: RefCell::new(builder), float, integer }
    }

    fn scalar(&self, op: ScalarOp, operands: &[Var]) -> Var {
        self.builder.borrow_mut().scalar(op, operands)
    }

    fn constant(&self, value: Scalar) -> Var {
        self.builder.borrow_mut().constant(value)
    }

    fn bitcast(&self, dtype: DType, operand: Var) -> Var {
        self.builder.borrow_mut().bitcast(dtype, operand)
    }
}

macro_rules! operations {
    ($($name:ident($($operand:ident),+) = $op:ident;)+) => {
        $(fn $name(&self, $($operand: Var),+) -> Var {
            self.scalar(ScalarOp::$op, &[$($operand),+])
        })+
    };
}

impl Algebra for Emitter<'_> {
    type Float = Var;
    type Integer = Var;
    type Bool = Var;

    fn sign_bit(&self) -> u64 {
        1 << (self.float.bits() - 1)
    }
    fn float(&self, value: f64) -> Var {
        self.constant(Scalar::from_f64(self.float, value))
    }
    fn integer(&self, value: u64) -> Var {
        self.constant(Scalar::from_bits(self.integer, value))
    }
    fn truth(&self, value: bool) -> Var {
        self.constant(Scalar::bool(value))
    }
    fn bits(&self, x: Var) -> Var {
        self.bitcast(self.integer, x)
    }
    fn with_bits(&self, x: Var) -> Var {
        self.bitcast(self.float, x)
    }
    operations! {
        add(x, y) = Add;
        subtract(x, y) = Subtract;
        multiply(x, y) = Multiply;
        divide(x, y) = Divide;
        fma(x, y, z) = Fma;
        sqrt(x) = Sqrt;
        abs(x) = Abs;
        negative(x) = Negative;
        floor(x) = Floor;
        trunc(x) = Trunc;
        round(x) = Round;
        less(x, y) = Less;
        equal(x, y) = Equal;
        not_equal(x, y) = NotEqual;
        both(x, y) = And;
        either(x, y) = Or;
        not(x) = Not;
        select(condition, y, z) = Select;
        integer_add(x, y) = Add;
        integer_subtract(x, y) = Subtract;
        integer_and(x, y) = And;
        integer_or(x, y) = Or;
        integer_xor(x, y) = Xor;
        integer_equal(x, y) = Equal;
        integer_select(condition, y, z) = Select;
    }
}

impl DoubleAlgebra for Emitter<'_> {
    operations! {
        shift_left_by(x, amount) = ShiftLeft;
        shift_right_by(x, amount) = ShiftRight;
        integer_multiply(x, y) = Multiply;
        multiply_high(x, y) = MultiplyHigh;
        integer_less(x, y) = Less;
    }
    fn nearest(&self, x: Var) -> Var {
        let signed = self.bitcast(DType::I64, x);
        self.builder.borrow_mut().cast(DType::F64, signed)
    }
    fn lookup(&self, table: &'static [u64], index: Var) -> Var {
        let index = self.bitcast(DType::I64, index);
        let mut builder = self.builder.borrow_mut();
        let table = builder.table(Table { dtype: DType::U64, elements: table.into() });
        builder.lookup(table, index)
    }
    fn branch<const N: usize>(
        &self,
        condition: Var,
        then: impl FnOnce(&Self) -> [Var; N],
        otherwise: impl FnOnce(&Self) -> [Var; N],
    ) -> [Var; N] {
        self.builder.borrow_mut().open_block();
        let yields = then(self);
        let then = self.builder.borrow_mut().close_block(&yields);
        self.builder.borrow_mut().open_block();
        let yields = otherwise(self);
        let mut builder = self.builder.borrow_mut();
        let otherwise = builder.close_block(&yields);
        let results = builder.branch(condition, then, otherwise);
        std::array::from_fn(|index| results[index])
    }
    fn repeat<const F: usize, const I: usize>(
        &self,
        count: u64,
        (floats, integers): ([Var; F], [Var; I]),
        body: impl Fn(&Self, [Var; F], [Var; I]) -> ([Var; F], [Var; I]),
    ) -> ([Var; F], [Var; I]) {
        let initial = [&floats[..], &integers[..]].concat();
        let float_parameters = floats.map(|_| self.builder.borrow_mut().fresh(self.float));
        let integer_parameters = integers.map(|_| self.builder.borrow_mut().fresh(self.integer));
        let parameters = [&float_parameters[..], &integer_parameters[..]].concat();
        let index = self.builder.borrow_mut().fresh_index();
        self.builder.borrow_mut().open_block();
        let (floats, integers) = body(self, float_parameters, integer_parameters);
        let mut builder = self.builder.borrow_mut();
        let body = builder.close_block(&[&floats[..], &integers[..]].concat());
        let results = builder.carry_loop(index, Extent::fixed(count), &initial, &parameters, body);
        (std::array::from_fn(|index| results[index]), std::array::from_fn(|index| results[F + index]))
    }
    fn shared<const N: usize>(&self, key: Key, operand: Var, compute: impl FnOnce(&Self) -> [Var; N]) -> [Var; N] {
        let known = self.builder.borrow().recall(key.name(), &[operand]);
        if let Some(known) = known {
            return std::array::from_fn(|index| known[index]);
        }
        let results = compute(self);
        self.builder.borrow_mut().remember(key.name(), &[operand], &results);
        results
    }
}
