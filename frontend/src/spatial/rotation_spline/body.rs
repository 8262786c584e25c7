//! From a moving rotation vector to the angular rate and acceleration about the axes of the rotated frame.
//!
//! With `p` the rotation vector, `p'` its rate and `t` its squared length, the angular rate is
//! `J p' = p' - f(t) p x p' + g(t) p x (p x p')` of `f(t) = (1 - cos sqrt t) / t` and
//! `g(t) = (1 - sin sqrt(t) / sqrt(t)) / t`. The acceleration is `J p'' + N(p, p')` of
//! `N = J' p' = (p . p') (-2 df/dt p x p' + 2 dg/dt p x (p x p')) + g p' x (p x p')`.

use super::super::component::{dot, polynomial};
use super::Vector;
use crate::Tensor;

/// How many coefficients the series have, and how many for `f32`.
const TERMS: (usize, usize) = (17, 10);

/// Up to this squared angle, which is more than pi squared, the series are exact to rounding, and so are two derivatives.
const SERIES_END: f64 = 10.0;

/// Coefficients of `f`, `g`, `-2 df/dt` and `2 dg/dt`.
const SERIES: [[f64; TERMS.0]; 4] = [series(2), series(3), slope(series(2), 2, -2.0), slope(series(3), 3, 2.0)];

/// `(-1)^n / (2 n + first)!`.
const fn series(first: usize) -> [f64; TERMS.0] {
    let mut coefficients = [1.0 / (if first == 2 { 2.0 } else { 6.0 }); TERMS.0];
    let mut index = 1;
    while index < TERMS.0 {
        coefficients[index] = next(coefficients[index - 1], index, first);
        index += 1;
    }
    coefficients
}

/// The coefficient at `index` of [`series`], from the one before.
const fn next(previous: f64, index: usize, first: usize) -> f64 {
    let place = 2 * index + first;
    -previous / ((place * (place - 1)) as f64)
}

/// `factor` times the derivative of a [`series`].
const fn slope(series: [f64; TERMS.0], first: usize, factor: f64) -> [f64; TERMS.0] {
    let mut coefficients = [0.0; TERMS.0];
    let mut index = 1;
    while index <= TERMS.0 {
        let coefficient = if index < TERMS.0 { series[index] } else { next(series[index - 1], index, first) };
        coefficients[index - 1] = factor * index as f64 * coefficient;
        index += 1;
    }
    coefficients
}

/// The functions of the squared angle.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    /// `f`.
    pub(super) once: Tensor,
    /// `g`.
    pub(super) twice: Tensor,
    /// `-2 df/dt`.
    pub(super) once_slope: Tensor,
    /// `2 dg/dt`.
    pub(super) twice_slope: Tensor,
}

impl Factors {
    /// At squared angles up to pi squared.
    pub(super) fn of_short(squared: Tensor) -> Self {
        let [once, twice, once_slope, twice_slope] =
            SERIES.map(|coefficients| polynomial(squared, &coefficients, TERMS.1));
        Self { once, twice, once_slope, twice_slope }
    }

    /// At any squared angles.
    fn of(squared: Tensor) -> Self {
        let short = squared.less(SERIES_END);
        // Neither what the series become of a large angle is selected, nor what the formulas do of a small one, nor
        // their derivatives.
        let series = Self::of_short(short.select(squared, 0));
        let large = short.select(1, squared);
        let angle = large.sqrt();
        let sine = angle.sin() / angle;
        let once = (-angle.cos() + 1) / large;
        let twice = (-sine + 1) / large;
        let once_slope = (once + once - sine) / large;
        let twice_slope = twice.fma(-3, once) / large;
        Self {
            once: short.select(series.once, once),
            twice: short.select(series.twice, twice),
            once_slope: short.select(series.once_slope, once_slope),
            twice_slope: short.select(series.twice_slope, twice_slope),
        }
    }
}

/// `J p'`.
pub(super) fn angular_rate(vector: Vector, rate: Vector) -> Vector {
    apply_jacobian(Factors::of(dot(vector, vector)), vector, rate)
}

/// `J p'' + N(p, p')`.
pub(super) fn angular_acceleration(vector: Vector, rate: Vector, acceleration: Vector) -> Vector {
    let factors = Factors::of(dot(vector, vector));
    let linear = apply_jacobian(factors, vector, acceleration);
    let turned = cross(vector, rate);
    let twice = cross(vector, turned);
    let along = dot(vector, rate);
    let third = cross(rate, turned);
    std::array::from_fn(|axis| {
        let slope = factors.once_slope.fma(turned[axis], factors.twice_slope * twice[axis]);
        along.fma(slope, factors.twice.fma(third[axis], linear[axis]))
    })
}

/// `J` times a vector.
pub(super) fn apply_jacobian(factors: Factors, vector: Vector, to: Vector) -> Vector {
    let once = cross(vector, to);
    let twice = cross(vector, once);
    std::array::from_fn(|axis| factors.twice.fma(twice[axis], to[axis] - factors.once * once[axis]))
}

fn cross(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|axis| {
        let (next, last) = ((axis + 1) % 3, (axis + 2) % 3);
        a[next].fma(b[last], -(a[last] * b[next]))
    })
}
