//! Timing: rounds of several competitors in turn, and medians.
//!
//! Competitors are timed in turn, not one after the other, so that a slow spell of the machine falls on all of them.

use std::time::{Duration, Instant};

/// Something to be timed: it runs itself so many times.
pub type Competitor<'a> = Box<dyn FnMut(usize) + 'a>;

/// A competitor that calls `work`; the loop around the call is compiled together with it.
pub fn competitor<'a>(mut work: impl FnMut() + 'a) -> Competitor<'a> {
    Box::new(move |times| (0..times).for_each(|_| work()))
}

/// The time of one sample: long against the clock's resolution, short against a scheduler's slice.
const SAMPLE: Duration = Duration::from_micros(300);

/// The median time of one run of each competitor, in seconds, over so many rounds.
pub fn interleaved(rounds: usize, competitors: &mut [Competitor<'_>]) -> Vec<f64> {
    let counts: Vec<usize> = competitors.iter_mut().map(calibrate).collect();
    let mut samples = vec![Vec::with_capacity(rounds); competitors.len()];
    for round in 0..rounds {
        for turn in 0..competitors.len() {
            let index = (round + turn) % competitors.len();
            competitors[index](counts[index].div_ceil(8));
            let start = Instant::now();
            competitors[index](counts[index]);
            samples[index].push(start.elapsed().as_secs_f64() / counts[index] as f64);
        }
    }
    samples.iter_mut().map(|samples| median(samples)).collect()
}

/// How many runs fill a sample.
fn calibrate(competitor: &mut Competitor<'_>) -> usize {
    competitor(2);
    let mut count = 1;
    loop {
        let start = Instant::now();
        competitor(count);
        let taken = start.elapsed();
        if taken >= SAMPLE {
            return count;
        }
        let grown = SAMPLE.as_secs_f64() / taken.as_secs_f64().max(1e-8) * count as f64;
        count = (grown as usize).clamp(count + 1, count * 10);
    }
}

/// The median; of an even number the higher of the two in the middle.
///
/// # Panics
/// If there are none.
pub fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
