//! What a call of a handle costs beyond its arithmetic: functions of one row, beside the same by hand.

use super::plain::{self, Loop};
use super::{heading, numbers, quaternions, row};
use rotrace::{Array, ArrayView, ArrayViewMut, Engine, Error, Options};
use rotrace_bench::timing::{competitor, interleaved};
use rotrace_bench::workloads::{elementwise, rotations};
use rotrace_bench::{Bench, Data, Workload};
use std::hint::black_box;

const ROUNDS: usize = 61;

/// What a call may cost beyond its arithmetic.
const TARGET: f64 = 50e-9;

pub fn measure() -> Result<(), Error> {
    heading("calls at n = 1, beyond the arithmetic", ["time", "target", "ratio"]);
    calls("dispatch_add", &elementwise::add(), plain::add(), [numbers(1, &[1]), numbers(2, &[1])])?;
    calls("rot_mul", &rotations::multiply(), plain::multiply(), [quaternions(1, 1), quaternions(2, 1)])?;
    calls("rot_apply", &rotations::apply(), plain::apply(), [quaternions(1, 1), numbers(2, &[1, 3])])
}

fn calls(name: &str, workload: &Workload<2, 1>, by_hand: Loop, arguments: [Data; 2]) -> Result<(), Error> {
    let mut prepared = workload.prepare::<f64>([&arguments[0], &arguments[1]], &Options::default())?;
    prepared.call()?;
    let result = prepared.results().remove(0);
    let second = workload.function.compile(&workload.signature::<f64>())?;
    let handle = &second;

    let [x, y] = &arguments;
    let views = [ArrayView::of(&x.values, &x.shape)?, ArrayView::of(&y.values, &y.shape)?];
    let mut viewed = result.values.clone();
    let mut view = [ArrayViewMut::of(&mut viewed, &result.shape)?];
    let array = |data: &Data| Array::from_slice(&data.shape, &data.values);
    let arrays = [array(x)?, array(y)?];
    let mut filled = [array(&result)?];
    let mut out = result.values.clone();

    let failed = "the same call succeeded before";
    let times = interleaved(
        ROUNDS,
        &mut [
            competitor(|| by_hand(black_box(&x.values), black_box(&y.values), black_box(&mut out))),
            competitor(|| handle.call_views(black_box(&views), black_box(&mut view)).expect(failed)),
            competitor(|| prepared.call().expect(failed)),
            competitor(|| handle.call_into(black_box(&arrays), black_box(&mut filled)).expect(failed)),
        ],
    );
    println!("  by hand {:.2} ns", times[0] * 1e9);
    row(&format!("{name}, call_views"), times[1] - times[0], TARGET);
    row(&format!("{name}, call_views, views made each time"), times[2] - times[0], TARGET);
    row(&format!("{name}, call_into"), times[3] - times[0], TARGET);

    let tiered = Options { engine: Engine::Tiered, ..Options::default() };
    // An error without LLVM.
    if let Ok(handle) = workload.function.lower(&workload.signature::<f64>())?.compile_with(&tiered) {
        handle.wait_optimised();
        let times = interleaved(
            ROUNDS,
            &mut [
                competitor(|| by_hand(black_box(&x.values), black_box(&y.values), black_box(&mut out))),
                competitor(|| handle.call_views(black_box(&views), black_box(&mut view)).expect(failed)),
            ],
        );
        row(&format!("{name}, call_views, optimised meanwhile"), times[1] - times[0], TARGET);
    }
    Ok(())
}
