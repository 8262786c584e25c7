//! Composition and inverse.
//!
//! A product of rotation matrices is made orthogonal again, so that long chains stay rotations. SciPy does it by way of
//! the quaternion; here it is one Newton-Schulz step for the polar decomposition, `P + P (1 - P^T P) / 2`, which leaves
//! the square of the product's error and costs less than reading the operands. Its derivative at a rotation is the
//! projection onto the tangent space, `dP -> P skew(P^T dP)`, as that of the nearest rotation, and along rotations all
//! higher derivatives are right too.

use super::RigidTransform;
use super::matrix::{Block, assemble, block_of, transposed};
use crate::Tensor;
use crate::implementations::operate;
use crate::implementations::operation::{
    RotationMultiplyTransform, TransformInverse, TransformMultiply, TransformMultiplyRotation,
};
use crate::spatial::Rotation;
use crate::spatial::component::dot;
use std::ops::Mul;
use std::panic::Location;

impl Mul for RigidTransform {
    type Output = Self;

    /// The transform by `other`, then by this one. Leading axes broadcast.
    #[track_caller]
    fn mul(self, other: Self) -> Self {
        operate::<TransformMultiply>(Location::caller(), (self, other), |_| {
            let (first, translation) = self.entries("RigidTransform product");
            let (second, moved) = other.entries("RigidTransform product");
            let moved = std::array::from_fn(|row| {
                let [a, b, c] = first[row];
                a.fma(moved[0], b.fma(moved[1], c.fma(moved[2], translation[row])))
            });
            assemble(product(first, second), moved)
        })
    }
}

impl Mul<Rotation> for RigidTransform {
    type Output = Self;

    /// The rotation, then this transform. Leading axes broadcast.
    #[track_caller]
    fn mul(self, rotation: Rotation) -> Self {
        operate::<TransformMultiplyRotation>(Location::caller(), (self, rotation), |_| {
            let (block, translation) = self.entries("RigidTransform product");
            assemble(product(block, block_of(rotation)), translation)
        })
    }
}

impl Mul<RigidTransform> for Rotation {
    type Output = RigidTransform;

    /// The transform, then this rotation. Leading axes broadcast.
    #[track_caller]
    fn mul(self, transform: RigidTransform) -> RigidTransform {
        operate::<RotationMultiplyTransform>(Location::caller(), (self, transform), |_| {
            let (block, translation) = transform.entries("RigidTransform product");
            let rotation = block_of(self);
            assemble(product(rotation, block), rotation.map(|row| dot(row, translation)))
        })
    }
}

impl RigidTransform {
    /// The inverse transforms, `R^T v - R^T t`.
    #[track_caller]
    #[must_use]
    pub fn inv(self) -> Self {
        operate::<TransformInverse>(Location::caller(), self, |_| {
            let (block, translation) = self.entries("RigidTransform::inv");
            let columns = transposed(block);
            assemble(columns, columns.map(|column| -dot(column, translation)))
        })
    }
}

/// The product of two rotations, orthogonal again.
fn product(first: Block, second: Block) -> Block {
    let columns = transposed(second);
    let product: Block = first.map(|row| columns.map(|column| dot(row, column)));
    let columns = transposed(product);
    // What is missing from half of the unit matrix; symmetric.
    let lacking = |row: usize, column: usize| {
        let gram = dot(columns[row], columns[column]);
        if row == column { gram.fma(-0.5, 0.5) } else { gram * -0.5 }
    };
    let [xx, yy, zz] = [lacking(0, 0), lacking(1, 1), lacking(2, 2)];
    let [xy, xz, yz] = [lacking(0, 1), lacking(0, 2), lacking(1, 2)];
    let lacking = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]];
    product.map(|row| std::array::from_fn(|column| corrected(row, lacking[column], row[column])))
}

fn corrected([x, y, z]: [Tensor; 3], [a, b, c]: [Tensor; 3], entry: Tensor) -> Tensor {
    x.fma(a, y.fma(b, z.fma(c, entry)))
}
