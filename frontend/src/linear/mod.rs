//! Small dense linear algebra, on components: each number of a matrix is an array over the leading axes, so that a
//! factorisation is straight code in registers, for a whole batch at once.

mod cholesky;

pub use cholesky::cholesky_solve;
pub(crate) use cholesky::{Factors, MOST_UNKNOWNS};
