//! The elementary functions against references of higher precision and against the standard's special cases.
//!
//! `cargo test --release -p rotrace-ir --test elementary -- --nocapture` prints the largest error found per operation.
//! With `--features exhaustive`, every `f32` operand of every unary operation is tried.

mod doubles;
mod exact;
mod reference;
mod sample;
mod singles;
mod special;
