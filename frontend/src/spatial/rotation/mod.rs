//! [`Rotation`]: unit quaternions with the operations of `scipy.spatial.transform.Rotation`.
//!
//! One file per representation. Each operation runs its body under the caller's source line.

mod align;
mod angles;
mod apply;
mod compare;
mod create_group;
mod davenport;
mod euler;
mod group;
mod matrix;
mod mean;
mod mrp;
mod pair;
mod power;
mod quat;
mod random;
mod reduce;
mod rotvec;
mod tangent;

pub use align::Alignment;
pub use angles::Order;
pub(crate) use compare::TOLERANCE;
pub use reduce::Reduced;
pub(super) use rotvec::half_sine_and_cosine;

use crate::spatial::container::{Container, Layout};
use crate::{Tensor, Tree};

/// Rotations in three dimensions, over any leading axes.
///
/// Holds unit quaternions `[..., 4]`, scalar-last. `Rotation<Tensor>` is traced; it is a tree with that one leaf, so
/// functions take and return rotations, which outside are `Rotation<Array>`.
///
/// The sign of the quaternion is kept: `q` and `-q` are the same rotation but different values.
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct Rotation<T = Tensor> {
    quat: T,
}

impl Layout for Rotation {
    const CLASS: &'static str = "Rotation";
    const CORE: &'static [usize] = &[4];

    fn of(quat: Tensor) -> Self {
        Self { quat }
    }

    fn tensor(self) -> Tensor {
        self.quat
    }
}

impl Container for Rotation {}

impl<T> Rotation<T> {
    /// A rotation from what holds its unit quaternions, which is not checked: of an array, to pass it to a compiled
    /// function. A quaternion that is not of unit length makes the results of all operations wrong.
    #[must_use]
    pub const fn from_parts(quat: T) -> Self {
        Self { quat }
    }

    /// What holds the unit quaternions.
    #[must_use]
    pub fn into_parts(self) -> T {
        self.quat
    }
}
