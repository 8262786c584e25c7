//! Golden vectors from SciPy, run through Rotrace's public interface by every engine.
//!
//! The vectors lie in `tests/golden-vectors`; its `README.md` defines their format and what a right result is. The
//! variable `ROTRACE_GOLDEN` names a folder with files of the same layout that are run *instead*, relative to the
//! workspace or absolute. Arguments are parts of the names of cases, of which a case must have one to be run.
//!
//! A table tells for every operation how many cases passed, failed, and are unsupported because Rotrace does not have
//! the operation or not in this form. Cases tagged `quirk` or `optional` are run and reported, but nobody has to agree
//! with them. The program fails if a case fails or a file is malformed.
//!
//! Each case is run with all sizes as numbers and, where the operation works element by element, again with a named
//! leading dimension; the kernel interpreter, scalar code and SIMD code must give the same bits every time. So must the
//! operation on arrays (`rotrace::eager`), which must fail where SciPy's fails for the data.

mod compare;
mod engines;
mod format;
mod jacobians;
mod motions;
mod operations;
mod programs;
mod report;
mod values;

use engines::Engines;
use format::{Case, read_folder};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use report::{Outcome, Report};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const FOLDER: &str = "golden-vectors";

/// Of so many programs, one is compiled by the optimising compiler too, and assembled as PTX, which takes half an hour for all
/// (`--include-ignored`).
const OPTIMISED_EVERY: u64 = 20;

fn main() -> ExitCode {
    let start = Instant::now();
    let folder = folder();
    let mut cases = match read_folder(&folder) {
        Ok(cases) => cases,
        Err(error) => {
            println!(
                "error: {error}\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out"
            );
            return ExitCode::FAILURE;
        }
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    cases.retain(|case| wanted.is_empty() || wanted.iter().any(|part| case.id().contains(part.as_str())));
    println!("\nrunning {} cases of {}", cases.len(), folder.display());
    // As Cargo's own tests take it for those that are ignored otherwise.
    let all = std::env::args().any(|argument| argument == "--include-ignored");
    let engines = Engines::new(if all { 1 } else { OPTIMISED_EVERY });
    let outcomes: Vec<Outcome> = cases.par_iter().map(|case| run(case, &engines)).collect();
    let mut report = Report::default();
    for (case, outcome) in cases.iter().zip(outcomes) {
        report.add(case, outcome);
    }
    if report.print(&engines.count(), start.elapsed()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn folder() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    match std::env::var_os("ROTRACE_GOLDEN") {
        Some(other) => tests.join("..").join(other),
        None => tests.join(FOLDER),
    }
}

/// A case that panics fails like any other.
fn run(case: &Case, engines: &Engines) -> Outcome {
    let body = AssertUnwindSafe(|| match case {
        Case::Value(case) => values::run(case, engines),
        Case::Gradient(case) => jacobians::run(case, engines),
    });
    catch_unwind(body).unwrap_or_else(|_| Outcome::Broken("it panicked".into()))
}
