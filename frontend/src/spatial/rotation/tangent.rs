//! Rotations as a manifold: steps are rotation vectors.

use super::Rotation;
use crate::Tensor;
use crate::manifold::{Manifold, Side};
use crate::spatial::component::{checked, components, dot, join};
use crate::trace::located_at;
use std::panic::Location;

/// Steps are rotation vectors `[..., 3]` in radians: `r * exp(step)` on the right, `exp(step) * r` on the left.
///
/// The step to a rotation half a turn away has the side of the canonical quaternion, as [`Rotation::as_rotvec`].
impl Manifold for Rotation {
    type Tangent = Tensor;

    fn retract_on(self, side: Side, step: Tensor) -> Self {
        located_at(Location::caller(), || {
            let turn = Self::from_rotvec(checked("Rotation::retract", step, &[3]));
            match side {
                Side::Right => self * turn,
                Side::Left => turn * self,
            }
        })
    }

    fn local_on(self, side: Side, other: Self) -> Tensor {
        located_at(Location::caller(), || {
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
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::pushforward", self.quat);
            let half = components::<3>("Rotation::pushforward", tangent).map(|component| component * 0.5);
            let [i, j, k] = scaled_and_turned(w, half, in_order(side, [x, y, z], half));
            Self { quat: join([i, j, k, -dot([x, y, z], half)]) }
        })
    }

    fn pullback(self, side: Side, cotangent: Self) -> Tensor {
        located_at(Location::caller(), || {
            let [x, y, z, w] = components::<4>("Rotation::pullback", self.quat);
            let [a, b, c, d] = components::<4>("Rotation::pullback", cotangent.quat).map(|component| component * 0.5);
            // Against the order of the product, whose transpose this is.
            let turned = scaled_and_turned(w, [a, b, c], in_order(side, [a, b, c], [x, y, z]));
            join([(-d).fma(x, turned[0]), (-d).fma(y, turned[1]), (-d).fma(z, turned[2])])
        })
    }
}

type Vector = [Tensor; 3];

/// The factors of a product in the order that the side says.
fn in_order(side: Side, first: Vector, second: Vector) -> (Vector, Vector) {
    match side {
        Side::Right => (first, second),
        Side::Left => (second, first),
    }
}

/// `scale * vector + a x b`.
fn scaled_and_turned(scale: Tensor, vector: Vector, (a, b): (Vector, Vector)) -> Vector {
    std::array::from_fn(|i| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        scale.fma(vector[i], a[j].fma(b[k], -(a[k] * b[j])))
    })
}
