//! Composition, inverse and angle.

use super::Rotation;
use crate::Tensor;
use crate::spatial::component::{components, dot, inverse_root_near_one, join};
use crate::trace::located_at;
use std::ops::Mul;
use std::panic::Location;

impl Mul for Rotation {
    type Output = Self;

    /// The rotation by `other`, then by this one (the Hamilton product). Leading axes broadcast. The product is
    /// normalised again, so that long chains stay rotations.
    #[track_caller]
    fn mul(self, other: Self) -> Self {
        located_at(Location::caller(), || {
            let left = components::<4>("Rotation product", self.quat);
            let product = hamilton(left, components::<4>("Rotation product", other.quat));
            let scale = inverse_root_near_one(dot(product, product));
            Self { quat: join(product.map(|component| component * scale)) }
        })
    }
}

/// The Hamilton product.
pub(super) fn hamilton([px, py, pz, pw]: [Tensor; 4], [qx, qy, qz, qw]: [Tensor; 4]) -> [Tensor; 4] {
    [
        pw.fma(qx, qw.fma(px, py.fma(qz, -(pz * qy)))),
        pw.fma(qy, qw.fma(py, pz.fma(qx, -(px * qz)))),
        pw.fma(qz, qw.fma(pz, px.fma(qy, -(py * qx)))),
        pw.fma(qw, -dot([px, py, pz], [qx, qy, qz])),
    ]
}

impl Rotation {
    /// The inverse rotations; the sign of `w` is kept.
    #[track_caller]
    #[must_use]
    pub fn inv(self) -> Self {
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::inv", self.quat);
            Self { quat: join([-x, -y, -z, w]) }
        })
    }

    /// The angles `[...]` in radians, in `[0, pi]`. At the identity, where the angle has a kink, the derivative is
    /// taken as 0; at pi as that of one side.
    #[track_caller]
    #[must_use]
    pub fn magnitude(self) -> Tensor {
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::magnitude", self.quat);
            let squared = dot([x, y, z], [x, y, z]);
            let none = squared.equal(0);
            let length = none.select(0, none.select(1, squared).sqrt());
            // Not `abs`, whose derivative at 0 is 0.
            let half = length.atan2(w.less(0).select(-w, w));
            half + half
        })
    }
}
