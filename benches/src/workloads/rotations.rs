//! Rotations: products, vectors, representations. Quaternions come in with unit length and are not normalised again.

use crate::Workload;
use rotrace::spatial::Rotation;
use rotrace::{Tensor, trace};

/// Products of rotations.
#[must_use]
pub fn multiply() -> Workload<2, 1> {
    Workload {
        function: trace(|[first, second]: [Tensor; 2]| {
            [(Rotation::from_unit_quat(first) * Rotation::from_unit_quat(second)).as_quat(false)]
        }),
        arguments: [("q1", "[n, 4]"), ("q2", "[n, 4]")],
        results: |[first, _]| [first.to_vec()],
    }
}

fn applied([quat, points]: [Tensor; 2]) -> [Tensor; 1] {
    [Rotation::from_unit_quat(quat).apply(points)]
}

/// As many rotations as vectors.
#[must_use]
pub fn apply() -> Workload<2, 1> {
    Workload {
        function: trace(applied),
        arguments: [("q", "[n, 4]"), ("p", "[n, 3]")],
        results: |[_, points]| [points.to_vec()],
    }
}

/// One rotation of many vectors.
#[must_use]
pub fn apply_one() -> Workload<2, 1> {
    Workload {
        function: trace(applied),
        arguments: [("q", "[4]"), ("p", "[n, 3]")],
        results: |[_, points]| [points.to_vec()],
    }
}

/// Each rotation of each vector.
#[must_use]
pub fn apply_pairs() -> Workload<2, 1> {
    Workload {
        function: trace(applied),
        arguments: [("q", "[b, 1, 4]"), ("p", "[1, m, 3]")],
        results: |[quat, points]| [vec![quat[0], points[1], 3]],
    }
}

/// Vectors rotated by rotation vectors.
#[must_use]
pub fn rotvec_apply() -> Workload<2, 1> {
    Workload {
        function: trace(|[rotvec, points]: [Tensor; 2]| [Rotation::from_rotvec(rotvec).apply(points)]),
        arguments: [("x", "[n, 3]"), ("p", "[n, 3]")],
        results: |[_, points]| [points.to_vec()],
    }
}

/// Rotation vectors of quaternions.
#[must_use]
pub fn as_rotvec() -> Workload<1, 1> {
    Workload {
        function: trace(|[quat]: [Tensor; 1]| [Rotation::from_unit_quat(quat).as_rotvec()]),
        arguments: [("q", "[n, 4]")],
        results: |[quat]| [vec![quat[0], 3]],
    }
}

/// Angles about the body's z, y and x.
#[must_use]
pub fn as_euler() -> Workload<1, 1> {
    Workload {
        function: trace(|[quat]: [Tensor; 1]| [Rotation::from_unit_quat(quat).as_euler("ZYX")]),
        arguments: [("q", "[n, 4]")],
        results: |[quat]| [vec![quat[0], 3]],
    }
}

/// Quaternions of matrices, which are made orthogonal.
#[must_use]
pub fn from_matrix() -> Workload<1, 1> {
    Workload {
        function: trace(|[matrix]: [Tensor; 1]| [Rotation::from_matrix(matrix).as_quat(false)]),
        arguments: [("m", "[n, 3, 3]")],
        results: |[matrix]| [vec![matrix[0], 4]],
    }
}

/// Quaternions of matrices that are orthogonal.
#[must_use]
pub fn from_matrix_assume_valid() -> Workload<1, 1> {
    Workload {
        function: trace(|[matrix]: [Tensor; 1]| [Rotation::from_matrix_assume_valid(matrix).as_quat(false)]),
        arguments: [("m", "[n, 3, 3]")],
        results: |[matrix]| [vec![matrix[0], 4]],
    }
}
