//! Rotrace's runtime: the compile driver, planned buffers, launches and threads.
//!
//! [`Executable::compile`] takes a graph through the passes, the lowering and a backend; [`Executable::call`] binds the
//! named dimensions from its arguments, finds memory for temporaries and runs the plan's kernels.
//!
//! [`Executable::save`] writes one to a file, and [`Saved`] reads it; [`Executable::object`] makes
//! an object file for C of it.
//!
//! Invariants: a call takes no lock, does no hash look-up and, once its memory has been seen, no allocation; an
//! executable can be called from many threads at once; all `unsafe` is in `arena`, `code`,
//! `launch` and `saved::trust`.

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
mod export;
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
mod saved;
mod upgrade;
mod view;

pub use compile::{Background, Report};
pub use device::{Device, Event};
pub use device_array::{DeviceArray, PinnedBytes};
pub use error::Error;
pub use executable::Executable;
pub use export::{CObject, ExportError};
pub use natives::{NativeFunction, Natives};
pub use on_device::Prepared;
pub use options::{Engine, Options};
pub use rotrace_backends::Processor;
pub use saved::{FileError, Saved};
pub use view::{View, ViewMut};
