//! The users' API, as users write it.

mod alignment;
mod angles;
mod checked;
mod containers;
mod custom;
mod eager;
mod eager_containers;
mod eager_statistics;
mod errors;
mod implementations;
mod interpolation;
mod jacobians;
mod jacobians_sparse;
mod linear;
mod loop_mistakes;
mod loops;
mod manifolds;
mod native;
mod nested;
mod operations;
mod optimize;
mod places;
mod rigid_batches;
mod rigid_transforms;
mod rotations;
mod saved;
mod statistics;
mod trees;
mod vmap;
mod vmap_derivatives;
mod vmap_loops;

use rotrace::spatial::Rotation;
use rotrace::{Array, Tensor, Tree, trace};

/// The types of a lowered function, as text: `f64[n, 3] -> f64[n, 3]`.
fn types<In: Tree<Tensor>, Out: Tree<Tensor>>(lowered: &rotrace::Lowered<In, Out>) -> String {
    let function = lowered.function();
    let text = |types: Vec<String>| types.join(", ");
    let parameters = text(function.parameter_types().map(|ty| ty.display(&function.dims)).collect());
    let results = text(function.result_types().map(|ty| ty.display(&function.dims)).collect());
    format!("{parameters} -> {results}")
}

#[test]
fn the_line_of_the_readme_works_with_a_captured_array() {
    let p = Array::from([1.0, 2.0, 3.0]);
    let rotate = trace(|x| Rotation::from_rotvec(x).apply(p));
    assert_eq!(types(&rotate.lower("f64[n, 3]").unwrap()), "f64[n, 3] -> f64[n, 3]");
    // The closure is cloned for each lowering.
    assert_eq!(types(&rotate.lower("f64[3]").unwrap()), "f64[3] -> f64[3]");
}

#[test]
fn the_line_of_the_readme_works_with_a_borrowed_array() {
    let array = Array::from([1.0, 2.0, 3.0]);
    let p = &array;
    let rotate = trace(|x| Rotation::from_rotvec(x).apply(p));
    assert_eq!(types(&rotate.lower("f64[n, 4, 3]").unwrap()), "f64[n, 4, 3] -> f64[n, 4, 3]");
}

#[test]
fn the_line_of_the_readme_works_with_a_traced_value() {
    let outer = trace(|(x, p): (Tensor, Tensor)| {
        let rotate = trace(|x| Rotation::from_rotvec(x).apply(p));
        rotate.call_traced(x)
    });
    let lowered = outer.lower("f64[n, 3], f64[3]").unwrap();
    assert_eq!(types(&lowered), "f64[n, 3], f64[3] -> f64[n, 3]");
}

#[test]
fn handles_can_be_sent_and_shared() {
    fn check<T: Send + Sync>() {}
    check::<rotrace::Compiled<(Tensor, Vec<Rotation>), Rotation>>();
    check::<rotrace::Lowered<Tensor, Tensor>>();
    check::<Array>();
}

#[test]
fn types_can_be_taken_from_arrays() {
    let f = trace(|(x, y): (Tensor, Tensor)| x + y);
    let example = (Array::from([[1.0_f32, 2.0]]), Array::from(vec![0.5_f32; 2]));
    assert_eq!(types(&f.lower(rotrace::Signature::like(&example)).unwrap()), "f32[1, 2], f32[2] -> f32[1, 2]");
}

#[test]
fn nodes_remember_the_users_line() {
    let line = line!() + 1;
    let lowered = trace(|x| Rotation::from_rotvec(x).as_matrix()).lower("f64[3]").unwrap();
    let function = lowered.function();
    let mut lines: Vec<_> = function.nodes.iter().filter_map(|node| node.location).map(|place| place.line).collect();
    lines.dedup();
    assert_eq!(lines, [line]);
    assert!(function.files[0].ends_with("main.rs"));
}
