//! Comparing rotations.

use super::Rotation;
use crate::implementations::operate;
use crate::implementations::operation::ApproxEqual;
use crate::trace::located_at;
use crate::{IntoTensor, Tensor};
use std::panic::Location;

/// The tolerance where none is given, in radians.
pub(crate) const TOLERANCE: f64 = 1e-8;

impl Rotation {
    /// Whether the angles between these rotations and others are less than `tolerance` in radians; `bool`, leading axes
    /// broadcast. The signs of quaternions do not matter. Without a tolerance it is 1e-8, which is below what `f32` tells
    /// apart.
    #[track_caller]
    #[must_use]
    pub fn approx_equal(self, other: Self, tolerance: Option<f64>) -> Tensor {
        let tolerance = tolerance.unwrap_or(TOLERANCE);
        operate::<ApproxEqual>(Location::caller(), (self, other, tolerance), |_| self.is_within(other, tolerance))
    }

    /// Whether the angles between these rotations and others are less than `tolerance` in degrees.
    #[track_caller]
    #[must_use]
    pub fn approx_equal_degrees(self, other: Self, tolerance: f64) -> Tensor {
        located_at(Location::caller(), || self.approx_equal(other, Some(tolerance.to_radians())))
    }

    /// The same for a tolerance in radians, which may be traced.
    pub(crate) fn is_within(self, other: Self, tolerance: impl IntoTensor) -> Tensor {
        (other * self.inv()).magnitude().less(tolerance)
    }
}
