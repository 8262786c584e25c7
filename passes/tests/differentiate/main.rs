//! Derivatives against directional differences, against each other, and at the points where they are singular.

#[path = "../support/mod.rs"]
mod support;

mod check;

mod regions;
mod regions_edges;
mod scalar;
mod singular;
mod structural;

mod signature;
