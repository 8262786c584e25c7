//! Modified Rodrigues parameters: the axis times tan(theta / 4).
//!
//! The stereographic projection of the unit quaternions from `w = -1`. Both directions are rational functions without a
//! root or an angle, smooth where they are used, so nothing is guarded.

use super::Rotation;
use crate::Tensor;
use crate::spatial::component::{components, dot, join};
use crate::trace::located_at;
use std::panic::Location;

impl Rotation {
    /// Of modified Rodrigues parameters `[..., 3]`: the axis times `tan(theta / 4)`. The quaternion's `w` is negative
    /// for lengths above 1, which are angles above pi.
    ///
    /// An infinite component gives NaN; lengths above about 1e154 (`f32`: 1e19) overflow.
    #[track_caller]
    #[must_use]
    pub fn from_mrp(mrp: Tensor) -> Self {
        located_at(Location::caller(), || {
            let mrp = components::<3>("Rotation::from_mrp", mrp);
            let squared = dot(mrp, mrp);
            let denominator = squared + 1;
            let [x, y, z] = mrp.map(|component| (component + component) / denominator);
            Self { quat: join([x, y, z, (1 - squared) / denominator]) }
        })
    }

    /// The modified Rodrigues parameters `[..., 3]`, of length 1 at most. At half turns the sign is that of the
    /// quaternion, and the derivative that of the side where the angle is smaller.
    #[track_caller]
    #[must_use]
    pub fn as_mrp(self) -> Tensor {
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::as_mrp", self.quat);
            let flip = w.less(0);
            let denominator = flip.select(1 - w, w + 1);
            join([x, y, z].map(|component| flip.select(-component, component) / denominator))
        })
    }
}
