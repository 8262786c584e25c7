//! This process's memory, as Linux counts it; 0 elsewhere.

use std::fs;

/// Resident memory now.
pub fn resident_megabytes() -> f64 {
    status("VmRSS:")
}

/// The most resident memory so far, or since [`reset_peak`].
pub fn peak_megabytes() -> f64 {
    status("VmHWM:")
}

/// Starts the count of [`peak_megabytes`] again. Where that is not allowed the old peak stays, which only overstates.
pub fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(key: &str) -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
