//! Rotating vectors.

use super::Rotation;
use super::matrix::{Matrix, half_rows};
use crate::implementations::operate;
use crate::implementations::operation::{Apply, ApplyInverse};
use crate::spatial::component::{components, dot, join};
use crate::trace::located_at;
use crate::{IntoTensor, Tensor, constant};
use std::panic::Location;

impl Rotation {
    /// The vectors `[..., 3]` rotated; leading axes broadcast with the rotations'.
    #[track_caller]
    #[must_use]
    pub fn apply(self, vectors: impl IntoTensor) -> Tensor {
        let vectors = located_at(Location::caller(), || constant(vectors));
        operate::<Apply>(Location::caller(), (self, vectors), |_| {
            let rows = half_rows(components::<4>("Rotation::apply", self.quat));
            rotate(rows, components::<3>("Rotation::apply", vectors))
        })
    }

    /// The vectors `[..., 3]` rotated by the inverse rotations.
    #[track_caller]
    #[must_use]
    pub fn apply_inverse(self, vectors: impl IntoTensor) -> Tensor {
        let vectors = located_at(Location::caller(), || constant(vectors));
        operate::<ApplyInverse>(Location::caller(), (self, vectors), |_| {
            let rows = half_rows(components::<4>("Rotation::apply_inverse", self.quat));
            let columns = std::array::from_fn(|row| rows.map(|entries| entries[row]));
            rotate(columns, components::<3>("Rotation::apply_inverse", vectors))
        })
    }
}

/// Twice the matrix times the vector. Applying the quaternion by two cross products would take fewer operations, but
/// turns a vector with an infinite component into NaN where the product has infinities.
fn rotate(half_rows: Matrix, vector: [Tensor; 3]) -> Tensor {
    join(half_rows.map(|row| {
        let half = dot(row, vector);
        half + half
    }))
}
