//! [`Tensor`]: a handle to a value of a function that is being traced, with the array API's operations as methods.
//!
//! * Operands broadcast as in NumPy: shapes are aligned at their last axes, and a size of 1 stretches. A named
//!   dimension goes with itself and with 1, never with a number or another name.
//! * There is no promotion: operands have one element type, and [`Tensor::astype`] converts. Rust numbers are *weak*:
//!   they take the element type of the operand next to them.
//! * A mistake makes the whole trace inert and is returned when the function is lowered, with its source line.
//! * Axes count from 0, or from the end if negative.

mod contract;
mod create;
mod elementwise;
mod movement;
mod operand;
mod operators;
mod reduce;
mod shape;
mod slice;

pub use create::{constant, eye, full, ones, zeros};
pub use elementwise::where_;
pub use movement::{concat, stack};
pub use operand::{IntoTensor, Operand, Weak};
pub use shape::{IntoAxes, IntoShape};
pub(crate) use slice::{bounds, display_range};

use crate::DType;
use crate::trace::type_of;
use rotrace_ir::graph::ValueId;
use rotrace_ir::{Shape, Type};

/// A value of a function that is being traced. `Copy`: it is only a name for the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tensor {
    pub(crate) trace: u64,
    pub(crate) value: ValueId,
}

impl Tensor {
    /// What an operation gives after a mistake. No trace has the number 0.
    pub(crate) const POISON: Self = Self { trace: 0, value: ValueId(u32::MAX) };

    /// The element type; `None` outside the trace, or after a mistake.
    #[must_use]
    pub fn dtype(self) -> Option<DType> {
        self.ty().map(|ty| ty.dtype)
    }

    /// The sizes, outermost first; empty outside the trace, or after a mistake.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.ty().map(|ty| ty.shape).unwrap_or_default()
    }

    /// The number of axes; 0 outside the trace, or after a mistake.
    #[must_use]
    pub fn ndim(self) -> usize {
        self.shape().len()
    }

    fn ty(self) -> Option<Type> {
        type_of(self).map(|(ty, _)| ty)
    }
}

impl std::fmt::Debug for Tensor {
    /// The value's name and type, as `%3: f64[n, 3]`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match type_of(*self) {
            Some((ty, dims)) => write!(f, "%{}: {}", self.value.0, ty.display(&dims)),
            None => f.write_str("a value of no active trace"),
        }
    }
}
