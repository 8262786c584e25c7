//! What a definition may use: the core operations on one float type and the unsigned integer of its size.

use super::Key;

/// The core operations on floats of one width, and on their bit patterns.
///
/// Values are `Copy` handles: numbers when a definition is evaluated, SSA values when it is emitted. Methods take
/// `&self` so that calls nest.
pub trait Algebra {
    /// A float.
    type Float: Copy;
    /// An unsigned integer as wide as the float; arithmetic wraps.
    type Integer: Copy;
    /// A truth value.
    type Bool: Copy;

    /// The pattern of a float that has only its sign bit set.
    fn sign_bit(&self) -> u64;

    /// A literal, rounded to the width.
    fn float(&self, value: f64) -> Self::Float;
    /// A literal.
    fn integer(&self, value: u64) -> Self::Integer;
    /// A literal.
    fn truth(&self, value: bool) -> Self::Bool;

    /// `x + y`.
    fn add(&self, x: Self::Float, y: Self::Float) -> Self::Float;
    /// `x - y`.
    fn subtract(&self, x: Self::Float, y: Self::Float) -> Self::Float;
    /// `x * y`.
    fn multiply(&self, x: Self::Float, y: Self::Float) -> Self::Float;
    /// `x / y`.
    fn divide(&self, x: Self::Float, y: Self::Float) -> Self::Float;
    /// `x * y + z`, rounded once.
    fn fma(&self, x: Self::Float, y: Self::Float, z: Self::Float) -> Self::Float;
    /// The square root.
    fn sqrt(&self, x: Self::Float) -> Self::Float;
    /// Clears the sign bit.
    fn abs(&self, x: Self::Float) -> Self::Float;
    /// Flips the sign bit.
    fn negative(&self, x: Self::Float) -> Self::Float;
    /// Rounds towards -infinity.
    fn floor(&self, x: Self::Float) -> Self::Float;
    /// Rounds towards zero.
    fn trunc(&self, x: Self::Float) -> Self::Float;
    /// Rounds to nearest, halves to even.
    fn round(&self, x: Self::Float) -> Self::Float;

    /// `x < y`, false for NaN.
    fn less(&self, x: Self::Float, y: Self::Float) -> Self::Bool;
    /// `x == y`, false for NaN.
    fn equal(&self, x: Self::Float, y: Self::Float) -> Self::Bool;
    /// `x != y`, true for NaN.
    fn not_equal(&self, x: Self::Float, y: Self::Float) -> Self::Bool;
    /// Logical and.
    fn both(&self, x: Self::Bool, y: Self::Bool) -> Self::Bool;
    /// Logical or.
    fn either(&self, x: Self::Bool, y: Self::Bool) -> Self::Bool;
    /// Logical not.
    fn not(&self, x: Self::Bool) -> Self::Bool;
    /// `y` where the condition holds, else `z`.
    fn select(&self, condition: Self::Bool, y: Self::Float, z: Self::Float) -> Self::Float;

    /// The bit pattern.
    fn bits(&self, x: Self::Float) -> Self::Integer;
    /// The float of a bit pattern.
    fn with_bits(&self, x: Self::Integer) -> Self::Float;
    /// `x + y`, wrapping.
    fn integer_add(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// `x - y`, wrapping.
    fn integer_subtract(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// Bitwise and.
    fn integer_and(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// Bitwise or.
    fn integer_or(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// Bitwise exclusive or.
    fn integer_xor(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// `x == y`.
    fn integer_equal(&self, x: Self::Integer, y: Self::Integer) -> Self::Bool;
    /// `y` where the condition holds, else `z`.
    fn integer_select(&self, condition: Self::Bool, y: Self::Integer, z: Self::Integer) -> Self::Integer;

    /// `x >= y` negated for NaN too: whether `x` is below `y` or either is NaN.
    fn not_at_least(&self, x: Self::Float, y: Self::Float) -> Self::Bool {
        self.either(self.less(x, y), self.not_equal(x, x))
    }
}

/// An [`Algebra`] on doubles, with what only definitions on doubles need.
pub trait DoubleAlgebra: Algebra {
    /// `x << amount` for a constant amount below 64.
    fn shift_left(&self, x: Self::Integer, amount: u64) -> Self::Integer {
        self.shift_left_by(x, self.integer(amount))
    }
    /// `x >> amount`, filling with zeros, for a constant amount below 64.
    fn shift_right(&self, x: Self::Integer, amount: u64) -> Self::Integer {
        self.shift_right_by(x, self.integer(amount))
    }
    /// `x << amount`; 0 for an amount of 64 or more. In rare branches only, unless the amount is a constant.
    fn shift_left_by(&self, x: Self::Integer, amount: Self::Integer) -> Self::Integer;
    /// `x >> amount`, filling with zeros; 0 for an amount of 64 or more. As [`Self::shift_left_by`].
    fn shift_right_by(&self, x: Self::Integer, amount: Self::Integer) -> Self::Integer;
    /// `x * y`, wrapping. In rare branches only.
    fn integer_multiply(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// The high half of the product. In rare branches only.
    fn multiply_high(&self, x: Self::Integer, y: Self::Integer) -> Self::Integer;
    /// `x < y` as unsigned numbers. In rare branches only.
    fn integer_less(&self, x: Self::Integer, y: Self::Integer) -> Self::Bool;
    /// The nearest double of a signed 64-bit number. In rare branches only.
    fn nearest(&self, x: Self::Integer) -> Self::Float;
    /// An element of a constant table. In rare branches only.
    fn lookup(&self, table: &'static [u64], index: Self::Integer) -> Self::Integer;

    /// Each value from the side that the condition picks: `then` in ordinary cases. Sides are pure: an engine may run
    /// either or both, and vector code runs `then` for all lanes.
    fn branch<const N: usize>(
        &self,
        condition: Self::Bool,
        then: impl FnOnce(&Self) -> [Self::Float; N],
        otherwise: impl FnOnce(&Self) -> [Self::Float; N],
    ) -> [Self::Float; N];

    /// Applies `body` to the carried values `count` times.
    fn repeat<const F: usize, const I: usize>(
        &self,
        count: u64,
        initial: ([Self::Float; F], [Self::Integer; I]),
        body: impl Fn(&Self, [Self::Float; F], [Self::Integer; I]) -> ([Self::Float; F], [Self::Integer; I]),
    ) -> ([Self::Float; F], [Self::Integer; I]);

    /// The values that `compute` gives for `operand`; emitted once for all definitions that ask for the same key of it.
    fn shared<const N: usize>(
        &self,
        key: Key,
        operand: Self::Float,
        compute: impl FnOnce(&Self) -> [Self::Float; N],
    ) -> [Self::Float; N];
}
