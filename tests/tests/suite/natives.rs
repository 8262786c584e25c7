//! Functions that are not of the IR, in loops and branches, with derivatives by rules: every engine gives the interpreter's
//! bits, and calls allocate nothing.

use super::allocations::allocations;
use rotrace::{Array, Engine, Options, Tensor, native, trace};
use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret_with;
use rotrace_ir::text::parse_function;
use rotrace_ir::{DType, Scalar};
use rotrace_passes::differentiate::{jvp, vjp};
use rotrace_runtime::{Executable, Natives, View, ViewMut};
use rotrace_tests::engines::{every_configuration, run};
use std::sync::Arc;

/// `square` of each element, and `mean`: each element less the mean of all.
fn natives() -> Natives {
    let doubles = |operands: &[View<'_>]| -> Vec<f64> { bytemuck::cast_slice(operands[0].bytes).to_vec() };
    let write = |results: &mut [ViewMut<'_>], elements: Vec<f64>| {
        bytemuck::cast_slice_mut(results[0].bytes).copy_from_slice(&elements);
        Ok(())
    };
    let mut natives = Natives::default();
    natives.insert(
        "square",
        Arc::new(move |operands: &[View<'_>], results: &mut [ViewMut<'_>]| {
            write(results, doubles(operands).into_iter().map(|x| x * x).collect())
        }),
    );
    natives.insert(
        "centred",
        Arc::new(move |operands: &[View<'_>], results: &mut [ViewMut<'_>]| {
            let elements = doubles(operands);
            let mean = elements.iter().sum::<f64>() / elements.len() as f64;
            write(results, elements.into_iter().map(|x| x - mean).collect())
        }),
    );
    natives
}

/// A square with its derivative by a rule that calls a function too, and what it is called on.
const SQUARE: &str = r#"fn @square(dims n; %a: f64[n]) -> (f64[n]) {
  %b: f64[n] = native %a {name = "square"}
  %c: f64[n] = custom %b, %a {kind = jvp, wrt = [true], rule = fn @rule(dims n; %x: f64[n], %t: f64[n]) -> (f64[n]) {
    %d: f64[n] = add %x, %x
    %e: f64[n] = multiply %d, %t
    return %e
  }}
  return %c
}"#;

fn programs() -> Vec<Function> {
    let texts = [
        // A branch calls a function, the other does not.
        format!(
            r#"fn @branches(dims n; %0: bool[], %1: f64[n]) -> (f64[n]) {{
              %2: f64[n] = switch %0, %1 {{branches = fn @same(dims n; %a: f64[n]) -> (f64[n]) {{
                %b: f64[n] = add %a, %a
                return %b
              }} {SQUARE}}}
              return %2
            }}"#
        ),
        // A loop, whose step calls one between kernels.
        format!(
            r#"fn @steps(dims n; %0: bool[], %1: f64[n]) -> (f64[n], f64[5, n]) {{
              %2: f64[n], %3: f64[5, n] = scan %1 {{carried = 1, scanned = 0, length = 5, reverse = true, checkpoint = all, body = fn @body(dims n; %x: f64[n]) -> (f64[n], f64[n]) {{
                %0: f64[n] = sin %x
                %1: f64[n] = call %0 {{function = {SQUARE}}}
                %2: f64[n] = add %1, %x
                %3: f64[n] = native %2 {{name = "centred"}}
                %4: f64[n] = custom %3, %2 {{kind = vjp, wrt = [true], rule = fn @back(dims n; %y: f64[n], %c: f64[n]) -> (f64[n]) {{
                  %m: f64[n] = native %c {{name = "centred"}}
                  return %m
                }}}}
                return %4, %2
              }}}}
              return %2, %3
            }}"#
        ),
    ];
    texts.iter().map(|text| parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"))).collect()
}

fn arguments(truth: bool, size: u64) -> Vec<Constant> {
    let elements = (0..size).map(|place| Scalar::f64((place as f64 * 0.3).cos()));
    vec![Constant::scalar(Scalar::bool(truth)), Constant::from_scalars(DType::F64, vec![size], elements)]
}

/// Checks that every engine gives what the graph interpreter gives.
fn agree(function: &Function, arguments: &[Constant]) {
    let natives = natives();
    let call = |name: &str, operands: &[Constant], types: &[rotrace_ir::Type]| natives.call(name, operands, types);
    let expected = interpret_with(function, arguments, &call).unwrap_or_else(|error| panic!("{error}\n{function}"));
    for (name, options) in every_configuration() {
        let executable = Executable::compile_with(function, &natives, &options);
        let executable = executable.unwrap_or_else(|error| panic!("{name}: {error}\n{function}"));
        let found = run(&executable, arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (found, expected) in found.iter().zip(&expected) {
            let same =
                found.shape == expected.shape && found.elements().zip(expected.elements()).all(|(a, b)| a.same(b));
            assert!(same, "{name}: {found}, not {expected}\n{}", executable.kernels());
        }
    }
}

#[test]
fn loops_and_branches_agree() {
    for function in programs() {
        for size in [1, 2, 17, 3000] {
            [false, true].into_iter().for_each(|truth| agree(&function, &arguments(truth, size)));
        }
    }
}

#[test]
fn derivatives_agree() {
    // `centred` is linear but has a rule for its cotangents alone, which calls itself: forward mode would need its transpose.
    let [branches, steps] = <[Function; 2]>::try_from(programs()).expect("two programs");
    let tangents = |count: usize| (0..count).map(|_| arguments(true, 30)[1].clone()).collect::<Vec<_>>();
    let pushed = jvp(&branches, &[false, true]).expect("its rule is for tangents");
    [false, true].into_iter().for_each(|truth| agree(&pushed, &[arguments(truth, 30), tangents(1)].concat()));
    let pulled = vjp(&branches, &[false, true]).expect("its rule can be transposed");
    [false, true].into_iter().for_each(|truth| agree(&pulled, &[arguments(truth, 30), tangents(1)].concat()));
    let pulled = vjp(&steps, &[false, true]).expect("its rules are for cotangents");
    let stacked =
        Constant { shape: vec![5, 30], data: [&*tangents(1)[0].data; 5].concat().into(), ..tangents(1)[0].clone() };
    agree(&pulled, &[arguments(true, 30), tangents(1), vec![stacked]].concat());
    let error = jvp(&steps, &[false, true]).map(drop).expect_err("the function in the rule has none");
    assert_eq!(error.to_string(), "native function `centred` has no derivative of its own: give it one by a rule");
}

#[test]
fn calls_with_native_functions_allocate_nothing() {
    let half = native(
        "half",
        |x: Tensor| x,
        |arguments, results| {
            let x = arguments[0].as_slice::<f64>()?;
            results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, x)| *y = x / 2.0);
            Ok(())
        },
    );
    let traced = trace(move |x: Tensor| half.call_traced(x.sin()) + half.call_traced(x.cos()));
    let compiled = traced.compile_with("f64[n]", &Options { threads: 1, ..Options::default() }).expect("it compiles");
    let x = Array::from_vec(&[2000], vec![0.5; 2000]).expect("as many values as the shape says");
    let mut result = compiled.call(&x).expect("results");
    let counted = allocations(|| {
        for _ in 0..3 {
            compiled.call_into(&x, &mut result).expect("results");
        }
    });
    assert_eq!(counted, 0);
    assert_eq!(compiled.executable().report().interpreted, None, "the interpreter allocates");
    let interpreted = Options { engine: Engine::Interpreter, ..Options::default() };
    assert_eq!(traced.compile_with("f64[n]", &interpreted).expect("it compiles").call(&x).expect("results"), result);
}
