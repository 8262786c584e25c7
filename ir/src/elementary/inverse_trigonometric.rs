//! `asin`, `acos`, `atan`, `atan2`.
//!
//! `atan2` divides the smaller by the larger magnitude and, above tan(pi/8), turns by pi/4 first; the angle is then a
//! multiple of pi/4 plus or minus the arc tangent of a small quotient, which is carried in two doubles. `asin` and `acos`
//! use the half angle, `asin x = pi/2 - 2 asin(sqrt((1 - x) / 2))`, above 1/2.

use super::double::{Double, flip, polynomial, quick_sum, quotient, sign};
use super::{Algebra, DoubleAlgebra};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// What the double nearest to pi misses.
const PI_LOW: f64 = 1.224_646_799_147_353_2e-16;
/// tan(pi/8).
const TAN_EIGHTH: f64 = 0.414_213_562_373_095_03;
const HUGE: f64 = 3.273_390_607_896_142e150; // 2^500
const TINY: f64 = 3.054_936_363_499_605e-151; // 2^-500
const UP: f64 = 4.149_515_568_880_993e180; // 2^600
const DOWN: f64 = 2.409_919_865_102_884e-181; // 2^-600

/// `(atan t - t) / t^3, z = t^2` on[0.0, 0.1716], degree 10: relative error below 2^-52.7.
const ATAN: [f64; 11] = [
    -0.333_333_333_333_333_3,
    0.199_999_999_999_955_13,
    -0.142_857_142_846_651_8,
    0.111_111_110_151_467_14,
    -0.090_909_045_736_690_6,
    0.076_921_830_873_420_26,
    -0.066_645_099_898_180_45,
    0.058_581_362_519_061_465,
    -0.050_853_834_888_428_31,
    0.039_229_744_536_612_23,
    -0.019_174_543_572_021_332,
];

/// `(asin x - x) / x^3, z = x^2` on[0.0, 0.25], degree 12: relative error below 2^-52.9.
const ASIN: [f64; 13] = [
    0.166_666_666_666_666_69,
    0.074_999_999_999_984_33,
    0.044_642_857_146_355_43,
    0.030_381_944_138_531_247,
    0.022_372_172_942_149_89,
    0.017_352_392_720_869_973,
    0.013_971_212_973_552_933,
    0.011_479_177_415_184_906,
    0.010_322_814_350_185_78,
    0.005_457_506_718_640_358,
    0.017_400_879_442_694_02,
    -0.014_851_887_071_247_204,
    0.028_757_851_367_421_566,
];

pub(super) fn atan<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    angle(a, x, a.float(1.0), None)
}

pub(super) fn atan2<A: DoubleAlgebra>(a: &A, y: A::Float, x: A::Float) -> A::Float {
    angle(a, y, a.abs(x), Some(x))
}

/// The angle of a point whose abscissa has the magnitude `run` and the sign of `x` (positive if there is none).
#[inline(always)]
fn angle<A: DoubleAlgebra>(a: &A, y: A::Float, run: A::Float, x: Option<A::Float>) -> A::Float {
    let rise = a.abs(y);
    let steep = a.less(run, rise);
    let (large, small) = (a.select(steep, rise, run), a.select(steep, run, rise));
    // In range, products and quotients below neither overflow nor lose bits to underflow.
    let hot = a.both(a.less(large, a.float(HUGE)), a.less(a.float(TINY), small));
    let [t, low, eighths] = a.branch(hot, |a| turned_quotient(a, small, large), |a| scaled_quotient(a, small, large));
    let z = a.multiply(t, t);
    let cubic = a.multiply(a.multiply(polynomial(a, z, a.multiply(z, z), &ATAN), z), t);
    // angle = eighths * pi/4 + arc, then mirrored at the diagonal and at the axis of ordinates.
    let arc = Double { high: t, low: a.add(cubic, low) };
    let sign_bit = a.integer(a.sign_bit());
    let none = a.integer(0);
    let mut eighths = a.select(steep, a.subtract(a.float(2.0), eighths), eighths);
    let mut mirror = a.integer_select(steep, sign_bit, none);
    if let Some(x) = x {
        let left = sign(a, x);
        let full = a.with_bits(a.integer_and(a.bits(a.float(4.0)), all_ones_if(a, left)));
        eighths = a.subtract(full, eighths);
        eighths = a.abs(eighths);
        mirror = a.integer_xor(mirror, left);
    }
    let start = a.multiply(eighths, a.float(FRAC_PI_4));
    let start_low = a.fma(eighths, a.float(PI_LOW / 4.0), a.fma(eighths, a.float(FRAC_PI_4), a.negative(start)));
    let whole = quick_sum(a, start, flip(a, arc.high, mirror));
    let rest = a.add(a.add(whole.low, start_low), flip(a, arc.low, mirror));
    flip(a, a.add(whole.high, rest), sign(a, y))
}

/// All bits where `sign` has the sign bit.
#[inline(always)]
fn all_ones_if<A: DoubleAlgebra>(a: &A, sign: A::Integer) -> A::Integer {
    let top = a.shift_right(sign, 63);
    a.integer_subtract(a.integer(0), top)
}

/// `[t, low, eighths]` with `atan(small / large) = eighths pi/4 + atan(t + low)` and `|t| <= tan(pi/8)`.
#[inline(always)]
fn turned_quotient<A: DoubleAlgebra>(a: &A, small: A::Float, large: A::Float) -> [A::Float; 3] {
    let turn = a.less(a.multiply(large, a.float(TAN_EIGHTH)), small);
    let zero = a.float(0.0);
    let back = a.select(turn, large, zero);
    let forth = a.select(turn, small, zero);
    let numerator = quick_sum(a, a.negative(back), small);
    let denominator = quick_sum(a, large, forth);
    let value = quotient(a, numerator, denominator);
    [value.high, value.low, a.select(turn, a.float(1.0), zero)]
}

/// [`turned_quotient`] of any two magnitudes: zeros, infinities, NaN, and what has to be scaled first.
#[inline(always)]
fn scaled_quotient<A: DoubleAlgebra>(a: &A, small: A::Float, large: A::Float) -> [A::Float; 3] {
    let (zero, one, infinity) = (a.float(0.0), a.float(1.0), a.float(f64::INFINITY));
    let factor = a.select(a.less(large, a.float(HUGE)), a.float(UP), a.float(DOWN));
    let normal = a.less(a.float(TINY), large);
    let factor = a.select(a.both(normal, a.less(large, a.float(HUGE))), one, factor);
    let (mut near, mut far) = (a.multiply(small, factor), a.multiply(large, factor));
    // Two infinities are on the diagonal, two zeros on the axis.
    let endless = a.equal(large, infinity);
    near = a.select(endless, a.select(a.equal(small, infinity), one, a.multiply(small, zero)), near);
    far = a.select(a.either(endless, a.equal(large, zero)), one, far);
    let [t, low, eighths] = turned_quotient(a, near, far);
    // A tiny quotient is its own arc tangent, and may be subnormal: one division of what was given.
    let tiny = a.less(a.multiply(small, a.float(1.0e20)), large);
    let tiny = a.both(tiny, a.less(large, infinity));
    let t = a.select(tiny, a.divide(small, large), t);
    // NaN in either operand reaches the result.
    let nothing = a.multiply(a.add(small, large), zero);
    let nothing = a.select(a.not_equal(a.add(small, large), a.add(small, large)), nothing, zero);
    [a.add(t, nothing), a.select(tiny, zero, low), eighths]
}

/// Half an angle, to be doubled by the callers, or a whole one: `asin(base.high + base.low) = base.high + rest`.
struct Arc<A: Algebra> {
    /// Whether the operand is above 1/2 in magnitude.
    half: A::Bool,
    high: A::Float,
    rest: A::Float,
}

#[inline(always)]
fn arc_sine<A: DoubleAlgebra>(a: &A, magnitude: A::Float) -> Arc<A> {
    let half = a.less(a.float(0.5), magnitude);
    let z = a.fma(magnitude, a.float(-0.5), a.float(0.5));
    let z = a.select(half, z, a.multiply(magnitude, magnitude));
    let root = a.sqrt(z);
    // The square root's error; 1e-300 keeps 0/0 away and is nothing beside any other root above 1/2.
    let error = a.divide(a.fma(a.negative(root), root, z), a.add(a.add(root, root), a.float(1.0e-300)));
    let high = a.select(half, root, magnitude);
    let low = a.select(half, error, a.float(0.0));
    let cubic = a.multiply(a.multiply(polynomial(a, z, a.multiply(z, z), &ASIN), z), high);
    Arc { half, high, rest: a.add(cubic, low) }
}

pub(super) fn asin<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Arc { half, high, rest } = arc_sine(a, a.abs(x));
    let whole = quick_sum(a, a.float(FRAC_PI_2), a.multiply(high, a.float(-2.0)));
    let low = a.add(whole.low, a.fma(rest, a.float(-2.0), a.float(PI_LOW / 2.0)));
    let value = a.select(half, a.add(whole.high, low), a.add(high, rest));
    flip(a, value, sign(a, x))
}

pub(super) fn acos<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let Arc { half, high, rest } = arc_sine(a, a.abs(x));
    // Small: pi/2 - asin x. Above 1/2: 2 asin(root), and below -1/2 pi minus that.
    let negative = a.less(x, a.float(0.0));
    let far = a.select(negative, a.float(PI), a.float(0.0));
    let start = a.select(half, far, a.float(FRAC_PI_2));
    let factor = a.select(half, a.select(negative, a.float(-2.0), a.float(2.0)), flip(a, a.float(-1.0), sign(a, x)));
    let whole = quick_sum(a, start, a.multiply(high, factor));
    let start_low = a.multiply(start, a.float(PI_LOW / PI));
    a.add(whole.high, a.fma(rest, factor, a.add(whole.low, start_low)))
}
