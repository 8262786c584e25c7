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

use rotrace_backends::Artifact;
use rotrace_backends::cranelift::{Options, compile};
use rotrace_ir::kernel::Kernel;
use support::Way;

/// Code for a kernel, scalar and SIMD.
fn ways(kernel: &Kernel) -> [Way; 2] {
    [("scalar", false), ("simd", true)].map(|(name, simd)| {
        let artifact = compile(kernel, &Options { simd, keep_text: false });
        Way::pieces(name, &artifact.unwrap_or_else(|error| panic!("{error}")), Artifact::SCRATCH_COPIES)
    })
}
