//! Loops while a condition holds, inside of kernels: of one row, of rows that end apart, in other loops.

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::plan::Step;
use rotrace_ir::text::parse_function;
use rotrace_ir::{Dim, DimId, Scalar};
use rotrace_passes::batch::batch;
use rotrace_passes::differentiate::{jvp, vjp};
use rotrace_passes::lower::{Options, lower};
use rotrace_passes::pipeline;
use rotrace_runtime::Executable;
use rotrace_tests::engines::{compare, every_configuration};
use rotrace_tests::random::Random;

/// Newton's iteration for a square root, with a bound or without, and how often it ran; never for what is not positive.
fn root(bound: &str) -> String {
    format!(
        "%z: i64[] = constant {{0}}
  %one: f64[] = constant {{1.0}}
  %r: f64[], %count: i64[] = while %one, %z, %x {{carried = 2, {bound}functions = fn @apart(dims n; %r: f64[], %c: i64[], %x: f64[]) -> (bool[]) {{
    %rr: f64[] = multiply %r, %r
    %d: f64[] = subtract %rr, %x
    %a: f64[] = abs %d
    %tiny: f64[] = constant {{1e-9}}
    %scale: f64[] = multiply %tiny, %x
    %p: bool[] = less %scale, %a
    %zero: f64[] = constant {{0.0}}
    %q: bool[] = less %zero, %x
    %huge: f64[] = constant {{1e100}}
    %s: bool[] = less %x, %huge
    %pq: bool[] = and %p, %q
    %go: bool[] = and %pq, %s
    return %go
  }} fn @step(dims n; %r: f64[], %c: i64[], %x: f64[]) -> (f64[], i64[]) {{
    %q: f64[] = divide %x, %r
    %s: f64[] = add %q, %r
    %half: f64[] = constant {{0.5}}
    %n: f64[] = multiply %s, %half
    %i: i64[] = constant {{1}}
    %d: i64[] = add %c, %i
    return %n, %d
  }}}}"
    )
}

/// The root of a number; what gives `n` its size is not used.
fn alone(bound: &str) -> Function {
    let text = format!(
        "fn @root(dims n; %x: f64[], %u: f64[n]) -> (f64[], i64[]) {{\n  {}\n  return %r, %count\n}}",
        root(bound)
    );
    parse_function(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Roots of roots, each step behind the one before, and all of them.
fn repeated(bound: &str) -> Function {
    let text = format!(
        "fn @repeated(dims n; %y: f64[], %u: f64[n]) -> (f64[], f64[4], i64[4]) {{
  %last: f64[], %all: f64[4], %counts: i64[4] = scan %y {{carried = 1, scanned = 0, length = 4, reverse = false, checkpoint = all, body = fn @body(dims n; %x: f64[]) -> (f64[], f64[], i64[]) {{
    {}
    return %r, %r, %count
  }}}}
  return %last, %all, %counts
}}",
        root(bound)
    );
    parse_function(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// One row of `n`, as rows.
fn rows(function: &Function, size: Dim) -> Function {
    let parameters: Vec<bool> = function.parameter_types().map(|ty| ty.shape.is_empty()).collect();
    batch(function, &parameters, &vec![true; function.results.len()], size).unwrap().function
}

fn steps_that_are_no_kernels(function: &Function) -> usize {
    let (optimized, _) = pipeline::run(function, &pipeline::Options::default()).unwrap();
    lower(&optimized, Options::default())
        .unwrap()
        .all_steps()
        .iter()
        .filter(|step| !matches!(step, Step::Kernel(_)))
        .count()
}

/// Numbers of all sizes and signs, of which some want no iteration, in an order in which neighbours want different numbers of them.
fn arguments(function: &Function, size: u64) -> Vec<Constant> {
    let special = [2.0, 1e12, 0.0, -3.0, f64::NAN, 1.0, 1e-12, f64::INFINITY, 4.0];
    let mut random = Random::new(size);
    let array = |ty: &rotrace_ir::dim::Type, random: &mut Random| {
        let plain = random.array(ty, &[size]);
        if ty.dtype != rotrace_ir::DType::F64 {
            return plain;
        }
        let shape = plain.shape.clone();
        let count = shape.iter().product::<u64>() as usize;
        Constant::from_scalars(
            ty.dtype,
            shape,
            (0..count).map(|place| Scalar::f64(special[(place * 5 + 1) % special.len()])),
        )
    };
    function.parameter_types().map(|ty| array(ty, &mut random)).collect()
}

fn check(what: &str, function: &Function) {
    for (engine, options) in every_configuration() {
        let executable = Executable::compile(function, &options)
            .unwrap_or_else(|error| panic!("{what}, {engine}: {error}\n{function}"));
        for size in [0, 1, 2, 3, 8, 100] {
            compare(function, &arguments(function, size), &executable).unwrap_or_else(|error| {
                panic!("{what}, {engine}, {size}: {error}\n{function}\n{}", executable.kernels())
            });
        }
    }
}

#[test]
fn loops_of_one_row_and_of_many_run_inside_of_kernels() {
    for bound in ["", "bound = 5, ", "bound = 0, ", "bound = 60, "] {
        for (what, function) in [("alone", alone(bound)), ("in a loop", repeated(bound))] {
            let [many, few] = [Dim::named(DimId(0)), Dim::fixed(3)].map(|size| rows(&function, size));
            assert_eq!(steps_that_are_no_kernels(&function), 0, "{what}, {bound}");
            assert_eq!(steps_that_are_no_kernels(&many), 0, "rows {what}, {bound}:\n{many}");
            check(what, &function);
            check(&format!("rows {what}"), &many);
            check(&format!("three rows {what}"), &few);
        }
    }
}

#[test]
fn derivatives_of_loops_with_a_bound_have_the_bits_of_the_interpreter() {
    for (what, function) in [("alone", alone("bound = 60, ")), ("in a loop", repeated("bound = 60, "))] {
        for (mode, derivative) in
            [("jvp", jvp(&function, &[true, false]).unwrap()), ("vjp", vjp(&function, &[true, false]).unwrap())]
        {
            check(&format!("{mode} {what}"), &derivative);
            check(&format!("rows of {mode} {what}"), &rows(&derivative, Dim::named(DimId(0))));
        }
    }
}
