//! Operations with functions in them: calls, branches and loops.
//!
//! A nested function has the dims of the function that it stands in, and sees nothing but its parameters: what it takes
//! from outside comes in through the operands of its node. Rejected: regions that see the values around them, which
//! would make every pass that walks a function ask whose value an id is.

use super::Function;
use crate::dim::Dim;
use crate::{DType, Scalar};

/// How deep functions may stand in functions.
pub const MAX_FUNCTION_NESTING: usize = 16;

/// A loop that runs while a condition holds.
///
/// Operands and the parameters of both functions: what is carried, then constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct While {
    /// How many operands are carried from one iteration to the next.
    pub carried: usize,
    /// The most iterations, of which reverse mode must know. None is no bound.
    pub bound: Option<u64>,
    /// Gives `bool[]`: whether to go on.
    pub condition: Function,
    /// Gives what the next iteration carries.
    pub body: Function,
}

/// A loop along an axis.
///
/// Operands: what is carried, arrays to be *scanned* along their leading axis, then constants. Parameters of the body:
/// what is carried, one slice of each scanned array, constants. Results of the body: what the next iteration carries, then
/// slices that the loop *stacks* along a leading axis. Results of the loop: what the last iteration gave, and the stacks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// How many operands are carried from one iteration to the next.
    pub carried: usize,
    /// How many operands are scanned.
    pub scanned: usize,
    /// How many iterations, and the size of the leading axes.
    pub length: Dim,
    /// Whether the iterations go from the last slice to the first.
    pub reverse: bool,
    /// What reverse mode keeps of each iteration.
    pub checkpoint: Checkpoint,
    /// One iteration.
    pub body: Function,
}

/// Which of the values that a loop carries reverse mode stores; it computes the others again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Checkpoint {
    /// Those of every iteration.
    #[default]
    All,
    /// Those of every so many iterations, and of so many iterations in turn.
    Every(u64),
    /// Those of at most so many iterations at any time, if they can be so few, with few iterations computed again.
    Binomial(u64),
}

impl Scan {
    /// How many results are stacked.
    #[must_use]
    pub fn stacked(&self) -> usize {
        self.body.results.len() - self.carried
    }
}

/// The branch of [`super::Op::Switch`] that a selector selects among so many.
#[must_use]
pub fn selected_branch(selector: Scalar, branches: usize) -> usize {
    let number = if selector.dtype == DType::Bool { selector.bits as i64 } else { selector.as_i64() };
    number.clamp(0, branches as i64 - 1) as usize
}
