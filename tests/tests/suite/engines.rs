//! Interpreter against compiled code, bit for bit: scalar, SIMD and optimised, one thread and two.

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::Type;
use rotrace_ir::dim::element_count;
use rotrace_ir::graph::{Constant, Function};
use rotrace_runtime::{Executable, Options};
use rotrace_tests::engines::{GPU, compare, configurations, kernel_interpreter, optimised};
use rotrace_tests::random::{Random, describe, program};

/// How many random programs are run, and how many of them in the kernel interpreter too (none with a long dimension).
pub(crate) const PROGRAMS: u64 = 20_000;
const INTERPRETED_EVERY: u64 = 20;

/// One in so many runs on a GPU too: its driver takes long to compile.
const GPU_EVERY: u64 = 10;

/// How many of them are compiled by the optimising compiler in every run of the tests. The others are in
/// `every_random_program_agrees_in_optimised_code`.
const OPTIMISED_EVERY: u64 = 50;

/// Sizes of a named dimension: around SIMD widths.
const SIZES: [u64; 8] = [0, 1, 2, 3, 5, 7, 17, 33];

/// Now and then, one past a reduction block.
const LONG: u64 = 4500;

fn arguments(function: &Function, dims: &[u64], random: &mut Random) -> Vec<Constant> {
    function.parameter_types().map(|ty| random.array(ty, dims)).collect()
}

/// The most elements of one value, so that the interpreters take seconds at most.
const LARGEST: u64 = 1 << 17;

/// Whether every value is small enough for the interpreters.
fn is_interpretable(function: &Function, dims: &[u64]) -> bool {
    let fits = |ty: &Type| element_count(&ty.shape, dims).is_none_or(|count| count <= LARGEST);
    function.values.iter().all(|value| fits(&value.ty))
}

/// The configurations of one program in every run of the tests.
fn usual(seed: u64) -> Vec<(&'static str, Options)> {
    let mut all = configurations();
    if seed % GPU_EVERY != 3 {
        all.retain(|(name, _)| *name != GPU);
    }
    if seed % INTERPRETED_EVERY == 7 {
        all.push(kernel_interpreter());
    }
    if seed % OPTIMISED_EVERY == 3 {
        all.extend(optimised_once(seed / OPTIMISED_EVERY));
    }
    all
}

/// One configuration of the optimising compiler, as each takes its time.
fn optimised_once(seed: u64) -> Option<(&'static str, Options)> {
    optimised().into_iter().cycle().nth(seed as usize % 2)
}

fn check(seed: u64, all: impl IntoIterator<Item = (&'static str, Options)>) -> Result<(), String> {
    let function = program(seed);
    let mut random = Random::new(!seed);
    let executables: Vec<(&str, Executable)> = all
        .into_iter()
        .map(|(name, options)| {
            Ok((name, Executable::compile(&function, &options).map_err(|error| format!("{name}: {error}"))?))
        })
        .collect::<Result<_, String>>()?;
    for round in 0..2 {
        // Only one dimension is long: the interpreter does not accept the product of two.
        let long = (seed.is_multiple_of(500) && round == 0).then(|| random.below(2));
        let mut size = |place: usize| if long == Some(place) { LONG } else { random.choose(&SIZES) };
        let mut dims: Vec<u64> = (0..function.dims.len()).map(&mut size).collect();
        while !is_interpretable(&function, &dims) && dims.iter().any(|&size| size > 0) {
            dims.iter_mut().for_each(|size| *size /= 2);
        }
        if !is_interpretable(&function, &dims) {
            continue;
        }
        let arguments = arguments(&function, &dims, &mut random);
        for (name, executable) in &executables {
            compare(&function, &arguments, executable).map_err(|error| {
                format!("{name}, {}: {error}\n{function}\n{}", describe(&function, &dims), executable.kernels())
            })?;
        }
    }
    Ok(())
}

/// Checks all programs, each in its configurations.
fn check_all<C: IntoIterator<Item = (&'static str, Options)>>(of: fn(u64) -> C) {
    let failures: Vec<String> = (0..PROGRAMS)
        .into_par_iter()
        .filter_map(|seed| check(seed, of(seed)).err().map(|error| format!("seed {seed}: {error}")))
        .collect();
    assert!(failures.is_empty(), "{} of {PROGRAMS} programs differ; the first: {}", failures.len(), failures[0]);
}

#[test]
fn random_programs_agree_in_every_engine() {
    check_all(usual);
}

#[test]
#[cfg_attr(feature = "mlir", ignore = "takes a quarter of an hour")]
#[cfg_attr(not(feature = "mlir"), ignore = "the feature `mlir` is off")]
fn every_random_program_agrees_in_optimised_code() {
    assert!(!optimised().is_empty(), "the feature `mlir` is off");
    check_all(optimised_once);
}

#[test]
fn a_row_does_not_depend_on_how_many_there_are() {
    let text = "fn @rows(dims n; %0: f64[n, 3]) -> (f64[n]) {
      %1: f64[n, 3] = sin %0
      %2: f64[n] = reduce %1 {kind = sum, axes = [1]}
      return %2
    }";
    let function = rotrace_ir::text::parse_function(text).expect("well formed");
    let executable = Executable::compile(&function, &Options::default()).expect("compiles");
    let mut random = Random::new(7);
    let all = arguments(&function, &[100], &mut random).remove(0);
    let whole = rotrace_tests::engines::run(&executable, std::slice::from_ref(&all)).expect("runs").remove(0);
    for rows in [0, 1, 3, 7, 64] {
        let part = Constant { shape: vec![rows, 3], data: all.data[..rows as usize * 24].into(), ..all.clone() };
        let result = rotrace_tests::engines::run(&executable, &[part]).expect("runs").remove(0);
        assert!(result.elements().zip(whole.elements()).all(|(a, b)| a.same(b)), "{rows} rows");
    }
}
