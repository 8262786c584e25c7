//! What can go wrong, as values.

use rotrace_ir::interpret::graph::NanOrigin;
use rotrace_runtime::{ExportError, FileError};
use std::panic::Location;

/// A mistake of the caller: in a traced function, a signature, array data or a call.
///
/// Mistakes inside a traced function carry the line of the user's source that made them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation of a traced function does not fit its operands.
    #[error("{location}: {message}")]
    Trace {
        /// What is wrong, naming the operation and the operands.
        message: String,
        /// The types of the operands, as `f64[n, 3]`.
        operands: Vec<String>,
        /// `file:line:column` of the operation.
        location: &'static Location<'static>,
    },
    /// A signature does not describe the function's arguments.
    #[error("{location}: signature: {message}")]
    Signature {
        /// What is wrong.
        message: String,
        /// Where the function was lowered.
        location: &'static Location<'static>,
    },
    /// A function has no derivative of the kind asked for.
    #[error("{location}: {message}")]
    Differentiate {
        /// What is wrong.
        message: String,
        /// Where the derivative was asked for.
        location: &'static Location<'static>,
    },
    /// Data that an operation on arrays has no result for.
    #[error("{location}: {message}")]
    Value {
        /// What is wrong, naming the operation and the element.
        message: String,
        /// The first such element, as an index along each leading axis.
        row: Vec<usize>,
        /// Where the operation was called.
        location: &'static Location<'static>,
    },
    /// A checked call gave a NaN although no argument had one.
    #[error("result {result} is NaN{}, where no argument is{}", place(*row), began(origin))]
    NotANumber {
        /// The result's number among the leaves.
        result: usize,
        /// The first such index along the result's leading axis; `None` if that has no named size.
        row: Option<usize>,
        /// The operation that gave the first NaN, and the iterations of loops that it ran in; or why that is not known.
        origin: Box<Result<NanOrigin, String>>,
    },
    /// Array data of the wrong size or type.
    #[error("{0}")]
    Array(String),
    /// Compiling failed, or the arguments of a call do not fit.
    #[error(transparent)]
    Runtime(#[from] rotrace_runtime::Error),
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self::Runtime(error.into())
    }
}

impl From<ExportError> for Error {
    fn from(error: ExportError) -> Self {
        Self::Runtime(error.into())
    }
}

impl Error {
    /// Where the user wrote what is wrong, if that is known.
    #[must_use]
    pub fn location(&self) -> Option<&'static Location<'static>> {
        match self {
            Self::Trace { location, .. }
            | Self::Signature { location, .. }
            | Self::Differentiate { location, .. }
            | Self::Value { location, .. } => Some(location),
            Self::NotANumber { .. } | Self::Array(_) | Self::Runtime(_) => None,
        }
    }
}

fn began(origin: &Result<NanOrigin, String>) -> String {
    match origin {
        Ok(origin) => format!(": it began with {origin}"),
        Err(reason) => format!("; where it began is not known: {reason}"),
    }
}

fn place(row: Option<usize>) -> String {
    row.map_or_else(String::new, |row| format!(" in row {row}"))
}
