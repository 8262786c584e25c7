//! Derive macro for the `Tree` trait.
