//! Reads corpus files: a function in text form whose comments say what it computes.
//!
//! A case is any number of `// input:` lines and then either `// expect:` lines, one per result, or one `// error:` line
//! that holds a part of the interpreter's message. A file without a case is a mistake.

use rotrace_ir::graph::Constant;
use rotrace_ir::text::parse_constant;
use std::fs;
use std::path::{Path, PathBuf};

/// A corpus file.
pub struct File {
    /// Name without the folder.
    pub name: String,
    /// The function, comments included.
    pub text: String,
    /// At least one.
    pub cases: Vec<Case>,
}

impl File {
    /// Reads the cases of a text.
    pub fn new(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), cases: cases(name, &text), text }
    }
}

/// Arguments, and what the function makes of them.
#[derive(Default)]
pub struct Case {
    /// One array per parameter, unless the case is about that.
    pub inputs: Vec<Constant>,
    /// One array per result, or empty if there is an error.
    pub expected: Vec<Constant>,
    /// A part of the message, if the call fails.
    pub error: Option<String>,
}

/// All files of a folder, by name.
pub fn load(folder: &Path) -> Vec<File> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        File::new(&path.file_name().unwrap().to_string_lossy(), text)
    };
    paths.into_iter().map(read).collect()
}

fn cases(name: &str, text: &str) -> Vec<Case> {
    let array = |text: &str| parse_constant(text).unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
    let mut cases = Vec::new();
    let mut case = Case::default();
    for line in text.lines() {
        let asserts = !case.expected.is_empty() || case.error.is_some();
        if let Some(input) = line.strip_prefix("// input:") {
            if asserts {
                cases.push(std::mem::take(&mut case));
            }
            case.inputs.push(array(input));
        } else if let Some(expected) = line.strip_prefix("// expect:") {
            case.expected.push(array(expected));
        } else if let Some(error) = line.strip_prefix("// error:") {
            assert!(!asserts, "{name}: a case has one error or results");
            case.error = Some(error.trim().to_owned());
        }
    }
    assert!(!case.expected.is_empty() || case.error.is_some(), "{name}: a case asserts nothing");
    cases.push(case);
    cases
}
