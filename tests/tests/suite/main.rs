//! Cross-crate tests in one binary, because each test binary links everything.

// What the tests of `ir` share about their corpus.
#[path = "../../../ir/tests/support/corpus.rs"]
mod corpus_files;
#[path = "../../../ir/tests/support/mutate.rs"]
mod mutate;
#[path = "../../../ir/tests/support/mod.rs"]
mod support;

mod allocations;
mod bad_input;
mod bad_text;
mod corpus;
mod engines;
mod guards;
mod large_angles;
mod large_graphs;
