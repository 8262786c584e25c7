//! The table of constants, reached through the entry's last argument.
//!
//! Constants stand there splatted over 16 bytes. Loading one right where it is used costs no register and no instruction:
//! the load folds into the user's memory operand. In code, a float would be built in a general register and moved.

use rotrace_ir::kernel::Table;
use rotrace_ir::{DType, Scalar};
use rustc_hash::FxHashMap;

/// The bytes so far.
#[derive(Default)]
pub(super) struct Pool {
    pub(super) bytes: Vec<u8>,
    known: FxHashMap<[u8; 16], i32>,
}

impl Pool {
    /// The offset of 16 bytes.
    pub(super) fn offset(&mut self, bytes: [u8; 16]) -> i32 {
        *self.known.entry(bytes).or_insert_with(|| {
            let offset = self.bytes.len() as i32;
            self.bytes.extend_from_slice(&bytes);
            offset
        })
    }

    /// The offset of a table.
    pub(super) fn table(&mut self, table: &Table) -> i32 {
        let size = table.dtype.size();
        let bytes: Vec<u8> =
            table.elements.iter().flat_map(|element| element.to_le_bytes().into_iter().take(size)).collect();
        self.block(&bytes)
    }

    /// The offset of bytes that stand together.
    pub(super) fn block(&mut self, bytes: &[u8]) -> i32 {
        let offset = self.bytes.len() as i32;
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(16), 0);
        offset
    }
}

/// A value in every lane. A `bool` is a mask of 16 equal bytes.
pub(super) fn splatted(value: Scalar) -> [u8; 16] {
    let size = value.dtype.size();
    let bits = if value.dtype == DType::Bool { value.bits.wrapping_neg() } else { value.bits };
    std::array::from_fn(|position| bits.to_le_bytes()[position % size])
}
