//! What Rotrace's cross-crate tests share: random programs, and engines run side by side.

pub mod assembled;
pub mod engines;
pub mod random;
