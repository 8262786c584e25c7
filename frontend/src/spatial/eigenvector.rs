//! The dominant eigenvector of a symmetric 4x4 matrix: the quaternion of the rotation nearest to a 3x3 matrix.
//!
//! Davenport's q-method, with the quartic of QUEST: the rotation `R` with the largest `trace(R^T B)` has as its
//! quaternion the eigenvector of the largest eigenvalue of a symmetric 4x4 matrix `K` without trace, linear in `B`. (Any
//! symmetric 4x4 matrix is such a `K`, up to its trace: the `K` of a sum of rotations is 4 times the sum of `q q^T`, up
//! to its trace, so that a mean of rotations is found in this way too.) Its characteristic quartic is known in closed
//! form, and Householder's iteration reaches its largest root from a bound; the eigenvector is then any column of the
//! adjugate of `lambda - K`, of which the one with the largest diagonal is taken.
//!
//! All of this is a smooth formula in `B` wherever that eigenvalue is simple, so that its derivatives of every order are
//! right there, whether or not the others coincide. With the singular values `a >= b >= |c|` of `B`, where `c` has the
//! sign of its determinant, the eigenvalues are `a + b + c`, `a - b - c`, `b - a - c` and `c - a - b`; the largest is
//! simple unless `b + c = 0`, where more than one rotation is nearest.

use crate::Tensor;
use crate::spatial::component::{Matrix, dot, epsilon};

/// A symmetric 4x4 matrix.
pub(super) type Symmetric = [[Tensor; 4]; 4];

/// Steps to the eigenvalue from 3, with which it is found to the last digits that the quartic determines, if it is
/// farther than a relative 1e-6 from the others.
const STEPS: usize = 14;

/// Eigenvalues of `K` so near to each other, in units of the last place, count as equal.
const COINCIDENT: f64 = 1024.0;

/// The rotation nearest to a matrix.
#[derive(Clone, Copy)]
pub(super) struct Nearest {
    /// Its quaternion. The component of the largest magnitude is positive, the first of equal ones.
    pub(super) quat: [Tensor; 4],
    /// The matrix times a factor that makes the sum of its squared entries 3, if it is not zero.
    pub(super) matrix: Matrix,
    /// The reciprocal of that factor.
    pub(super) unit: Tensor,
    /// The sum of the singular values of the scaled matrix, the last one with the sign of the determinant.
    pub(super) eigenvalue: Tensor,
    /// The product of the sums of two of them; 0 for the zero matrix.
    pub(super) separation: Tensor,
}

/// The rotation nearest to any matrix.
///
/// If several are nearest it is one of them, of the zero matrix the identity; derivatives are finite there, but not
/// meaningful. An element that is not finite gives NaN.
pub(super) fn nearest_rotation(matrix: Matrix) -> Nearest {
    let (matrix, unit, is_zero) = scaled(matrix);
    let filled: Matrix = std::array::from_fn(|row| {
        std::array::from_fn(|column| is_zero.select(i64::from(row == column), matrix[row][column]))
    });
    let (cofactors, determinant) = cofactors(filled);
    let symmetric = davenport(filled);
    let bound = determinant.full_like(3);
    let rough = eigenvector(symmetric, largest_eigenvalue(bound, cofactors, determinant, STEPS)).0;
    // The quartic gives the eigenvalue less precisely than its eigenvector does, by Rayleigh's quotient: where another
    // one is near, half of the digits.
    let eigenvalue = dot(rough, symmetric.map(|row| dot(row, rough)));
    let (quat, separation) = eigenvector(symmetric, eigenvalue);
    Nearest { quat, matrix, unit, eigenvalue, separation: is_zero.select(0, separation) }
}

/// The matrix with a sum of squares of 3, the factor back to what it was, and whether it is zero, and stays so.
fn scaled(matrix: Matrix) -> (Matrix, Tensor, Tensor) {
    // First the magnitude, so that squares neither overflow nor vanish.
    let magnitudes = matrix.as_flattened().iter().map(|entry| entry.abs());
    let largest = magnitudes.reduce(Tensor::maximum).unwrap_or(matrix[0][0]);
    let is_zero = largest.equal(0);
    let largest = is_zero.select(1, largest);
    let matrix = matrix.map(|row| row.map(|entry| entry / largest));
    let norm = is_zero.select(3, squared_norm(matrix)).sqrt() * (1.0 / 3.0_f64.sqrt());
    (matrix.map(|row| row.map(|entry| entry / norm)), largest * norm, is_zero)
}

/// The unit eigenvector of an eigenvalue that is the largest, and an eighth of the product of its distances from the
/// others.
///
/// If `k` eigenvalues coincide with it, the adjugate, which is the product of `K - mu` over the other eigenvalues `mu`,
/// vanishes, and columns of that product without factors `K - lambda` are eigenvectors: for two, the product is
/// `K^2 + 2 lambda K + (3 lambda^2 - 6)`, for three it is `K + 3 lambda`.
fn eigenvector(symmetric: Symmetric, eigenvalue: Tensor) -> ([Tensor; 4], Tensor) {
    let with_diagonal = |matrix: Symmetric, summand: Tensor| -> Symmetric {
        std::array::from_fn(|row| {
            std::array::from_fn(
                |column| {
                    if row == column { matrix[row][column] + summand } else { matrix[row][column] }
                },
            )
        })
    };
    let simple = adjugate_of_shifted(symmetric, eigenvalue);
    let product: Symmetric = std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            (eigenvalue + eigenvalue).fma(symmetric[row][column], dot(symmetric[row], symmetric[column]))
        })
    });
    let double = with_diagonal(product, (eigenvalue * eigenvalue).fma(3, -6));
    let triple = with_diagonal(symmetric, eigenvalue * 3);
    let smallest = epsilon(eigenvalue) * COINCIDENT;
    let mut best = dominant_column(diagonal(triple), triple);
    for candidate in [double, simple] {
        let vanishes = diagonal(candidate).into_iter().reduce(Tensor::maximum).map(|most| most.less_equal(smallest));
        let column = dominant_column(diagonal(candidate), candidate);
        if let Some(vanishes) = vanishes {
            best = std::array::from_fn(|index| vanishes.select(best[index], column[index]));
        }
    }
    let length = dot(best, best).sqrt();
    let [first, second, third, fourth] = diagonal(simple);
    (best.map(|component| component / length), (first + second + third + fourth) * 0.125)
}

fn diagonal(matrix: Symmetric) -> [Tensor; 4] {
    std::array::from_fn(|index| matrix[index][index])
}

/// The cofactor matrix and the determinant.
pub(super) fn cofactors(m: Matrix) -> (Matrix, Tensor) {
    let cofactors: Matrix = std::array::from_fn(|row| {
        let (r, s) = ((row + 1) % 3, (row + 2) % 3);
        std::array::from_fn(|column| {
            let (c, d) = ((column + 1) % 3, (column + 2) % 3);
            m[r][c].fma(m[s][d], -(m[r][d] * m[s][c]))
        })
    });
    (cofactors, dot(m[0], cofactors[0]))
}

/// Davenport's matrix: its largest eigenvalue's eigenvector is the quaternion of the nearest rotation.
pub(super) fn davenport(m: Matrix) -> Symmetric {
    let trace = m[0][0] + m[1][1] + m[2][2];
    let diagonal = |index: usize| m[index][index] + m[index][index] - trace;
    let (xy, xz, yz) = (m[0][1] + m[1][0], m[0][2] + m[2][0], m[1][2] + m[2][1]);
    let (xw, yw, zw) = (m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]);
    [[diagonal(0), xy, xz, xw], [xy, diagonal(1), yz, yw], [xz, yz, diagonal(2), zw], [xw, yw, zw, trace]]
}

/// The sum of the squares of the entries, a sum of those of the rows, which is a shorter chain than one sum.
pub(super) fn squared_norm(m: Matrix) -> Tensor {
    let [first, second, third] = m.map(|row| dot(row, row));
    first + second + third
}

/// The largest root of the characteristic polynomial of [`davenport`]'s matrix of a matrix with squared norm 3:
/// `p(l) = l^4 - 6 l^2 - 8 det l + 9 - 4 |cofactors|^2`.
///
/// All roots are real, so that Householder's iteration falls from a bound `start` to the root without passing it. To a
/// root that others are near it comes slowly, and then rounding decides; where the slope is that small it stops.
pub(super) fn largest_eigenvalue(start: Tensor, cofactors: Matrix, determinant: Tensor, steps: usize) -> Tensor {
    let constant = squared_norm(cofactors).fma(-4, 9);
    let linear = determinant * -8;
    let still = epsilon(start).sqrt() * 4.0;
    let mut root = start;
    for _ in 0..steps {
        let square = root * root;
        let value = (square - 6).fma(square, linear.fma(root, constant));
        let slope = square.fma(4, -12).fma(root, linear);
        // Half of the second derivative; the third's sixth is 4 root.
        let curvature = square.fma(6, -6);
        let numerator = slope.fma(slope, -(value * curvature));
        let cubic = (value * value) * (root * 4);
        let denominator = slope.fma(numerator - value * curvature, cubic);
        // Of a NaN, too, the step is taken.
        let stop = slope.less_equal(still);
        root = root - stop.select(0, value * numerator / stop.select(1, denominator));
    }
    root
}

/// A bound of [`largest_eigenvalue`] for a matrix of positive determinant: as near to the root, beside its distance from
/// the others, where two singular values are tiny.
///
/// The root is the sum of the singular values `a`, `b`, `c`, of which `3 = a^2 + b^2 + c^2` and
/// `|cofactors|^2 = (a b)^2 + (b c)^2 + (c a)^2`, so that its square is at most `3 + 2 sqrt(3) |cofactors|`.
pub(super) fn eigenvalue_bound(cofactors: Matrix) -> Tensor {
    squared_norm(cofactors).sqrt().fma(12.0_f64.sqrt(), 3).sqrt()
}

/// The adjugate of `shift - K`, by pairs of 2x2 minors of its upper and lower rows (Laplace's expansion).
pub(super) fn adjugate_of_shifted(k: Symmetric, shift: Tensor) -> Symmetric {
    let a: Symmetric = std::array::from_fn(|row| {
        std::array::from_fn(|column| if row == column { shift - k[row][row] } else { -k[row][column] })
    });
    let minor = |row: usize, c: usize, d: usize| a[row][c].fma(a[row + 1][d], -(a[row + 1][c] * a[row][d]));
    let upper = |c: usize, d: usize| minor(0, c, d);
    let [u01, u02, u03, u12, u13, u23] = [upper(0, 1), upper(0, 2), upper(0, 3), upper(1, 2), upper(1, 3), upper(2, 3)];
    let lower = |c: usize, d: usize| minor(2, c, d);
    let [l02, l03, l12, l13, l23] = [lower(0, 2), lower(0, 3), lower(1, 2), lower(1, 3), lower(2, 3)];
    let expand = |x: [Tensor; 3], y: [Tensor; 3]| x[0].fma(y[0], x[2].fma(y[2], -(x[1] * y[1])));
    let xx = expand([a[1][1], a[1][2], a[1][3]], [l23, l13, l12]);
    let xy = -expand([a[0][1], a[0][2], a[0][3]], [l23, l13, l12]);
    let xz = expand([a[3][1], a[3][2], a[3][3]], [u23, u13, u12]);
    let xw = -expand([a[2][1], a[2][2], a[2][3]], [u23, u13, u12]);
    let yy = expand([a[0][0], a[0][2], a[0][3]], [l23, l03, l02]);
    let yz = -expand([a[3][0], a[3][2], a[3][3]], [u23, u03, u02]);
    let yw = expand([a[2][0], a[2][2], a[2][3]], [u23, u03, u02]);
    let zz = expand([a[3][0], a[3][1], a[3][3]], [u13, u03, u01]);
    let zw = -expand([a[2][0], a[2][1], a[2][3]], [u13, u03, u01]);
    let ww = expand([a[2][0], a[2][1], a[2][2]], [u12, u02, u01]);
    [[xx, xy, xz, xw], [xy, yy, yz, yw], [xz, yz, zz, zw], [xw, yw, zw, ww]]
}

/// The column at which `choice` is largest, the first of equal ones.
pub(super) fn dominant_column(choice: [Tensor; 4], columns: Symmetric) -> [Tensor; 4] {
    let (mut largest, mut best) = (choice[0], columns[0]);
    for (candidate, column) in choice.into_iter().zip(columns).skip(1) {
        let better = candidate.greater(largest);
        largest = better.select(candidate, largest);
        best = std::array::from_fn(|index| better.select(column[index], best[index]));
    }
    best
}
