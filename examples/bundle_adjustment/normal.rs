//! The normal equations of one linearisation, and their solution by the Schur complement onto the cameras.
//!
//! With `J` the Jacobian and `r` the errors, the step solves `(J^T J + damping * D) step = -J^T r`, `D` the diagonal of
//! `J^T J` (Marquardt's scaling). A point meets only the cameras that see it, so its 3x3 block is eliminated by hand
//! and what remains is a small dense system over the cameras. The first camera's pose is held: nothing else would fix
//! where the world is.

use crate::model::{CAMERA, Model};
use crate::problem::{Problem, Step};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// The unknowns of the first camera that are held: its turn and translation.
const HELD: usize = 6;

/// Diagonal elements are taken to be at least this when they scale the damping, so that unknowns that no observation
/// tells stay where they are.
const LEAST_SCALE: f64 = 1e-12;

type Block<const R: usize, const C: usize> = [[f64; C]; R];

/// `J^T J` and `J^T r` by blocks.
pub struct Normal {
    cameras: Vec<Block<CAMERA, CAMERA>>,
    camera_gradients: Vec<[f64; CAMERA]>,
    points: Vec<Point>,
}

/// A point's blocks, with those that join it to a camera: one per view.
struct Point {
    block: Block<3, 3>,
    gradient: [f64; 3],
    joins: Vec<(usize, Block<CAMERA, 3>)>,
}

impl Normal {
    /// Sums the blocks over what `model` computed last for `problem`.
    pub fn assemble(problem: &Problem, model: &Model) -> Result<Self, rotrace::Error> {
        let point = || Point { block: [[0.0; 3]; 3], gradient: [0.0; 3], joins: Vec::new() };
        let mut normal = Self {
            cameras: vec![[[0.0; CAMERA]; CAMERA]; problem.cameras.len()],
            camera_gradients: vec![[0.0; CAMERA]; problem.cameras.len()],
            points: problem.points.iter().map(|_| point()).collect(),
        };
        for (view, row) in problem.views.iter().zip(model.rows()?) {
            let point = &mut normal.points[view.point];
            let mut join = [[0.0; 3]; CAMERA];
            for ((&error, camera), place) in row.residual.iter().zip(row.camera).zip(row.point) {
                add_outer(&mut normal.cameras[view.camera], camera, camera);
                add_scaled(&mut normal.camera_gradients[view.camera], error, camera);
                add_outer(&mut point.block, place, place);
                add_scaled(&mut point.gradient, error, place);
                add_outer(&mut join, camera, place);
            }
            point.joins.push((view.camera, join));
        }
        Ok(normal)
    }

    /// The damped step and the decrease of the sum of squares that the linear model predicts for it; `None` if the
    /// system is not positive definite to working precision.
    pub fn solve(&self, damping: f64) -> Option<(Step, f64)> {
        let inverses = self.points.iter().map(|point| inverse(&damped(&point.block, damping)));
        let inverses = inverses.collect::<Option<Vec<_>>>()?;
        let (system, right) = self.reduced(damping, &inverses);
        let free = system.nrows() - HELD;
        let factors = system.submatrix(HELD, HELD, free, free).llt(Side::Lower).ok()?;
        let solution = factors.solve(right.subrows(HELD, free));
        let mut cameras = vec![[0.0; CAMERA]; self.cameras.len()];
        for (target, index) in cameras.as_flattened_mut()[HELD..].iter_mut().zip(0..free) {
            *target = solution[(index, 0)];
        }
        let points = self.points.iter().zip(&inverses).map(|(point, inverse)| {
            let mut right = point.gradient.map(|element| -element);
            for (camera, join) in &point.joins {
                for (row, &change) in join.iter().zip(&cameras[*camera]) {
                    add_scaled(&mut right, -change, row);
                }
            }
            times(inverse, &right)
        });
        let step = Step { points: points.collect(), cameras };
        let predicted = self.predicted(&step, damping);
        (predicted.is_finite() && predicted > 0.0).then_some((step, predicted))
    }

    /// The dense system over all cameras that is left when the points are eliminated: the lower triangle, and the
    /// right-hand side.
    fn reduced(&self, damping: f64, inverses: &[Block<3, 3>]) -> (Mat<f64>, Mat<f64>) {
        let size = CAMERA * self.cameras.len();
        let (mut system, mut right) = (Mat::zeros(size, size), Mat::zeros(size, 1));
        for (camera, (block, gradient)) in self.cameras.iter().zip(&self.camera_gradients).enumerate() {
            add_at(&mut system, camera * CAMERA, camera * CAMERA, &damped(block, damping));
            add_at(&mut right, camera * CAMERA, 0, &gradient.map(|element| [-element]));
        }
        for (point, inverse) in self.points.iter().zip(inverses) {
            for (camera, join) in &point.joins {
                let weighted = join.map(|row| times(inverse, &row));
                let pull = weighted.map(|row| [dot(&row, &point.gradient)]);
                add_at(&mut right, camera * CAMERA, 0, &pull);
                for (other, across) in point.joins.iter().filter(|(other, _)| other <= camera) {
                    let product = weighted.map(|row| across.map(|column| -dot(&row, &column)));
                    add_at(&mut system, camera * CAMERA, other * CAMERA, &product);
                }
            }
        }
        (system, right)
    }

    /// `step^T (damping D step - J^T r)`, which by the normal equations is the decrease of the linear model.
    fn predicted(&self, step: &Step, damping: f64) -> f64 {
        let cameras = self.cameras.iter().zip(&self.camera_gradients).zip(&step.cameras);
        let cameras = cameras.map(|((block, gradient), change)| decrease(block, gradient, change, damping));
        let points = self.points.iter().zip(&step.points);
        let points = points.map(|(point, change)| decrease(&point.block, &point.gradient, change, damping));
        cameras.sum::<f64>() + points.sum::<f64>()
    }
}

fn decrease<const N: usize>(block: &Block<N, N>, gradient: &[f64; N], change: &[f64; N], damping: f64) -> f64 {
    let element = |index: usize| damping * scale(block, index) * change[index] - gradient[index];
    (0..N).map(|index| change[index] * element(index)).sum()
}

fn scale<const N: usize>(block: &Block<N, N>, index: usize) -> f64 {
    block[index][index].max(LEAST_SCALE)
}

fn damped<const N: usize>(block: &Block<N, N>, damping: f64) -> Block<N, N> {
    let mut result = *block;
    for (index, row) in result.iter_mut().enumerate() {
        row[index] += damping * scale(block, index);
    }
    result
}

/// The inverse of a symmetric positive definite matrix by its cofactors; `None` if it is not one.
fn inverse(m: &Block<3, 3>) -> Option<Block<3, 3>> {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a][c] * m[b][d] - m[a][d] * m[b][c];
    let (xx, xy, xz) = (minor(1, 2, 1, 2), -minor(1, 2, 0, 2), minor(1, 2, 0, 1));
    let (yy, yz, zz) = (minor(0, 2, 0, 2), -minor(0, 2, 0, 1), minor(0, 1, 0, 1));
    let determinant = m[0][0] * xx + m[0][1] * xy + m[0][2] * xz;
    let definite = m[0][0] > 0.0 && zz > 0.0 && determinant > 0.0 && determinant.is_finite();
    definite.then(|| [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]].map(|row| row.map(|minor| minor / determinant)))
}

fn add_outer<const R: usize, const C: usize>(sum: &mut Block<R, C>, left: &[f64; R], right: &[f64; C]) {
    for (row, &factor) in sum.iter_mut().zip(left) {
        add_scaled(row, factor, right);
    }
}

fn add_scaled<const N: usize>(sum: &mut [f64; N], factor: f64, vector: &[f64; N]) {
    for (element, &summand) in sum.iter_mut().zip(vector) {
        *element += factor * summand;
    }
}

fn add_at<const R: usize, const C: usize>(matrix: &mut Mat<f64>, row: usize, column: usize, block: &Block<R, C>) {
    for (i, elements) in block.iter().enumerate() {
        for (j, &element) in elements.iter().enumerate() {
            matrix[(row + i, column + j)] += element;
        }
    }
}

fn times(matrix: &Block<3, 3>, vector: &[f64; 3]) -> [f64; 3] {
    matrix.map(|row| dot(&row, vector))
}

fn dot(left: &[f64; 3], right: &[f64; 3]) -> f64 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}
