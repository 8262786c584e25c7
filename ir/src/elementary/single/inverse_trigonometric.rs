//! `asin`, `acos`, `atan`, `atan2`: of the smaller over the larger magnitude, and of half angles, as for doubles.

use super::super::DoubleAlgebra;
use super::super::double::{flip, polynomial, sign};
use std::f64::consts::{FRAC_PI_2, PI};

/// `(atan t - t) / t^3`, `z = t^2` on [0.0, 1.0], degree 13: relative error below 2^-37.6.
const ATAN: [f64; 14] = [
    -0.333_333_333_331_682_7,
    0.199_999_999_351_422_82,
    -0.142_857_100_200_673_55,
    0.111_109_995_087_421_27,
    -0.090_893_680_319_434_41,
    0.076_793_812_764_302_96,
    -0.065_951_245_962_802_94,
    0.056_066_870_352_911_11,
    -0.044_949_951_625_413_76,
    0.031_658_037_961_929_87,
    -0.017_983_693_245_206_12,
    0.007_457_247_330_422_407_5,
    -0.001_960_826_897_837_771_3,
    0.000_242_032_132_949_299_6,
];

/// `(asin x - x) / x^3`, `z = x^2` on [0.0, 0.25], degree 7: relative error below 2^-33.6.
const ASIN: [f64; 8] = [
    0.166_666_666_654_950_86,
    0.075_000_005_988_290_49,
    0.044_642_358_484_883_196,
    0.030_397_634_130_580_702,
    0.022_132_443_623_426_794,
    0.019_306_260_869_368_045,
    0.005_443_185_102_748_107_5,
    0.029_305_239_705_335_79,
];

/// `x + x z P(z)`.
#[inline(always)]
fn odd<A: DoubleAlgebra>(a: &A, x: A::Float, z: A::Float, coefficients: &[f64]) -> A::Float {
    a.fma(a.multiply(x, z), polynomial(a, z, a.multiply(z, z), coefficients), x)
}

/// The angle up to pi/2 of what rises by `rise` over a `run`, both of which are magnitudes, if their quotient is `t` or, where it is
/// steep, one over `t`.
#[inline(always)]
fn angle<A: DoubleAlgebra>(a: &A, t: A::Float, steep: A::Bool) -> A::Float {
    let arc = odd(a, t, a.multiply(t, t), &ATAN);
    a.select(steep, a.subtract(a.float(FRAC_PI_2), arc), arc)
}

pub(in super::super) fn atan<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (rise, one) = (a.abs(x), a.float(1.0));
    let steep = a.less(one, rise);
    let t = a.divide(a.select(steep, one, rise), a.select(steep, rise, one));
    flip(a, angle(a, t, steep), sign(a, x))
}

pub(in super::super) fn atan2<A: DoubleAlgebra>(a: &A, y: A::Float, x: A::Float) -> A::Float {
    let (rise, run) = (a.abs(y), a.abs(x));
    let steep = a.less(run, rise);
    let (large, small) = (a.select(steep, rise, run), a.select(steep, run, rise));
    // Two zeros are on the axis, two infinities on the diagonal.
    let (zero, one) = (a.float(0.0), a.float(1.0));
    let equal = a.select(a.equal(large, zero), zero, one);
    let t = a.select(a.equal(small, large), equal, a.divide(small, large));
    let up = angle(a, t, steep);
    let right = a.integer_equal(sign(a, x), a.integer(0));
    flip(a, a.select(right, up, a.subtract(a.float(PI), up)), sign(a, y))
}

/// Whether a magnitude is above 1/2, and the arc sine of what is up to that, or else half of the arc cosine.
#[inline(always)]
fn arc_sine<A: DoubleAlgebra>(a: &A, magnitude: A::Float) -> (A::Bool, A::Float) {
    let half = a.less(a.float(0.5), magnitude);
    let z = a.fma(magnitude, a.float(-0.5), a.float(0.5));
    let z = a.select(half, z, a.multiply(magnitude, magnitude));
    let x = a.select(half, a.sqrt(z), magnitude);
    (half, odd(a, x, z, &ASIN))
}

pub(in super::super) fn asin<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (half, arc) = arc_sine(a, a.abs(x));
    let value = a.select(half, a.fma(arc, a.float(-2.0), a.float(FRAC_PI_2)), arc);
    flip(a, value, sign(a, x))
}

pub(in super::super) fn acos<A: DoubleAlgebra>(a: &A, x: A::Float) -> A::Float {
    let (half, arc) = arc_sine(a, a.abs(x));
    // Up to 1/2: pi/2 - asin x. Above: 2 arc, and below -1/2 pi minus that.
    let negative = a.less(x, a.float(0.0));
    let near = a.subtract(a.float(FRAC_PI_2), flip(a, arc, sign(a, x)));
    let twice = a.add(arc, arc);
    a.select(half, a.select(negative, a.subtract(a.float(PI), twice), twice), near)
}
