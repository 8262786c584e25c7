//! Aligning one pair of vectors exactly.

use super::matrix::{Matrix, half_rows};
use crate::Tensor;
use crate::spatial::component::{cross, dot, epsilon};

/// The smallest rotation that turns the direction of one vector to that of another.
#[derive(Clone, Copy)]
pub(super) struct Exact {
    /// Its quaternion; of a zero vector a finite value of no use.
    pub(super) quat: [Tensor; 4],
    /// The direction to which it turns.
    pub(super) direction: [Tensor; 3],
    /// Whether one of the vectors is zero.
    pub(super) is_undefined: Tensor,
}

/// The smallest rotation that turns the direction of `b` to that of `a`.
///
/// The axis is the direction of `b x p`, where `p` is the part of `a` at right angles to `b`: so it is at right angles to
/// `b` to the last digits even where `p` is tiny. Of vectors that are opposite but for rounding it is another one.
pub(super) fn smallest_rotation(a: [Tensor; 3], b: [Tensor; 3]) -> Exact {
    let ([a, b], is_undefined) = {
        let [squared_a, squared_b] = [a, b].map(|vector| dot(vector, vector));
        let [none_a, none_b] = [squared_a, squared_b].map(|squared| squared.equal(0));
        let unit = |vector: [Tensor; 3], none: Tensor, squared: Tensor| {
            let length = none.select(1, squared).sqrt();
            vector.map(|component| component / length)
        };
        ([unit(a, none_a, squared_a), unit(b, none_b, squared_b)], none_a.logical_or(none_b))
    };
    let cosine = dot(a, b);
    let axis = cross(b, std::array::from_fn(|index| (-cosine).fma(b[index], a[index])));
    // Of angles up to a right one, the half angle is that to the sum of the vectors.
    let [x, y, z] = axis;
    let obtuse = cosine.less(0);
    let near = [x, y, z, obtuse.select(1, cosine + 1)];
    let length = dot(near, near).sqrt();
    let near = near.map(|component| component / length);
    let far = obtuse_rotation(a, obtuse.select(cosine, -1), axis);
    let quat = std::array::from_fn(|index| obtuse.select(far[index], near[index]));
    Exact { quat, direction: a, is_undefined }
}

/// The rotation by an angle above a right one: the sine of its half is far from zero, and its cosine is half of the sine
/// of the whole, divided by that.
fn obtuse_rotation(a: [Tensor; 3], cosine: Tensor, axis: [Tensor; 3]) -> [Tensor; 4] {
    let squared = dot(axis, axis);
    let opposite = squared.less_equal((4.0 * epsilon(cosine)).powi(2));
    let sine = opposite.select(1, squared).sqrt();
    let other = right_angled(a);
    let half_sine = ((-cosine + 1) * 0.5).sqrt();
    let [x, y, z]: [Tensor; 3] =
        std::array::from_fn(|index| opposite.select(other[index], axis[index] / sine) * half_sine);
    [x, y, z, opposite.select(0, sine * 0.5 / half_sine)]
}

/// A unit vector at right angles to one: in the plane of the axes other than the one along which it is shortest. The
/// sense is SciPy's.
fn right_angled(a: [Tensor; 3]) -> [Tensor; 3] {
    let [x, y, z] = a.map(|component| component * component);
    let zero = x.zeros_like();
    let first = x.less_equal(y).logical_and(x.less_equal(z));
    let second = y.less_equal(z);
    let choose = |by_x: Tensor, by_y: Tensor, by_z: Tensor| first.select(by_x, second.select(by_y, by_z));
    let vector = [choose(zero, a[2], -a[1]), choose(-a[2], zero, a[0]), choose(a[1], -a[0], zero)];
    let squared = dot(vector, vector);
    let length = squared.equal(0).select(1, squared).sqrt();
    vector.map(|component| component / length)
}

/// The turn about the aligned direction that suits other pairs best, of which `matrix` is the sum of `a b^T`, with a sum
/// of squares of 3. If every turn suits them, none.
pub(super) fn best_turn(exact: &Exact, matrix: Matrix) -> [Tensor; 4] {
    let rows = half_rows(exact.quat);
    // With b turned by the exact rotation (and halved).
    let turned: Matrix = matrix.map(|row| rows.map(|other| dot(row, other)));
    let u = exact.direction;
    let sine = dot(u, [turned[1][2] - turned[2][1], turned[2][0] - turned[0][2], turned[0][1] - turned[1][0]]);
    // Negated: the first index is that of a.
    let sine = -sine;
    let cosine = turned[0][0] + turned[1][1] + turned[2][2] - dot(u, turned.map(|row| dot(row, u)));
    let free = dot([sine, cosine], [sine, cosine]).less_equal((16.0 * epsilon(sine)).powi(2));
    let half = free.select(0, sine).atan2(free.select(1, cosine)) * 0.5;
    let half_sine = half.sin();
    let [x, y, z] = u.map(|component| component * half_sine);
    [x, y, z, half.cos()]
}
