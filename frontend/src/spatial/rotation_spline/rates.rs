//! The angular rates at the knots, which make the acceleration continuous.
//!
//! With `r` a segment's rotation vector, `h` its duration and `v` the rate of the rotation vector at its end, so that
//! the angular rate there is `J(r) v` ([`super::body`]), continuity at the knot between a segment and the next one is
//!
//! ```text
//! 2 a J J- v- + 4 J v + 2 b v+ = 6 (a r / h + b r+ / h+) - m N(r, v),    a = h+ / (h + h+), b = h / (h + h+), m = a h
//! ```
//!
//! where `-` marks the segment before and `+` the one behind. (These are the equations of SciPy, multiplied by `m`, for
//! other unknowns: `v` instead of the angular rates `J v`, which makes the blocks above the diagonal numbers.) `N` is
//! quadratic in `v`, so that Newton's method needs no derivative but twice a bilinear form: each step solves
//! `(T + 2 m N(v, .)) w = b + m N(v, v)` for the next `w`.
//!
//! The number of steps is fixed; the program differentiates like any other, and its derivatives converge with it.
//! Measured on random knots, 5 steps reach rounding wherever [`RotationSpline::new`](super::RotationSpline::new) says
//! so; one more is for the derivatives, which are a step behind.

use super::super::component::Matrix;
use super::super::component::dot;
use super::Vector;
use super::body::{Factors, apply_jacobian};
use super::tridiagonal::{Row, product, solve};
use crate::{Tensor, concat};

/// Newton's steps.
const STEPS: usize = 6;

/// Rates of each segment's rotation vector, `[..., k - 1]`. At its start and at the identity, that is the angular rate.
pub(super) struct Rates {
    pub(super) start: Vector,
    pub(super) end: Vector,
    pub(super) mean: Vector,
}

/// The equation at the knot behind a segment, but for what depends on the unknowns: for one knot, or with an axis of
/// knots in all its tensors.
#[derive(Clone, Copy)]
struct Equation {
    vector: Vector,
    lower: Matrix,
    diagonal: Matrix,
    upper: Tensor,
    right: Vector,
    /// `m N` is `(r . v) C v + d v x (r x v)` with this matrix `C` and this `d`.
    once: Matrix,
    twice: Tensor,
}

/// The rates of segments with these rotation vectors and durations, `[..., k - 1]`.
pub(super) fn at_knots(rotvecs: Vector, durations: Tensor) -> Rates {
    let mean = rotvecs.map(|component| component / durations);
    let factors = Factors::of_short(dot(rotvecs, rotvecs));
    // After a mistake there is no shape, and one segment needs no equations.
    let segments = durations.shape().last().and_then(|dim| dim.as_fixed()).map_or(1, |count| count as i64);
    let inner = if segments > 1 { inner_rates(rotvecs, durations, mean, factors) } else { Vec::new() };
    let end = std::array::from_fn(|axis| {
        let inner = inner.iter().map(|rate| rate[axis].expand_dims(-1));
        concat(inner.chain([mean[axis].slice(-1, segments - 1..)]), -1)
    });
    let angular = apply_jacobian(factors, rotvecs, end);
    let start =
        std::array::from_fn(|axis| concat([mean[axis].slice(-1, ..1), angular[axis].slice(-1, ..segments - 1)], -1));
    Rates { start, end, mean }
}

/// The rates at the end of each segment but the last.
fn inner_rates(rotvecs: Vector, durations: Tensor, mean: Vector, factors: Factors) -> Vec<Vector> {
    let all = Equation::of_all(rotvecs, durations, mean, factors);
    let knots = all.upper.shape().last().and_then(|dim| dim.as_fixed()).unwrap_or(0) as i64;
    let at = |vector: Vector, place: i64| vector.map(|component| component.component(place));
    let mut equations: Vec<Equation> = (0..knots).map(|knot| all.at(knot)).collect();
    // The rates at both ends are known: there, mean and angular rate are the same.
    if let Some(first) = equations.first_mut() {
        // `2 a` is what `2 b` lacks to 2.
        first.give(-first.upper + 2, at(mean, 0));
    }
    if let Some(last) = equations.last_mut() {
        last.give(last.upper, at(mean, knots));
    }
    // The mean rate is a good guess.
    let mut unknowns: Vec<Vector> = (0..knots).map(|knot| at(mean, knot)).collect();
    for _ in 0..STEPS {
        let rows: Vec<Row> = equations.iter().zip(unknowns).map(|(equation, rate)| equation.row(rate)).collect();
        unknowns = solve(&rows);
    }
    unknowns
}

impl Equation {
    /// The equations of all knots between two segments, along the last axis.
    fn of_all(rotvecs: Vector, durations: Tensor, mean: Vector, factors: Factors) -> Self {
        let (before, behind) = (|tensor: Tensor| tensor.slice(-1, ..-1), |tensor: Tensor| tensor.slice(-1, 1..));
        let jacobian = jacobian(rotvecs, factors);
        let sum = before(durations) + behind(durations);
        let [first, second] = [behind(durations) / sum, before(durations) / sum];
        let scale = first * before(durations);
        let Factors { twice, once_slope, twice_slope, .. } = factors;
        let [twice, once_slope, twice_slope] = [twice, once_slope, twice_slope].map(|factor| before(factor) * scale);
        let vector = rotvecs.map(before);
        let diagonal = jacobian.map(|row| row.map(before));
        // That of the first knot is never looked at; the segment before it stands in for the one that is not there.
        let previous = jacobian.map(|row| row.map(|entry| concat([entry.slice(-1, ..1), entry.slice(-1, ..-2)], -1)));
        let lower = product(diagonal, previous).map(|row| row.map(|entry| entry * (first + first)));
        let right = mean.map(|rate| first.fma(before(rate), second * behind(rate)) * 6);
        Self {
            vector,
            lower,
            diagonal: diagonal.map(|row| row.map(|entry| entry * 4)),
            upper: second + second,
            right,
            once: skew_polynomial(vector, once_slope, twice_slope),
            twice,
        }
    }

    /// That of one knot.
    fn at(&self, knot: i64) -> Self {
        let number = |tensor: Tensor| tensor.component(knot);
        let matrix = |matrix: Matrix| matrix.map(|row| row.map(number));
        Self {
            vector: self.vector.map(number),
            lower: matrix(self.lower),
            diagonal: matrix(self.diagonal),
            upper: number(self.upper),
            right: self.right.map(number),
            once: matrix(self.once),
            twice: number(self.twice),
        }
    }

    /// Takes `factor` times a known rate to the right side.
    fn give(&mut self, factor: Tensor, rate: Vector) {
        self.right = std::array::from_fn(|axis| self.right[axis] - factor * rate[axis]);
    }

    /// The row of the next step from a rate.
    fn row(&self, rate: Vector) -> Row {
        let Self { vector, lower, upper, once, twice, .. } = *self;
        let along = dot(vector, rate);
        let turned: Vector = std::array::from_fn(|axis| dot(once[axis], rate));
        let across: Vector = std::array::from_fn(|axis| turned[axis] - twice * rate[axis]);
        let double = vector.map(|component| (twice + twice) * component);
        let diagonal = std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let entry = once[row][column];
                let entry = if row == column { entry - twice } else { entry };
                let bilinear = along.fma(entry, across[row].fma(vector[column], double[row] * rate[column]));
                self.diagonal[row][column] + bilinear
            })
        });
        let square = twice * dot(rate, rate);
        let right = std::array::from_fn(|axis| self.right[axis] + along.fma(across[axis], square * vector[axis]));
        Row { lower, diagonal, upper, right }
    }
}

/// `J`.
fn jacobian(vector: Vector, factors: Factors) -> Matrix {
    let mut jacobian = skew_polynomial(vector, -factors.once, factors.twice);
    (0..3).for_each(|axis| jacobian[axis][axis] = jacobian[axis][axis] + 1);
    jacobian
}

/// `once K + twice K^2` of the matrix `K` that multiplies by `r x`.
fn skew_polynomial(vector @ [x, y, z]: Vector, once: Tensor, twice: Tensor) -> Matrix {
    let [dx, dy, dz] = vector.map(|component| component * once);
    let scaled = vector.map(|component| component * twice);
    let [xy, xz, yz] = [scaled[0] * y, scaled[0] * z, scaled[1] * z];
    let [xx, yy, zz] = [scaled[0] * x, scaled[1] * y, scaled[2] * z];
    [[-(yy + zz), xy - dz, xz + dy], [xy + dz, -(xx + zz), yz - dx], [xz - dy, yz + dx, -(xx + yy)]]
}
