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

use rotrace_backends::mlir::{Options, compile};
use rotrace_backends::{Artifact, Processor};
use rotrace_ir::kernel::Kernel;
use support::Way;

/// Code for a kernel: that of this processor, that of those with vectors of 256 bits, and that of a GPU's threads. Its PTX is looked at too.
fn ways(kernel: &Kernel) -> Vec<Way> {
    ptx::check(kernel);
    let processors = [Processor::Native, Processor::X86_64V3];
    let here = processors.into_iter().filter(|processor| processor.lacking().is_empty());
    let mut ways: Vec<Way> = here.map(|processor| on(kernel, processor)).collect();
    ways.extend(threads::ways(kernel));
    ways
}

fn on(kernel: &Kernel, processor: Processor) -> Way {
    let options = Options { processor, ..Options::default() };
    let artifact = compile(kernel, &options).unwrap_or_else(|error| panic!("{error}\n{kernel}"));
    Way::pieces(&format!("mlir {}", processor.name()), &artifact, Artifact::MOST_SCRATCH_COPIES)
}
