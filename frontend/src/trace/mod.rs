//! Recording: the thread's stack of traces, and how an operation of the user becomes a node.
//!
//! A closure is run while its [`Frame`] is on top of the stack; every operation appends to the top frame. The first
//! mistake is kept in the frame and makes all later operations of that frame inert, so that a user's function needs no
//! error handling and its caller gets the first cause.
//!
//! A value of an enclosing frame may be used where the function is being inlined into that frame: it becomes a further
//! parameter, a *capture*. Any other foreign value is a mistake.

mod axes;
mod control;
mod custom;
mod frame;
mod jacobian;
mod linear;
mod native;
mod parameters;
mod traced;
mod transform;
mod vmap;

pub use axes::MappedAxes;
pub use control::{Length, Scan, While, checkpoint, cond, fori, scan, switch, while_loop};
pub(crate) use frame::{Mistake, Recorder, called, located_as, located_at, record, type_of, unlocated};
pub(crate) use jacobian::Plan;
pub use jacobian::{Differentiable, Sparsity};
pub(crate) use native::native_call;
pub use traced::{Lowered, Traced, trace};

use frame::{top_types, with_frame};
use parameters::with_parameters;
