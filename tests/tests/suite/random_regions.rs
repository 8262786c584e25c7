//! Random programs with calls, branches and loops: well formed, read back as printed, and with the same bits after every
//! pass; and derivatives of both modes that agree with each other.

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::graph::{Constant, Function, Op};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{Scalar, Type};
use rotrace_passes::differentiate::{jvp, vjp};
use rotrace_passes::pipeline::{self, PASSES, run};
use rotrace_runtime::{Executable, Options};
use rotrace_tests::engines::{compare, configurations, optimised};
use rotrace_tests::random::{Random, cost, describe, program_with_regions};
use std::collections::BTreeMap;

pub(crate) const PROGRAMS: u64 = 1000;

const SIZES: [u64; 6] = [0, 1, 2, 3, 5, 17];

/// Far below the interpreter's budget, to be quick.
const MOST: u64 = 1 << 20;

/// Sizes for which a program is small enough, and arguments.
fn call(function: &Function, random: &mut Random) -> Option<(Vec<u64>, Vec<Constant>)> {
    let mut dims: Vec<u64> = (0..function.dims.len()).map(|_| random.choose(&SIZES)).collect();
    while cost(function, &dims) > MOST && dims.iter().any(|&size| size > 0) {
        dims.iter_mut().for_each(|size| *size /= 2);
    }
    let arguments = function.parameter_types().map(|ty| random.array(ty, &dims)).collect();
    (cost(function, &dims) <= MOST).then_some((dims, arguments))
}

fn same(a: &[Constant], b: &[Constant]) -> bool {
    let equal = |a: &Constant, b: &Constant| a.ty() == b.ty() && a.elements().zip(b.elements()).all(|(a, b)| a.same(b));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

/// That a function is well formed and reads back as it is printed.
fn check_text(function: &Function) -> Result<(), String> {
    let problems = verify(function);
    if !problems.is_empty() {
        return Err(format!("{problems:?}"));
    }
    // All NaNs read back as one.
    let text = function.to_string();
    match parse_function(&text) {
        Ok(again) if again.to_string() == text => Ok(()),
        Ok(again) => Err(format!("reads back as {again}")),
        Err(error) => Err(error.to_string()),
    }
}

/// That every pass, and all together, keep all bits.
fn check_passes(function: &Function, random: &mut Random) -> Result<(), String> {
    let (after, _) =
        run(function, &pipeline::Options { verify: true, keep: false }).map_err(|error| error.to_string())?;
    check_text(&after).map_err(|error| format!("after the passes: {error}\n{after}"))?;
    let passes = PASSES.iter().map(|pass| (pass.name, (pass.run)(function)));
    let mut all: Vec<(&str, Function)> = passes.collect();
    all.push(("all passes", after));
    for _ in 0..2 {
        let Some((dims, arguments)) = call(function, random) else { return Ok(()) };
        let expected = interpret(function, &arguments).map_err(|error| error.to_string())?;
        for (name, after) in &all {
            let found = interpret(after, &arguments).map_err(|error| format!("after {name}: {error}"))?;
            if !same(&expected, &found) {
                return Err(format!("{name}, {}: {found:?}, not {expected:?}\n{after}", describe(function, &dims)));
            }
        }
    }
    Ok(())
}

fn check(seed: u64) -> Result<(), String> {
    let function = program_with_regions(seed);
    let explained = |error| format!("seed {seed}: {error}\n{function}");
    let mut random = Random::new(!seed);
    check_text(&function).and_then(|()| check_passes(&function, &mut random)).map_err(explained)?;
    let wrt: Vec<bool> = function.parameter_types().map(|ty| ty.dtype.is_float()).collect();
    let forward = jvp(&function, &wrt).map_err(|error| explained(error.to_string()))?;
    let mut derivatives = vec![("jvp", forward)];
    // A policy may ask for a length that is known.
    derivatives.extend(vjp(&function, &wrt).ok().map(|back| ("vjp", back)));
    for (mode, derivative) in &derivatives {
        let checked = check_text(derivative).and_then(|()| check_passes(derivative, &mut random));
        checked.map_err(|error| explained(format!("{mode}: {error}\n{derivative}")))?;
    }
    match &derivatives[..] {
        [(_, forward), (_, back)] => check_modes(&function, forward, back, &mut random).map_err(explained),
        _ => Ok(()),
    }
}

/// Numbers of no special kind, where the functions have derivatives more often than not.
fn ordinary<'t>(types: impl Iterator<Item = &'t Type>, dims: &[u64], random: &mut Random) -> Vec<Constant> {
    let array = |ty: &Type| {
        let array = random.array(ty, dims);
        let number = |old: Scalar| match ty.dtype.is_float() {
            true => Scalar::from_f64(ty.dtype, random.unit() * 2.0 - 0.7),
            false => old,
        };
        Constant::from_scalars(ty.dtype, array.shape.clone(), array.elements().map(number))
    };
    types.map(array).collect()
}

/// The sum of all products, and of their sizes.
fn dot(a: &[Constant], b: &[Constant]) -> (f64, f64) {
    let products =
        a.iter().zip(b).flat_map(|(a, b)| a.elements().zip(b.elements())).map(|(x, y)| x.as_f64() * y.as_f64());
    products.fold((0.0, 0.0), |(sum, size), product| (sum + product, size + product.abs()))
}

/// That reverse mode is the transpose of forward mode: `<c, J d>` is `<d, J^T c>`.
fn check_modes(function: &Function, forward: &Function, back: &Function, random: &mut Random) -> Result<(), String> {
    let Some((dims, _)) = call(back, random) else { return Ok(()) };
    let floats = |ty: &&Type| ty.dtype.is_float();
    let x = ordinary(function.parameter_types(), &dims, random);
    let direction = ordinary(function.parameter_types().filter(floats), &dims, random);
    let cotangent = ordinary(function.result_types().filter(floats), &dims, random);
    let run = |function: &Function, more: &[Constant]| {
        interpret(function, &[&x[..], more].concat()).map_err(|error| error.to_string())
    };
    let results = function.results.len();
    let there = dot(&run(forward, &direction)?[results..], &cotangent);
    let back = dot(&run(back, &cotangent)?[results..], &direction);
    let scale = there.1.max(back.1);
    // A zero times a slope that is none is a NaN in either mode, of other operands in each. What is very small was rounded to
    // nothing somewhere, in single precision.
    let comparable = there.1.is_finite() && back.1.is_finite() && scale > 1e-3;
    if !comparable || (there.0 - back.0).abs() <= 1e-3 * scale {
        return Ok(());
    }
    Err(format!("{}: forwards {}, backwards {}", describe(function, &dims), there.0, back.0))
}

#[test]
fn random_programs_with_loops_keep_their_bits_in_every_pass_and_derivative() {
    let failures: Vec<String> = (0..PROGRAMS).into_par_iter().filter_map(|seed| check(seed).err()).collect();
    assert!(failures.is_empty(), "{} of {PROGRAMS} programs fail; the first: {}", failures.len(), failures[0]);
}

/// How often each operation with functions stands in a function, by the depth at which it does.
fn count(function: &Function, depth: usize, found: &mut BTreeMap<(&'static str, usize), usize>) {
    for node in &function.nodes {
        let functions = node.op.functions();
        if !functions.is_empty() {
            *found.entry((node.op.name(), depth)).or_default() += 1;
        }
        if let Op::Scan(scan) = &node.op {
            let kind = if scan.length.name.is_some() { "scan of named length" } else { "scan of fixed length" };
            *found.entry((kind, depth)).or_default() += 1;
        }
        functions.into_iter().for_each(|function| count(function, depth + 1, found));
    }
}

#[test]
fn random_programs_have_all_that_is_to_be_tested() {
    let mut found = BTreeMap::new();
    for seed in 0..PROGRAMS {
        count(&program_with_regions(seed), 0, &mut found);
    }
    let names = ["call", "checkpoint", "switch", "while", "scan", "scan of named length", "scan of fixed length"];
    for (name, depth) in names.into_iter().flat_map(|name| [(name, 0), (name, 1)]) {
        let times = found.get(&(name, depth)).copied().unwrap_or(0);
        assert!(times > 50, "{name} at depth {depth}: {times} times");
    }
    assert!(found.keys().all(|&(_, depth)| depth < 2), "{found:?}");
}

/// How many programs are compiled by the optimising compiler in every run of the tests.
const OPTIMISED_EVERY: u64 = 25;

/// That machine code has the bits of the interpreter.
fn check_engines(seed: u64, all: Vec<(&str, Options)>) -> Result<(), String> {
    let function = program_with_regions(seed);
    let mut random = Random::new(!seed);
    let Some((dims, arguments)) = call(&function, &mut random) else { return Ok(()) };
    for (name, options) in all {
        let executable = Executable::compile(&function, &options).map_err(|error| format!("{name}: {error}"))?;
        compare(&function, &arguments, &executable)
            .map_err(|error| format!("{name}: {error}\n{}\n{}", describe(&function, &dims), executable.kernels()))?;
    }
    Ok(())
}

/// Checks all programs, each in its configurations.
fn check_all(of: fn(u64) -> Vec<(&'static str, Options)>) {
    let failures: Vec<String> = (0..PROGRAMS)
        .into_par_iter()
        .filter_map(|seed| check_engines(seed, of(seed)).err().map(|error| format!("seed {seed}: {error}")))
        .collect();
    if let Some(first) = failures.iter().min_by_key(|failure| failure.len()) {
        panic!("{} of {PROGRAMS}; the shortest:\n{first}", failures.len());
    }
}

#[test]
fn random_loops_have_the_bits_of_the_interpreter_in_every_engine() {
    check_all(|seed| {
        let optimised = if seed.is_multiple_of(OPTIMISED_EVERY) { optimised() } else { Vec::new() };
        [configurations(), optimised].concat()
    });
}

#[test]
#[cfg_attr(feature = "mlir", ignore = "takes minutes")]
#[cfg_attr(not(feature = "mlir"), ignore = "the feature `mlir` is off")]
fn every_random_loop_has_the_bits_of_the_interpreter_in_optimised_code() {
    assert!(!optimised().is_empty(), "the feature `mlir` is off");
    check_all(|_| optimised());
}
