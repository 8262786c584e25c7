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

use rotrace_backends::Artifact;
use rotrace_backends::mlir::{Options, compile};
use rotrace_ir::kernel::Kernel;

/// Code for a kernel.
fn artifacts(kernel: &Kernel) -> [(&'static str, Artifact); 1] {
    let artifact = compile(kernel, &Options::default());
    [("mlir", artifact.unwrap_or_else(|error| panic!("{error}\n{kernel}")))]
}
