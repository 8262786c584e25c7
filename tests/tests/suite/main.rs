//! Cross-crate tests in one binary, because each test binary links everything.

mod allocations;
mod engines;
mod guards;
