//! What it takes from a closure to machine code, with a gradient on the way.

use super::{heading, row, time};
use rotrace::{Error, Options};
use rotrace_bench::timing::median;
use rotrace_bench::workloads::derivatives::rotvec_apply_gradient;
use std::time::Instant;

const COLD_TARGET: f64 = 5e-3;
const WARM_TARGET: f64 = 2e-3;
const REPEATS: usize = 31;

pub fn measure() -> Result<(), Error> {
    heading("trace, gradient, passes, code", ["time", "target", "ratio"]);
    let (cold, report) = once()?;
    row("rotvec_apply_grad, first in the process", cold, COLD_TARGET);
    println!("{report}");
    let mut runs = (0..REPEATS).map(|_| once()).collect::<Result<Vec<_>, _>>()?;
    runs.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut times: Vec<f64> = runs.iter().map(|(seconds, _)| *seconds).collect();
    row("rotvec_apply_grad, warm", median(&mut times), WARM_TARGET);
    println!("{}", runs[REPEATS / 2].1);
    Ok(())
}

/// Seconds in all, and the stages.
fn once() -> Result<(f64, String), Error> {
    let start = Instant::now();
    let workload = rotvec_apply_gradient();
    let lowered = workload.function.lower(&workload.signature::<f64>())?;
    let traced = start.elapsed().as_secs_f64();
    let handle = lowered.compile_with(&Options { verify: false, ..Options::default() })?;
    let seconds = start.elapsed().as_secs_f64();
    let stages = handle.executable().report().to_string().replace('\n', "\n  ");
    Ok((seconds, format!("  trace and gradient {}\n  {stages}", time(traced))))
}
