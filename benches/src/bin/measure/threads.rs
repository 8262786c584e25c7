//! From where a second thread pays: the figure behind `Options::parallel_from`.

use super::{heading, numbers, quaternions, time};
use rotrace::{Error, Options};
use rotrace_bench::timing::{competitor, interleaved};
use rotrace_bench::workloads::{derivatives, elementwise, rotations};
use rotrace_bench::{Bench, Data, Workload};
use std::time::Duration;

pub fn measure() -> Result<(), Error> {
    heading("two threads always, against one", ["one", "two", "speed-up"]);
    let pair = |count: usize| [numbers(1, &[count]), numbers(2, &[count])];
    sweep("dispatch_add", &elementwise::add(), 10_000_000, pair)?;
    let quats = |count: usize| [quaternions(1, count), quaternions(2, count)];
    sweep("rot_mul", &rotations::multiply(), 1_000_000, quats)?;
    let vectors = |count: usize| [1, 2, 3].map(|seed| numbers(seed, &[count, 3]));
    sweep("rotvec_apply_grad", &derivatives::rotvec_apply_gradient(), 1_000_000, vectors)
}

fn sweep<const N: usize, const M: usize>(
    name: &str,
    workload: &Workload<N, M>,
    most: usize,
    arguments: impl Fn(usize) -> [Data; N],
) -> Result<(), Error> {
    let mut break_even = None;
    let mut count = 1000;
    while count <= most {
        let arguments = arguments(count);
        let prepare = |threads: usize| {
            let options = Options { threads, parallel_from: Duration::ZERO, ..Options::default() };
            workload.prepare::<f64>(arguments.each_ref(), &options)
        };
        let (mut one, mut two) = (prepare(1)?, prepare(2)?);
        let rounds = if count < 100_000 { 31 } else { 11 };
        let times = interleaved(
            rounds,
            &mut [
                competitor(|| one.call().expect("the arguments fit")),
                competitor(|| two.call().expect("the arguments fit")),
            ],
        );
        let gain = times[0] / times[1];
        if gain > 1.0 {
            break_even = break_even.or(Some(times[0]));
        } else {
            break_even = None;
        }
        println!("{:<44} {:>12} {:>12} {gain:>8.2}", format!("{name} n = {count}"), time(times[0]), time(times[1]));
        count = if is_power_of_ten(count) { count * 3 } else { count / 3 * 10 };
    }
    match break_even {
        Some(seconds) => println!("  {name}: two threads pay from {} on one thread", time(seconds)),
        None => println!("  {name}: two threads do not pay"),
    }
    Ok(())
}

fn is_power_of_ten(count: usize) -> bool {
    count.ilog10() != (count - 1).ilog10()
}
