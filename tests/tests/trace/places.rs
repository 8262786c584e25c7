//! Messages whose columns do not matter.

use rotrace::Error;

/// The text of an error, with the places in a file as `@line`.
pub fn placed(file: &str, error: &Error) -> String {
    let (text, path) = (error.to_string(), format!("{file}:"));
    let mut parts = text.split(&path);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (line, rest) = part.split_once(':').expect("a column");
        format!("{text}@{line}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
    })
}
