//! Machine code against the reference meaning of kernels, bit for bit.

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
#[path = "cranelift/own.rs"]
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

use rotrace_backends::cranelift::{Options, compile};
use rotrace_backends::{Artifact, Processor};
use rotrace_ir::kernel::Kernel;
use support::Way;

/// Code for a kernel: scalar and SIMD, and SIMD for processors with vectors of 256 bits.
fn ways(kernel: &Kernel) -> Vec<Way> {
    let (native, level) = (Processor::Native, Processor::X86_64V3);
    let all = [("scalar", false, native), ("simd", true, native), ("simd of x86-64-v3", true, level)];
    let here = all.into_iter().filter(|(_, _, processor)| processor.lacking().is_empty());
    here.map(|(name, simd, processor)| {
        let artifact = compile(kernel, &Options { simd, processor, ..Options::default() });
        Way::pieces(name, &artifact.unwrap_or_else(|error| panic!("{error}")), Artifact::SCRATCH_COPIES)
    })
    .collect()
}
