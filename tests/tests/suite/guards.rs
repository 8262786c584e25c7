//! The architecture as tests: what `ARCHITECTURE.md` promises about crates and files holds for the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// What each crate may use of the others.
const DEPENDENCIES: [(&str, &[&str]); 5] = [
    ("ir", &[]),
    ("passes", &["rotrace-ir"]),
    ("backends", &["rotrace-ir"]),
    ("runtime", &["rotrace-ir", "rotrace-passes", "rotrace-backends"]),
    ("frontend", &["rotrace-ir", "rotrace-passes", "rotrace-runtime", "rotrace-derive"]),
];

/// The only files of the library with `unsafe`.
const UNSAFE: [&str; 18] = [
    "backends/src/mlir/foreign.rs",
    "runtime/src/arena.rs",
    "runtime/src/code.rs",
    "runtime/src/cuda/blas.rs",
    "runtime/src/cuda/gpu.rs",
    "runtime/src/cuda/launcher.rs",
    "runtime/src/cuda/memory.rs",
    "runtime/src/cuda/prepared.rs",
    "runtime/src/cuda/program.rs",
    "runtime/src/launch/elsewhere.rs",
    "runtime/src/launch/frame.rs",
    "runtime/src/launch/from_plan.rs",
    "runtime/src/launch/host.rs",
    "runtime/src/launch/kernel.rs",
    "runtime/src/launch/matmul.rs",
    "runtime/src/launch/mod.rs",
    "runtime/src/launch/native.rs",
    "runtime/src/saved/trust.rs",
];

const LONGEST_FILE: usize = 420;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are one folder below the workspace").to_owned()
}

/// Every source file of a folder, with its path relative to the workspace.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut pending = vec![root().join(folder)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a readable folder");
            pending.extend(entries.map(|entry| entry.expect("a readable entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).expect("inside the workspace").display().to_string();
            found.push((name, fs::read_to_string(&path).expect("UTF-8 source")));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

const FOLDERS: [&str; 7] = ["ir", "passes", "backends", "runtime", "frontend", "tests", "benches"];

#[test]
fn crates_use_only_what_the_table_allows() {
    for (folder, allowed) in DEPENDENCIES {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
        let section =
            manifest.split("[dependencies]").nth(1).expect("dependencies").split("\n[").next().expect("a section");
        let used = section
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| name.starts_with("rotrace"));
        for name in used {
            assert!(allowed.contains(&name), "{folder} must not use {name}");
        }
    }
}

#[test]
fn unsafe_code_stays_at_the_edges() {
    for (name, text) in
        FOLDERS[..5].iter().flat_map(|folder| sources(folder)).filter(|(name, _)| name.contains("/src/"))
    {
        let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("unsafe "));
        assert!(!used || UNSAFE.contains(&name.as_str()), "{name} has unsafe code");
    }
}

#[test]
fn backends_see_no_graph_and_the_frontend_no_backend() {
    for (name, text) in sources("backends/src") {
        assert!(!text.contains("graph::Function") && !text.contains("graph::Op"), "{name} knows the graph IR");
    }
    for (name, text) in sources("frontend/src") {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<String>();
        assert!(
            !code.to_lowercase().contains("cranelift") && !code.contains("*mut ") && !code.contains("*const "),
            "{name}"
        );
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (name, text) in FOLDERS.iter().flat_map(|folder| sources(folder)) {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//!") && first.len() > 15, "{name} has no module documentation");
    }
}

#[test]
fn files_are_short() {
    for (name, text) in FOLDERS.iter().flat_map(|folder| sources(folder)) {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{name} has {lines} lines: find its seam");
    }
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    assert!(architecture.lines().count() <= 200, "ARCHITECTURE.md is an overview");
}

#[test]
fn documents_that_are_named_exist() {
    let mut texts: Vec<(String, String)> = FOLDERS.iter().flat_map(|folder| sources(folder)).collect();
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        texts.push((name.to_owned(), fs::read_to_string(root().join(name)).expect(name)));
    }
    for (name, text) in texts {
        for mention in text.split(|character: char| !(character.is_ascii_alphanumeric() || "/_-.".contains(character)))
        {
            let mention = mention.trim_end_matches('.');
            if mention.starts_with("docs/") && mention.ends_with(".md") {
                assert!(root().join(mention).exists(), "{name} names {mention}, which does not exist");
            }
        }
    }
}
