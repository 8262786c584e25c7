//! Batching rules: every row of a batched function is the function of that row, bit for bit.

#[path = "../support/rows.rs"]
mod rows;

mod derivatives;
mod operations;
mod regions;
mod selection;

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Dim, DimId, Scalar, Type};
use rotrace_passes::batch::{Batched, batch};

/// The size of the dimension `n` in all tests.
const N: u64 = 3;

fn parse(text: &str) -> Function {
    parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn batched(function: &Function, axes: &[bool], size: Dim) -> Batched {
    let none = vec![false; function.results.len()];
    let batched = batch(function, axes, &none, size).unwrap_or_else(|error| panic!("{error}\n{function}"));
    let problems = verify(&batched.function);
    assert!(problems.is_empty(), "{problems:?}\n{}", batched.function);
    batched
}

/// Compares for every choice of parameters with the axis, and for several sizes of it, fixed and named. The function has
/// the dims `n` and `r`, of which `r` is for the new axis.
fn check(text: &str) {
    let function = parse(text);
    let parameters = function.parameters.len();
    for choice in 0..1_u32 << parameters {
        let axes: Vec<bool> = (0..parameters).map(|place| choice >> place & 1 == 1).collect();
        for count in [0, 1, 4] {
            for size in [Dim::fixed(count), Dim::named(DimId(1))] {
                let all = batched(&function, &axes, size);
                let arguments = arguments(&all.function, &[N, count]);
                rows::compare(&function, &all, &axes, count, &arguments)
                    .unwrap_or_else(|error| panic!("{axes:?}, {count} rows: {error}\n{function}\n{}", all.function));
            }
        }
    }
}

/// Numbers that show every difference of order, with zeros of both signs and a NaN among them.
fn arguments(function: &Function, dims: &[u64]) -> Vec<Constant> {
    let mut state = 9_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut number = move |dtype: DType| match next() % 16 {
        0 => Scalar::from_f64(dtype, -0.0),
        1 if dtype.is_float() => Scalar::from_f64(dtype, f64::NAN),
        2 if dtype.is_float() => Scalar::from_f64(dtype, 1e16),
        _ if dtype == DType::Bool => Scalar::bool(next() % 2 == 1),
        _ if dtype.is_float() => Scalar::from_f64(dtype, (next() % 1000) as f64 / 333.0 - 1.5),
        _ => Scalar::from_i64(dtype, (next() % 9) as i64 - 4),
    };
    let mut array = |ty: &Type| {
        let shape: Vec<u64> = ty.shape.iter().map(|dim| dim.size(dims).expect("sizes fit")).collect();
        let count: u64 = shape.iter().product();
        Constant::from_scalars(ty.dtype, shape, (0..count).map(|_| number(ty.dtype)))
    };
    function.parameter_types().map(&mut array).collect()
}
