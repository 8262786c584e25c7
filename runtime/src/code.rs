//! Executable memory.

use crate::Error;
use memmap2::{Mmap, MmapMut};
use rotrace_backends::Artifact;

/// The entry of a compiled kernel: buffers, sizes of the named dimensions, first and last grid iteration, constants.
pub(crate) type Entry = unsafe extern "C" fn(*const *mut u8, *const i64, i64, i64, *const u8);

/// The machine code of all steps of a plan, freed on drop.
pub(crate) struct Code {
    memory: Mmap,
    entries: Vec<usize>,
    /// Each kernel's constants, in 16-byte units for alignment.
    constants: Vec<Vec<u128>>,
}

/// Code starts at cache lines.
const ALIGNMENT: usize = 64;

impl Code {
    /// Makes artifacts executable.
    pub(crate) fn new(artifacts: &[Artifact]) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Unsupported(format!("executable memory: {error}"));
        let mut bytes = Vec::new();
        let mut entries = Vec::new();
        for artifact in artifacts {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            entries.push(bytes.len() + artifact.entry);
            bytes.extend_from_slice(&artifact.code);
        }
        let mut memory = MmapMut::map_anon(bytes.len().max(1)).map_err(failed)?;
        memory[..bytes.len()].copy_from_slice(&bytes);
        let memory = memory.make_exec().map_err(failed)?;
        Ok(Self { memory, entries, constants: artifacts.iter().map(|artifact| aligned(&artifact.constants)).collect() })
    }

    /// The entry of a step, and its constants.
    #[inline]
    pub(crate) fn step(&self, step: usize) -> (Entry, *const u8) {
        let address = self.memory[self.entries[step]..].as_ptr();
        // SAFETY: the backend put a function of this signature there, and `self` keeps the memory mapped and executable.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(address) };
        (entry, self.constants[step].as_ptr().cast())
    }

    /// Bytes of machine code.
    pub(crate) fn size(&self) -> usize {
        self.memory.len()
    }
}

fn aligned(bytes: &[u8]) -> Vec<u128> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 16];
        word[..chunk.len()].copy_from_slice(chunk);
        u128::from_ne_bytes(word)
    };
    bytes.chunks(16).map(word).collect()
}
