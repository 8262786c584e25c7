//! Long arrays: beside hand-written loops where they fit in the cache, beside the bandwidth where they do not.

use super::bandwidth::Stream;
use super::plain::{self, Loop};
use super::{heading, numbers, quaternions, row, transforms};
use rotrace::{Error, Options};
use rotrace_bench::memory::Buffer;
use rotrace_bench::timing::{competitor, interleaved};
use rotrace_bench::workloads::{rotations, transforms as rigid};
use rotrace_bench::{Bench, Data, Workload};
use std::hint::black_box;

const SHORT: usize = 1000;
const LONG: usize = 1_000_000;

/// A function of two arrays, and how many doubles of each row it reads and writes.
struct Subject {
    name: &'static str,
    workload: Workload<2, 1>,
    /// Absent where LLVM makes a plain loop many times slower than the memory, which tells nothing.
    by_hand: Option<Loop>,
    arguments: fn(usize) -> [Data; 2],
    moved: [usize; 2],
}

fn subjects() -> [Subject; 4] {
    [
        Subject {
            name: "rot_mul",
            workload: rotations::multiply(),
            by_hand: Some(plain::multiply()),
            arguments: |count| [quaternions(1, count), quaternions(2, count)],
            moved: [8, 4],
        },
        Subject {
            name: "rot_apply",
            workload: rotations::apply(),
            by_hand: Some(plain::apply()),
            arguments: |count| [quaternions(1, count), numbers(2, &[count, 3])],
            moved: [7, 3],
        },
        Subject {
            name: "tf_mul",
            workload: rigid::multiply(),
            by_hand: None,
            arguments: |count| [transforms(1, count), transforms(2, count)],
            moved: [32, 16],
        },
        Subject {
            name: "tf_apply",
            workload: rigid::apply(),
            by_hand: None,
            arguments: |count| [transforms(1, count), numbers(2, &[count, 3])],
            moved: [19, 3],
        },
    ]
}

pub fn measure() -> Result<(), Error> {
    heading("loops, one thread", ["time", "against", "ratio"]);
    for subject in subjects() {
        short(&subject)?;
    }
    for subject in subjects() {
        long(&subject)?;
    }
    Ok(())
}

fn options(simd: bool) -> Options {
    Options { threads: 1, simd, ..Options::default() }
}

fn short(subject: &Subject) -> Result<(), Error> {
    let Some(by_hand) = subject.by_hand else { return Ok(()) };
    let [first, second] = (subject.arguments)(SHORT);
    let mut compiled = subject.workload.prepare::<f64>([&first, &second], &options(true))?;
    let mut scalar = subject.workload.prepare::<f64>([&first, &second], &options(false))?;
    compiled.call()?;
    scalar.call()?;
    let (x, y) = (Buffer::of(first.values.into_iter()), Buffer::of(second.values.into_iter()));
    let mut out = Buffer::zeros(SHORT * subject.moved[1]);
    let times = interleaved(
        61,
        &mut [
            competitor(|| by_hand(black_box(&x), black_box(&y), black_box(&mut out))),
            competitor(|| compiled.call().expect("the same call succeeded before")),
            competitor(|| scalar.call().expect("the same call succeeded before")),
        ],
    );
    row(&format!("{} f64 n = {SHORT}, by hand", subject.name), times[1], times[0]);
    row(&format!("{} f64 n = {SHORT}, scalar code, by hand", subject.name), times[2], times[0]);
    Ok(())
}

fn long(subject: &Subject) -> Result<(), Error> {
    let [first, second] = (subject.arguments)(LONG);
    let mut compiled = subject.workload.prepare::<f64>([&first, &second], &options(true))?;
    compiled.call()?;
    let [read, written] = subject.moved.map(|doubles| doubles * LONG);
    let (mut ordinary, mut streaming) = (Stream::new(read, written), Stream::new(read, written));
    let has_streaming = streaming.run_streaming();
    let times = interleaved(
        31,
        &mut [
            competitor(|| ordinary.run()),
            competitor(|| {
                streaming.run_streaming();
            }),
            competitor(|| compiled.call().expect("the same call succeeded before")),
        ],
    );
    row(&format!("{} f64 n = {LONG}, bandwidth", subject.name), times[2], times[0]);
    if has_streaming {
        row(&format!("{} f64 n = {LONG}, with streaming stores", subject.name), times[2], times[1]);
    }
    if let Some(by_hand) = subject.by_hand {
        let (x, y) = (Buffer::of(first.values.into_iter()), Buffer::of(second.values.into_iter()));
        let mut out = Buffer::zeros(written);
        let times = interleaved(
            31,
            &mut [
                competitor(|| compiled.call().expect("the same call succeeded before")),
                competitor(|| by_hand(black_box(&x), black_box(&y), black_box(&mut out))),
            ],
        );
        row(&format!("{} f64 n = {LONG}, by hand", subject.name), times[0], times[1]);
    }
    Ok(())
}
