//! Errors of the `f64` functions on sampled and adversarial operands.

use crate::platform::UNARY;
use crate::reference::{DOUBLE, Reference, error, parts};
use crate::sample::{Random, edges};
use rotrace_ir::elementary::evaluate;
use rotrace_ir::scalar::Sample;
use rotrace_ir::{Scalar, ScalarOp};

/// Samples per operation; `ROTRACE_SAMPLES` asks for more.
fn samples() -> usize {
    std::env::var("ROTRACE_SAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(3000)
}

/// The largest error over some operand pairs.
fn largest_error(op: ScalarOp, operands: impl Iterator<Item = (f64, f64)>) -> (f64, f64, f64) {
    let mut reference = Reference::new();
    let mut worst = (0.0, 0.0, 0.0);
    for (x, y) in operands {
        let args = [Scalar::f64(x), Scalar::f64(y)];
        let got = evaluate(op, &args[..op.arity()]).as_f64();
        if !x.is_finite() || !y.is_finite() || got.is_nan() {
            continue; // The tests of special cases say where NaN is right.
        }
        let Some(exact) = reference.value(op, x, y) else { continue };
        let (_, exponent) = parts(&exact);
        if exponent > 1024 && got.is_infinite() {
            continue;
        }
        let mut error = error(got, &exact, DOUBLE);
        if op == ScalarOp::Logaddexp {
            // Near 0 the error counts in units of 1, that is of epsilon.
            error *= 2f64.powi((exponent - 1).clamp(-1000, 0));
        }
        if error > worst.0 {
            worst = (error, x, y);
        }
    }
    worst
}

/// Whether the largest error is within the table's bound.
fn check(op: ScalarOp, operands: impl Iterator<Item = (f64, f64)>) -> bool {
    let start = std::time::Instant::now();
    let (error, x, y) = largest_error(op, operands);
    println!("{:>10} f64 {error:.4} ulp at ({x:e}, {y:e}) [{:.1?}]", op.name(), start.elapsed());
    error <= op.row().ulp
}

fn check_unary(op: ScalarOp) -> bool {
    let mut random = Random(op as u64);
    let sampled = (0..samples()).map(|_| (random.operand(op.row().sample), 0.0));
    let edges = edges().into_iter().map(|x| (x, 0.0));
    check(op, sampled.chain(edges))
}

#[test]
fn unary_functions_are_within_their_bound() {
    std::thread::scope(|scope| {
        let (first, second) = UNARY.split_at(9);
        let threads = [first, second]
            .map(|ops| scope.spawn(|| ops.iter().copied().filter(|&op| !check_unary(op)).collect::<Vec<_>>()));
        let beyond: Vec<ScalarOp> = threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        assert!(beyond.is_empty(), "beyond their bounds: {beyond:?}");
    });
}

#[test]
fn two_argument_functions_are_within_their_bound() {
    let mut random = Random(7);
    let count = samples();
    let mut pairs = Vec::new();
    for _ in 0..count {
        let x = random.operand(Sample::Positive);
        pairs.push((x, random.between(-1100.0, 1100.0) / x.log2()));
        pairs.push((x, random.magnitude(-10.0, 10.0)));
    }
    let near_one = (0..count).map(|_| {
        let x = 1.0 + random.magnitude(-52.0, -3.0);
        (x, random.between(-745.0, 709.0) / x.ln())
    });
    pairs.extend(near_one);
    let pow = check(ScalarOp::Pow, pairs.iter().copied().filter(|&(x, _)| x > 0.0));

    let mut pairs = Vec::new();
    for _ in 0..count {
        let x = random.magnitude(-1074.0, 1023.0);
        pairs.push((x, x * random.magnitude(-60.0, 60.0)));
        pairs.push((random.between(-1.0, 1.0), random.between(-1.0, 1.0)));
        pairs.push((random.magnitude(-1074.0, 1023.0), random.magnitude(-1074.0, 1023.0)));
    }
    let hypot = check(ScalarOp::Hypot, pairs.iter().copied());
    let atan2 = check(ScalarOp::Atan2, pairs.iter().copied().filter(|&(x, y)| x != 0.0 && y != 0.0));

    let pairs = (0..count).map(|index| {
        let (x, distance) = (random.magnitude(-5.0, 9.0), random.magnitude(-10.0, 9.0));
        // Every fourth result is near 0.
        if index % 4 == 0 {
            (-(-distance.abs()).exp().ln_1p(), -(-distance.abs()).exp().ln_1p() - distance.abs())
        } else {
            (x, x + distance)
        }
    });
    let logaddexp = check(ScalarOp::Logaddexp, pairs);
    assert!(pow && hypot && atan2 && logaddexp);
}
