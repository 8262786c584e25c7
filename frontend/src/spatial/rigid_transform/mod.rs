//! [`RigidTransform`]: rotations with translations, with the operations of `scipy.spatial.transform.RigidTransform`.
//!
//! One file per representation. Each operation runs its body under the caller's source line.

mod apply;
mod components;
mod dual_quat;
mod exp_coords;
mod group;
mod matrix;
mod mean;
mod power;
mod tangent;

use crate::spatial::container::{Container, Layout};
use crate::{Tensor, Tree};

/// Rotations followed by translations, `R v + t`, in three dimensions, over any leading axes.
///
/// Holds homogeneous matrices `[..., 4, 4]`: rows of `R` and `t`, and the last row `0 0 0 1`.
/// `RigidTransform<Tensor>` is traced; it is a tree with that one leaf, so functions take and return transforms, which
/// outside are `RigidTransform<Array>`.
///
/// Of a matrix only the upper three rows are ever read, and `R` is taken to be a rotation: what is made here has exact
/// last rows, and rotations to rounding.
///
/// ```
/// use rotrace::spatial::{RigidTransform, Rotation};
/// use rotrace::{Array, Tensor, trace};
///
/// // The residual of a measured relative pose, and its gradient with respect to both poses' exponential coordinates.
/// let residual = trace(|(x, y, measured): (Tensor, Tensor, RigidTransform)| {
///     let relative = RigidTransform::from_exp_coords(x).inv() * RigidTransform::from_exp_coords(y);
///     (measured.inv() * relative).as_exp_coords()
/// });
/// let f = residual.compile("f64[n, 6], f64[n, 6], f64[4, 4]")?;
/// let measured = RigidTransform::from_parts(Array::from([
///     [1.0, 0.0, 0.0, 0.5],
///     [0.0, 1.0, 0.0, 0.0],
///     [0.0, 0.0, 1.0, 0.0],
///     [0.0, 0.0, 0.0, 1.0],
/// ]));
/// let (x, y) = (Array::from([[0.0; 6]]), Array::from([[0.0, 0.0, 0.0, 2.0, 0.0, 0.0]]));
/// assert_eq!(f.call(&(x, y, measured))?, Array::from([[0.0, 0.0, 0.0, 1.5, 0.0, 0.0]]));
/// # Ok::<(), rotrace::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct RigidTransform<T = Tensor> {
    matrix: T,
}

impl Layout for RigidTransform {
    const CLASS: &'static str = "RigidTransform";
    const CORE: &'static [usize] = &[4, 4];

    fn of(matrix: Tensor) -> Self {
        Self { matrix }
    }

    fn tensor(self) -> Tensor {
        self.matrix
    }
}

impl Container for RigidTransform {}

impl<T> RigidTransform<T> {
    /// A transform from what holds its matrices, which is not checked: of an array, to pass it to a compiled function.
    /// A matrix whose upper left block is not a rotation makes the results of most operations wrong.
    #[must_use]
    pub const fn from_parts(matrix: T) -> Self {
        Self { matrix }
    }

    /// What holds the matrices.
    #[must_use]
    pub fn into_parts(self) -> T {
        self.matrix
    }
}
