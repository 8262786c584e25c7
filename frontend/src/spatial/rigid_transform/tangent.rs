//! Rigid transforms as a manifold: steps are exponential coordinates.

use super::RigidTransform;
use super::matrix::{assemble_rows, transposed};
use crate::implementations::operate;
use crate::implementations::operation::{TransformLocal, TransformRetract};
use crate::manifold::{Manifold, Side};
use crate::spatial::component::{checked, components, cross, dot, join};
use crate::trace::{located_as, located_at};
use crate::{IntoTensor, Tensor};
use std::panic::Location;

/// Steps are exponential coordinates `[..., 6]`, a rotation vector in radians and then a velocity: `t * exp(step)` on the
/// right, `exp(step) * t` on the left.
///
/// The step to a transform half a turn away has the side of its canonical quaternion, as
/// [`RigidTransform::as_exp_coords`].
impl Manifold for RigidTransform {
    type Tangent = Tensor;

    fn retract_on(self, side: Side, step: Tensor) -> Self {
        operate::<TransformRetract>(Location::caller(), (self, side, step), |_| {
            let motion = Self::from_exp_coords(checked("RigidTransform::retract", step, &[6]));
            match side {
                Side::Right => self * motion,
                Side::Left => motion * self,
            }
        })
    }

    fn local_on(self, side: Side, other: Self) -> Tensor {
        operate::<TransformLocal>(Location::caller(), (self, side, other), |_| {
            let motion = match side {
                Side::Right => self.inv() * other,
                Side::Left => other * self.inv(),
            };
            motion.as_exp_coords()
        })
    }

    fn zero_tangent(&self) -> Tensor {
        located_at(Location::caller(), || {
            let flat = checked("RigidTransform::zero_tangent", self.matrix, &[4, 4]).reshape_last(2, [16]);
            flat.slice(-1, ..6).zeros_like()
        })
    }

    /// `T K` on the right, `K T` on the left, with the matrix `K = [rho]x v; 0 0` of a tangent `(rho, v)`.
    fn pushforward(self, side: Side, tangent: Tensor) -> Self {
        located_as(Location::caller(), "RigidTransform::pushforward", || {
            let (block, translation) = self.entries("RigidTransform::pushforward");
            let [x, y, z, velocity @ ..] = components::<6>("RigidTransform::pushforward", tangent);
            let turn = [x, y, z];
            let (block, translation) = match side {
                Side::Right => (block.map(|row| cross(row, turn)), block.map(|row| dot(row, velocity))),
                Side::Left => {
                    let moved = cross(turn, translation);
                    let moved = std::array::from_fn(|index| moved[index] + velocity[index]);
                    (transposed(transposed(block).map(|column| cross(turn, column))), moved)
                }
            };
            assemble_rows(block, translation, [0; 4].map(IntoTensor::into_operand))
        })
    }

    fn pullback(self, side: Side, cotangent: Self) -> Tensor {
        located_as(Location::caller(), "RigidTransform::pullback", || {
            let (block, translation) = self.entries("RigidTransform::pullback");
            let (turns, moves) = cotangent.entries("RigidTransform::pullback");
            let columns = transposed(block);
            let (turn, velocity) = match side {
                Side::Right => (moment(turns, block), columns.map(|column| dot(column, moves))),
                Side::Left => {
                    let [first, second, third] = transposed(turns);
                    let arms = [columns[0], columns[1], columns[2], translation];
                    (moment(arms, [first, second, third, moves]), moves)
                }
            };
            join([turn[0], turn[1], turn[2], velocity[0], velocity[1], velocity[2]])
        })
    }
}

/// The sum of the cross products of arms and forces.
fn moment<const N: usize>(arms: [[Tensor; 3]; N], forces: [[Tensor; 3]; N]) -> [Tensor; 3] {
    let component = |vectors: [[Tensor; 3]; N], index: usize| vectors.map(|vector| vector[index % 3]);
    std::array::from_fn(|index| {
        let ahead = dot(component(arms, index + 1), component(forces, index + 2));
        ahead - dot(component(arms, index + 2), component(forces, index + 1))
    })
}
