//! Selects between what is dear to compute are branches in kernels, with the same bits.

use rotrace_ir::dim::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::text::parse_function;
use rotrace_ir::{DType, Dim, Scalar};
use rotrace_passes::lower::{Options, lower};
use rotrace_runtime::Executable;
use rotrace_tests::engines::{compare, configurations, every_configuration};
use rotrace_tests::random::Random;

/// How many branches with two common sides the kernels of a function have.
fn choices(text: &str) -> usize {
    lower(&parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}")), Options::default())
        .unwrap()
        .to_string()
        .matches("else often")
        .count()
}

/// A function of `x` and `y` with these lines and results.
fn program(lines: &str, results: &str) -> String {
    let types = vec!["f64[n]"; results.split(',').count()].join(", ");
    format!(
        "fn @choices(dims n; %x: f64[n], %y: f64[n]) -> ({types}) {{
  %z: f64[] = constant {{0.5}}
  %half: f64[n] = broadcast %z {{axes = []}}
  %p: bool[n] = less %x, %half
  {lines}
  return {results}
}}"
    )
}

const SINE_OR_PRODUCT: &str = "%s: f64[n] = sin %y
  %m: f64[n] = multiply %x, %y
  %a: f64[n] = select %p, %m, %s";

/// Programs, and how many branches each has.
fn programs() -> Vec<(String, usize)> {
    let with = |more: &str, results: &str| program(&format!("{SINE_OR_PRODUCT}\n  {more}"), results);
    vec![
        (with("", "%a"), 1),
        // The sine is needed anyway.
        (with("", "%a, %s"), 0),
        // Both sides of two selects share it.
        (with("%t: f64[n] = add %s, %x\n  %b: f64[n] = select %p, %x, %t", "%a, %b"), 1),
        // The dear side comes first.
        (program("%s: f64[n] = sin %y\n  %a: f64[n] = select %p, %s, %x", "%a"), 1),
        // A select of the same condition guards an operand.
        (
            program("%g: f64[n] = select %p, %half, %y\n  %s: f64[n] = exp %g\n  %a: f64[n] = select %p, %x, %s", "%a"),
            1,
        ),
        (
            program(
                "%g: f64[n] = select %p, %half, %y\n  %s: f64[n] = exp %g\n  %a: f64[n] = select %p, %x, %s",
                "%a, %g",
            ),
            1,
        ),
        // The second select needs what is computed from the first.
        (with("%b: f64[n] = add %a, %a\n  %e: f64[n] = exp %b\n  %c: f64[n] = select %p, %b, %e", "%c, %b"), 2),
        // A select in the dear side of another.
        (with("%q: bool[n] = less %y, %x\n  %e: f64[n] = exp %a\n  %c: f64[n] = select %q, %x, %e", "%c"), 2),
        // Too cheap.
        (program("%s: f64[n] = add %y, %x\n  %a: f64[n] = select %p, %x, %s", "%a"), 0),
    ]
}

#[test]
fn dear_sides_of_selects_are_branches_with_the_same_bits() {
    let all = every_configuration();
    for (text, expected) in programs() {
        assert_eq!(choices(&text), expected, "{}", lower(&parse_function(&text).unwrap(), Options::default()).unwrap());
        let function = parse_function(&text).unwrap();
        for (engine, options) in &all {
            let executable = Executable::compile(&function, options).unwrap();
            for size in [0, 1, 2, 3, 17, 100] {
                let mut random = Random::new(size);
                let ty = Type { dtype: DType::F64, shape: [Dim::fixed(size)].into_iter().collect() };
                let mixed: Vec<Constant> = (0..2).map(|_| random.array(&ty, &[])).collect();
                let same =
                    |value: f64| Constant::from_scalars(DType::F64, vec![size], (0..size).map(|_| Scalar::f64(value)));
                for arguments in
                    [mixed, vec![same(0.25), same(2.0)], vec![same(3.0), same(-1e300)], vec![same(f64::NAN), same(1.0)]]
                {
                    compare(&function, &arguments, &executable)
                        .unwrap_or_else(|error| panic!("{engine}, {size}: {error}\n{text}\n{}", executable.kernels()));
                }
            }
        }
    }
}

#[test]
fn chains_of_choices_nest_no_deeper_than_kernels_may() {
    let mut lines = String::from("%a0: f64[n] = sin %y");
    for level in 1..100 {
        let before = level - 1;
        lines += &format!(
            "\n  %c{level}: f64[] = constant {{{level}.0}}\n  %l{level}: f64[n] = broadcast %c{level} {{axes = []}}
  %p{level}: bool[n] = less %x, %l{level}\n  %s{level}: f64[n] = sin %a{before}\n  %a{level}: f64[n] = select %p{level}, %x, %s{level}"
        );
    }
    let function = parse_function(&program(&lines, "%a99")).unwrap();
    for (engine, options) in configurations() {
        let executable = Executable::compile(&function, &options).unwrap_or_else(|error| panic!("{engine}: {error}"));
        let arguments =
            [0.5, 98.5].map(|x| Constant::from_scalars(DType::F64, vec![5], (0..5).map(|_| Scalar::f64(x))));
        compare(&function, &arguments, &executable).unwrap_or_else(|error| panic!("{engine}: {error}"));
    }
}
