//! Rigid transforms. Matrices come in valid and are not checked again.

use crate::Workload;
use rotrace::spatial::RigidTransform;
use rotrace::{Tensor, trace};

/// Products of transforms.
#[must_use]
pub fn multiply() -> Workload<2, 1> {
    Workload {
        function: trace(|[first, second]: [Tensor; 2]| {
            let [first, second] = [first, second].map(RigidTransform::from_matrix_assume_valid);
            [(first * second).as_matrix()]
        }),
        arguments: [("m1", "[n, 4, 4]"), ("m2", "[n, 4, 4]")],
        results: |[first, _]| [first.to_vec()],
    }
}

/// As many transforms as points.
#[must_use]
pub fn apply() -> Workload<2, 1> {
    Workload {
        function: trace(|[matrix, points]: [Tensor; 2]| {
            [RigidTransform::from_matrix_assume_valid(matrix).apply(points)]
        }),
        arguments: [("m", "[n, 4, 4]"), ("p", "[n, 3]")],
        results: |[_, points]| [points.to_vec()],
    }
}
