//! Measurements on a GPU: workloads whose time is that of memory against the bandwidth of a copy, and the drone.
//!
//! Each workload is compiled for the GPU and for the processor; their results must have the same bits. Then calls are timed by
//! events on the device, and copies of as many bytes in turn with them. A line of JSON is printed for each.
//!
//! `gpu [ROWS] [PART OF A NAME]...`: 10 000 000 rows, unless told otherwise, and all workloads.

mod cases;

use cases::{Case, arguments};
use rotrace::{Array, Device, DeviceArray, Error, Options};
use rotrace_bench::Number;
use rotrace_bench::timing::median;
use serde_json::json;

const ROWS: usize = 10_000_000;
/// Samples of each workload.
const ROUNDS: usize = 15;
/// Calls of one sample.
const CALLS: u32 = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1).peekable();
    let rows = words.next_if(|text| text.parse::<usize>().is_ok()).map_or(Ok(ROWS), |text| text.parse())?;
    let wanted: Vec<String> = words.collect();
    let device = Device::cuda(0)?;
    println!("{}", json!({"device": device.name(), "driver": device.driver_version()?, "rows": rows}));
    for case in Case::ALL.iter().filter(|case| wanted.is_empty() || wanted.iter().any(|part| case.name.contains(part)))
    {
        run::<f32>(case, rows, &device)?;
        run::<f64>(case, rows, &device)?;
    }
    Ok(())
}

fn run<T: Number>(case: &Case, rows: usize, device: &Device) -> Result<(), Box<dyn std::error::Error>> {
    let lowered = (case.lower)(T::DTYPE)?;
    let rows = rows / case.divisor;
    let array =
        |(shape, values): (Vec<usize>, Vec<f64>)| Array::from_vec(&shape, values.into_iter().map(T::of).collect());
    let inputs = arguments(case.shapes, rows).into_iter().map(array).collect::<Result<Vec<_>, _>>()?;
    let start = std::time::Instant::now();
    let handle = lowered.compile_with(&Options { device: device.clone(), ..Options::default() })?;
    let compile = start.elapsed();
    let same = same_bits(&handle.call(&inputs)?, &lowered.compile()?.call(&inputs)?);
    let mut prepared = handle.prepare(&inputs)?;
    let results = prepared.results()?;
    let length = |array: &Array| array.len() * array.dtype().size();
    let bytes: usize = inputs.iter().chain(&results).map(length).sum();
    drop((inputs, results));
    // What is read and written by a copy is together as much.
    let whole = DeviceArray::zeros(device, rotrace::DType::U8, &[bytes / 2])?;
    let mut times = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let calls = timed(device, || prepared.launch())?;
        let copies = timed(device, || whole.to_device(device).map(drop).map_err(Error::from))?;
        if round > 0 {
            times.0.push(calls);
            times.1.push(copies);
        }
    }
    let (call, copy) = (median(&mut times.0), median(&mut times.1));
    println!(
        "{}",
        json!({
            "workload": case.name, "dtype": T::DTYPE.to_string(), "rows": rows, "us": call * 1e6, "bytes": bytes,
            "gb_s": bytes as f64 / call * 1e-9, "copy_gb_s": bytes as f64 / copy * 1e-9, "of_copy": copy / call,
            "compile_ms": compile.as_secs_f64() * 1e3, "graph": prepared.is_graph(), "same_bits": same,
        })
    );
    if same { Ok(()) } else { Err(format!("{}: the GPU has other bits than the processor", case.name).into()) }
}

/// Seconds on the device of one of several calls.
fn timed(device: &Device, mut call: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let start = device.record()?;
    for _ in 0..CALLS {
        call()?;
    }
    let end = device.record()?;
    Ok(start.until(&end)?.as_secs_f64() / f64::from(CALLS))
}

/// Whether results agree bit for bit, where a NaN is a NaN.
fn same_bits(first: &[Array], second: &[Array]) -> bool {
    let equal = |(a, b): (&Array, &Array)| match a.dtype() {
        rotrace::DType::F32 => same::<f32>(a, b, |x, y| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()),
        _ => same::<f64>(a, b, |x, y| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()),
    };
    first.len() == second.len() && first.iter().zip(second).all(equal)
}

fn same<T: rotrace::Element>(a: &Array, b: &Array, equal: impl Fn(&T, &T) -> bool) -> bool {
    match (a.as_slice::<T>(), b.as_slice::<T>()) {
        (Ok(a), Ok(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| equal(x, y)),
        _ => false,
    }
}
