//! What is around a file's contents: so that another file, another format, or a file that has changed is told before anything in it
//! is looked at.
//!
//! ```text
//! 8 bytes   MAGIC
//! 4 bytes   FORMAT, little endian
//! 8 bytes   the number of bytes of the contents, little endian
//! ...       the contents
//! 32 bytes  SHA-256 of everything before
//! ```

use super::FileError;
use sha2::{Digest, Sha256};

/// Not text, and shows a transfer that took it for text.
pub(super) const MAGIC: [u8; 8] = *b"\x89RTX\r\n\x1a\n";

/// To be raised with every change of what a file holds: [`super::contents`], the plan's and the kernel's types, what passes and
/// `rotrace_backends::Artifact` promise of machine code.
pub(super) const FORMAT: u32 = 2;

const HEAD: usize = MAGIC.len() + 4 + 8;
const CHECKSUM: usize = 32;

/// A file with these contents.
pub(super) fn seal(contents: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEAD + contents.len() + CHECKSUM);
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&FORMAT.to_le_bytes());
    file.extend_from_slice(&(contents.len() as u64).to_le_bytes());
    file.extend_from_slice(contents);
    file.extend_from_slice(&Sha256::digest(&file));
    file
}

/// The contents of a file that nothing is wrong with.
pub(super) fn open(file: &[u8]) -> Result<&[u8], FileError> {
    let got = file.len() as u64;
    let common = file.len().min(MAGIC.len());
    if file.is_empty() || file[..common] != MAGIC[..common] {
        return Err(FileError::Foreign);
    }
    let truncated = |expected| FileError::Truncated { expected, got };
    let (head, rest) = file.split_at_checked(HEAD).ok_or(truncated((HEAD + CHECKSUM) as u64))?;
    let (format, length) = head[MAGIC.len()..].split_at(4);
    let found = format.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte));
    if found != FORMAT {
        return Err(FileError::Format { found, known: FORMAT });
    }
    let length = length.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    let expected = length.saturating_add((HEAD + CHECKSUM) as u64);
    if got < expected {
        return Err(truncated(expected));
    }
    let (sealed, checksum) = file.split_at(file.len() - CHECKSUM);
    if got > expected || Sha256::digest(sealed).as_slice() != checksum {
        return Err(FileError::Altered);
    }
    Ok(&rest[..length as usize])
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, open, seal};
    use crate::FileError;

    #[test]
    fn contents_come_back() {
        for contents in [&b""[..], b"x", &[7; 1000]] {
            assert_eq!(open(&seal(contents)), Ok(contents));
        }
    }

    #[test]
    fn every_flipped_bit_is_told() {
        let file = seal(b"some contents");
        for place in 0..file.len() {
            for bit in 0..8 {
                let mut altered = file.clone();
                altered[place] ^= 1 << bit;
                let error = open(&altered).expect_err("it is altered");
                let told = match place {
                    0..8 => error == FileError::Foreign,
                    8..12 => matches!(error, FileError::Format { known: FORMAT, .. }),
                    12..20 => matches!(error, FileError::Truncated { .. } | FileError::Altered),
                    _ => error == FileError::Altered,
                };
                assert!(told, "byte {place}: {error}");
            }
        }
    }

    #[test]
    fn every_missing_or_added_byte_is_told() {
        let mut file = seal(b"some contents");
        let expected = file.len() as u64;
        for length in 1..file.len() {
            let least = if length < 20 { 52 } else { expected };
            assert_eq!(open(&file[..length]), Err(FileError::Truncated { expected: least, got: length as u64 }));
        }
        assert_eq!(open(&[]), Err(FileError::Foreign));
        file.push(0);
        assert_eq!(open(&file), Err(FileError::Altered));
    }
}
