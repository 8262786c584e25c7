//! Aligning vectors: Wahba's problem.
//!
//! The rotation that turns vectors `b` to vectors `a` best is the one nearest to `B = sum w a b^T`. Two cases are
//! different: a single pair, and a pair of infinite weight, the *primary* one, which is to be aligned exactly. Then there
//! is the smallest rotation that does so, followed by the turn about the aligned vector that suits the others best.
//! Whether a weight is infinite is known only in a call; there both are computed, neither of them with an infinity that
//! could spoil the other one's derivatives.

use super::Rotation;
use super::matrix::Matrix;
use super::pair::{best_turn, smallest_rotation};
use crate::implementations::operate;
use crate::implementations::operation::{AlignVectors, AlignWeightedVectors};
use crate::spatial::component::{checked, components, dot, join, refuse};
use crate::spatial::eigenvector::{Nearest, nearest_rotation};
use crate::trace::{Mistake, located_at, record};
use crate::{DType, IntoTensor, Tensor, Tree, constant, stack};
use std::panic::Location;

/// What [`Rotation::align_vectors`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct Alignment<T = Tensor> {
    /// The rotation, a single one, that turns `b` to `a` best.
    pub rotation: Rotation<T>,
    /// The square root of the weighted sum of the squared distances that remain, `[]`, in which an infinite weight counts
    /// as 0. Where it is 0, its derivative is taken as 0.
    pub rssd: T,
    /// How the rotation reacts to errors of the vectors, `[3, 3]`: for errors of all components of the vectors with the
    /// same small variance, the covariance of the rotation's error, as a rotation vector in radians on the side of `a`,
    /// is this matrix times that variance. NaN with one pair, with an infinite weight, or if any rotation would do.
    pub sensitivity: T,
}

impl Rotation {
    /// The rotation that minimises the sum of the squared distances between vectors `a` and rotated vectors `b`, both
    /// `[n, 3]`, or `[3]` for a single pair. The vectors need not have the same length.
    ///
    /// If several rotations are best, as for vectors that are all parallel, it is one of them, and the derivative means
    /// nothing, but is finite. For a single pair it is the smallest rotation that aligns them, NaN if a vector is zero;
    /// for opposite ones a half turn about one of the axes at right angles. Of no pairs it is the identity.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, spatial::Rotation, trace};
    /// let align = trace(|(a, b): (Tensor, Tensor)| Rotation::align_vectors(a, b)).compile("f64[n, 3], f64[n, 3]")?;
    /// let a = Array::from([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]);
    /// let b = Array::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    /// assert!(align.call(&(a, b))?.rssd.as_slice::<f64>()?[0] < 1e-15);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn align_vectors(a: impl IntoTensor, b: impl IntoTensor) -> Alignment {
        let [a, b] = located_at(Location::caller(), || [constant(a), constant(b)]);
        operate::<AlignVectors>(Location::caller(), (a, b), |_| align("Rotation::align_vectors", a, b, None))
    }

    /// As [`align_vectors`](Self::align_vectors), with weights `[n]` of the squared distances.
    ///
    /// One weight may be infinite: that pair is aligned exactly. If one is negative or NaN, or several are infinite, the
    /// result is NaN.
    #[track_caller]
    #[must_use]
    pub fn align_weighted_vectors(a: impl IntoTensor, b: impl IntoTensor, weights: impl IntoTensor) -> Alignment {
        let [a, b, weights] = located_at(Location::caller(), || [constant(a), constant(b), constant(weights)]);
        operate::<AlignWeightedVectors>(Location::caller(), (a, b, weights), |_| {
            align("Rotation::align_weighted_vectors", a, b, Some(weights))
        })
    }
}

/// Vectors and their weights, all with the axis of the pairs.
struct Pairs {
    a: [Tensor; 3],
    b: [Tensor; 3],
    weights: Tensor,
    /// How many there are.
    count: Tensor,
    primary: Primary,
}

/// Which pairs are to be aligned exactly.
#[derive(Clone, Copy)]
enum Primary {
    Never,
    /// There is only one.
    Always,
    /// As the call will tell.
    Where(Tensor),
}

/// Sums over all pairs.
struct Sums {
    /// Of the weighted products of those that are not to be aligned exactly.
    matrix: Matrix,
    /// Of the vectors of those that are.
    primary: [[Tensor; 3]; 2],
    /// Of the finite weights.
    weight: Tensor,
    /// Whether all weights are as they should be.
    valid: Tensor,
}

fn align(name: &str, a: Tensor, b: Tensor, weights: Option<Tensor>) -> Alignment {
    let pairs = Pairs::new(name, a, b, weights);
    let Sums { matrix, primary: [a, b], weight, mut valid } = pairs.sums();
    let nearest = nearest_rotation(matrix);
    let free = Rotation { quat: join(nearest.quat) };
    let unique = nearest.separation.greater(0);
    let (rotation, certain) = match pairs.primary {
        Primary::Never => (free, unique),
        Primary::Always => {
            let exact = smallest_rotation(a, b);
            valid = valid.logical_and(exact.is_undefined.logical_not());
            (Rotation { quat: join(exact.quat) }, valid.full_like(false))
        }
        Primary::Where(mask) => {
            let exact = smallest_rotation(a, b);
            let any = mask.any(0);
            valid = valid.logical_and(any.logical_and(exact.is_undefined).logical_not());
            let turn = Rotation { quat: join(best_turn(&exact, nearest.matrix)) };
            let bound = turn * Rotation { quat: join(exact.quat) };
            // Where there is one pair, the bits of a fixed one.
            let bound = pairs.count.equal(1).select(join(exact.quat), bound.quat);
            (Rotation { quat: any.select(bound, free.quat) }, unique.logical_and(any.logical_not()))
        }
    };
    let certain = certain.logical_and(valid);
    Alignment {
        rotation: Rotation { quat: valid.select(rotation.quat, f64::NAN) },
        rssd: valid.select(pairs.distance(rotation), f64::NAN),
        sensitivity: certain.select(sensitivity(&nearest, unique, weight / pairs.count), f64::NAN),
    }
}

impl Pairs {
    fn new(name: &str, a: Tensor, b: Tensor, weights: Option<Tensor>) -> Self {
        let (a, b) = (checked(name, a, &[3]), checked(name, b, &[3]));
        let shape = a.shape();
        let a = if b.shape() == shape && shape.len() <= 2 { a } else { refuse_shapes(name, a, b) };
        let [a, b] = [a, b].map(|vectors| if shape.len() == 1 { vectors.expand_dims(0) } else { vectors });
        let size = a.shape().first().copied();
        let (a, b) = (components::<3>(name, a), components::<3>(name, b));
        let is_weighted = weights.is_some();
        let weights = weights.map_or_else(|| a[0].ones_like(), |weights| checked(name, weights, &[]));
        let weights = if weights.shape().iter().copied().eq(size) {
            weights
        } else {
            refuse(name, "takes one weight for each pair along one axis", weights)
        };
        let ones = weights.ones_like();
        let infinite = weights.isinf();
        let fixed = size.and_then(|size| size.as_fixed());
        // A fixed number is one of the trace.
        let count = fixed.map_or_else(|| ones.sum(0), |size| ones.sum(0).full_like(size));
        let primary = match fixed {
            Some(1) => Primary::Always,
            Some(_) if !is_weighted => Primary::Never,
            Some(_) => Primary::Where(infinite),
            None => Primary::Where(infinite.logical_or(count.equal(1))),
        };
        Self { a, b, weights, count, primary }
    }

    fn sums(&self) -> Sums {
        let Self { a, b, weights, .. } = *self;
        let primary = match self.primary {
            Primary::Never => weights.zeros_like().astype(DType::Bool),
            Primary::Always => weights.ones_like().astype(DType::Bool),
            Primary::Where(mask) => mask,
        };
        let weighted = a.map(|component| component * primary.select(0, weights));
        let products: Vec<Tensor> = weighted.iter().flat_map(|&x| b.map(|y| x * y)).collect();
        let vectors = [a, b].into_iter().flatten().map(|component| primary.select(component, 0));
        let infinite = weights.isinf().select(weights.ones_like(), 0);
        // Two reductions with as many columns as fit in registers.
        let products = stack(products, -1).sum(0);
        let rest = stack(vectors.chain([self.finite_weights(), infinite]), -1).sum(0);
        let component = |sums: Tensor, place: usize| sums.component(place as i64);
        Sums {
            matrix: std::array::from_fn(|row| std::array::from_fn(|column| component(products, 3 * row + column))),
            primary: std::array::from_fn(|side| std::array::from_fn(|index| component(rest, 3 * side + index))),
            weight: component(rest, 6),
            valid: weights.greater_equal(0).all(0).logical_and(component(rest, 7).less_equal(1)),
        }
    }

    /// An infinite weight counts as 0.
    fn finite_weights(&self) -> Tensor {
        self.weights.isinf().select(0, self.weights)
    }

    /// The root of the weighted sum of squared distances. It is of the distances themselves: what is known from the
    /// lengths and the matrix is a difference of large numbers.
    fn distance(&self, rotation: Rotation) -> Tensor {
        let turned = components::<3>("alignment", rotation.apply(join(self.b)));
        let rest: [Tensor; 3] = std::array::from_fn(|index| self.a[index] - turned[index]);
        let squared = (self.finite_weights() * dot(rest, rest)).sum(0);
        let none = squared.equal(0);
        none.select(0, none.select(1, squared).sqrt())
    }
}

fn refuse_shapes(name: &str, a: Tensor, b: Tensor) -> Tensor {
    record(Location::caller(), |recorder| {
        let ids = [recorder.resolve(a)?, recorder.resolve(b)?];
        let operands = ids.map(|id| recorder.display(id)).to_vec();
        let message = format!("{name} takes two arrays of one shape, [n, 3] or [3], got {}", operands.join(" and "));
        Err(Mistake { message, operands })
    })
}

/// `mean weight / zeta * (kappa + B B^T)`, where with the singular values `a`, `b`, `c` of `B` (the last one with the
/// sign of its determinant) `kappa = a b + b c + c a` and `zeta = (a + b) (b + c) (c + a)`.
///
/// Markley, "Attitude determination using vector observations and the singular value decomposition", Journal of the
/// Astronautical Sciences 36 (1988).
fn sensitivity(nearest: &Nearest, unique: Tensor, mean_weight: Tensor) -> Tensor {
    let zeta = unique.select(nearest.separation, 1) * nearest.unit;
    let factor = mean_weight / zeta;
    let kappa = nearest.eigenvalue.fma(nearest.eigenvalue, -3) * 0.5;
    let entry = |row: usize, column: usize| {
        let product = dot(nearest.matrix[row], nearest.matrix[column]);
        (if row == column { product + kappa } else { product }) * factor
    };
    let entries = (0..9).map(|place| entry(place / 3, place % 3));
    stack(entries, -1).reshape([3, 3])
}
