//! Artifacts made executable, for tests alone.

use memmap2::{Mmap, MmapMut};
use rotrace_backends::Artifact;

/// 16 bytes, so aligned.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Chunk([u8; 16]);

/// A function in executable memory.
pub(crate) struct Loaded {
    code: Mmap,
    entry: usize,
    constants: Vec<Chunk>,
}

type Entry = unsafe extern "C" fn(*const *mut u8, *const i64, i64, i64, *const u8);

impl Loaded {
    pub(crate) fn new(artifact: &Artifact) -> Self {
        let mut memory = MmapMut::map_anon(artifact.code.len().max(1)).expect("memory for code");
        memory[..artifact.code.len()].copy_from_slice(&artifact.code);
        let code = memory.make_exec().expect("executable memory");
        let constants =
            artifact.constants.chunks(16).map(|chunk| Chunk(chunk.try_into().expect("whole chunks"))).collect();
        Self { code, entry: artifact.entry, constants }
    }

    /// Runs grid iterations `start..end` on buffers given as bytes.
    pub(crate) fn run(&self, buffers: &mut [Vec<u64>], dims: &[u64], range: (i64, i64)) {
        let pointers: Vec<*mut u8> = buffers.iter_mut().map(|buffer| buffer.as_mut_ptr().cast()).collect();
        self.run_with(&pointers, dims, range, self.constants.as_ptr().cast());
    }

    /// As [`run`](Self::run), with something else for constants.
    pub(crate) fn run_with(&self, pointers: &[*mut u8], dims: &[u64], (start, end): (i64, i64), constants: *const u8) {
        let dims: Vec<i64> = dims.iter().map(|&size| size as i64).collect();
        // SAFETY: the bytes at `entry` are a function of this signature, made by the code generator under test, in memory
        // that is executable and lives as long as `self`.
        let entry: Entry = unsafe { std::mem::transmute(self.code.as_ptr().add(self.entry)) };
        // SAFETY: the callers size every buffer for the kernel's shapes at these dims, and `u64`s are aligned enough for
        // every element; `constants` is what the artifact asks for.
        unsafe { entry(pointers.as_ptr(), dims.as_ptr(), start, end, constants) }
    }
}
