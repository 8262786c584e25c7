//! The table itself, with the types of its columns.

use super::ScalarOp;
use crate::DType;
use std::fmt;

/// A class of dtypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// No dtype.
    None,
    /// Every dtype.
    Any,
    /// Every dtype but `bool`.
    Numeric,
    /// `f32`, `f64`.
    Float,
    /// Signed and unsigned integers.
    Integer,
    /// Integers and `bool`.
    Bits,
    /// `u64` alone.
    Wide,
}

impl Accepts {
    /// Whether the class holds `dtype`.
    #[must_use]
    pub fn accepts(self, dtype: DType) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Numeric => dtype != DType::Bool,
            Self::Float => dtype.is_float(),
            Self::Integer => dtype.is_integer(),
            Self::Bits => !dtype.is_float(),
            Self::Wide => dtype == DType::U64,
        }
    }
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nothing",
            Self::Any => "any dtype",
            Self::Numeric => "integers and floats",
            Self::Float => "floats",
            Self::Integer => "integers",
            Self::Bits => "integers and bool",
            Self::Wide => "u64",
        })
    }
}

/// Where an operation's operands are drawn from by tests that sample it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// All magnitudes and signs.
    Wide,
    /// `[-700, 700]`, where exponentials neither overflow nor vanish.
    Moderate,
    /// Positive numbers of all magnitudes.
    Positive,
    /// Above -1.
    AboveMinusOne,
    /// At least 1.
    AboveOne,
    /// `[-1, 1]`.
    Unit,
    /// A positive base of any magnitude, an exponent that keeps the result finite.
    Power,
    /// Any value, and a shift from 0 to the width.
    Shift,
}

/// What there is to know about one scalar operation.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operation; rows stand in the order of the variants.
    pub op: ScalarOp,
    /// Name in the text form.
    pub name: &'static str,
    /// Number of operands.
    pub arity: usize,
    /// Operand dtypes (for `select`, of the last two).
    pub accepts: Accepts,
    /// Operand dtypes for which backends implement it; for the others it is expanded.
    pub core: Accepts,
    /// Whether the result is `bool` rather than the operands' dtype.
    pub gives_bool: bool,
    /// Where tests draw operands from.
    pub sample: Sample,
    /// The largest error of a float result, in units in the last place (0.5: correctly rounded).
    pub ulp: f64,
    /// Exact meaning.
    pub meaning: &'static str,
}

const fn row(
    op: ScalarOp,
    name: &'static str,
    (arity, accepts, core): (usize, Accepts, Accepts),
    (sample, ulp): (Sample, f64),
    meaning: &'static str,
) -> Row {
    Row { op, name, arity, accepts, core, gives_bool: false, sample, ulp, meaning }
}

const fn test(
    op: ScalarOp,
    name: &'static str,
    (arity, accepts, core): (usize, Accepts, Accepts),
    meaning: &'static str,
) -> Row {
    Row { op, name, arity, accepts, core, gives_bool: true, sample: Wide, ulp: 0.5, meaning }
}

use Accepts::{Any, Bits, Float, Integer, None, Numeric};
use Sample::{AboveMinusOne, AboveOne, Moderate, Positive, Power, Shift, Unit, Wide};

/// Every scalar operation, in the order of [`ScalarOp`]'s variants.
#[rustfmt::skip]
pub static TABLE: [Row; 61] = [
    row(ScalarOp::Add, "add", (2, Numeric, Numeric), (Wide, 0.5), "x + y; integers wrap"),
    row(ScalarOp::Subtract, "subtract", (2, Numeric, Numeric), (Wide, 0.5), "x - y; integers wrap"),
    row(ScalarOp::Multiply, "multiply", (2, Numeric, Numeric), (Wide, 0.5), "x * y; integers wrap"),
    row(ScalarOp::Divide, "divide", (2, Float, Float), (Wide, 0.5), "x / y, correctly rounded"),
    row(ScalarOp::FloorDivide, "floor_divide", (2, Numeric, Integer), (Wide, 0.5), "floor(x / y), as the standard says for infinities; an integer divided by 0 gives 0, MIN / -1 wraps"),
    row(ScalarOp::Remainder, "remainder", (2, Numeric, Integer), (Wide, 0.5), "x - y * floor(x / y), exact, with the sign of y (also of a zero result); an integer modulo 0 gives 0"),
    row(ScalarOp::Negative, "negative", (1, Numeric, Numeric), (Wide, 0.5), "-x: flips the sign bit of a float; integers wrap"),
    row(ScalarOp::Abs, "abs", (1, Numeric, Numeric), (Wide, 0.5), "|x|: clears the sign bit of a float; MIN of a signed integer wraps to itself"),
    row(ScalarOp::Sign, "sign", (1, Numeric, None), (Wide, 0.5), "-1, 0 or 1; NaN stays NaN and a zero of either sign gives +0"),
    row(ScalarOp::Sqrt, "sqrt", (1, Float, Float), (Positive, 0.5), "the square root, correctly rounded; sqrt(-0) is -0"),
    row(ScalarOp::Rsqrt, "rsqrt", (1, Float, None), (Positive, 1.0), "1 / sqrt(x); fastest near 1, for lengths that are nearly right"),
    row(ScalarOp::Fma, "fma", (3, Float, Float), (Wide, 0.5), "x * y + z, rounded once"),
    row(ScalarOp::Maximum, "maximum", (2, Numeric, Integer), (Wide, 0.5), "the larger; NaN if either is NaN; +0 is above -0"),
    row(ScalarOp::Minimum, "minimum", (2, Numeric, Integer), (Wide, 0.5), "the smaller; NaN if either is NaN; -0 is below +0"),
    row(ScalarOp::Copysign, "copysign", (2, Float, None), (Wide, 0.5), "the magnitude of x with the sign bit of y, NaNs and zeros included"),
    row(ScalarOp::Nextafter, "nextafter", (2, Float, None), (Wide, 0.5), "the next representable value after x towards y; y if they are equal"),
    row(ScalarOp::Floor, "floor", (1, Numeric, Float), (Wide, 0.5), "rounds towards -infinity; integers are returned unchanged"),
    row(ScalarOp::Ceil, "ceil", (1, Numeric, Float), (Wide, 0.5), "rounds towards +infinity; integers are returned unchanged"),
    row(ScalarOp::Trunc, "trunc", (1, Numeric, Float), (Wide, 0.5), "rounds towards zero; integers are returned unchanged"),
    row(ScalarOp::Round, "round", (1, Numeric, Float), (Wide, 0.5), "rounds to nearest, halves to even; integers are returned unchanged"),
    test(ScalarOp::Equal, "equal", (2, Any, Any), "x == y; false if either is NaN"),
    test(ScalarOp::NotEqual, "not_equal", (2, Any, Any), "x != y; true if either is NaN"),
    test(ScalarOp::Less, "less", (2, Numeric, Numeric), "x < y"),
    test(ScalarOp::LessEqual, "less_equal", (2, Numeric, Numeric), "x <= y"),
    test(ScalarOp::Greater, "greater", (2, Numeric, Numeric), "x > y"),
    test(ScalarOp::GreaterEqual, "greater_equal", (2, Numeric, Numeric), "x >= y"),
    test(ScalarOp::IsNan, "isnan", (1, Numeric, None), "whether x is NaN"),
    test(ScalarOp::IsInf, "isinf", (1, Numeric, None), "whether x is an infinity"),
    test(ScalarOp::IsFinite, "isfinite", (1, Numeric, None), "whether x is neither infinite nor NaN"),
    test(ScalarOp::Signbit, "signbit", (1, Float, None), "whether the sign bit is set, -0 and NaNs included"),
    row(ScalarOp::And, "and", (2, Bits, Bits), (Wide, 0.5), "bitwise and; logical for bool"),
    row(ScalarOp::Or, "or", (2, Bits, Bits), (Wide, 0.5), "bitwise or; logical for bool"),
    row(ScalarOp::Xor, "xor", (2, Bits, Bits), (Wide, 0.5), "bitwise exclusive or; logical for bool"),
    row(ScalarOp::Not, "not", (1, Bits, Bits), (Wide, 0.5), "bitwise inversion; logical for bool"),
    row(ScalarOp::ShiftLeft, "shift_left", (2, Integer, Integer), (Shift, 0.5), "x << y; a y that is negative or not below the width gives 0"),
    row(ScalarOp::ShiftRight, "shift_right", (2, Integer, Integer), (Shift, 0.5), "x >> y, arithmetic for signed x; a y that is negative or not below the width gives 0, or -1 for a negative x"),
    row(ScalarOp::MultiplyHigh, "multiply_high", (2, Accepts::Wide, Accepts::Wide), (Wide, 0.5), "the high 64 bits of the 128-bit product of two u64"),
    row(ScalarOp::Select, "select", (3, Any, Any), (Wide, 0.5), "y where the condition x holds, else z"),
    row(ScalarOp::Exp, "exp", (1, Float, None), (Moderate, 1.0), "e**x"),
    row(ScalarOp::Exp2, "exp2", (1, Float, None), (Moderate, 1.0), "2**x"),
    row(ScalarOp::Expm1, "expm1", (1, Float, None), (Moderate, 1.0), "e**x - 1 without cancellation near 0"),
    row(ScalarOp::Log, "log", (1, Float, None), (Positive, 1.0), "the natural logarithm"),
    row(ScalarOp::Log1p, "log1p", (1, Float, None), (AboveMinusOne, 1.0), "log(1 + x) without cancellation near 0"),
    row(ScalarOp::Log2, "log2", (1, Float, None), (Positive, 1.0), "the logarithm to base 2"),
    row(ScalarOp::Log10, "log10", (1, Float, None), (Positive, 1.0), "the logarithm to base 10"),
    row(ScalarOp::Logaddexp, "logaddexp", (2, Float, None), (Moderate, 4.0), "log(exp(x) + exp(y)) without overflow; absolute error 4 eps where the result is near 0"),
    row(ScalarOp::Pow, "pow", (2, Numeric, None), (Power, 1.0), "x**y as C99 says; integers wrap, and a negative integer exponent gives 0 unless |x| is 1"),
    row(ScalarOp::Hypot, "hypot", (2, Float, None), (Wide, 1.0), "sqrt(x*x + y*y) without undue overflow or underflow"),
    row(ScalarOp::Sin, "sin", (1, Float, None), (Wide, 1.0), "the sine of x radians, over the whole range"),
    row(ScalarOp::Cos, "cos", (1, Float, None), (Wide, 1.0), "the cosine of x radians, over the whole range"),
    row(ScalarOp::Tan, "tan", (1, Float, None), (Wide, 1.0), "the tangent of x radians, over the whole range"),
    row(ScalarOp::Asin, "asin", (1, Float, None), (Unit, 1.0), "the arc sine, in [-pi/2, pi/2]"),
    row(ScalarOp::Acos, "acos", (1, Float, None), (Unit, 1.0), "the arc cosine, in [0, pi]"),
    row(ScalarOp::Atan, "atan", (1, Float, None), (Wide, 1.0), "the arc tangent, in [-pi/2, pi/2]"),
    row(ScalarOp::Atan2, "atan2", (2, Float, None), (Wide, 1.0), "the angle of the point (x = second, y = first), in [-pi, pi], with C99's signed zeros"),
    row(ScalarOp::Sinh, "sinh", (1, Float, None), (Moderate, 1.5), "the hyperbolic sine"),
    row(ScalarOp::Cosh, "cosh", (1, Float, None), (Moderate, 1.5), "the hyperbolic cosine"),
    row(ScalarOp::Tanh, "tanh", (1, Float, None), (Moderate, 1.5), "the hyperbolic tangent"),
    row(ScalarOp::Asinh, "asinh", (1, Float, None), (Wide, 1.5), "the inverse hyperbolic sine"),
    row(ScalarOp::Acosh, "acosh", (1, Float, None), (AboveOne, 1.5), "the inverse hyperbolic cosine"),
    row(ScalarOp::Atanh, "atanh", (1, Float, None), (Unit, 1.5), "the inverse hyperbolic tangent"),
];

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn rows_stand_in_the_order_of_the_variants() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.op as usize, index, "{}", row.name);
        }
    }
}
