//! Rotations and rigid transforms of concrete arrays: means, comparison, reduction, alignment, groups, random ones.
//!
//! What differs from call to call without another meaning is an argument of a program: a tolerance as a power's number,
//! and of random rotations the seed and, as the leading axes of an array, the shape.

use super::Rotation;
use super::operation::{Operation, Refused};
use super::table::{
    Setting, bound, concrete, constructors, cores, key, keyed, methods, operation, passed, refused, result_cores,
    taken, traced,
};
use crate::spatial::{Reduced, TOLERANCE};
use crate::{Array, DType, Error, spatial};
use std::panic::Location;

constructors! { Rotation:
    /// The single rotation that turns vectors `b` to vectors `a` best, both `[n, 3]`, or `[3]` for a single pair, with
    /// what remains. The sensitivity may be NaN, as of a single pair.
    fn align_vectors(a: Array[1], b: Array[1]) -> Alignment[1, 0] { spatial::Rotation::align_vectors(a, b) }
        else any "a single pair with a vector of length zero, or vectors that are not finite";

    /// The same with weights `[n]` of the squared distances. That of one pair, which is aligned exactly, may be infinite;
    /// then the sensitivity is NaN.
    fn align_weighted_vectors(a: Array[1], b: Array[1], weights: Array[0]) -> Alignment[1, 0] {
        spatial::Rotation::align_weighted_vectors(a, b, weights)
    } else any "weights that are negative or several infinite ones, a pair to be aligned exactly with a vector of length \
        zero, or vectors that are not finite";

    /// The elements `[m]` of the group `"I"`, `"O"`, `"T"`, `"Cn"` or `"Dn"`; `axis` is the main one of the last two.
    fn create_group(dtype: DType, group: str, axis: str) -> Rotation[1] {
        spatial::Rotation::create_group(dtype, group, axis)
    };
}

impl Rotation {
    /// Rotations over the given leading axes, uniformly distributed and independent of each other. A larger batch of one
    /// seed begins with a smaller one.
    ///
    /// # Errors
    /// If the array would not fit in memory, or the element type is not a float.
    #[track_caller]
    pub fn random(dtype: DType, seed: u64, shape: &[usize]) -> Result<spatial::Rotation<Array>, Error> {
        let places = Array::zeros_of(DType::Bool, shape)?;
        operation!(
            Rotation::random(dtype: DType, seed: Array[0], places: Array[0]) -> Rotation[1] {
                spatial::Rotation::random(dtype, seed, places.shape())
            }
        )
    }
}

methods! { Rotation[1] as rotation:
    /// The mean rotations along leading axes: `()` for all, one such as `-1`, or several; they are removed.
    fn mean(axes: Axes) -> Rotation[1] { rotation.mean(axes) } else any "no rotations, which have no mean";

    /// The mean rotations, weighted. The weights broadcast to the leading axes.
    fn weighted_mean(weights: Array[0], axes: Axes) -> Rotation[1] { rotation.weighted_mean(weights, axes) }
        else any "no rotations, or weights that are negative or infinite";
}

methods! { RigidTransform[2] as transform:
    /// The mean transforms along leading axes: `()` for all, one such as `-1`, or several; they are removed.
    fn mean(axes: Axes) -> RigidTransform[2] { transform.mean(axes) } else any "no transforms, which have no mean";

    /// The mean transforms, weighted. The weights broadcast to the leading axes.
    fn weighted_mean(weights: Array[0], axes: Axes) -> RigidTransform[2] { transform.weighted_mean(weights, axes) }
        else any "no transforms, or weights that are negative, infinite, or all zero";
}

impl spatial::Rotation<Array> {
    /// Whether the angles between these rotations and others are less than `tolerance` in radians, `bool[...]`; without
    /// one it is 1e-8. Leading axes broadcast. A new tolerance needs no new program.
    ///
    /// # Errors
    /// If the rotations do not fit.
    #[track_caller]
    pub fn approx_equal(&self, other: impl Into<Self>, tolerance: Option<f64>) -> Result<Array, Error> {
        let dtype = self.clone().into_parts().dtype();
        let tolerance = Array::of_floats(dtype, &[], &[tolerance.unwrap_or(TOLERANCE)])?;
        let rotation = self;
        operation!(
            Rotation::approx_equal(rotation: Rotation[1], other: Rotation[1], tolerance: Array[0]) -> Array[0] {
                rotation.is_within(other, tolerance)
            }
        )
    }

    /// Whether the angles between these rotations and others are less than `tolerance` in degrees.
    ///
    /// # Errors
    /// If the rotations do not fit.
    #[track_caller]
    pub fn approx_equal_degrees(&self, other: impl Into<Self>, tolerance: f64) -> Result<Array, Error> {
        self.approx_equal(other, Some(tolerance.to_radians()))
    }

    /// Each rotation `p` as that of the rotations `l * p * r` with the smallest angle, where `l` is one of the rotations
    /// `left` with shape `[m]`, and `r` one of `right` with shape `[n]`, and which ones were taken.
    ///
    /// # Errors
    /// If the arguments do not fit, or a side is there, but has no rotations.
    #[track_caller]
    pub fn reduce(&self, left: Option<&Self>, right: Option<&Self>) -> Result<Reduced<Array>, Error> {
        type Side = Option<spatial::Rotation>;
        static OPERATION: Operation<(), (spatial::Rotation, Side, Side), Reduced> =
            Operation::new("Rotation::reduce", &[&[1]], &[&[1]], Refused::Whole("a side without rotations"));
        let arguments = (self.clone(), left.cloned(), right.cloned());
        OPERATION.call((), &arguments, |(rotation, left, right)| rotation.reduce(left, right), Location::caller())
    }
}
