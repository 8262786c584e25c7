//! Values with gradients.

use crate::Workload;
use rotrace::spatial::Rotation;
use rotrace::{Tensor, trace};

/// `sum(w * R(x) p)` and its gradient with respect to `x` alone.
#[must_use]
pub fn rotvec_apply_gradient() -> Workload<3, 2> {
    Workload {
        function: trace(|[rotvec, points, weights]: [Tensor; 3]| {
            // The inner function captures what the gradient is not taken of.
            let loss = trace(move |x| (Rotation::from_rotvec(x).apply(points) * weights).sum(()));
            let (value, gradient): (Tensor, Tensor) = loss.value_and_grad().call_traced(rotvec);
            [value, gradient]
        }),
        arguments: [("x", "[n, 3]"), ("p", "[n, 3]"), ("w", "[n, 3]")],
        results: |[rotvec, _, _]| [vec![], rotvec.to_vec()],
    }
}
