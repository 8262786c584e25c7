//! Rotation matrices.
//!
//! `from_matrix` gives the rotation nearest to any matrix of positive determinant, the factor `U V^T` of its singular
//! value decomposition, as SciPy does, but without that decomposition, whose derivative is undefined at the very
//! matrices one has: rotations. Instead (Davenport's q-method, with the quartic of QUEST): the quaternion is the
//! eigenvector of the largest eigenvalue of a symmetric 4x4 matrix `K`, linear in the matrix. Its characteristic
//! quartic is known in closed form, its largest root is simple unless the matrix has rank 1, and Householder's iteration
//! reaches it from a bound; the eigenvector is then any column of the adjugate of `lambda - K`, of which the one with
//! the largest diagonal is taken. All of this is a smooth formula in the matrix, so its derivatives of every order are
//! those of the projection.

use super::Rotation;
use crate::spatial::component::{checked, components, dot, join};
use crate::trace::located_at;
use crate::{Tensor, stack, where_};
use std::panic::Location;

/// Rows of components.
pub(in crate::spatial) type Matrix = [[Tensor; 3]; 3];

/// A symmetric 4x4 matrix.
type Symmetric = [[Tensor; 4]; 4];

/// Steps of the iteration. A rotation needs none. After two, the relative error is below 2e-10 for any singular values,
/// so that the derivatives after three are right too.
const STEPS: usize = 3;

impl Rotation {
    /// Of matrices `[..., 3, 3]`: the nearest rotation if a matrix is not one, NaN if its determinant is not positive.
    ///
    /// The sign of the quaternion makes its component of the largest magnitude positive, the first of equal ones.
    #[track_caller]
    #[must_use]
    pub fn from_matrix(matrix: Tensor) -> Self {
        located_at(Location::caller(), || {
            let matrix = entries("Rotation::from_matrix", matrix);
            // All rotations have this norm, so that their largest eigenvalue is 3.
            let scale = squared_norm(matrix).sqrt().reciprocal() * 3.0_f64.sqrt();
            let matrix = matrix.map(|row| row.map(|entry| entry * scale));
            let (cofactors, determinant) = cofactors(matrix);
            let symmetric = davenport(matrix);
            let eigenvalue = largest_eigenvalue(cofactors, determinant);
            let adjugate = adjugate_of_shifted(symmetric, eigenvalue);
            let column = dominant_column(std::array::from_fn(|index| adjugate[index][index]), adjugate);
            let inverse = dot(column, column).sqrt().reciprocal();
            let inverse = where_(determinant.greater(0), inverse, f64::NAN);
            Self { quat: join(column.map(|component| component * inverse)) }
        })
    }

    /// Of matrices `[..., 3, 3]` that are rotations, which is not checked. The sign is as for
    /// [`from_matrix`](Self::from_matrix).
    ///
    /// Markley, "Unit quaternion from rotation matrix", Journal of Guidance, Control, and Dynamics 31 (2008).
    #[track_caller]
    #[must_use]
    pub fn from_matrix_assume_valid(matrix: Tensor) -> Self {
        located_at(Location::caller(), || {
            let matrix = entries("Rotation::from_matrix_assume_valid", matrix);
            let mut symmetric = davenport(matrix);
            let choice = [matrix[0][0], matrix[1][1], matrix[2][2], symmetric[3][3]];
            // For a rotation K is 4 q q^T - 1.
            (0..4).for_each(|index| symmetric[index][index] = symmetric[index][index] + 1);
            let column = dominant_column(choice, symmetric);
            let inverse = dot(column, column).sqrt().reciprocal();
            Self { quat: join(column.map(|component| component * inverse)) }
        })
    }

    /// The matrices `[..., 3, 3]`.
    #[track_caller]
    #[must_use]
    pub fn as_matrix(self) -> Tensor {
        located_at(Location::caller(), || {
            let halves = half_rows(components::<4>("Rotation::as_matrix", self.quat));
            let whole: Vec<Tensor> = halves.as_flattened().iter().map(|&half| half + half).collect();
            stack(whole, -1).reshape_last(1, [3, 3])
        })
    }
}

/// Half of the matrix of a unit quaternion: without the factor 2, which whoever uses it applies last, all entries are
/// one fused operation from products that two of them share.
pub(super) fn half_rows([x, y, z, w]: [Tensor; 4]) -> Matrix {
    let half = x.full_like(0.5);
    let [without_y, without_z] = [y, z].map(|component| (-component).fma(component, half));
    let [xw, yw, zw] = [x * w, y * w, z * w];
    [
        [(-y).fma(y, without_z), x.fma(y, -zw), x.fma(z, yw)],
        [x.fma(y, zw), (-x).fma(x, without_z), y.fma(z, -xw)],
        [x.fma(z, -yw), y.fma(z, xw), (-x).fma(x, without_y)],
    ]
}

fn entries(name: &str, matrix: Tensor) -> Matrix {
    let flat = components::<9>(name, checked(name, matrix, &[3, 3]).reshape_last(2, [9]));
    std::array::from_fn(|row| std::array::from_fn(|column| flat[3 * row + column]))
}

/// The cofactor matrix and the determinant.
pub(in crate::spatial) fn cofactors(m: Matrix) -> (Matrix, Tensor) {
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
fn davenport(m: Matrix) -> Symmetric {
    let trace = m[0][0] + m[1][1] + m[2][2];
    let diagonal = |index: usize| m[index][index] + m[index][index] - trace;
    let (xy, xz, yz) = (m[0][1] + m[1][0], m[0][2] + m[2][0], m[1][2] + m[2][1]);
    let (xw, yw, zw) = (m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]);
    [[diagonal(0), xy, xz, xw], [xy, diagonal(1), yz, yw], [xz, yz, diagonal(2), zw], [xw, yw, zw, trace]]
}

/// The sum of the squares of the entries, a sum of those of the rows, which is a shorter chain than one sum.
fn squared_norm(m: Matrix) -> Tensor {
    let [first, second, third] = m.map(|row| dot(row, row));
    first + second + third
}

/// The largest root of the characteristic polynomial of [`davenport`]'s matrix of a matrix with squared norm 3:
/// `p(l) = l^4 - 6 l^2 - 8 det l + 9 - 4 |cofactors|^2`.
///
/// It is the sum of the singular values `a`, `b`, `c`, of which `3 = a^2 + b^2 + c^2` and
/// `|cofactors|^2 = (a b)^2 + (b c)^2 + (c a)^2`, so that its square is at most `3 + 2 sqrt(3) |cofactors|`. There the
/// iteration starts: as near to the root, beside its distance from the others, where two singular values are tiny.
fn largest_eigenvalue(cofactors: Matrix, determinant: Tensor) -> Tensor {
    let squared = squared_norm(cofactors);
    let constant = squared.fma(-4, 9);
    let linear = determinant * -8;
    let mut root = squared.sqrt().fma(12.0_f64.sqrt(), 3).sqrt();
    for _ in 0..STEPS {
        let square = root * root;
        let value = (square - 6).fma(square, linear.fma(root, constant));
        let slope = square.fma(4, -12).fma(root, linear);
        // Half of the second derivative; the third's sixth is 4 root.
        let curvature = square.fma(6, -6);
        let numerator = slope.fma(slope, -(value * curvature));
        let cubic = (value * value) * (root * 4);
        let denominator = slope.fma(numerator - value * curvature, cubic);
        root = root - value * numerator / denominator;
    }
    root
}

/// The adjugate of `shift - K`, by pairs of 2x2 minors of its upper and lower rows (Laplace's expansion).
fn adjugate_of_shifted(k: Symmetric, shift: Tensor) -> Symmetric {
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
fn dominant_column(choice: [Tensor; 4], columns: Symmetric) -> [Tensor; 4] {
    let (mut largest, mut best) = (choice[0], columns[0]);
    for (candidate, column) in choice.into_iter().zip(columns).skip(1) {
        let better = candidate.greater(largest);
        largest = better.select(candidate, largest);
        best = std::array::from_fn(|index| better.select(column[index], best[index]));
    }
    best
}
