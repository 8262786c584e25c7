//! What can go wrong when compiling or calling.

/// A mistake in a program, an argument, or the lack of a resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The graph breaks a rule of the IR.
    #[error("invalid program: {0}")]
    Invalid(String),
    /// A named dimension that no argument's shape tells.
    #[error("named dimension `{0}` does not occur in the type of any argument, so no call could tell its size")]
    UnboundDimension(String),
    /// The host cannot run what was asked for.
    #[error("not supported on this machine: {0}")]
    Unsupported(String),
    /// Wrong number of arguments.
    #[error("expected {expected} arguments, got {got}")]
    ArgumentCount {
        /// How many the function has.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// Wrong number of result buffers.
    #[error("expected {expected} result buffers, got {got}")]
    ResultCount {
        /// How many the function has.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// An argument whose dtype, rank or sizes do not fit.
    #[error("argument {index}: expected {expected}, got {got}{note}")]
    Argument {
        /// Position in flattened order.
        index: usize,
        /// The declared type.
        expected: String,
        /// The given type.
        got: String,
        /// What a named dimension already stands for, if that is the trouble.
        note: String,
    },
    /// A result buffer whose dtype or shape does not fit.
    #[error("result buffer {index}: expected {expected}, got {got}")]
    ResultBuffer {
        /// Position in flattened order.
        index: usize,
        /// The type that this call produces.
        expected: String,
        /// The given type.
        got: String,
    },
    /// A buffer whose length is not what its shape says.
    #[error("{which} {index}: {got} bytes, but its shape needs {expected}")]
    Length {
        /// "argument" or "result buffer".
        which: &'static str,
        /// Position in flattened order.
        index: usize,
        /// Bytes needed.
        expected: u64,
        /// Bytes given.
        got: usize,
    },
    /// A buffer whose address is not a multiple of its element size.
    #[error("{which} {index}: its address is not a multiple of {alignment}, the size of an element")]
    Misaligned {
        /// "argument" or "result buffer".
        which: &'static str,
        /// Position in flattened order.
        index: usize,
        /// Size of an element in bytes.
        alignment: usize,
    },
    /// A named dimension that is too small for the program, such as `n = 0` for a slice `1..n`.
    #[error("named dimension `{name}` is {size}, but the program needs at least {least}")]
    DimensionTooSmall {
        /// The name.
        name: String,
        /// Its size in this call.
        size: u64,
        /// The least size.
        least: u64,
    },
    /// There is no such device, or its driver failed.
    #[error("cuda: {0}")]
    Device(String),
    /// Arrays on another device than the function was compiled for.
    #[error("{which} {index} is on {got}, but the function was compiled for {expected}")]
    OtherDevice {
        /// "argument" or "result buffer".
        which: &'static str,
        /// Position in flattened order.
        index: usize,
        /// Where it should be.
        expected: String,
        /// Where it is.
        got: String,
    },
    /// Memory for temporaries could not be had.
    #[error("out of memory: {0} bytes of temporaries")]
    OutOfMemory(u64),
    /// A call that needs more memory than [`crate::Options::memory_limit`] allows.
    #[error(
        "the call needs {needed} bytes of temporaries, but the limit is {limit}: raise it, or give the loops of a gradient a \
         checkpoint policy, under which they keep less"
    )]
    MemoryLimit {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A native function that the program calls, but nobody supplied.
    #[error("there is no native function `{0}`")]
    UnknownNative(String),
    /// A native function that reported a failure.
    #[error("native function `{name}`: {message}")]
    Native {
        /// The function's name.
        name: String,
        /// What it said.
        message: String,
    },
    /// A failure of the interpreter, which compiled code cannot have.
    #[error("interpreter: {0}")]
    Interpreter(String),
}
