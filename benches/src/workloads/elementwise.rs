//! Arithmetic on whole arrays.

use crate::Workload;
use rotrace::{Tensor, trace};

/// `x + y`: next to no arithmetic, so its time is that of a call.
#[must_use]
pub fn add() -> Workload<2, 1> {
    Workload {
        function: trace(|[x, y]: [Tensor; 2]| [x + y]),
        arguments: [("x", "[n]"), ("y", "[n]")],
        results: |[x, _]| [x.to_vec()],
    }
}

/// `sin(x) exp(-x^2) + sqrt(|x|)`.
#[must_use]
pub fn chain() -> Workload<1, 1> {
    Workload {
        function: trace(|[x]: [Tensor; 1]| [x.sin() * (-x * x).exp() + x.abs().sqrt()]),
        arguments: [("x", "[n]")],
        results: |[x]| [x.to_vec()],
    }
}

/// The sum of all elements.
#[must_use]
pub fn sum() -> Workload<1, 1> {
    Workload { function: trace(|[x]: [Tensor; 1]| [x.sum(())]), arguments: [("x", "[n]")], results: |[_]| [vec![]] }
}
