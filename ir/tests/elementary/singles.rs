//! Errors of the `f32` functions: a sample of all bit patterns or, for unary ones, each of them.
//!
//! The reference is the standard library's `f64` function, whose own error is far below what is asserted here.

use crate::doubles::UNARY;
use crate::sample::Random;
use rotrace_ir::elementary::evaluate;
use rotrace_ir::{Scalar, ScalarOp};

/// Functions are computed on doubles and rounded once; the rest is for the references (`acosh` near 1 loses digits).
const BOUND: f64 = 0.5001;

fn platform(op: ScalarOp, x: f64) -> f64 {
    match op {
        ScalarOp::Exp => x.exp(),
        ScalarOp::Exp2 => x.exp2(),
        ScalarOp::Expm1 => x.exp_m1(),
        ScalarOp::Log => x.ln(),
        ScalarOp::Log1p => x.ln_1p(),
        ScalarOp::Log2 => x.log2(),
        ScalarOp::Log10 => x.log10(),
        ScalarOp::Sin => x.sin(),
        ScalarOp::Cos => x.cos(),
        ScalarOp::Tan => x.tan(),
        ScalarOp::Asin => x.asin(),
        ScalarOp::Acos => x.acos(),
        ScalarOp::Atan => x.atan(),
        ScalarOp::Sinh => x.sinh(),
        ScalarOp::Cosh => x.cosh(),
        ScalarOp::Tanh => x.tanh(),
        ScalarOp::Asinh => x.asinh(),
        // The standard library's `acosh` cancels near 1.
        ScalarOp::Acosh if x < 1.0 => f64::NAN,
        ScalarOp::Acosh => ((x - 1.0) + ((x - 1.0) * (x + 1.0)).sqrt()).ln_1p(),
        ScalarOp::Atanh => x.atanh(),
        other => panic!("no reference for {other}"),
    }
}

/// Error in units in the last place of a single; infinity if one is NaN and the other is not, or zeros differ in sign.
fn error(got: f32, exact: f64) -> f64 {
    if got.is_nan() || exact.is_nan() {
        return if got.is_nan() && exact.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let limit = 2f64.powi(128);
    if exact.abs() >= limit {
        return if f64::from(got) == exact.signum() * f64::INFINITY { 0.0 } else { f64::INFINITY };
    }
    if got.is_sign_negative() != exact.is_sign_negative() {
        return f64::INFINITY;
    }
    let value = if got.is_infinite() { limit * f64::from(got.signum()) } else { f64::from(got) };
    let exponent = ((exact.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    (value - exact).abs() / 2f64.powi((exponent - 23).max(-149))
}

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

/// All operands of all functions, or of those that `ROTRACE_OPS` names (`exp,sin`).
#[cfg(feature = "exhaustive")]
#[test]
fn all_operands_round_once() {
    let wanted = std::env::var("ROTRACE_OPS").ok();
    let chosen = |op: &ScalarOp| wanted.as_ref().is_none_or(|names| names.split(',').any(|name| name == op.name()));
    let beyond: Vec<ScalarOp> = UNARY.into_iter().filter(chosen).filter(|&op| !sweep(op, 1)).collect();
    assert!(beyond.is_empty(), "beyond {BOUND} ulp: {beyond:?}");
}
