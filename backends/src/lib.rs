//! Code generators: a kernel in, an artifact out.
//!
//! A backend sees the kernel IR and nothing above it. It makes no memory executable and runs nothing: an [`Artifact`] is
//! bytes, and bringing them to life is the runtime's part, with all the `unsafe` that takes.

pub mod cranelift;
mod mapping;
#[cfg(feature = "mlir")]
pub mod mlir;
mod processor;

pub use mapping::{Mapping, TEAM};
pub use processor::Processor;

/// Machine code for one kernel.
///
/// The code is position-independent and calls nothing outside of itself. It must be placed at an address divisible by [`Self::ALIGNMENT`].
/// Its entry is
///
/// ```text
/// extern "C" fn(buffers: *const *mut u8, dims: *const i64, start: i64, end: i64, constants: *const u8)
/// ```
///
/// which runs the grid iterations `start..end`: `buffers[k]` is the first element of the kernel's buffer `k`, aligned to
/// its element size; `dims[d]` is the size of named dimension `d`; `constants` is a copy of [`Self::constants`] at an
/// address divisible by 16. It touches no memory but the elements that the iterations address, or that lie between two such
/// elements of one buffer, and nothing at all where `start >= end`. For a scratch buffer, `buffers[k]` is memory for
/// [`Self::SCRATCH_COPIES`] (from `mlir`, [`Self::MOST_SCRATCH_COPIES`]) times its elements, which nothing else uses during the call.
#[derive(Clone, Debug, Default)]
pub struct Artifact {
    /// Machine code with its read-only data.
    pub code: Vec<u8>,
    /// Offset of the entry in `code`.
    pub entry: usize,
    /// What the entry's `constants` argument points to.
    pub constants: Vec<u8>,
    /// What the kernel was on the way to machine code, by the names that the backend gives its stages, if text was asked for.
    pub stages: Vec<(&'static str, String)>,
    /// The machine code as assembly, if text was asked for.
    pub disassembly: String,
}

impl Artifact {
    /// What the address of the code must be divisible by.
    pub const ALIGNMENT: usize = 64;

    /// How many iterations of the grid run at once at most, each with its own scratch, in code of the default backend.
    pub const SCRATCH_COPIES: u64 = 4;

    /// The same in code of any backend.
    pub const MOST_SCRATCH_COPIES: u64 = 16;

    /// The text of a stage.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&str> {
        self.stages.iter().find(|(stage, _)| *stage == name).map(|(_, text)| text.as_str())
    }
}

/// A kernel as PTX.
///
/// It has a function for each mapping, of [`Mapping::name`]: it takes the number of iterations of the grid and the sizes of the named
/// dimensions (`u64`), and the address of each buffer on the device; blocks have one axis of at most
/// [`Mapping::block_threads`] threads, a multiple of 32. Of scratch, a buffer has its elements for every thread that is launched.
#[derive(Clone, Debug, Default)]
pub struct Ptx {
    /// The program, as the driver takes it.
    pub text: String,
    /// The ways to launch it. The first always serves.
    pub mappings: Vec<Mapping>,
    /// What it went through, by name, if text was asked for.
    pub stages: Vec<(&'static str, String)>,
}

impl Ptx {
    /// The least compute capability, ten times it, that PTX is made for: that of GPUs with independent threads.
    pub const LEAST_CAPABILITY: u32 = 70;
}

/// Why there is no artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// This host or kernel is beyond the backend; another engine must run the kernel.
    #[error("kernel `{kernel}` cannot be compiled to machine code here: {reason}")]
    Unsupported {
        /// The kernel's name.
        kernel: String,
        /// What is missing.
        reason: String,
    },
    /// The code generator itself failed, which is a bug.
    #[error("code generation of kernel `{kernel}` failed: {reason}")]
    Internal {
        /// The kernel's name.
        kernel: String,
        /// What it said.
        reason: String,
    },
}
