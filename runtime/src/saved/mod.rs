//! Saved executables: a compiled function as one file, which loads without the compiler that made it.
//!
//! ```text
//! envelope   magic, format, length and checksum
//! contents   graph, plan, kernels and machine code as data
//! target     which processors can run the machine code
//! trust      the promise that machine code is loaded on
//! error      what can be wrong with a file
//! ```
//!
//! A file is taken in one of two ways. Without trust its graph is parsed, verified and compiled anew, which is as safe as compiling
//! a function that was just traced, and works on any processor. With trust ([`Saved::trust`], which is `unsafe`) its machine code runs
//! as it is. The code in a file is that of the executable which wrote it, or PTX for a GPU that need not be here
//! ([`Executable::to_bytes_for_gpu`]). `docs/decisions/0015-saved-executables.md` says why there is nothing between.

mod contents;
mod envelope;
mod error;
mod target;
mod trust;

pub use error::FileError;

use crate::{Error, Executable, Natives, Options};
use contents::Contents;
use rotrace_ir::text::parse_function;
use std::borrow::Cow;
use std::fs;
use std::path::Path;

/// A saved executable: what a file holds, before it is loaded.
///
/// ```
/// use rotrace_ir::text::parse_function;
/// use rotrace_runtime::{Executable, Natives, Options, Saved};
/// let function = parse_function("fn @double(dims n; %x: f64[n]) -> (f64[n]) {\n %y: f64[n] = add %x, %x\n return %y\n}")?;
/// let bytes = Executable::compile(&function, &Options::default())?.to_bytes(b"");
///
/// let saved = Saved::from_bytes(&bytes)?;
/// // Compiled anew, from the graph.
/// let safe = saved.load(&Natives::default(), &Options::default())?;
/// // SAFETY: the bytes were made a few lines above.
/// let saved = unsafe { saved.trust() };
/// // The machine code as it is.
/// let fast = saved.load(&Natives::default(), &Options::default())?;
/// assert_eq!(safe.kernels(), fast.kernels());
/// assert_eq!(safe.graph(), fast.graph());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Saved {
    attachment: Vec<u8>,
    graph: Option<String>,
    program: Vec<u8>,
    trusted: bool,
}

impl Saved {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, is none of rotrace's, of another format, truncated, or altered.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|error| failure(path, &error))?;
        Self::from_bytes(&bytes)
    }

    /// Takes the bytes of a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let Contents { attachment, graph, program } = contents::decode(envelope::open(bytes)?, "the file")?;
        let graph = graph.map(Cow::into_owned);
        Ok(Self { attachment: attachment.to_vec(), graph, program: program.to_vec(), trusted: false })
    }

    /// What was attached when it was saved.
    #[must_use]
    pub fn attachment(&self) -> &[u8] {
        &self.attachment
    }

    /// The graph as it was traced, as text.
    #[must_use]
    pub fn graph(&self) -> Option<&str> {
        self.graph.as_deref()
    }

    /// The executable.
    ///
    /// Without trust the graph is compiled anew, as `options` say. With trust ([`trust`](Self::trust)) nothing is compiled (of PTX a
    /// GPU's driver makes machine code), and of the options those count that concern calls: `threads`, `parallel_from`, `memory_limit`,
    /// and `device`, which must be a GPU if the code is for GPUs, and the processor if not. Its
    /// [`stage`](Executable::stage)s and [`disassembly`](Executable::disassembly) are still made anew when they are asked for, if the
    /// compiler that made the code is there.
    ///
    /// # Errors
    /// What the file holds is malformed, or calls a native function that is not in `natives`. Without trust, what compiling
    /// reports, or there is no graph; with trust, the machine code is for another processor, for GPUs of a greater compute capability,
    /// or not for the device in the options.
    pub fn load(&self, natives: &Natives, options: &Options) -> Result<Executable, Error> {
        let parse =
            |text: &str| parse_function(text).map_err(|error| FileError::Malformed(format!("the graph: {error}")));
        let graph = self.graph().map(parse).transpose()?;
        if self.trusted {
            return contents::restore(&self.program, graph, natives, options);
        }
        Executable::compile_with(&graph.ok_or(FileError::NoGraph)?, natives, options)
    }
}

impl Executable {
    /// The bytes of a file with this executable, for [`Saved::from_bytes`]; `attachment` is kept beside it as it is.
    #[must_use]
    pub fn to_bytes(&self, attachment: &[u8]) -> Vec<u8> {
        self.sealed(attachment, &contents::program_of(self))
    }

    /// As [`to_bytes`](Self::to_bytes), with code for NVIDIA's GPUs in place of what calls run here: PTX for a compute capability and
    /// all above, given as ten times it, such as 87 for 8.7. No GPU is needed for that.
    ///
    /// # Errors
    /// Without the feature `mlir`, or a compute capability below 7.0.
    pub fn to_bytes_for_gpu(&self, attachment: &[u8], capability: u32) -> Result<Vec<u8>, Error> {
        Ok(self.sealed(attachment, &contents::program_for_gpu(self, capability)?))
    }

    fn sealed(&self, attachment: &[u8], program: &[u8]) -> Vec<u8> {
        let graph = self.texts.graph.as_ref().map(|graph| Cow::Owned(graph.to_string()));
        envelope::seal(&contents::encode(&Contents { attachment, graph, program }))
    }

    /// Writes [`to_bytes`](Self::to_bytes) to a file, which is replaced.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>, attachment: &[u8]) -> Result<(), FileError> {
        write(path.as_ref(), &self.to_bytes(attachment))
    }

    /// Writes [`to_bytes_for_gpu`](Self::to_bytes_for_gpu) to a file, which is replaced.
    ///
    /// # Errors
    /// As [`to_bytes_for_gpu`](Self::to_bytes_for_gpu), or the file cannot be written.
    pub fn save_for_gpu(&self, path: impl AsRef<Path>, attachment: &[u8], capability: u32) -> Result<(), Error> {
        Ok(write(path.as_ref(), &self.to_bytes_for_gpu(attachment, capability)?)?)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    fs::write(path, bytes).map_err(|error| failure(path, &error))
}

fn failure(path: &Path, error: &std::io::Error) -> FileError {
    FileError::File { path: path.display().to_string(), message: error.to_string() }
}
