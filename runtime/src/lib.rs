//! Rotrace's runtime: the compile driver, planned buffers, launches and threads.
//!
//! [`Executable::compile`] takes a graph through the passes, the lowering and a backend; [`Executable::call`] binds the
//! named dimensions from its arguments, finds memory for temporaries and runs the plan's kernels.
//!
//! Invariants: a call takes no lock, does no hash look-up and, once its memory has been seen, no allocation; an
//! executable can be called from many threads at once; all `unsafe` is in `arena`, `code` and
//! `launch`.

mod arena;
mod bind;
mod code;
mod compile;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(not(feature = "cuda"))]
#[path = "no_cuda.rs"]
mod cuda;
mod device;
mod device_array;
mod error;
mod executable;
mod interpreted;
mod launch;
#[cfg(feature = "mlir")]
mod llvm;
#[cfg(not(feature = "mlir"))]
#[path = "no_llvm.rs"]
mod llvm;
mod natives;
mod on_device;
mod options;
mod origin;
mod upgrade;
mod view;

pub use compile::{Background, Report};
pub use device::{Device, Event};
pub use device_array::{DeviceArray, PinnedBytes};
pub use error::Error;
pub use executable::Executable;
pub use natives::{NativeFunction, Natives};
pub use on_device::Prepared;
pub use options::{Engine, Options};
pub use view::{View, ViewMut};
