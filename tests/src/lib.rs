//! What Rotrace's cross-crate tests share: random programs, and engines run side by side.

#[cfg(feature = "mlir")]
pub mod assembled;
pub mod engines;
pub mod random;
