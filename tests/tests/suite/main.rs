//! Cross-crate tests in one binary, because each test binary links everything.

// What the tests of `passes` share about batching.
#[path = "../../../passes/tests/support/rows.rs"]
mod batched_rows;
// What the tests of `ir` share about their corpus.
#[path = "../../../ir/tests/support/corpus.rs"]
mod corpus_files;
#[path = "../../../ir/tests/support/mutate.rs"]
mod mutate;
// The references of the elementary functions' tests.
#[cfg(feature = "exhaustive")]
#[path = "../../../ir/tests/elementary/platform.rs"]
mod platform;
#[cfg(feature = "exhaustive")]
#[path = "../../../ir/tests/elementary/reference.rs"]
mod reference;
#[path = "../../../ir/tests/support/mod.rs"]
mod support;

#[cfg(feature = "exhaustive")]
mod all_singles;
mod allocations;
#[cfg(feature = "mlir")]
mod assembled;
mod bad_input;
mod bad_text;
mod batching;
mod choices;
mod corpus;
mod derivative_table;
mod devices;
mod engines;
mod export;
mod guards;
mod large_angles;
mod large_graphs;
mod loops;
mod natives;
mod nested_transformations;
mod plans;
mod products;
mod random_regions;
mod saved;
#[cfg(feature = "mlir")]
mod saved_for_gpu;
#[cfg(feature = "mlir")]
mod spills;
mod stacks;
mod tiers;
mod whiles;
