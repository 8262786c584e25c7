//! Rotation matrices.
//!
//! `from_matrix` gives the rotation nearest to any matrix of positive determinant, the factor `U V^T` of its singular
//! value decomposition, as SciPy does, but without that decomposition, whose derivative is undefined at the very
//! matrices one has: rotations. Instead the quaternion is the eigenvector of a symmetric 4x4 matrix, as
//! `eigenvector.rs` says: a smooth formula in the matrix, so that its derivatives of every order are those of the
//! projection.

use super::Rotation;
use crate::implementations::operate;
use crate::implementations::operation::{AsMatrix, FromMatrix, FromMatrixAssumeValid};
pub(super) use crate::spatial::component::Matrix;
use crate::spatial::component::{checked, components, dot, join};
use crate::spatial::eigenvector::{
    adjugate_of_shifted, cofactors, davenport, dominant_column, eigenvalue_bound, largest_eigenvalue, squared_norm,
};
use crate::{Tensor, stack, where_};
use std::panic::Location;

/// Steps to the eigenvalue. A rotation needs none. After two, the relative error is below 2e-10 for any singular values
/// of a matrix with a positive determinant, so that the derivatives after three are right too.
const STEPS: usize = 3;

impl Rotation {
    /// Of matrices `[..., 3, 3]`: the nearest rotation if a matrix is not one, NaN if its determinant is not positive.
    ///
    /// The sign of the quaternion makes its component of the largest magnitude positive, the first of equal ones.
    #[track_caller]
    #[must_use]
    pub fn from_matrix(matrix: Tensor) -> Self {
        operate::<FromMatrix>(Location::caller(), matrix, |matrix| {
            let matrix = entries("Rotation::from_matrix", matrix);
            // All rotations have this norm, so that their largest eigenvalue is 3.
            let scale = squared_norm(matrix).sqrt().reciprocal() * 3.0_f64.sqrt();
            let matrix = matrix.map(|row| row.map(|entry| entry * scale));
            let (cofactors, determinant) = cofactors(matrix);
            let symmetric = davenport(matrix);
            let eigenvalue = largest_eigenvalue(eigenvalue_bound(cofactors), cofactors, determinant, STEPS);
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
        operate::<FromMatrixAssumeValid>(Location::caller(), matrix, |matrix| {
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
        operate::<AsMatrix>(Location::caller(), self, |_| {
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
