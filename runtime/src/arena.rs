//! Memory for the temporaries of calls.
//!
//! One block is kept between calls in an atomic slot: a call takes it, or allocates if another call has it or it is too
//! small, and puts it back. Small needs are met from the caller's stack, without touching the slot.

use crate::Error;
use std::alloc::{Layout, alloc, dealloc};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Alignment of every temporary: a cache line, and a 512-bit vector.
pub(crate) const ALIGNMENT: u64 = 64;

/// A block of memory.
pub(crate) struct Block {
    memory: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block owns its memory, like a `Box<[u8]>`.
unsafe impl Send for Block {}

impl Block {
    fn new(bytes: u64) -> Result<Self, Error> {
        let size = usize::try_from(bytes).map_err(|_| Error::OutOfMemory(bytes))?;
        let layout = Layout::from_size_align(size, ALIGNMENT as usize).map_err(|_| Error::OutOfMemory(bytes))?;
        // SAFETY: the layout's size is not zero, because only needs above the stack's share come here.
        let memory = NonNull::new(unsafe { alloc(layout) }).ok_or(Error::OutOfMemory(bytes))?;
        Ok(Self { memory, layout })
    }

    pub(crate) fn pointer(&self) -> *mut u8 {
        self.memory.as_ptr()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and freed once.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) }
    }
}

/// The block kept between calls.
#[derive(Default)]
pub(crate) struct Slot {
    kept: AtomicPtr<Block>,
}

impl Slot {
    /// A block of at least so many bytes (more than none).
    pub(crate) fn take(&self, bytes: u64) -> Result<Box<Block>, Error> {
        if let Some(block) = own(self.kept.swap(ptr::null_mut(), Ordering::Acquire))
            && block.layout.size() as u64 >= bytes
        {
            return Ok(block);
        }
        Ok(Box::new(Block::new(bytes)?))
    }

    /// Keeps a block for the next call.
    pub(crate) fn put(&self, block: Box<Block>) {
        drop(own(self.kept.swap(Box::into_raw(block), Ordering::AcqRel)));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(own(*self.kept.get_mut()));
    }
}

fn own(pointer: *mut Block) -> Option<Box<Block>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: every non-null pointer in the slot came from `Box::into_raw`, and swapping it out gives sole ownership.
    Some(unsafe { Box::from_raw(pointer) })
}
