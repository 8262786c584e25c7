//! Products of matrices.

use crate::Workload;
use rotrace::{Tensor, trace};

/// `a b`, of any sizes.
#[must_use]
pub fn matmul() -> Workload<2, 1> {
    of_shapes(["[n, k]", "[k, m]"])
}

/// `a b`, of given shapes.
#[must_use]
pub fn of_shapes([left, right]: [&'static str; 2]) -> Workload<2, 1> {
    Workload {
        function: trace(|[a, b]: [Tensor; 2]| [a.matmul(b)]),
        arguments: [("a", left), ("b", right)],
        results: |[a, b]| [vec![a[0], b[1]]],
    }
}
