//! Every file of the graph corpus in every engine: what the file expects, bit for bit.

use crate::corpus_files::{Case, File, load};
use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::text::parse_function;
use rotrace_runtime::{Executable, Options};
use rotrace_tests::engines::{compare, every_configuration, run};
use std::path::{Path, PathBuf};

/// Where the files lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ir/tests/corpus/graph")
}

fn check(function: &Function, case: &Case, executable: &Executable) -> Result<(), String> {
    let got = run(executable, &case.inputs);
    let Some(error) = &case.error else {
        return same(&case.expected, &got?).and_then(|()| compare(function, &case.inputs, executable));
    };
    // Engines have messages of their own.
    match got {
        Err(_) => Ok(()),
        Ok(results) => Err(format!("{results:?} instead of an error like `{error}`")),
    }
}

fn same(expected: &[Constant], got: &[Constant]) -> Result<(), String> {
    let equal = |a: &Constant, b: &Constant| {
        a.dtype == b.dtype && a.shape == b.shape && a.elements().zip(b.elements()).all(|(a, b)| a.same(b))
    };
    if expected.len() == got.len() && expected.iter().zip(got).all(|(a, b)| equal(a, b)) {
        return Ok(());
    }
    Err(format!("got {got:?}, not {expected:?}"))
}

/// One configuration on all cases of a file, and how many there are; but a case beyond the interpreter's budget is for the
/// interpreter alone.
fn check_file(file: &File, options: &Options) -> Result<usize, String> {
    let function = parse_function(&file.text).map_err(|error| error.to_string())?;
    let executable = Executable::compile(&function, options).map_err(|error| error.to_string())?;
    let runnable = |case: &&Case| !case.error.as_ref().is_some_and(|error| error.contains("budget"));
    let mut run = 0;
    for (number, case) in file.cases.iter().enumerate().filter(|(_, case)| runnable(case)) {
        check(&function, case, &executable)
            .map_err(|error| format!("case {number}: {error}\n{}", executable.kernels()))?;
        run += 1;
    }
    Ok(run)
}

#[test]
fn every_file_in_every_engine() {
    let files: Vec<File> = ["graph", "regions"].iter().flat_map(|name| load(&folder().with_file_name(name))).collect();
    let all = every_configuration();
    let mut run = 0;
    for file in &files {
        for (name, options) in &all {
            match check_file(file, options) {
                Ok(cases) => run += cases,
                Err(error) => panic!("{}, {name}: {error}", file.name),
            }
        }
    }
    assert!(files.len() >= 80 && run >= 4 * files.len(), "{} files, {run} runs", files.len());
}
