//! What an operation on arrays costs beyond the call of the compiled function that it finds.

use super::{heading, numbers, quaternions, row};
use rotrace::spatial::Rotation;
use rotrace::{Array, Error, Tensor, eager, trace};
use rotrace_bench::timing::{competitor, interleaved};
use std::hint::black_box;

const ROUNDS: usize = 61;

/// What finding the compiled function may cost.
const TARGET: f64 = 300e-9;

pub fn measure() -> Result<(), Error> {
    heading("operations on arrays, beyond the compiled call", ["time", "target", "ratio"]);
    for count in [1, 1000] {
        let data = [quaternions(1, count), quaternions(2, count), numbers(3, &[count, 3])];
        let [p, q, v] = data.map(|data| Array::from_vec(&data.shape, data.values));
        let (p, q, v) = (p?, q?, v?);
        let normalise = trace(Rotation::from_quat).compile("f64[n, 4]")?;
        let multiply = trace(|(p, q): (Rotation, Rotation)| p * q).compile("f64[n, 4], f64[n, 4]")?;
        let apply = trace(|(q, v): (Rotation, Tensor)| q.apply(v)).compile("f64[n, 4], f64[n, 3]")?;
        let [p, q] = [&p, &q].map(|quat| Rotation::from_parts(quat.clone()));
        let (both, turned) = ((p.clone(), q.clone()), (p.clone(), v.clone()));
        let (quat, failed) = (p.clone().into_parts(), "the arguments fit");
        let times = interleaved(
            ROUNDS,
            &mut [
                competitor(|| drop(black_box(normalise.call(black_box(&quat)).expect(failed)))),
                competitor(|| drop(black_box(eager::Rotation::from_quat(black_box(&quat)).expect(failed)))),
                competitor(|| drop(black_box(multiply.call(black_box(&both)).expect(failed)))),
                competitor(|| drop(black_box((black_box(&p) * black_box(&q)).expect(failed)))),
                competitor(|| drop(black_box(apply.call(black_box(&turned)).expect(failed)))),
                competitor(|| drop(black_box(black_box(&p).apply(black_box(&v)).expect(failed)))),
            ],
        );
        for (name, times) in ["from_quat, with its check", "mul", "apply"].into_iter().zip(times.chunks_exact(2)) {
            println!("  compiled {:.2} ns", times[0] * 1e9);
            row(&format!("{name}, n = {count}"), times[1] - times[0], TARGET);
        }
    }
    Ok(())
}
