//! Transformations of transformations of loops and branches: one table of programs, each with the bits of the graph
//! interpreter in every engine, and with values that differences or closed forms give.
//!
//! Each program is a function of one array, so that all are checked by the same code.

mod loops_in_loops;
mod rules;
mod scans;
mod whiles_and_branches;

use rotrace::{Tensor, Traced};
use rotrace_ir::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::graph::interpret_with;
use rotrace_ir::{DType as Element, Scalar};
use rotrace_runtime::Executable;
use rotrace_tests::engines::{every_configuration, run};

/// A program, its argument, and its results' elements.
struct Row {
    name: &'static str,
    program: Traced<'static, Tensor, Tensor>,
    types: &'static str,
    shape: Vec<u64>,
    argument: Vec<f64>,
    wanted: Vec<f64>,
}

/// Derivatives of a function of plain numbers along a direction, by differences of the fourth order.
fn along(f: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64], direction: &[f64]) -> Vec<f64> {
    let h = 2e-3;
    let at = |step: f64| f(&x.iter().zip(direction).map(|(x, d)| x + step * h * d).collect::<Vec<_>>());
    let (near, far) = ([at(1.0), at(-1.0)], [at(2.0), at(-2.0)]);
    (0..near[0].len())
        .map(|place| (8.0 * (near[0][place] - near[1][place]) - (far[0][place] - far[1][place])) / (12.0 * h))
        .collect()
}

/// All derivatives, by argument: `[in][out]`, flattened.
fn slopes(f: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> Vec<f64> {
    let unit = |place: usize| (0..x.len()).map(|other| f64::from(u8::from(other == place))).collect::<Vec<_>>();
    (0..x.len()).flat_map(|place| along(f, x, &unit(place))).collect()
}

fn check(row: &Row) {
    let name = row.name;
    let lowered = row.program.lower(row.types).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (function, natives) = (lowered.function(), lowered.natives());
    let elements = row.argument.iter().map(|&element| Scalar::f64(element));
    let arguments = [Constant::from_scalars(Element::F64, row.shape.clone(), elements)];
    let call = |name: &str, operands: &[Constant], types: &[Type]| natives.call(name, operands, types);
    let expected =
        interpret_with(function, &arguments, &call).unwrap_or_else(|error| panic!("{name}: {error}\n{function}"));
    let found: Vec<f64> = expected[0].elements().map(Scalar::as_f64).collect();
    assert_eq!(found.len(), row.wanted.len(), "{name}");
    let close = |(found, wanted): (&f64, &f64)| (found - wanted).abs() <= 1e-7 * wanted.abs().max(1.0);
    assert!(found.iter().zip(&row.wanted).all(close), "{name}: {found:?}, not {:?}", row.wanted);
    for (engine, options) in every_configuration() {
        let executable = Executable::compile_with(function, natives, &options);
        let executable = executable.unwrap_or_else(|error| panic!("{name}, {engine}: {error}\n{function}"));
        let got = run(&executable, &arguments).unwrap_or_else(|error| panic!("{name}, {engine}: {error}"));
        let same =
            got[0].shape == expected[0].shape && got[0].elements().zip(expected[0].elements()).all(|(a, b)| a.same(b));
        assert!(same, "{name}, {engine}: {}, not {}\n{}", got[0], expected[0], executable.kernels());
    }
}

#[test]
fn nested_transformations_have_the_bits_of_the_interpreter_and_the_right_values() {
    let tables = [scans::rows(), whiles_and_branches::rows(), loops_in_loops::rows(), rules::rows()];
    tables.iter().flatten().for_each(check);
}
