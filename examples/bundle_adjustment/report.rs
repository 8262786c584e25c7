//! What is printed, and measured for printing.

use crate::model::Model;
use crate::solver::{Progress, Trial};
use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// One line of the table.
pub fn progress(output: &mut impl Write, progress: &Progress) -> io::Result<()> {
    let Progress { iteration, error, damping, trial, time } = progress;
    let trial = match trial {
        Trial::Start => "start".to_owned(),
        Trial::Singular => "singular, rejected".to_owned(),
        Trial::Accepted(gain) => format!("gain {gain:.3}, accepted"),
        Trial::Rejected(gain) => format!("gain {gain:.3}, rejected"),
    };
    let milliseconds = time.as_secs_f64() * 1e3;
    writeln!(output, "{iteration:4}  {error:10.5} px  damping {damping:8.1e}  {milliseconds:7.2} ms  {trial}")
}

/// What the compiled function costs.
pub fn costs(output: &mut impl Write, model: &mut Model, observations: usize, compiling: Duration) -> io::Result<()> {
    let call = median_call(model).map_err(io::Error::other)?;
    let each = call.as_nanos() as f64 / observations as f64;
    let microseconds = call.as_secs_f64() * 1e6;
    writeln!(output, "call of residual and Jacobian: {microseconds:.1} us, {each:.1} ns per observation (median)")?;
    let milliseconds = compiling.as_secs_f64() * 1e3;
    writeln!(output, "trace, derivatives and compile: {milliseconds:.2} ms, kernels: {}", model.kernels())?;
    match peak_memory() {
        Some(bytes) => writeln!(output, "peak memory: {:.1} MB", bytes / 1e6),
        None => writeln!(output, "peak memory: not known on this system"),
    }
}

fn median_call(model: &mut Model) -> Result<Duration, rotrace::Error> {
    const LONGEST: Duration = Duration::from_millis(500);
    const MOST_CALLS: usize = 2001;
    let (begin, mut times) = (Instant::now(), Vec::with_capacity(MOST_CALLS));
    while times.is_empty() || times.len() < MOST_CALLS && begin.elapsed() < LONGEST {
        let start = Instant::now();
        model.call()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// The most memory that the process has had resident so far, in bytes.
fn peak_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}
