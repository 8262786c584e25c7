//! Block-tridiagonal linear equations with blocks of 3x3, by elimination without pivoting (Thomas).
//!
//! Their diagonal blocks outweigh the others, so that it is stable.

use super::super::component::Matrix;
use super::super::component::dot;
use super::super::eigenvector::cofactors;
use super::Vector;
use crate::Tensor;

/// `lower * previous + diagonal * own + upper * next = right`. The first row has no previous unknown, the last no next
/// one: their blocks there are not looked at.
pub(super) struct Row {
    pub(super) lower: Matrix,
    pub(super) diagonal: Matrix,
    /// A multiple of the unit matrix.
    pub(super) upper: Tensor,
    pub(super) right: Vector,
}

/// A row from which the previous unknown is gone: `own = right - next_factor * next`.
struct Eliminated {
    next_factor: Matrix,
    right: Vector,
}

/// The unknowns, one for each row.
pub(super) fn solve(rows: &[Row]) -> Vec<Vector> {
    let mut eliminated: Vec<Eliminated> = Vec::with_capacity(rows.len());
    for row in rows {
        let (mut diagonal, mut right) = (row.diagonal, row.right);
        if let Some(previous) = eliminated.last() {
            diagonal = less_product(diagonal, row.lower, previous.next_factor);
            right = std::array::from_fn(|axis| right[axis] - dot(row.lower[axis], previous.right));
        }
        let inverse = inverse(diagonal);
        eliminated.push(Eliminated {
            next_factor: inverse.map(|entries| entries.map(|entry| entry * row.upper)),
            right: inverse.map(|entries| dot(entries, right)),
        });
    }
    let mut unknowns: Vec<Vector> = Vec::with_capacity(rows.len());
    for row in eliminated.iter().rev() {
        let own = match unknowns.last() {
            Some(&next) => std::array::from_fn(|axis| row.right[axis] - dot(row.next_factor[axis], next)),
            None => row.right,
        };
        unknowns.push(own);
    }
    unknowns.reverse();
    unknowns
}

fn inverse(matrix: Matrix) -> Matrix {
    let (cofactors, determinant) = cofactors(matrix);
    let scale = determinant.reciprocal();
    std::array::from_fn(|row| std::array::from_fn(|column| cofactors[column][row] * scale))
}

/// `a - b * c`.
fn less_product(a: Matrix, b: Matrix, c: Matrix) -> Matrix {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| a[row][column] - dot(b[row], std::array::from_fn(|inner| c[inner][column])))
    })
}

/// `a * b`.
pub(super) fn product(a: Matrix, b: Matrix) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| dot(a[row], std::array::from_fn(|inner| b[inner][column]))))
}
