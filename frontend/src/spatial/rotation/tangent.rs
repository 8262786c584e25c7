//! Rotations as a manifold: steps are rotation vectors.

use super::Rotation;
use crate::Tensor;
use crate::implementations::operate;
use crate::implementations::operation::{Local, Retract};
use crate::manifold::{Manifold, Side};
use crate::spatial::component::{checked, components, cross, dot, join};
use crate::trace::{located_as, located_at};
use std::panic::Location;

/// Steps are rotation vectors `[..., 3]` in radians: `r * exp(step)` on the right, `exp(step) * r` on the left.
///
/// The step to a rotation half a turn away has the side of the canonical quaternion, as [`Rotation::as_rotvec`].
impl Manifold for Rotation {
    type Tangent = Tensor;

    fn retract_on(self, side: Side, step: Tensor) -> Self {
        operate::<Retract>(Location::caller(), (self, side, step), |_| {
            let turn = Self::from_rotvec(checked("Rotation::retract", step, &[3]));
            match side {
                Side::Right => self * turn,
                Side::Left => turn * self,
            }
        })
    }

    fn local_on(self, side: Side, other: Self) -> Tensor {
        operate::<Local>(Location::caller(), (self, side, other), |_| {
            let turn = match side {
                Side::Right => self.inv() * other,
                Side::Left => other * self.inv(),
            };
            turn.as_rotvec()
        })
    }

    fn zero_tangent(&self) -> Tensor {
        located_at(Location::caller(), || {
            checked("Rotation::zero_tangent", self.quat, &[4]).slice(-1, ..3).zeros_like()
        })
    }

    /// Half of `q * (t, 0)` on the right, of `(t, 0) * q` on the left.
    fn pushforward(self, side: Side, tangent: Tensor) -> Self {
        located_as(Location::caller(), "Rotation::pushforward", || {
            let [x, y, z, w] = components::<4>("Rotation::pushforward", self.quat);
            let half = components::<3>("Rotation::pushforward", tangent).map(|component| component * 0.5);
            let turned = crossed(side, [x, y, z], half);
            let [i, j, k] = std::array::from_fn(|index| w.fma(half[index], turned[index]));
            Self { quat: join([i, j, k, -dot([x, y, z], half)]) }
        })
    }

    fn pullback(self, side: Side, cotangent: Self) -> Tensor {
        located_as(Location::caller(), "Rotation::pullback", || {
            let [x, y, z, w] = components::<4>("Rotation::pullback", self.quat);
            let [a, b, c, d] = components::<4>("Rotation::pullback", cotangent.quat).map(|component| component * 0.5);
            let (vector, half) = ([x, y, z], [a, b, c]);
            // Against the order of the product, whose transpose this is.
            let turned = crossed(side, half, vector);
            join(std::array::from_fn::<_, 3, _>(|i| w.fma(half[i], (-d).fma(vector[i], turned[i]))))
        })
    }
}

/// The cross product of two factors in the order that the side says.
fn crossed(side: Side, first: [Tensor; 3], second: [Tensor; 3]) -> [Tensor; 3] {
    match side {
        Side::Right => cross(first, second),
        Side::Left => cross(second, first),
    }
}
