//! Cross-crate tests in one binary, because each test binary links everything.

mod allocations;
mod bad_input;
mod engines;
mod guards;
