//! Mean rotations.
//!
//! The chordal mean is the rotation with the least weighted sum of squared distances from the others, as matrices or,
//! up to signs, as quaternions (Markley, Cheng, Crassidis and Oshman, "Averaging quaternions", Journal of Guidance,
//! Control, and Dynamics 30, 2007): the rotation nearest to the sum of the matrices.

use super::Rotation;
use super::matrix::{Matrix, half_rows};
use crate::implementations::operate;
use crate::implementations::operation::{Mean, WeightedMean};
use crate::spatial::component::{components, join, refuse};
use crate::spatial::container::{Container, Layout};
use crate::spatial::eigenvector::nearest_rotation;
use crate::spatial::leading::Leading;
use crate::trace::located_at;
use crate::{IntoAxes, IntoTensor, Operand, Tensor};
use std::panic::Location;

impl Rotation {
    /// The mean rotations along leading axes: `()` for all, one such as `-1`, or several; they are removed.
    ///
    /// It does not depend on the signs of the quaternions. Its own sign makes the component of the largest magnitude
    /// positive. Where several rotations are means, as of the identity and a half turn, it is one of them, and the
    /// derivative means nothing, but is finite. No rotations have no mean: along a fixed size 0 it is a mistake, along a
    /// named dimension that is 0 in a call the result is NaN.
    #[track_caller]
    #[must_use]
    pub fn mean(self, axes: impl IntoAxes) -> Self {
        let (place, name, axes) = (Location::caller(), "Rotation::mean", axes.into_axes());
        located_at(place, || match Leading::new(name, self.quat, Self::CORE).places(axes.as_deref()) {
            Ok(axes) => operate::<Mean>(place, (self, axes), |(_, axes)| mean(self, name, None, &axes)),
            Err(quat) => Self { quat },
        })
    }

    /// The mean rotations along leading axes, weighted.
    ///
    /// The weights broadcast to the rotations' leading shape and only their ratios matter. Weights that are all zero give
    /// the identity; if one is negative or NaN, the mean that it belongs to is NaN.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, spatial::Rotation, trace};
    /// let mean = trace(|(v, w): (Tensor, Tensor)| Rotation::from_rotvec(v).weighted_mean(w, 0).as_rotvec());
    /// let mean = mean.compile("f64[n, 3], f64[n]")?;
    /// let vectors = Array::from([[0.0, 0.0, 0.1], [0.0, 0.0, 0.3]]);
    /// let z = mean.call(&(vectors, Array::from([1.0, 1.0])))?.as_slice::<f64>()?[2];
    /// assert!((z - 0.2).abs() < 1e-15);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn weighted_mean(self, weights: impl IntoTensor, axes: impl IntoAxes) -> Self {
        let (place, name) = (Location::caller(), "Rotation::weighted_mean");
        let (weights, axes) = (weights.into_operand(), axes.into_axes());
        located_at(place, || match Leading::new(name, self.quat, Self::CORE).places(axes.as_deref()) {
            Ok(axes) => operate::<WeightedMean>(place, (self, weights, axes), |(_, weights, axes)| {
                mean(self, name, Some(weights), &axes)
            }),
            Err(quat) => Self { quat },
        })
    }
}

fn mean(rotation: Rotation, name: &str, weights: Option<Operand>, axes: &[i64]) -> Rotation {
    let shape = rotation.shape();
    let sizes = axes.iter().map(|&axis| shape[axis as usize]);
    if sizes.clone().any(|size| size.as_fixed() == Some(0)) {
        return Rotation { quat: refuse(name, "there is no mean of no rotations", rotation.quat) };
    }
    let quat = components::<4>(name, rotation.quat);
    let weights = weights.map(|weights| quat[3].full_like(weights));
    // Weights of 1 are there to be counted.
    let counted = weights.or_else(|| sizes.clone().any(|size| size.name.is_some()).then(|| quat[3].ones_like()));
    let least = counted.map(|weights| if axes.is_empty() { weights } else { weights.min(axes) });
    let mut matrix = half_rows(quat);
    if let Some(weights) = weights {
        matrix = matrix.map(|row| row.map(|entry| entry * weights));
    }
    let mean = nearest_rotation(sums(matrix, axes)).quat;
    let mean = match least {
        // Over no elements, the least is infinite.
        Some(least) => {
            let valid = least.greater_equal(0).logical_and(least.isfinite());
            mean.map(|component| valid.select(component, f64::NAN))
        }
        None => mean,
    };
    Rotation { quat: join(mean) }
}

/// The sums of a matrix along axes, as one reduction.
fn sums(matrix: Matrix, axes: &[i64]) -> Matrix {
    if axes.is_empty() {
        return matrix;
    }
    let flat: [Tensor; 9] = std::array::from_fn(|place| matrix[place / 3][place % 3]);
    let sum = join(flat).sum(axes);
    std::array::from_fn(|row| std::array::from_fn(|column| sum.component((3 * row + column) as i64)))
}
