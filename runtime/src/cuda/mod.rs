//! NVIDIA's GPUs through the CUDA driver, which is found when a program runs.
//!
//! ```text
//! gpu       a device with a stream: opening it, what it is, events
//! memory    arrays' memory on a device, pinned memory of the host, transfers
//! program   the kernels of a plan as modules, and launching them
//! blas      products of large matrices, by cuBLAS
//! launcher  calls: where buffers are, what is run
//! prepared  calls whose arrays stay, captured into a graph
//! ```
//!
//! Work on a device is ordered by its stream. Memory belongs to the stream it was made on; what another stream does with it is put
//! between what came before on the memory's own stream and what comes after, so that no order of calls is a race.

mod blas;
mod gpu;
mod launcher;
mod memory;
mod prepared;
mod program;

pub(crate) use gpu::{Event, Gpu, open};
pub(crate) use launcher::Launcher;
pub(crate) use memory::{Memory, Pinned};
pub(crate) use prepared::Prepared;
