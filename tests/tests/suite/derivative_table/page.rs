//! The page's text.

use super::measure::Derivatives;
use super::{Subject, WITHOUT};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Columns of special points, in order. A table has those that its operations have.
const COLUMNS: [&str; 20] = [
    "generic",
    "identity",
    "1e-12",
    "1e-30",
    "zero vector",
    "half turn",
    "gimbal lock",
    "parallel axes",
    "coplanar",
    "exact fit",
    "equal singular values",
    "two equal",
    "not unique",
    "zero weight",
    "all zero",
    "exponent 0",
    "exponent 1",
    "exponent -1",
    "at a knot",
    "outside",
];

const HEAD: &str = "\
# Derivatives of spatial operations

Made by the test `derivatives_are_as_the_page_says` in `tests/tests/suite/derivative_table`, which fails if a cell changes for the
worse. `ROTRACE_WRITE_PAGES=1 cargo test --release -p rotrace-tests --test suite derivatives_are` writes it.

Each cell stands for the gradient of a weighted sum of the results and for the product of its Hessian with a direction, by
reverse mode and by forward over reverse, compiled, in a batch of all points if the operation has batches:

* `=`: both finite in f64 and f32, and in f64 within 1e-8 (gradient) and 1e-6 (Hessian) of differences;
* `s`: the function is not differentiable there, or not within the step of a difference; both finite: a documented subgradient;
* `.`: no such point.

*Golden* counts SciPy's vectors for the operation, all of which pass in f64 and f32 in every engine (`--test golden`). *SciPy + JAX* counts, of
the golden gradient cases of the programs that meet the operation, those where SciPy 1.17.1 on JAX gives NaN or infinity,
a wrong value, or cannot be traced.
";

pub(super) fn text(tables: &[(&str, Vec<(&Subject, Derivatives)>)]) -> String {
    let vectors = Vectors::read();
    let mut page = HEAD.to_owned();
    for (title, rows) in tables {
        let has = |column: &str| rows.iter().any(|(_, row)| row.points.iter().any(|point| point.name == column));
        let columns: Vec<&str> = COLUMNS.into_iter().filter(|column| has(column)).collect();
        let _ = write!(page, "\n## {title}\n\n| operation | golden | {} | SciPy + JAX |\n", columns.join(" | "));
        page.push_str(&"|---".repeat(columns.len() + 3));
        page.push_str("|\n");
        for (subject, row) in rows {
            assert!(
                row.points.iter().all(|point| COLUMNS.contains(&point.name)),
                "{}: a point of no column",
                subject.name
            );
            let _ = write!(page, "| {} | {} |", subject.name, vectors.count(subject.golden));
            for column in &columns {
                let _ = write!(page, " {} |", cell(subject, row, column));
            }
            let _ = writeln!(page, " {} |", vectors.peer(subject.programs));
        }
    }
    let subjects = || tables.iter().flat_map(|(_, rows)| rows.iter().map(|(subject, _)| *subject));
    let known = |operation: &str| WITHOUT.contains(&operation) || subjects().any(|subject| subject.golden == operation);
    let missing: Vec<&str> = vectors.operations().into_iter().filter(|operation| !known(operation)).collect();
    assert!(missing.is_empty(), "operations without a row: {missing:?}");
    let _ = write!(page, "\nWithout a row, since they take or give no floats: {}.\n", WITHOUT.join(", "));
    page
}

fn cell(subject: &Subject, row: &Derivatives, column: &str) -> &'static str {
    match row.points.iter().position(|point| point.name == column) {
        None => ".",
        Some(index) if !row.finite.iter().all(|finite| finite[index]) => "NaN",
        Some(_) if subject.kinks.contains(&column) => "s",
        Some(_) => "=",
    }
}

/// The golden vectors, as far as the page counts them.
struct Vectors(Vec<Value>);

impl Vectors {
    fn read() -> Self {
        let folder = root().join("tests/golden-vectors");
        let mut cases = Vec::new();
        for entry in folder.read_dir().expect("the golden vectors") {
            let path = entry.expect("a readable entry").path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = std::fs::read_to_string(&path).expect("UTF-8 text");
                let file: Value = serde_json::from_str(&text).expect("valid JSON");
                cases.extend(file["cases"].as_array().expect("a list of cases").iter().cloned());
            }
        }
        Self(cases)
    }

    /// How many cases there are of an operation.
    fn count(&self, operation: &str) -> usize {
        self.0.iter().filter(|case| case["op"] == operation).count()
    }

    /// The names of all operations.
    fn operations(&self) -> BTreeSet<&str> {
        self.0.iter().filter_map(|case| case["op"].as_str()).collect()
    }

    /// How the peer does on the gradient cases of programs.
    fn peer(&self, programs: &[&str]) -> String {
        let cases = || {
            let of_program = |case: &&Value| case["program"].as_str().is_some_and(|name| programs.contains(&name));
            self.0.iter().filter(of_program).filter_map(|case| case["scipy_jax_rev"].as_str())
        };
        let count = |prefix: &str| cases().filter(|outcome| outcome.starts_with(prefix)).count();
        let kinds = [("NaN", "nonfinite"), ("wrong", "mismatch"), ("not traceable", "unsupported")];
        let found: Vec<String> = kinds
            .into_iter()
            .map(|(what, prefix)| (what, count(prefix)))
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{what} in {count}"))
            .collect();
        match (found.is_empty(), cases().count()) {
            (_, 0) => ".".to_owned(),
            (true, total) => format!("right in {total}"),
            (false, total) => format!("{} of {total}", found.join(", ")),
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares the page with the file, or writes that.
pub(super) fn compare(text: &str) {
    let path = root().join("docs/derivatives.md");
    if std::env::var_os("ROTRACE_WRITE_PAGES").is_some() {
        std::fs::write(&path, text).expect("a writable docs folder");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "docs/derivatives.md is not what this test makes; ROTRACE_WRITE_PAGES=1 writes it");
}
