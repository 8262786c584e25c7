//! Vectors as separate components.
//!
//! Rotations are computed on components, each an array over the leading axes alone: after lowering they are registers
//! of one loop, and taking an array apart or joining one costs nothing.

use crate::trace::{Mistake, record};
use crate::{DType, Tensor, stack};
use std::panic::Location;

/// A 3x3 matrix, as rows of components.
pub(super) type Matrix = [[Tensor; 3]; 3];

/// The components along the last axis, which has size `N`. `name` is the operation's, for the message.
pub(super) fn components<const N: usize>(name: &str, tensor: Tensor) -> [Tensor; N] {
    let tensor = checked(name, tensor, &[N]);
    std::array::from_fn(|index| tensor.component(index as i64))
}

/// The tensor, if its last sizes are `trailing` and its elements floats.
pub(super) fn checked(name: &str, tensor: Tensor, trailing: &[usize]) -> Tensor {
    record(Location::caller(), |recorder| {
        let id = recorder.resolve(tensor)?;
        let ty = recorder.ty(id);
        let sizes = ty.shape.iter().map(|dim| dim.as_fixed());
        let fits = ty.rank() >= trailing.len()
            && sizes.skip(ty.rank() - trailing.len()).eq(trailing.iter().map(|&size| Some(size as u64)));
        if fits && ty.dtype.is_float() {
            return Ok(id);
        }
        let operands = vec![recorder.display(id)];
        let wanted: String = trailing.iter().map(|size| format!(", {size}")).collect();
        Err(Mistake { message: format!("{name} takes floats of shape [...{wanted}], got {}", operands[0]), operands })
    })
}

/// The inverse of [`components`].
pub(super) fn join<const N: usize>(components: [Tensor; N]) -> Tensor {
    stack(components, -1)
}

/// The scalar product.
pub(super) fn dot<const N: usize>(a: [Tensor; N], b: [Tensor; N]) -> Tensor {
    let mut sum = a[N - 1] * b[N - 1];
    for index in (0..N - 1).rev() {
        sum = a[index].fma(b[index], sum);
    }
    sum
}

/// The cross product.
pub(super) fn cross(a: [Tensor; 3], b: [Tensor; 3]) -> [Tensor; 3] {
    std::array::from_fn(|index| {
        let (next, last) = ((index + 1) % 3, (index + 2) % 3);
        a[next].fma(b[last], -(a[last] * b[next]))
    })
}

/// `1 / sqrt(x)` of what is 1 but for rounding errors. `rsqrt` is computed on doubles, which for singles takes longer than
/// a division.
pub(super) fn inverse_root_near_one(x: Tensor) -> Tensor {
    if x.dtype() == Some(DType::F32) { x.sqrt().reciprocal() } else { x.rsqrt() }
}

/// The distance from 1 to the next number of the tensor's element type.
pub(crate) fn epsilon(x: Tensor) -> f64 {
    if x.dtype() == Some(DType::F32) { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// The polynomial with the given coefficients, lowest first; for `f32` only the first `single` of them.
pub(super) fn polynomial(x: Tensor, coefficients: &[f64], single: usize) -> Tensor {
    let count = if x.dtype() == Some(DType::F32) { single } else { coefficients.len() };
    let mut sum = x.full_like(coefficients[count - 1]);
    for &coefficient in coefficients[..count - 1].iter().rev() {
        sum = sum.fma(x, coefficient);
    }
    sum
}

/// The tensor, if its element type is that of `first`.
pub(super) fn alike(name: &str, first: Tensor, tensor: Tensor) -> Tensor {
    record(Location::caller(), |recorder| {
        let [expected, found] = [recorder.resolve(first)?, recorder.resolve(tensor)?];
        if recorder.ty(found).dtype == recorder.ty(expected).dtype {
            return Ok(found);
        }
        Err(Mistake::of_dtypes(name, [expected, found].map(|id| recorder.display(id))))
    })
}

/// A value of no use, after a mistake about `tensor`, whose type is added to the message.
pub(super) fn refuse(name: &str, problem: &str, tensor: Tensor) -> Tensor {
    record(Location::caller(), |recorder| {
        let id = recorder.resolve(tensor)?;
        let operands = vec![recorder.display(id)];
        Err(Mistake { message: format!("{name}: {problem}, got {}", operands[0]), operands })
    })
}

/// A value of no use, after a mistake that is about no tensor.
pub(super) fn refuse_arguments(name: &str, problem: &str) -> Tensor {
    record(Location::caller(), |_| Err(Mistake::new(format!("{name}: {problem}"))))
}
