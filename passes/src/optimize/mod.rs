//! Exact rewrites of the graph: no pass changes a bit of any result, NaN payloads aside.
//!
//! Every pass is a pure function from a function to a function, linear in its size (or nearly), independent of hash
//! order, and keeps the source line of every node it keeps or replaces.

mod cse;
mod dce;
mod fold;
mod regions;
mod simplify;

pub use cse::cse;
pub use dce::dce;
pub(crate) use dce::reads;
pub use fold::fold;
pub use regions::{hoist, regions};
pub(crate) use simplify::rebuild;
pub use simplify::simplify;
