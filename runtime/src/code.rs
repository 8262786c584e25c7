//! Executable memory.

use crate::Error;
use memmap2::{Mmap, MmapMut};
use rotrace_backends::Artifact;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The entry of a compiled kernel: buffers, sizes of the named dimensions, first and last grid iteration, constants.
pub(crate) type Entry = unsafe extern "C" fn(*const *mut u8, *const i64, i64, i64, *const u8);

/// Position-independent machine code of all steps of a plan, as data.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Image<'b> {
    #[serde(borrow)]
    pub(crate) bytes: Cow<'b, [u8]>,
    /// Where in the bytes each step's entry is.
    pub(crate) entries: Vec<usize>,
    /// Each step's constants.
    pub(crate) constants: Vec<Vec<u8>>,
}

impl Image<'_> {
    fn of(artifacts: &[Artifact]) -> Self {
        let mut bytes = Vec::new();
        let mut entries = Vec::new();
        for artifact in artifacts {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            entries.push(bytes.len() + artifact.entry);
            bytes.extend_from_slice(&artifact.code);
        }
        let constants = artifacts.iter().map(|artifact| artifact.constants.clone()).collect();
        Self { bytes: Cow::Owned(bytes), entries, constants }
    }

    /// Whether there is an entry, inside of the code, and a table of constants for each of so many steps.
    pub(crate) fn serves(&self, steps: usize) -> bool {
        let inside = self.entries.iter().all(|&entry| entry < self.bytes.len());
        inside && self.entries.len() == steps && self.constants.len() == steps
    }
}

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
        Self::of_image(&Image::of(artifacts))
    }

    /// Makes an image executable.
    pub(crate) fn of_image(image: &Image<'_>) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Unsupported(format!("executable memory: {error}"));
        let length = image.bytes.len();
        let mut memory = MmapMut::map_anon(length.max(1)).map_err(failed)?;
        memory[..length].copy_from_slice(&image.bytes);
        let memory = memory.make_exec().map_err(failed)?;
        let constants = image.constants.iter().map(|constants| aligned(constants)).collect();
        Ok(Self { memory, entries: image.entries.clone(), constants })
    }

    /// The code as data. Constants may have zeros behind them.
    pub(crate) fn image(&self) -> Image<'_> {
        let constants = self.constants.iter().map(|words| bytemuck::cast_slice(words).to_vec()).collect();
        Image { bytes: Cow::Borrowed(&self.memory), entries: self.entries.clone(), constants }
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
