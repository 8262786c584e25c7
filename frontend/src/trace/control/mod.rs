//! Loops and branches of traced values.
//!
//! Rust's own `if` and `for` run while a function is recorded: a `for` loop records each of its iterations. What is here
//! is recorded as one operation, which decides and repeats when the compiled function is called. The closures see
//! traced values of an iteration; values of the function around that they use are constants of the loop.

mod branch;
mod checkpoint;
mod region;
mod scan;
mod while_loop;

pub use branch::{cond, switch};
pub use checkpoint::checkpoint;
pub use scan::{Length, Scan, fori, scan};
pub use while_loop::{While, while_loop};
