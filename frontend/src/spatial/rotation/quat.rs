//! Quaternions.

use super::Rotation;
use crate::implementations::operate;
use crate::implementations::operation::{AsQuat, FromQuat};
use crate::spatial::component::{checked, components, dot, join};
use crate::trace::located_at;
use crate::{DType, Dim, IntoShape, Tensor, constant};
use std::panic::Location;

impl Rotation {
    /// Of quaternions `[..., 4]`, scalar-last, which are normalised; their sign is kept. A zero quaternion gives NaN.
    ///
    /// Lengths below about 1e-162 or above 1e154 (`f32`: 1e-22, 1e19) underflow or overflow, as in SciPy.
    #[track_caller]
    #[must_use]
    pub fn from_quat(quat: Tensor) -> Self {
        operate::<FromQuat>(Location::caller(), quat, |quat| {
            let quat = components::<4>("Rotation::from_quat", quat);
            let norm = dot(quat, quat).sqrt();
            Self { quat: join(quat.map(|component| component / norm)) }
        })
    }

    /// Of quaternions `[..., 4]`, scalar-last, that have unit length already.
    #[track_caller]
    #[must_use]
    pub fn from_unit_quat(quat: Tensor) -> Self {
        located_at(Location::caller(), || Self { quat: checked("Rotation::from_unit_quat", quat, &[4]) })
    }

    /// The rotation that changes nothing, over the given leading axes.
    #[track_caller]
    #[must_use]
    pub fn identity(dtype: DType, shape: impl IntoShape) -> Self {
        let mut shape = shape.into_shape();
        shape.push(Dim::fixed(4));
        located_at(Location::caller(), || {
            let one = constant([0_i64, 0, 0, 1]).astype(dtype);
            Self { quat: one.broadcast_to(shape.as_slice()) }
        })
    }

    /// The quaternions `[..., 4]`, scalar-last.
    ///
    /// With `canonical`, of `q` and `-q` the one with positive `w`, or if that is 0 with the first component of
    /// `x, y, z` positive that is not 0. There the derivative is that of the side chosen.
    #[track_caller]
    #[must_use]
    pub fn as_quat(self, canonical: bool) -> Tensor {
        operate::<AsQuat>(Location::caller(), (self, canonical), |_| {
            if !canonical {
                return checked("Rotation::as_quat", self.quat, &[4]);
            }
            let quat = components::<4>("Rotation::as_quat", self.quat);
            let flip = is_flipped(quat);
            join(quat.map(|component| flip.select(-component, component)))
        })
    }
}

/// Whether the canonical quaternion is the negative of this one: the first of `w, x, y, z` that is not 0 is negative.
pub(super) fn is_flipped([x, y, z, w]: [Tensor; 4]) -> Tensor {
    let mut flip = z.less(0);
    for component in [y, x, w] {
        flip = component.less(0).logical_or(component.equal(0).logical_and(flip));
    }
    flip
}
