//! Homogeneous matrices, taken apart and put together.

use super::RigidTransform;
use crate::implementations::operate;
use crate::implementations::operation::TransformFromMatrix;
use crate::spatial::Rotation;
use crate::spatial::component::checked;
use crate::trace::located_at;
use crate::{DType, Dim, IntoShape, IntoTensor, Operand, Tensor, constant, stack};
use std::panic::Location;

/// Rows of a 3x3 matrix.
pub(super) type Block = [[Tensor; 3]; 3];

/// The place of an entry among the 16 of a matrix.
const fn place(row: usize, column: usize) -> i64 {
    (4 * row + column) as i64
}

impl RigidTransform {
    /// Of homogeneous matrices `[..., 4, 4]`. The upper left block becomes the rotation nearest to it, as by
    /// [`Rotation::from_matrix`], and is NaN if its determinant is not positive. The last row must be exactly
    /// `0 0 0 1`; a matrix with another one is NaN everywhere.
    #[track_caller]
    #[must_use]
    pub fn from_matrix(matrix: Tensor) -> Self {
        operate::<TransformFromMatrix>(Location::caller(), matrix, |matrix| {
            let flat = checked("RigidTransform::from_matrix", matrix, &[4, 4]).reshape_last(2, [16]);
            let last: [Tensor; 4] = std::array::from_fn(|column| flat.component(place(3, column)));
            let [zero, one, two, three] = last;
            let valid = zero.equal(0).logical_and(one.equal(0)).logical_and(two.equal(0).logical_and(three.equal(1)));
            let (block, translation) = upper_rows(flat);
            let block = block_of(Rotation::from_matrix(tensor_of(block)));
            assemble_where(valid, block, translation)
        })
    }

    /// Of homogeneous matrices `[..., 4, 4]` whose upper left blocks are rotations and whose last rows are `0 0 0 1`,
    /// which is not checked and costs nothing.
    #[track_caller]
    #[must_use]
    pub fn from_matrix_assume_valid(matrix: Tensor) -> Self {
        located_at(Location::caller(), || Self {
            matrix: checked("RigidTransform::from_matrix_assume_valid", matrix, &[4, 4]),
        })
    }

    /// The transform that changes nothing, over the given leading axes.
    #[track_caller]
    #[must_use]
    pub fn identity(dtype: DType, shape: impl IntoShape) -> Self {
        let mut shape = shape.into_shape();
        shape.extend([Dim::fixed(4); 2]);
        located_at(Location::caller(), || {
            let identity = constant([[1_i64, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], LAST_ROW]).astype(dtype);
            Self { matrix: identity.broadcast_to(shape.as_slice()) }
        })
    }

    /// The homogeneous matrices `[..., 4, 4]`.
    #[track_caller]
    #[must_use]
    pub fn as_matrix(self) -> Tensor {
        located_at(Location::caller(), || checked("RigidTransform::as_matrix", self.matrix, &[4, 4]))
    }

    /// The rotation and the translation, entry by entry. `name` is the operation's, for the message.
    pub(super) fn entries(self, name: &str) -> (Block, [Tensor; 3]) {
        upper_rows(checked(name, self.matrix, &[4, 4]).reshape_last(2, [16]))
    }
}

const LAST_ROW: [i64; 4] = [0, 0, 0, 1];

fn upper_rows(flat: Tensor) -> (Block, [Tensor; 3]) {
    let entry = |row: usize, column: usize| flat.component(place(row, column));
    let block = std::array::from_fn(|row| std::array::from_fn(|column| entry(row, column)));
    (block, std::array::from_fn(|row| entry(row, 3)))
}

/// The inverse of [`RigidTransform::entries`]. Leading axes broadcast.
pub(super) fn assemble(block: Block, translation: [Tensor; 3]) -> RigidTransform {
    assemble_rows(block, translation, LAST_ROW.map(IntoTensor::into_operand))
}

/// As [`assemble`], but NaN in all places, those of the last row too, where the condition does not hold.
pub(super) fn assemble_where(valid: Tensor, block: Block, translation: [Tensor; 3]) -> RigidTransform {
    let or_nan = |entry: Tensor| valid.select(entry, f64::NAN);
    let last = LAST_ROW.map(|entry| Operand::Tensor(or_nan(translation[0].full_like(entry))));
    assemble_rows(block.map(|row| row.map(or_nan)), translation.map(or_nan), last)
}

/// With another last row than a transform's.
pub(super) fn assemble_rows(block: Block, translation: [Tensor; 3], last: [Operand; 4]) -> RigidTransform {
    let upper = block
        .into_iter()
        .zip(translation)
        .flat_map(|([first, second, third], translation)| [first, second, third, translation].map(Operand::Tensor));
    RigidTransform { matrix: stack(upper.chain(last), -1).reshape_last(1, [4, 4]) }
}

/// The entries of a rotation's matrix.
pub(super) fn block_of(rotation: Rotation) -> Block {
    let flat = rotation.as_matrix().reshape_last(2, [9]);
    std::array::from_fn(|row| std::array::from_fn(|column| flat.component((3 * row + column) as i64)))
}

/// The matrix with the given entries, `[..., 3, 3]`.
pub(super) fn tensor_of(block: Block) -> Tensor {
    stack(block.as_flattened().iter().copied(), -1).reshape_last(1, [3, 3])
}

/// The columns as rows.
pub(super) fn transposed(block: Block) -> Block {
    std::array::from_fn(|row| block.map(|entries| entries[row]))
}
