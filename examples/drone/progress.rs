//! Bars that show how far something has come.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many steps, with a message.
pub fn bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").expect("a template");
    ProgressBar::new(steps as u64).with_style(style)
}
