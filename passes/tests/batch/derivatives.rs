//! Batching and differentiation in either order.

use crate::{arguments, batched, parse, rows};
use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::{Dim, DimId};
use rotrace_passes::differentiate::{jvp, vjp};

/// Something of every family, with rules of both kinds, whose parameters are all floats.
const MIXED: &str = "fn @f(dims n, r; %x: f64[n, 3], %m: f64[3, 2]) -> (f64[n, 2], f64[n]) {
  %s: f64[n, 3] = sin %x
  %p: f64[n, 2] = dot_general %s, %m {batch = [], contract = [(1, 0)]}
  %t: f64[n, 2] = take %s {axis = 1, indices = [2, 2]}
  %q: f64[n, 2] = multiply %p, %t
  %a: f64[n, 2] = custom %q, %p, %x {kind = jvp, wrt = [true, false], rule = fn @push(dims n, r; %i: f64[n, 2], %j: f64[n, 3], %d: f64[n, 2]) -> (f64[n, 2]) {
    %k: f64[n, 2] = slice %j {start = [0, 1], limit = [n, 3], step = [1, 1]}
    %l: f64[n, 2] = multiply %k, %d
    return %l
  }}
  %b: f64[n, 2] = custom %a, %q, %m {kind = vjp, wrt = [true, true], rule = fn @pull(dims n, r; %i: f64[n, 2], %j: f64[3, 2], %d: f64[n, 2]) -> (f64[n, 2], f64[3, 2]) {
    %k: f64[n, 2] = cos %i
    %l: f64[n, 2] = multiply %k, %d
    %o: f64[2] = reduce %l {kind = sum, axes = [0]}
    %u: f64[3, 2] = broadcast %o {axes = [1]}
    return %l, %u
  }}
  %z: f64[n] = reduce %b {kind = max, axes = [1]}
  return %b, %z
}";

#[test]
fn rows_of_derivatives_are_derivatives_of_rows() {
    let function = parse(MIXED);
    for derived in [jvp(&function, &[true, true]), vjp(&function, &[true, true])] {
        let derived = derived.expect("floats");
        let again = jvp(&derived, &vec![true; derived.parameters.len()]).expect("floats");
        for function in [derived, again] {
            for first in [true, false] {
                let axes: Vec<bool> =
                    (0..function.parameters.len()).map(|place| place % 2 == usize::from(first)).collect();
                let all = batched(&function, &axes, Dim::named(DimId(1)));
                let arguments = arguments(&all.function, &[3, 2]);
                rows::compare(&function, &all, &axes, 2, &arguments).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}

/// The derivative of the batched function, and the batched derivative. The arguments have the axis, and so have the
/// directions.
fn both(derive: impl Fn(&Function) -> Function) -> [Function; 2] {
    let function = parse(MIXED);
    let size = Dim::fixed(2);
    let derived = derive(&function);
    [
        derive(&batched(&function, &[true, true], size).function),
        batched(&derived, &vec![true; derived.parameters.len()], size).function,
    ]
}

fn same(results: &[Constant], others: &[Constant]) -> bool {
    results.len() == others.len()
        && results
            .iter()
            .zip(others)
            .all(|(a, b)| a.shape == b.shape && a.elements().zip(b.elements()).all(|(a, b)| a.same(b)))
}

#[test]
fn the_order_does_not_matter() {
    for derive in [jvp, vjp] {
        let [first, second] = both(|function| derive(function, &[true, true]).expect("floats"));
        let arguments = arguments(&first, &[3, 0]);
        let [first, second] = [first, second].map(|function| interpret(&function, &arguments).expect("well formed"));
        assert!(same(&first, &second));
    }
}
