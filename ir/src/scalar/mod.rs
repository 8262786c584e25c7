//! Scalar operations: one table that both IRs share.
//!
//! A row says everything about an operation but its derivative: printer, parser, type rule, interpreter, constant
//! folder and tests follow from it. Adding an operation means adding a variant, a row, and what the compiler then asks
//! for (exhaustive matches, no wildcards).
//!
//! *Core* operations are what backends implement. All others are *defined* in terms of core operations by
//! [`crate::elementary`], which is both what the interpreter evaluates and what the `expand` pass emits, so that every
//! engine computes the same bits.

mod eval;
mod table;

pub use eval::evaluate_core;
pub use table::{Accepts, Row, Sample, TABLE};

use crate::DType;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A scalar operation. Names follow the Python array API standard where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the table documents each operation, in `Row::meaning`")]
pub enum ScalarOp {
    // Arithmetic.
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Negative,
    Abs,
    Sign,
    Sqrt,
    Rsqrt,
    Fma,
    Maximum,
    Minimum,
    Copysign,
    Nextafter,
    // Rounding.
    Floor,
    Ceil,
    Trunc,
    Round,
    // Comparison.
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    IsNan,
    IsInf,
    IsFinite,
    Signbit,
    // Logic and bits.
    And,
    Or,
    Xor,
    Not,
    ShiftLeft,
    ShiftRight,
    MultiplyHigh,
    Select,
    // Exponentials and logarithms.
    Exp,
    Exp2,
    Expm1,
    Log,
    Log1p,
    Log2,
    Log10,
    Logaddexp,
    Pow,
    Hypot,
    // Trigonometry.
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Atan2,
    // Hyperbolic functions.
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
}

impl ScalarOp {
    /// The operation's row of [`TABLE`].
    #[must_use]
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The name in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How many operands it takes.
    #[must_use]
    pub fn arity(self) -> usize {
        self.row().arity
    }

    /// Whether backends implement it directly.
    #[must_use]
    pub fn is_core(self, dtype: DType) -> bool {
        self.row().core.accepts(dtype)
    }

    /// The dtype of the result for the given operand dtypes, or what is wrong with them.
    ///
    /// All operands have one dtype, except that the first operand of `select` is `bool`. Comparisons give `bool`,
    /// everything else the operands' dtype. There is no promotion in the IR: the frontend inserts casts.
    pub fn result_dtype(self, operands: &[DType]) -> Result<DType, String> {
        let row = self.row();
        if operands.len() != row.arity {
            return Err(format!("{} takes {} operands, got {}", row.name, row.arity, operands.len()));
        }
        let same = if self == Self::Select {
            if operands[0] != DType::Bool {
                return Err(format!("select needs a bool condition, got {}", operands[0]));
            }
            &operands[1..]
        } else {
            operands
        };
        if let Some(other) = same.iter().find(|&&dtype| dtype != same[0]) {
            return Err(format!("{} needs operands of one dtype, got {} and {other}", row.name, same[0]));
        }
        if !row.accepts.accepts(same[0]) {
            return Err(format!("{} takes {}, got {}", row.name, row.accepts, same[0]));
        }
        Ok(if row.gives_bool { DType::Bool } else { same[0] })
    }
}

impl fmt::Display for ScalarOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ScalarOp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        TABLE.iter().find(|row| row.name == text).map(|row| row.op).ok_or_else(|| format!("unknown operation `{text}`"))
    }
}
