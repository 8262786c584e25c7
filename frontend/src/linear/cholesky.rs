//! Symmetric positive definite equations, by the factorisation of Cholesky without square roots, `A = L D L^T` (Golub
//! and Van Loan, "Matrix Computations", section 4.1), unrolled.

use crate::spatial::epsilon;
use crate::trace::{Mistake, located_at, record};
use crate::{IntoTensor, Tensor, constant, stack};
use std::panic::Location;

/// More unknowns than this are refused: the code grows with their cube.
pub(crate) const MOST_UNKNOWNS: usize = 16;

/// The solution `x` of `A x = b` for a symmetric positive definite matrix `A` of shape `[..., d, d]` and a vector `b` of
/// shape `[..., d]`, `d` at most 16. Leading axes broadcast: of several right sides, give the matrix an axis of size 1.
///
/// Only the lower triangle of `A` is read. The work is unrolled, and differentiable to every order.
///
/// Where `A` is not positive definite to rounding (a pivot is at most `d * epsilon` times its diagonal element, or
/// negative), the unknown of that pivot is held at 0 and the others solve the equations without it: of a singular
/// matrix with consistent equations it is a solution, and the result of finite numbers is finite always. Derivatives
/// are then those of the equations without it. A NaN in `A` gives NaN.
///
/// ```
/// use rotrace::{Array, Tensor, linear::cholesky_solve, trace};
/// let solve = trace(|(a, b): (Tensor, Tensor)| cholesky_solve(a, b)).compile("f64[n, 2, 2], f64[2]")?;
/// let a = Array::from_vec(&[2, 2, 2], vec![4.0, 2.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0])?;
/// let x = solve.call(&(a, Array::from([8.0, 8.0])))?;
/// assert_eq!(x, Array::from([[1.0, 2.0], [8.0, 0.0]]));
/// # Ok::<(), rotrace::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn cholesky_solve(matrix: Tensor, right: impl IntoTensor) -> Tensor {
    located_at(Location::caller(), || {
        let right = constant(right);
        let Some(size) = checked_size(matrix, right) else { return Tensor::POISON };
        let entry = |row: usize, column: usize| matrix.index(-2, row as i64).component(column as i64);
        let lower: Vec<Vec<Tensor>> =
            (0..size).map(|row| (0..=row).map(|column| entry(row, column)).collect()).collect();
        let right: Vec<Tensor> = (0..size).map(|row| right.component(row as i64)).collect();
        stack(Factors::of(&lower).solve(&right), -1)
    })
}

/// The number of unknowns; `None` after a mistake.
fn checked_size(matrix: Tensor, right: Tensor) -> Option<usize> {
    let mut size = None;
    record(Location::caller(), |recorder| {
        let ids = [recorder.resolve(matrix)?, recorder.resolve(right)?];
        let [matrix, right] = ids.map(|id| recorder.ty(id));
        let [rows, columns, entries] = [matrix.shape.iter().nth_back(1), matrix.shape.last(), right.shape.last()];
        let found = rows.and_then(|rows| usize::try_from(rows.as_fixed()?).ok());
        let fits = rows.is_some() && rows == columns && columns == entries && matrix.dtype == right.dtype;
        if let Some(found @ 1..=MOST_UNKNOWNS) = found
            && fits
            && matrix.dtype.is_float()
        {
            size = Some(found);
            return Ok(ids[0]);
        }
        let operands: Vec<String> = ids.iter().map(|&id| recorder.display(id)).collect();
        let message = format!(
            "cholesky_solve takes floats of shape [..., d, d] and [..., d], with d from 1 to {MOST_UNKNOWNS}, got {}",
            operands.join(" and ")
        );
        Err(Mistake { message, operands })
    });
    size
}

/// A factored matrix.
pub(crate) struct Factors {
    /// The entries of `L` left of its diagonal of ones, negated.
    negated: Vec<Vec<Tensor>>,
    /// The reciprocals of the pivots; 0 for those that are held out.
    inverse: Vec<Tensor>,
}

impl Factors {
    /// Of the lower triangle of a matrix: row `i` has `i + 1` entries.
    pub(crate) fn of(lower: &[Vec<Tensor>]) -> Self {
        let mut factors = Self { negated: Vec::new(), inverse: Vec::new() };
        for row in lower {
            let Some((&diagonal, entries)) = row.split_last() else { break };
            // The row of L D; that of L follows by dividing through the pivots.
            let mut scaled: Vec<Tensor> = Vec::with_capacity(entries.len());
            for (&entry, above) in entries.iter().zip(&factors.negated) {
                scaled.push(sum_of_products(entry, scaled.iter().copied().zip(above.iter().copied())));
            }
            let negated = scaled.iter().zip(&factors.inverse).map(|(&part, &inverse)| -(part * inverse));
            let negated: Vec<Tensor> = negated.collect();
            let pivot = sum_of_products(diagonal, scaled.into_iter().zip(negated.iter().copied()));
            factors.inverse.push(inverse_pivot(pivot, diagonal, lower.len()));
            factors.negated.push(negated);
        }
        factors
    }

    /// The unknowns for a right side.
    pub(crate) fn solve(&self, right: &[Tensor]) -> Vec<Tensor> {
        let mut unknowns: Vec<Tensor> = Vec::with_capacity(right.len());
        for (&right, row) in right.iter().zip(&self.negated) {
            unknowns.push(sum_of_products(right, unknowns.iter().copied().zip(row.iter().copied())));
        }
        for (unknown, &inverse) in unknowns.iter_mut().zip(&self.inverse) {
            *unknown = *unknown * inverse;
        }
        for place in (0..unknowns.len()).rev() {
            let below = (place + 1..unknowns.len()).map(|row| (unknowns[row], self.negated[row][place]));
            unknowns[place] = sum_of_products(unknowns[place], below);
        }
        unknowns
    }
}

fn sum_of_products(start: Tensor, pairs: impl Iterator<Item = (Tensor, Tensor)>) -> Tensor {
    pairs.fold(start, |sum, (left, right)| left.fma(right, sum))
}

/// The reciprocal of a pivot, 0 if the pivot is nothing but rounding errors of the `diagonal` element it began as. The
/// pivot that is divided by is 1 then, so that derivatives see no infinity.
fn inverse_pivot(pivot: Tensor, diagonal: Tensor, size: usize) -> Tensor {
    let is_held = pivot.less_equal(diagonal * (size as f64 * epsilon(pivot)));
    is_held.select(0, is_held.select(1, pivot).reciprocal())
}
