//! Buffers placed as the bandwidth bound places its own: cache-line aligned, and large ones in 2 MiB pages.
//!
//! With 4 KiB pages a stream over a large array pays for address translation, which would hide what the code costs.

use std::ops::{Deref, DerefMut};

const CACHE_LINE: usize = 64;
const HUGE_PAGE: usize = 2 << 20;
/// Below this a buffer holds too few whole huge pages to be worth it.
const HUGE_FROM: usize = 2 * HUGE_PAGE;

/// Numbers in aligned memory.
#[derive(Debug)]
pub struct Buffer<T> {
    storage: Vec<T>,
    start: usize,
}

impl<T: Copy + Default> Buffer<T> {
    /// So many zeros.
    #[must_use]
    pub fn zeros(count: usize) -> Self {
        let mut storage: Vec<T> = Vec::with_capacity(count + CACHE_LINE / size_of::<T>());
        // Before the first write, which is what decides on the kind of page.
        advise_huge_pages(storage.as_ptr().addr(), storage.capacity() * size_of::<T>());
        let start = storage.as_ptr().align_offset(CACHE_LINE);
        storage.resize(start + count, T::default());
        Self { storage, start }
    }

    /// A copy of `values`.
    #[must_use]
    pub fn of(values: impl ExactSizeIterator<Item = T>) -> Self {
        let mut buffer = Self::zeros(values.len());
        buffer.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        buffer
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.storage[self.start..]
    }
}

impl<T> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.start..]
    }
}

/// Asks for 2 MiB pages in the part of the memory that holds whole ones. Where there are none, nothing changes.
#[cfg(target_os = "linux")]
fn advise_huge_pages(address: usize, bytes: usize) {
    if bytes < HUGE_FROM {
        return;
    }
    let from = address.next_multiple_of(HUGE_PAGE);
    let to = (address + bytes) / HUGE_PAGE * HUGE_PAGE;
    if from < to {
        // SAFETY: the range lies inside one allocation of the caller's, and this advice changes no contents.
        unsafe { libc::madvise(from as *mut libc::c_void, to - from, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_huge_pages(_: usize, _: usize) {}
