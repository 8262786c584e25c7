//! What can be wrong with a file.

/// Why a saved executable cannot be written, read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file system's own failure.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        message: String,
    },
    /// The first bytes are not those of a saved executable.
    #[error("this is not a saved executable of rotrace's")]
    Foreign,
    /// The format is that of another version.
    #[error("the file has format {found}, but this version of rotrace reads format {known}: save it again")]
    Format {
        /// The file's.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// Bytes are missing at the end.
    #[error("the file is truncated: {got} bytes of {expected}")]
    Truncated {
        /// How many there should be.
        expected: u64,
        /// How many there are.
        got: u64,
    },
    /// The bytes are not those that were written: the checksum differs, or there are more of them.
    #[error("the file was altered after it was written: its checksum or length is not what it says")]
    Altered,
    /// The checksum is right, but what it covers makes no sense.
    #[error("the file's contents are malformed: {0}")]
    Malformed(String),
    /// Machine code for another kind of processor or another calling convention.
    #[error(
        "the machine code is for {made_for}, but this is {here}: load the file without trust, which compiles it anew"
    )]
    Target {
        /// As `x86_64-unix`.
        made_for: String,
        /// As `made_for`.
        here: String,
    },
    /// Machine code for a processor that can do more than this one.
    #[error(
        "the machine code needs {}, which this processor lacks: load the file without trust, which compiles it anew",
        features.join(", ")
    )]
    Features {
        /// What is missing.
        features: Vec<String>,
    },
    /// There is no code to be taken as it is, for this reason.
    #[error("{0}: load the file without trust, which compiles it anew")]
    NoCode(String),
    /// Only machine code can be loaded, as the program was never a graph.
    #[error("the file has no graph to compile anew, only machine code, which must be trusted to be loaded")]
    NoGraph,
}
