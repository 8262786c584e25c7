//! Which axes of a stored value become loops, and which are unrolled into registers.

use rotrace_ir::Dim;
use rotrace_ir::dim::Shape;
use rotrace_ir::graph::Op;

/// The longest axis that is unrolled.
const LONGEST_UNROLLED: u64 = 16;

/// The most elements that one iteration computes.
const MOST_UNROLLED: u64 = 256;

/// Whether an axis of this size is short enough to be unrolled.
pub(super) fn is_unrolled(dim: Dim) -> bool {
    dim.as_fixed().is_some_and(|size| size <= LONGEST_UNROLLED)
}

/// Which axes of a value are unrolled when it is stored: the short trailing ones, and the axis whose elements do not
/// map to loads at loop indices (`take`, `scatter_add`).
pub(super) fn unrolled_axes(op: &Op, shape: &Shape) -> Vec<bool> {
    let mut unrolled = vec![false; shape.len()];
    let mut product = 1;
    for (axis, dim) in shape.iter().enumerate().rev() {
        match dim.as_fixed() {
            Some(size) if size <= LONGEST_UNROLLED && product * size.max(1) <= MOST_UNROLLED => {
                unrolled[axis] = true;
                product *= size.max(1);
            }
            _ => break,
        }
    }
    if let Op::Take { axis, .. } | Op::ScatterAdd { axis, .. } = op {
        unrolled[*axis] = true;
    }
    unrolled
}
