//! Operations on integers, as 64-bit numbers: narrower ones are extended before and cut after.

use super::DoubleAlgebra;

/// Whether the sign bit is set.
fn is_negative<A: DoubleAlgebra>(a: &A, x: A::Integer) -> A::Bool {
    a.integer_equal(a.shift_right(x, 63), a.integer(1))
}

pub(super) fn sign<A: DoubleAlgebra>(a: &A, x: A::Integer, signed: bool) -> A::Integer {
    let (zero, one) = (a.integer(0), a.integer(1));
    let magnitude = a.integer_select(a.integer_equal(x, zero), zero, one);
    if signed { a.integer_select(is_negative(a, x), a.integer(u64::MAX), magnitude) } else { magnitude }
}

/// `x^y`, wrapping, by squaring, one step for each of the `width` bits of an exponent.
pub(super) fn pow<A: DoubleAlgebra>(a: &A, x: A::Integer, y: A::Integer, signed: bool, width: u64) -> A::Integer {
    let (zero, one) = (a.integer(0), a.integer(1));
    let ([], [power, _, _]) = a.repeat(width, ([], [one, x, y]), |a, [], [power, square, left]| {
        let bit = a.integer_equal(a.integer_and(left, one), one);
        let power = a.integer_select(bit, a.integer_multiply(power, square), power);
        ([], [power, a.integer_multiply(square, square), a.shift_right(left, 1)])
    });
    if !signed {
        return power;
    }
    // The reciprocal of 1 is 1, of -1 is -1 or 1, of anything else nothing.
    let minus_one = a.integer(u64::MAX);
    let odd = a.integer_equal(a.integer_and(y, one), one);
    let alternating = a.integer_select(odd, minus_one, one);
    let reciprocal = a.integer_select(a.integer_equal(x, minus_one), alternating, zero);
    let reciprocal = a.integer_select(a.integer_equal(x, one), one, reciprocal);
    a.integer_select(is_negative(a, y), reciprocal, power)
}
