//! Reducing rotations by symmetries, such as those of a crystal.

use super::Rotation;
use crate::implementations::operate;
use crate::implementations::operation::Reduce;
use crate::spatial::component::{checked, components, dot, refuse};
use crate::spatial::container::Container;
use crate::{DType, Tensor, Tree};
use std::panic::Location;

/// What [`Rotation::reduce`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct Reduced<T = Tensor> {
    /// The rotations with the smallest angles.
    pub rotation: Rotation<T>,
    /// Which of the left rotations were taken: `i64`, of the rotations' leading shape. Absent if there are none.
    pub left: Option<T>,
    /// Which of the right rotations were taken.
    pub right: Option<T>,
}

impl Rotation {
    /// Each rotation `p` as that of the rotations `l * p * r` with the smallest angle, where `l` is one of the rotations
    /// `left` with shape `[m]`, and `r` one of `right` with shape `[n]`; what is absent is the identity. Of several with
    /// the same angle it is the first, in the order of `left`, then of `right`.
    ///
    /// The derivative is that of the product taken. Where two have the same angle it is that of one side.
    #[track_caller]
    #[must_use]
    pub fn reduce(self, left: Option<Self>, right: Option<Self>) -> Reduced {
        operate::<Reduce>(Location::caller(), (self, left, right), |_| {
            let mut reduced = Reduced { rotation: self, left: None, right: None };
            if left.is_none() && right.is_none() {
                return reduced;
            }
            let (l, r) = (self.candidates(left), self.candidates(right));
            let [first, second] = self.best(l, r);
            // The right product first, as in SciPy.
            if right.is_some() {
                reduced.rotation = reduced.rotation * chosen(r, second);
                reduced.right = Some(second);
            }
            if left.is_some() {
                reduced.rotation = chosen(l, first) * reduced.rotation;
                reduced.left = Some(first);
            }
            reduced
        })
    }

    /// The rotations of one side, checked.
    fn candidates(self, side: Option<Self>) -> Self {
        let name = "Rotation::reduce";
        let Some(side) = side else {
            return Self::identity(self.quat.dtype().unwrap_or(DType::F64), [1]);
        };
        let quat = checked(name, side.quat, &[4]);
        let shape = side.shape();
        let fits = shape.len() == 1 && shape[0].as_fixed() != Some(0);
        if fits || quat == Tensor::POISON {
            return side;
        }
        Self { quat: refuse(name, "takes one or more rotations along one axis on each side", quat) }
    }

    /// The indices of the pair with the smallest angle.
    fn best(self, left: Self, right: Self) -> [Tensor; 2] {
        let name = "Rotation::reduce";
        let p = components::<4>(name, self.quat).map(|component| component.expand_dims(-1).expand_dims(-1));
        let l = components::<4>(name, left.quat).map(|component| component.expand_dims(-1));
        let [rx, ry, rz, rw] = components::<4>(name, right.quat);
        let [lx, ly, lz, lw] = l;
        // The scalar of a product stays if its factors are rotated: that of l p r is that of (r l) p.
        let x = rw.fma(lx, lw.fma(rx, ry.fma(lz, -(rz * ly))));
        let y = rw.fma(ly, lw.fma(ry, rz.fma(lx, -(rx * lz))));
        let z = rw.fma(lz, lw.fma(rz, rx.fma(ly, -(ry * lx))));
        let w = rw.fma(lw, -dot([rx, ry, rz], [lx, ly, lz]));
        let score = dot([-x, -y, -z, w], p).abs();
        // A NaN is not less than itself, so that of NaNs the first is taken, too.
        let hit = score.less(score.max_keepdims([-2, -1])).logical_not();
        let first = first_true(hit.any(-1));
        let row = hit.iota(DType::I64, -2).equal(first.expand_dims(-1).expand_dims(-1));
        [first, first_true(hit.logical_and(row).any(-2))]
    }
}

/// The first index along the last axis where a truth value is true.
fn first_true(truth: Tensor) -> Tensor {
    truth.select(truth.iota(DType::I64, -1), i64::MAX).min(-1)
}

/// The rotations at indices along the only axis.
fn chosen(rotation: Rotation, index: Tensor) -> Rotation {
    let place = rotation.quat.iota(DType::I64, 0);
    let hit = place.equal(index.expand_dims(-1).expand_dims(-1));
    Rotation { quat: hit.select(rotation.quat, 0).sum(-2) }
}
