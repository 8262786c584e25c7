//! Every `f32` operand of every unary function, in compiled code: about a minute each on two cores.
//!
//! The platform's `f64` function is the first reference. Where it leaves open whether a result is the nearest single, the
//! reference of 256 bits decides, so that the largest error and the number of results that are not the nearest are
//! exact, provided that the platform's errors stay below [`PLATFORM_BOUND`] (which `ir` tests on a sample).

use crate::platform::{BOUND, PLATFORM_BOUND, UNARY, error, platform};
use crate::reference::{self, Reference, SINGLE};
use rotrace_ir::elementary::evaluate;
use rotrace_ir::{DType, Scalar, ScalarOp};
use rotrace_runtime::{Executable, Options, View, ViewMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const OPERANDS: u64 = 1 << 32;
const BLOCK: u64 = 1 << 16;
const THREADS: usize = 2;

/// The platform's errors in units of a single, each of which is 2^29 units of a double.
const DOUBT: f64 = PLATFORM_BOUND / (1_u64 << 29) as f64;

/// The interpreter is too slow for all operands, so it computes a part. A prime meets every exponent and low digit.
const INTERPRETED_EVERY: u64 = 1009;

/// After so many failures a thread has seen enough: the slow reference need not look at millions of them.
const ENOUGH: usize = 10;

/// What was found in some blocks.
#[derive(Default)]
struct Found {
    worst: (f64, f32),
    operands: u64,
    interpreted: u64,
    decided: u64,
    not_nearest: u64,
    failures: Vec<String>,
}

impl Found {
    fn merge(mut self, other: Self) -> Self {
        if other.worst.0 > self.worst.0 {
            self.worst = other.worst;
        }
        self.operands += other.operands;
        self.interpreted += other.interpreted;
        self.decided += other.decided;
        self.not_nearest += other.not_nearest;
        self.failures.extend(other.failures);
        self
    }
}

/// One thread's part of a sweep.
struct Worker<'a> {
    op: ScalarOp,
    executable: &'a Executable,
    reference: Reference,
    found: Found,
}

impl Worker<'_> {
    /// Takes blocks until none is left.
    fn run(mut self, next: &AtomicU64) -> Found {
        let (mut operands, mut results) = (vec![0_f32; BLOCK as usize], vec![0_f32; BLOCK as usize]);
        while self.found.failures.len() < ENOUGH {
            let first = next.fetch_add(BLOCK, Ordering::Relaxed);
            if first >= OPERANDS {
                break;
            }
            for (operand, bits) in operands.iter_mut().zip(first..) {
                *operand = f32::from_bits(bits as u32);
            }
            call(self.executable, &operands, &mut results);
            self.compare_with_references(&operands, &results);
            self.compare_with_interpreter(first, &operands, &results);
        }
        self.found
    }

    fn compare_with_references(&mut self, operands: &[f32], results: &[f32]) {
        self.found.operands += operands.len() as u64;
        for (&x, &got) in operands.iter().zip(results) {
            let mut error = error(got, platform(self.op, f64::from(x)));
            if error > 0.5 - DOUBT {
                error = self.decide(x, got, error);
            }
            if error > self.found.worst.0 {
                self.found.worst = (error, x);
            }
        }
    }

    /// The error by the reference of 256 bits, in place of the platform's.
    #[cold]
    fn decide(&mut self, x: f32, got: f32, by_platform: f64) -> f64 {
        // A wrong sign, NaN or infinity is not a matter of precision.
        let exact = by_platform.is_finite().then(|| self.reference.value(self.op, f64::from(x), 0.0)).flatten();
        let error_of = |result: f32| {
            exact.as_ref().map_or(by_platform, |exact| reference::error(f64::from(result), exact, SINGLE))
        };
        let error = error_of(got);
        // Half a unit does not tell: of a value just above a power of two, the single below that is half a unit away.
        let is_beaten = [got.next_down(), got.next_up()].into_iter().any(|other| error_of(other) < error);
        self.found.decided += 1;
        self.found.not_nearest += u64::from(is_beaten || error.is_infinite());
        if error > BOUND {
            self.found.failures.push(format!("{}({x:e}) is off by {error} ulp", self.op));
        }
        error
    }

    fn compare_with_interpreter(&mut self, first: u64, operands: &[f32], results: &[f32]) {
        let start = first.next_multiple_of(INTERPRETED_EVERY) - first;
        for index in (start..BLOCK).step_by(INTERPRETED_EVERY as usize) {
            let (x, got) = (operands[index as usize], Scalar::f32(results[index as usize]));
            let expected = evaluate(self.op, &[Scalar::f32(x)]);
            self.found.interpreted += 1;
            if !got.same(expected) {
                self.found.failures.push(format!("{}({x:e}) is {got} compiled, {expected} interpreted", self.op));
            }
        }
    }
}

fn compiled(op: ScalarOp) -> Executable {
    let text = format!("fn @sweep(dims n; %0: f32[n]) -> (f32[n]) {{\n%1: f32[n] = {op} %0\nreturn %1\n}}");
    let function = rotrace_ir::text::parse_function(&text).expect("well formed");
    // The threads are the sweep's own.
    Executable::compile(&function, &Options { threads: 1, ..Options::default() }).expect("compiles")
}

fn call(executable: &Executable, operands: &[f32], results: &mut [f32]) {
    let shape = [operands.len()];
    let operands = View { dtype: DType::F32, shape: &shape, bytes: bytemuck::cast_slice(operands) };
    let results = ViewMut { dtype: DType::F32, shape: &shape, bytes: bytemuck::cast_slice_mut(results) };
    executable.call(&[operands], &mut [results]).expect("the arguments fit");
}

/// Sweeps with two threads, prints what was found, and gives the failures.
fn sweep(op: ScalarOp) -> Vec<String> {
    let (start, next, executable) = (Instant::now(), AtomicU64::new(0), compiled(op));
    let worker = || Worker { op, executable: &executable, reference: Reference::new(), found: Found::default() };
    let found = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| worker().run(&next))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).fold(Found::default(), Found::merge)
    });
    let Found { worst: (error, x), operands, interpreted, decided, not_nearest, failures } = found;
    println!(
        "{:>10} f32 {error:.12} ulp at {x:e}; of {operands} results {not_nearest} are not the nearest; \
         {decided} decided by 256 bits, {interpreted} interpreted [{:.1?}]",
        op.name(),
        start.elapsed()
    );
    failures
}

/// All operands of all functions, or of those that `ROTRACE_OPS` names (`exp,sin`).
#[test]
fn all_operands_round_once() {
    let wanted = std::env::var("ROTRACE_OPS").ok();
    let chosen = |op: &ScalarOp| wanted.as_ref().is_none_or(|names| names.split(',').any(|name| name == op.name()));
    let failures: Vec<String> = UNARY.into_iter().filter(chosen).flat_map(sweep).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
