//! `sin`, `cos`, `tan`: `|x| = n pi/2 + r` with `|r| <= pi/4`, then polynomials; `n mod 4` picks one and its sign.

use super::super::double::{flip, polynomial, sign};
use super::super::reduction::reduce_single;
use super::super::trigonometric::{half_turn, is_even};
use super::super::{Algebra, DoubleAlgebra, Key};

/// `(sin r - r) / r^3`, `z = r^2` on [0.0, 0.6169], degree 4: relative error below 2^-42.4.
const SIN: [f64; 5] = [
    -0.166_666_666_666_638_85,
    0.008_333_333_331_078_498,
    -0.000_198_412_669_162_803_64,
    2.755_599_071_608_008e-06,
    -2.480_561_646_818_083_6e-08,
];

/// `(cos r - 1) / r^2`, `z = r^2` on [0.0, 0.6169], degree 4: relative error below 2^-40.3.
const COS: [f64; 5] = [
    -0.499_999_999_999_638_8,
    0.041_666_666_637_386_655,
    -0.001_388_888_509_048_323,
    2.479_986_191_302_088e-05,
    -2.723_711_475_003_587_5e-07,
];

/// A reduced angle with its sine and cosine.
struct Angle<A: Algebra> {
    /// The number of quarter turns in its low two bits.
    quarters: A::Integer,
    sine: A::Float,
    cosine: A::Float,
}

#[inline(always)]
fn angle<A: DoubleAlgebra>(a: &A, x: A::Float) -> Angle<A> {
    let magnitude = a.abs(x);
    let [rounder, r] = a.shared(Key::QuarterTurnsOfSingle, magnitude, |a| reduce_single(a, magnitude));
    let z = a.multiply(r, r);
    let fourth = a.multiply(z, z);
    let sine = a.fma(a.multiply(r, z), polynomial(a, z, fourth, &SIN), r);
    let cosine = a.fma(z, polynomial(a, z, fourth, &COS), a.float(1.0));
    Angle { quarters: a.bits(rounder), sine, cosine }
}

pub(in super::super) fn sin<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Angle { quarters, sine, cosine } = angle(a, x);
    let value = a.select(is_even(a, quarters), sine, cosine);
    flip(a, value, a.integer_xor(half_turn(a, quarters), sign(a, x)))
}

pub(in super::super) fn cos<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Angle { quarters, sine, cosine } = angle(a, x);
    let value = a.select(is_even(a, quarters), cosine, sine);
    flip(a, value, half_turn(a, a.integer_add(quarters, a.integer(1))))
}

pub(in super::super) fn tan<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Angle { quarters, sine, cosine } = angle(a, x);
    let even = is_even(a, quarters);
    let value = a.divide(a.select(even, sine, cosine), a.select(even, cosine, sine));
    // An odd number of quarter turns gives -cos/sin.
    let turned = a.shift_left(quarters, 63);
    flip(a, value, a.integer_xor(turned, sign(a, x)))
}
