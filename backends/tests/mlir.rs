//! Machine code of the optimising backend against the reference meaning of kernels, bit for bit: the tests of the other one.

#[path = "cranelift/arithmetic.rs"]
mod arithmetic;
#[path = "cranelift/control.rs"]
mod control;
#[path = "cranelift/load.rs"]
mod load;
#[path = "cranelift/long.rs"]
mod long;
#[path = "cranelift/memory.rs"]
mod memory;
#[path = "mlir/own.rs"]
mod own;
#[path = "cranelift/random.rs"]
mod random;
#[path = "cranelift/reductions.rs"]
mod reductions;
#[path = "cranelift/reference.rs"]
mod reference;
#[path = "cranelift/sequential.rs"]
mod sequential;
#[path = "cranelift/support.rs"]
mod support;

#[path = "mlir/ptx.rs"]
mod ptx;
#[path = "mlir/ptxas.rs"]
mod ptxas;
#[path = "mlir/threads.rs"]
mod threads;

use rotrace_backends::Artifact;
use rotrace_backends::mlir::{Options, compile};
use rotrace_ir::kernel::Kernel;
use support::Way;

/// Code for a kernel: that of the host, and that of a GPU's threads. Its PTX is looked at too.
fn ways(kernel: &Kernel) -> Vec<Way> {
    let artifact = compile(kernel, &Options::default()).unwrap_or_else(|error| panic!("{error}\n{kernel}"));
    ptx::check(kernel);
    let mut ways = vec![Way::pieces("mlir", &artifact, Artifact::MOST_SCRATCH_COPIES)];
    ways.extend(threads::ways(kernel));
    ways
}
