//! How to compile and run.

use crate::{Device, Processor};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What executes kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Engine {
    /// Machine code where the host allows it, else the kernel interpreter.
    #[default]
    Compiled,
    /// Machine code of an optimising compiler: often several times as fast, and takes a hundred times as long to make.
    /// An error without the feature `mlir`.
    Optimised,
    /// Both, one after the other: calls run the code of [`Compiled`](Self::Compiled) until that of
    /// [`Optimised`](Self::Optimised), which is made in the background, is there (`wait_optimised`). The bits are the same, so
    /// that nobody sees the change but in time. An error without the feature `mlir`.
    Tiered,
    /// The kernel interpreter: slow, for comparison.
    Interpreter,
}

/// Options of one compilation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most threads that one call uses. 0 stands for as many as `rayon`'s current pool has; 1 never leaves the
    /// calling thread. Work below a measured break-even stays on the calling thread in any case.
    pub threads: usize,
    /// The estimated time from which a step is spread over threads. Waking another costs 15 to 30 microseconds, and the
    /// step must gain more than that (measured: `docs/records/threads.md`).
    pub parallel_from: Duration,
    /// Whether to use SIMD instructions. Results are the same bits without.
    pub simd: bool,
    /// Which processors the machine code is for: a level lets files and objects run on all that have it. Results are the same bits.
    /// A level above this processor's is an error.
    pub processor: Processor,
    /// Where the function runs. On a GPU, `threads`, `simd`, `processor` and [`Engine::Optimised`] mean nothing, and the interpreter nothing
    /// of the device.
    pub device: Device,
    /// What executes kernels.
    pub engine: Engine,
    /// Whether products of matrices (more than 16 rows, columns and elements that are summed, or named dimensions) are left to a
    /// library, `gemm` on the processor and cuBLAS on a GPU where it is installed. It is many times as fast, but adds in
    /// an order of its own: such results have other bits than the interpreter's, and may have other bits on other
    /// machines, GPUs and numbers of threads; and it allocates packed copies, which no limit counts. Off, they are kernels
    /// whose sums are in the defined order.
    pub library_products: bool,
    /// The most bytes of temporaries that one call may need. A call that needs more is an error before anything runs.
    pub memory_limit: Option<u64>,
    /// Whether to verify the IR after each pass.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            parallel_from: Duration::from_micros(300),
            simd: true,
            processor: Processor::default(),
            device: Device::default(),
            engine: Engine::default(),
            library_products: true,
            memory_limit: None,
            verify: cfg!(debug_assertions),
        }
    }
}
