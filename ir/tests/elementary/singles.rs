//! Errors of the `f32` functions on a sample of all bit patterns.
//!
//! The cross-crate tests try every pattern, in compiled code: `tests/tests/suite/all_singles.rs`.

use crate::platform::{BOUND, PLATFORM_BOUND, UNARY, error, platform};
use crate::reference::{self, DOUBLE, Reference};
use crate::sample::Random;
use rotrace_ir::elementary::evaluate;
use rotrace_ir::{Scalar, ScalarOp};

/// Per function, of the platform's errors.
const SAMPLES: usize = 2000;

/// The largest error over the patterns `first`, `first + step`, and so on.
fn largest_error(op: ScalarOp, first: u64, step: u64) -> (f64, f32) {
    let mut worst = (0.0, 0.0);
    for bits in (first..1 << 32).step_by(step as usize) {
        let x = f32::from_bits(bits as u32);
        let error = error(evaluate(op, &[Scalar::f32(x)]).as_f32(), platform(op, f64::from(x)));
        if error > worst.0 {
            worst = (error, x);
        }
    }
    worst
}

/// Sweeps with two threads, and prints and checks what it found.
fn sweep(op: ScalarOp, step: u64) -> bool {
    let (error, x) = std::thread::scope(|scope| {
        let halves = [0, step].map(|first| scope.spawn(move || largest_error(op, first, 2 * step)));
        let found = halves.map(|half| half.join().expect("no panic"));
        if found[0].0 >= found[1].0 { found[0] } else { found[1] }
    });
    println!("{:>10} f32 {error:.7} ulp at {x:e}", op.name());
    error <= BOUND
}

#[test]
fn sampled_operands_round_once() {
    // A prime step meets every exponent and every low digit.
    let beyond: Vec<ScalarOp> = UNARY.into_iter().filter(|&op| !sweep(op, 20_011)).collect();
    assert!(beyond.is_empty(), "beyond {BOUND} ulp: {beyond:?}");
}

/// On the operands of interest, and next to 1, where formulas cancel.
#[test]
fn the_platform_is_a_reference() {
    let (mut random, mut reference) = (Random(23), Reference::new());
    for op in UNARY {
        let mut worst = 0.0;
        for index in 0..SAMPLES {
            let near_one = (1.0 - random.magnitude(-24.0, -1.0)).copysign(random.between(-1.0, 1.0));
            let operand = if index % 4 == 0 { near_one } else { random.operand(op.row().sample) };
            let x = f64::from(operand as f32);
            let value = platform(op, x);
            if !x.is_finite() || !value.is_normal() {
                continue; // Beyond the range of singles by far, or exact.
            }
            let Some(exact) = reference.value(op, x, 0.0) else { continue };
            let error = reference::error(value, &exact, DOUBLE);
            assert!(error <= PLATFORM_BOUND, "the platform's {op}({x:e}) is off by {error} ulp");
            worst = error.max(worst);
        }
        println!("{:>10} platform {worst:.2} ulp", op.name());
    }
}

#[test]
fn two_argument_functions_round_once() {
    let mut random = Random(17);
    type Exact = fn(f64, f64) -> f64;
    let exact: [(ScalarOp, Exact); 3] =
        [(ScalarOp::Pow, f64::powf), (ScalarOp::Hypot, f64::hypot), (ScalarOp::Atan2, f64::atan2)];
    for (op, exact) in exact {
        let mut worst = 0.0;
        for index in 0..200_000 {
            let (x, y) = match index % 3 {
                0 => (f32::from_bits(random.bits() as u32), f32::from_bits(random.bits() as u32)),
                1 => (random.between(0.0, 20.0) as f32, random.between(-30.0, 30.0) as f32),
                _ => (random.magnitude(-149.0, 127.0) as f32, random.magnitude(-149.0, 127.0) as f32),
            };
            let got = evaluate(op, &[Scalar::f32(x), Scalar::f32(y)]).as_f32();
            let error = error(got, exact(f64::from(x), f64::from(y)));
            assert!(error <= BOUND, "{op}({x:e}, {y:e}) is off by {error} ulp");
            worst = error.max(worst);
        }
        println!("{:>10} f32 {worst:.7} ulp", op.name());
    }
}

/// Zeros, infinities, NaN and the ends of the range, in every pair.
#[test]
fn pairs_of_special_operands() {
    let magnitudes = [0.0, f32::from_bits(1), f32::MIN_POSITIVE, 0.5, 1.0, 3.0, f32::MAX, f32::INFINITY, f32::NAN];
    let operands: Vec<f32> = magnitudes.into_iter().flat_map(|magnitude| [magnitude, -magnitude]).collect();
    type Exact = fn(f64, f64) -> f64;
    let exact: [(ScalarOp, Exact); 2] = [(ScalarOp::Hypot, f64::hypot), (ScalarOp::Atan2, f64::atan2)];
    for (op, exact) in exact {
        for (&x, &y) in operands.iter().flat_map(|x| operands.iter().map(move |y| (x, y))) {
            let got = evaluate(op, &[Scalar::f32(x), Scalar::f32(y)]);
            let expected = Scalar::f32(exact(f64::from(x), f64::from(y)) as f32);
            assert!(got.same(expected), "{op}({x:e}, {y:e}) is {got}, not {expected}");
        }
    }
}
