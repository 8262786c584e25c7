//! Text IR that is cut, corrupted or nested: what still parses is compiled, and no text panics, aborts or takes time or
//! memory without bound.

use crate::corpus::folder;
use crate::corpus_files::{File, load};
use crate::mutate::mutant;
use crate::support::Random;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::text::{parse_function, parse_kernel};
use rotrace_runtime::{Executable, Options};
use rotrace_tests::engines::compare;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const MUTANTS: u64 = 4000;

/// Far above what any of these texts needs, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// The code of one small text: a bound on what compiling took, too.
const MOST_CODE: usize = 1 << 24;

/// Compiles a text if it parses, and runs it if the interpreter can. Whether it was compiled and run.
fn compile_and_run(file: &File, text: &str) -> Result<(bool, bool), String> {
    let Ok(function) = parse_function(text) else { return Ok((false, false)) };
    let options = Options { threads: 1, verify: true, ..Options::default() };
    let executable = match Executable::compile(&function, &options) {
        Ok(executable) => executable,
        Err(error) if error.to_string().contains("after the pass") || error.to_string().contains("lowering") => {
            return Err(format!("a valid function is broken on the way: {error}"));
        }
        Err(_) => return Ok((false, false)),
    };
    if executable.report().code_bytes > MOST_CODE {
        return Err(executable.report().to_string());
    }
    let mut ran = false;
    for case in &file.cases {
        if interpret(&function, &case.inputs).is_ok() {
            compare(&function, &case.inputs, &executable)?;
            ran = true;
        }
    }
    Ok((true, ran))
}

fn check(seed: u64, files: &[File]) -> Result<(bool, bool), String> {
    let mut random = Random::new(seed);
    let file = random.pick(files);
    let text = mutant(&file.text, &mut random);
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| compile_and_run(file, &text)));
    let problem = match outcome {
        Ok(Ok(_)) if start.elapsed() > LONGEST => format!("{:?}", start.elapsed()),
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => error,
        Err(_) => "it panics".to_owned(),
    };
    Err(format!("seed {seed}, {}: {problem}\n{text}", file.name))
}

#[test]
fn mutants_of_the_corpus_compile_or_are_refused() {
    let files = load(&folder());
    let outcomes: Vec<_> = (0..MUTANTS).into_par_iter().map(|seed| check(seed, &files)).collect();
    let failures: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(failures.is_empty(), "{} mutants; the first: {}", failures.len(), failures[0]);
    let compiled = outcomes.iter().filter(|outcome| matches!(outcome, Ok((true, _)))).count();
    let ran = outcomes.iter().filter(|outcome| matches!(outcome, Ok((_, true)))).count();
    assert!(compiled > 800 && ran > 800, "{compiled} mutants compiled and {ran} ran: they are too wild to test much");
}

#[test]
fn every_cut_of_every_file_is_refused() {
    for file in load(&folder()) {
        let whole = file.text.trim_end();
        for (end, _) in whole.char_indices() {
            assert!(parse_function(&whole[..end]).is_err(), "{} cut at byte {end}", file.name);
        }
    }
}

#[test]
fn nesting_is_refused_or_flat() {
    let deep = |open: &str| open.repeat(100_000);
    for text in [deep("("), deep("["), deep("{"), deep("fn @f("), format!("fn @f() -> ({}", deep("f64[")), deep("%0: ")]
    {
        assert!(parse_function(&text).is_err());
        assert!(parse_kernel(&text).is_err());
    }
    let loops = |depth: usize| -> String {
        let open: String = (1..=depth).map(|index| format!("loop i{index} in 2 {{\n")).collect();
        format!("kernel @k(; write %0: f64[1]) {{\n grid i0 in 1 {{\n{open}{}}}\n}}", "}\n".repeat(depth))
    };
    let error = parse_kernel(&loops(100_000)).expect_err("beyond any use");
    assert!(error.to_string().len() < 300, "{error}");
}

/// Types and operations with a number `N` in them, on `%0: f64[3]` and `%1: f64[]`.
const OPERATIONS: [(&str, &str); 9] = [
    ("[S]", "pad %0, %1 {low = [0], high = [0], interior = [N]}"),
    ("[S]", "pad %0, %1 {low = [N], high = [N], interior = [0]}"),
    ("[1]", "slice %0 {start = [0], limit = [3], step = [N]}"),
    ("[S]", "slice %0 {start = [N], limit = [3], step = [1]}"),
    ("[S]", "broadcast %1 {axes = []}"),
    ("[S]", "scatter_add %0 {axis = 0, indices = [0, 1, 0], size = N}"),
    ("[S]", "iota {axis = 0}"),
    ("[1]", "take %0 {axis = 0, indices = [N]}"),
    ("[3]", "reverse %0 {axes = [N]}"),
];

const NUMBERS: [i128; 13] =
    [0, 1, 2, 16, 17, 4097, 1_000_000, 1 << 40, 1 << 62, i64::MAX as i128, u64::MAX as i128, -1, i64::MIN as i128];

#[test]
fn extreme_numbers_in_every_attribute() {
    let options = Options { verify: true, ..Options::default() };
    let mut compiled = 0;
    for (number, (ty, operation)) in NUMBERS.into_iter().flat_map(|number| OPERATIONS.map(|pair| (number, pair))) {
        // Some size fits the attribute, if any does.
        for size in [number, 3 + 2 * number, 3, 3 - number] {
            let (ty, operation) = (ty.replace('S', &size.to_string()), operation.replace('N', &number.to_string()));
            let text = format!(
                "fn @f(%0: f64[3], %1: f64[]) -> (f64[]) {{
                   %2: f64{ty} = {operation}
                   %3: f64[] = reduce %2 {{kind = max, axes = [0]}}
                   return %3
                 }}"
            );
            let Ok(function) = parse_function(&text) else { continue };
            if let Ok(executable) = Executable::compile(&function, &options) {
                assert!(executable.report().code_bytes < MOST_CODE, "{text}");
                compiled += 1;
            }
        }
    }
    assert!(compiled >= 50, "only {compiled} were well formed");
}
