//! Timing of one case, by the driver's rules: the same for every system.

use rotrace::Error;
use rotrace_bench::Bench;
use std::time::{Duration, Instant};

/// A prepared case.
pub struct Live {
    pub bench: Box<dyn Bench>,
    /// Calls of one sample.
    pub inner: usize,
    /// Seconds of the fastest call in the warm-up.
    pub estimate: f64,
}

/// Slower calls are sampled one by one.
const LONG: f64 = 2e-4;
/// A sample of shorter ones takes about as long as this.
const SAMPLE: f64 = 4e-4;
/// How long caches and clocks get after another system's turn, if a call is not longer than `SLOW` itself.
const SETTLE: Duration = Duration::from_millis(4);
const SLOW: f64 = 0.05;

impl Live {
    /// Calls it for so many seconds.
    pub fn warm(mut bench: Box<dyn Bench>, budget: f64) -> Result<Self, Error> {
        let begin = Instant::now();
        let mut estimate = f64::INFINITY;
        for _ in 0..2000 {
            let start = Instant::now();
            bench.call()?;
            estimate = estimate.min(start.elapsed().as_secs_f64());
            if begin.elapsed().as_secs_f64() > budget {
                break;
            }
        }
        let estimate = estimate.max(1e-9);
        let inner = if estimate > LONG { 1 } else { ((SAMPLE / estimate) as usize).clamp(1, 20_000) };
        Ok(Self { bench, inner, estimate })
    }

    /// Seconds per call, sample by sample, until the budget of seconds is spent.
    pub fn samples(&mut self, budget: f64, most: usize) -> Result<Vec<f64>, Error> {
        if self.estimate < SLOW {
            let stop = Instant::now() + SETTLE;
            while Instant::now() < stop {
                self.calls(self.inner.div_ceil(8))?;
            }
        }
        let end = Instant::now() + Duration::from_secs_f64(budget);
        let mut samples = Vec::new();
        loop {
            let start = Instant::now();
            self.calls(self.inner)?;
            let taken = start.elapsed();
            samples.push(taken.as_secs_f64() / self.inner as f64);
            if samples.len() >= most || Instant::now() + taken > end {
                return Ok(samples);
            }
        }
    }

    fn calls(&mut self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            self.bench.call()?;
        }
        Ok(())
    }
}
