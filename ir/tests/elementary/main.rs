//! The elementary functions against references of higher precision and against the standard's special cases.
//!
//! `cargo test --release -p rotrace-ir --test elementary -- --nocapture` prints the largest error found per operation.
//! The cross-crate tests try every `f32` operand of every unary operation.

mod doubles;
mod exact;
mod platform;
mod reference;
mod sample;
mod singles;
mod special;
