//! The memory of a running kernel: bytes that are read or written by the element.

use super::kernel::InterpretError;
use crate::kernel::{Access, Kernel};
use crate::{DType, Scalar};
use smallvec::SmallVec;

/// The memory of one buffer: row-major little-endian elements, `bool` as a byte that is 0 or 1.
#[derive(Debug)]
pub enum Memory<'a> {
    /// For a buffer with [`Access::Read`].
    Read(&'a [u8]),
    /// For a buffer with [`Access::Write`].
    Write(&'a mut [u8]),
    /// For a buffer with [`Access::Scratch`].
    Scratch(&'a mut [u8]),
}

impl Memory<'_> {
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Read(bytes) => bytes.len(),
            Self::Write(bytes) | Self::Scratch(bytes) => bytes.len(),
        }
    }

    /// The element at a row-major position that is in range.
    pub(super) fn load(&self, dtype: DType, position: usize) -> Scalar {
        let bytes: &[u8] = match self {
            Self::Read(bytes) => bytes,
            Self::Write(bytes) | Self::Scratch(bytes) => bytes,
        };
        let size = dtype.size();
        let mut bits = [0; 8];
        bits[..size].copy_from_slice(&bytes[position * size..][..size]);
        Scalar::from_bits(dtype, u64::from_le_bytes(bits))
    }

    /// Sets the element at a row-major position that is in range.
    pub(super) fn store(&mut self, position: usize, value: Scalar) {
        let (Self::Write(bytes) | Self::Scratch(bytes)) = self else {
            unreachable!("a verified kernel does not store to read buffers")
        };
        let size = value.dtype.size();
        bytes[position * size..][..size].copy_from_slice(&value.bits.to_le_bytes()[..size]);
    }
}

/// Sizes of a buffer's axes.
pub(super) type Sizes = SmallVec<[u64; 4]>;

/// The sizes of every buffer, after checking that the memories match them.
pub(super) fn buffer_sizes(
    kernel: &Kernel,
    dims: &[u64],
    memories: &[Memory<'_>],
) -> Result<Vec<Sizes>, InterpretError> {
    if memories.len() != kernel.buffers.len() {
        let (given, needed) = (memories.len(), kernel.buffers.len());
        return Err(arguments(kernel, &format!("{needed} buffers needed, got {given}")));
    }
    let mut all = Vec::with_capacity(memories.len());
    for (position, (buffer, memory)) in kernel.buffers.iter().zip(memories).enumerate() {
        let sizes: Option<Sizes> = buffer.shape.iter().map(|extent| extent.size(dims)).collect();
        let Some(sizes) = sizes else {
            return Err(arguments(
                kernel,
                &format!("buffer %{position} has a size that is negative or too large for dims {dims:?}"),
            ));
        };
        let bytes = byte_count(&sizes, buffer.dtype);
        if bytes != Some(memory.length()) {
            let (have, dtype) = (memory.length(), buffer.dtype);
            let message = format!("buffer %{position} has {have} bytes, which is not {dtype}{sizes:?}");
            return Err(arguments(kernel, &message));
        }
        let matches = match buffer.access {
            Access::Read => matches!(memory, Memory::Read(_)),
            Access::Write => matches!(memory, Memory::Write(_)),
            Access::Scratch => matches!(memory, Memory::Scratch(_)),
        };
        if !matches {
            return Err(arguments(kernel, &format!("buffer %{position} has memory of the other direction")));
        }
        all.push(sizes);
    }
    Ok(all)
}

/// The bytes of an array of the given sizes; `None` on overflow.
pub(super) fn byte_count(sizes: &[u64], dtype: DType) -> Option<usize> {
    if sizes.contains(&0) {
        return Some(0);
    }
    let bytes = sizes.iter().try_fold(dtype.size() as u64, |product, &size| product.checked_mul(size))?;
    usize::try_from(bytes).ok()
}

pub(super) fn arguments(kernel: &Kernel, message: &str) -> InterpretError {
    InterpretError::Arguments(format!("kernel @{}: {message}", kernel.name))
}
