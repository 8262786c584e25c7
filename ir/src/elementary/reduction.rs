//! Reduction of an angle by quarter turns.

use super::DoubleAlgebra;
use super::double::{Double, ROUNDER, product, quick_sum, sum};

const HALF_PI: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17];

/// What `HALF_PI[0]` misses of pi/2: its first 25 bits, and the rest.
const SHORT: f64 = 6.123_233_932_053_594e-17;
const REST: f64 = 6.368_317_163_510_95e-25;

/// Below this, 53 + 25 + 53 bits of pi/2 are enough.
const NEAR: f64 = 268_435_456.0;

/// 64 zero bits, then the bits of 2/pi after the point.
static TWO_OVER_PI: [u64; 21] = [
    0x0000_0000_0000_0000,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
];

/// `[n + ROUNDER, r, low]` with `x = n pi/2 + r + low`, `|r|` at most a little over pi/4, for `x >= 0`; `n` counts
/// modulo 4 for a large `x`. NaN for infinity and NaN.
#[inline(always)]
pub(super) fn reduce<A: DoubleAlgebra>(a: &A, x: A::Float) -> [A::Float; 3] {
    a.branch(a.less(x, a.float(NEAR)), |a| near(a, x), |a| far(a, x))
}

/// `[n + ROUNDER, r]`, as far as it matters for a single: as [`reduce`], without the second part.
#[inline(always)]
pub(super) fn reduce_single<A: DoubleAlgebra>(a: &A, x: A::Float) -> [A::Float; 2] {
    a.branch(
        a.less(x, a.float(NEAR)),
        |a| {
            let rounder = a.fma(x, a.float(std::f64::consts::FRAC_2_PI), a.float(ROUNDER));
            let minus = a.subtract(a.float(ROUNDER), rounder);
            let first = a.fma(minus, a.float(HALF_PI[0]), x);
            [rounder, a.fma(minus, a.float(HALF_PI[1]), first)]
        },
        |a| {
            let [rounder, r, _] = far(a, x);
            [rounder, r]
        },
    )
}

/// Cody and Waite with fused products. `x - n HALF_PI[0]` is exact, as both are multiples of 2^-53 (or of the last
/// place of a smaller `x`); it is also a multiple of the last place of what is subtracted next. That has 53 bits, 28 of
/// `n` and 25 of [`SHORT`], so that it is exact too.
#[inline(always)]
fn near<A: DoubleAlgebra>(a: &A, x: A::Float) -> [A::Float; 3] {
    let rounder = a.fma(x, a.float(std::f64::consts::FRAC_2_PI), a.float(ROUNDER));
    let minus = a.subtract(a.float(ROUNDER), rounder);
    let first = a.fma(minus, a.float(HALF_PI[0]), x);
    let r = quick_sum(a, first, a.multiply(minus, a.float(SHORT)));
    [rounder, r.high, a.fma(minus, a.float(REST), r.low)]
}

/// Payne and Hanek: multiplies the 53-bit integer mantissa by the 192 bits of 2/pi that matter, from the bit of weight
/// 2 on, and keeps the leading 128 bits of the product: 2 of quarter turns, 126 of a fraction whose error is below
/// 2^-125, while no double comes nearer to a multiple of pi/2 than about 2^-62.
#[inline(always)]
fn far<A: DoubleAlgebra>(a: &A, x: A::Float) -> [A::Float; 3] {
    let bits = a.bits(x);
    let mantissa =
        a.integer_or(a.integer_and(bits, a.integer(0x000f_ffff_ffff_ffff)), a.integer(0x0010_0000_0000_0000));
    // With the exponent e of the last place, the bit of weight 2^(1 - e) is number e + 62; e + 1075 is the field.
    let first = a.integer_subtract(a.shift_right(bits, 52), a.integer(1075 - 62));
    let (word, shift) = (a.shift_right(first, 6), a.integer_and(first, a.integer(63)));
    let back = a.integer_subtract(a.integer(64), shift);
    let words: [A::Integer; 4] =
        std::array::from_fn(|k| a.lookup(&TWO_OVER_PI, a.integer_add(word, a.integer(k as u64))));
    let window: [A::Integer; 3] =
        std::array::from_fn(|k| a.integer_or(a.shift_left_by(words[k], shift), a.shift_right_by(words[k + 1], back)));
    let carried = a.multiply_high(mantissa, window[2]);
    let middle = a.integer_add(a.integer_multiply(mantissa, window[1]), carried);
    let carry = a.integer_select(a.integer_less(middle, carried), a.integer(1), a.integer(0));
    let high = a.integer_add(a.integer_multiply(mantissa, window[0]), a.multiply_high(mantissa, window[1]));
    let high = a.integer_add(high, carry);
    let quarters = a.shift_right(a.integer_add(high, a.integer(1 << 61)), 62);
    let fraction = a.integer_or(a.shift_left(high, 2), a.shift_right(middle, 62));
    let fraction = signed_fraction(a, fraction, a.shift_left(middle, 2));
    let value = product(a, fraction.high, a.float(HALF_PI[0]));
    let cross = a.fma(fraction.high, a.float(HALF_PI[1]), a.multiply(fraction.low, a.float(HALF_PI[0])));
    let r = quick_sum(a, value.high, a.add(value.low, cross));
    // Zero for a finite operand, NaN for any other.
    let nothing = a.subtract(x, x);
    [a.with_bits(a.integer_or(quarters, a.bits(a.float(ROUNDER)))), a.add(r.high, nothing), r.low]
}

/// The signed 128-bit number `high, low` times 2^-128, from exact pieces of 32 bits.
#[inline(always)]
fn signed_fraction<A: DoubleAlgebra>(a: &A, high: A::Integer, low: A::Integer) -> Double<A::Float> {
    let mask = a.integer(0xffff_ffff);
    let piece = |x: A::Integer, weight: f64| a.multiply(a.nearest(x), a.float(weight));
    let two_32 = 4_294_967_296.0;
    let lower = a.integer_and(high, mask);
    let first = piece(a.integer_subtract(high, lower), 1.0 / (two_32 * two_32));
    let second = piece(lower, 1.0 / (two_32 * two_32));
    let third = piece(a.shift_right(low, 32), 1.0 / (two_32 * two_32 * two_32));
    let fourth = piece(a.integer_and(low, mask), 1.0 / (two_32 * two_32 * two_32 * two_32));
    let top = sum(a, first, second);
    let whole = sum(a, top.high, third);
    quick_sum(a, whole.high, a.add(a.add(top.low, whole.low), fourth))
}
