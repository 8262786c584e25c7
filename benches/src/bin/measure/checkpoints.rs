//! What checkpoints of a long loop save of memory, and cost of time.

use super::{numbers, time};
use rotrace::spatial::Rotation;
use rotrace::{Array, Checkpoint, Compiled, Error, Options, Scan, Tensor, trace};
use rotrace_bench::timing::{competitor, interleaved};
use std::hint::black_box;

const STEPS: usize = 100_000;
const BODIES: usize = 64;
const ROUNDS: usize = 5;

type Arguments = (Rotation, Tensor, Tensor);

/// Value and gradient of where rigid bodies end, with respect to their start, their rate and the torques of all steps.
fn gradient(policy: Checkpoint) -> Result<Compiled<Arguments, (Tensor, Arguments)>, Error> {
    let cost = trace(move |(attitude, rate, torques): Arguments| {
        let step = |(attitude, rate): (Rotation, Tensor), torque: Tensor| {
            let inertia = Array::from([1.0, 2.0, 3.0]);
            let rate = rate + (torque - rate.cross(rate * &inertia)) / &inertia * 0.01;
            ((attitude * Rotation::from_rotvec(rate * 0.01), rate), ())
        };
        let ((attitude, rate), ()) = Scan::new().checkpoint(policy).run((attitude, rate), torques, step);
        attitude.into_parts().sum(()) + rate.sum(())
    });
    let options = Options { threads: 1, ..Options::default() };
    let signature = format!("f64[n, 4], f64[n, 3], f64[{STEPS}, n, 3]");
    cost.value_and_grad().compile_with(&signature, &options)
}

pub fn measure() -> Result<(), Error> {
    println!("{STEPS} steps of {BODIES} rigid bodies, value and gradient, one thread");
    println!("{:<16} {:>14} {:>10} {:>12} {:>10}", "policy", "temporaries", "of All", "time", "of All");
    let policies = [Checkpoint::All, Checkpoint::Every(250), Checkpoint::Binomial(700), Checkpoint::Binomial(150)];
    let array = |data: rotrace_bench::Data| Array::from_vec(&data.shape, data.values);
    let start = Array::from(vec![[0.0, 0.0, 0.0, 1.0]; BODIES]);
    let torques = array(numbers(1, &[STEPS, BODIES, 3]))?;
    let arguments = (Rotation::from_parts(start), array(numbers(2, &[BODIES, 3]))?, torques);
    let handles: Vec<_> = policies.into_iter().map(gradient).collect::<Result<_, _>>()?;
    let mut bytes = Vec::new();
    for handle in &handles {
        handle.call(&arguments)?;
        bytes.push(handle.temporary_bytes(&arguments)? as f64);
    }
    let mut calls: Vec<_> = handles
        .iter()
        .map(|handle| competitor(|| drop(black_box(handle.call(black_box(&arguments)).expect("it was called before")))))
        .collect();
    let times = interleaved(ROUNDS, &mut calls);
    for (place, policy) in policies.iter().enumerate() {
        let (bytes, of_all) = (bytes[place] / 1e6, bytes[place] / bytes[0]);
        let (seconds, of_all_time) = (time(times[place]), times[place] / times[0]);
        println!("{:<16} {bytes:>11.3} MB {of_all:>10.5} {seconds:>12} {of_all_time:>10.2}", format!("{policy:?}"));
    }
    Ok(())
}
