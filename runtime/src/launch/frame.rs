//! The pointers and numbers of one call: where every step finds its buffers, and what only depends on the sizes.
//!
//! A frame is laid out once for the whole tree of plans. What a call knows from the start is written once, at its
//! beginning; an iteration of a loop only writes what changes with it. Where a frame's [`Spot`]s are, and what stands
//! there, is the business of [`super::sequence`].
//!
//! Nothing stands in a frame before it is written there: clearing one would cost a tenth of a call.
//!
//! Invariant: when a step runs, its spots have been written, and hold pointers to as many bytes as its buffers have for the call's sizes, alive
//! until the call ends; what a step writes overlaps nothing else that it is given.

use std::mem::MaybeUninit;
use std::ops::Range;

/// A place among the pointers, or among the numbers, of a frame.
pub(super) type Spot = u32;

/// How many places a frame has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extents {
    pub(super) pointers: u32,
    pub(super) numbers: u32,
}

impl Extents {
    pub(super) fn pointer(&mut self) -> Spot {
        self.pointers += 1;
        self.pointers - 1
    }

    pub(super) fn number(&mut self) -> Spot {
        self.numbers += 1;
        self.numbers - 1
    }

    /// Bytes of memory that a frame takes.
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.pointers) * size_of::<*mut u8>() as u64 + u64::from(self.numbers) * size_of::<usize>() as u64
    }
}

/// The pointers and numbers of a call.
pub(super) struct Frame<'m> {
    pointers: &'m mut [MaybeUninit<*mut u8>],
    numbers: &'m mut [MaybeUninit<usize>],
}

impl<'m> Frame<'m> {
    /// A frame in memory of the call.
    ///
    /// # Safety
    /// `memory` is aligned for pointers, and valid for [`Extents::bytes`] for as long as the frame lives.
    #[inline]
    pub(super) unsafe fn new(memory: *mut u8, extents: Extents) -> Self {
        let (pointers, numbers) = (extents.pointers as usize, extents.numbers as usize);
        // SAFETY: the caller promises the memory; numbers are aligned as pointers are and begin behind them; both may be
        // uninitialised.
        unsafe {
            let first = memory.cast::<MaybeUninit<*mut u8>>();
            let second = first.add(pointers).cast::<MaybeUninit<usize>>();
            Self {
                pointers: std::slice::from_raw_parts_mut(first, pointers),
                numbers: std::slice::from_raw_parts_mut(second, numbers),
            }
        }
    }

    #[inline]
    pub(super) fn pointer(&self, spot: Spot) -> *mut u8 {
        // SAFETY: by the frame's invariant it has been written.
        unsafe { self.pointers[spot as usize].assume_init() }
    }

    /// Writes a pointer wherever it is needed.
    #[inline]
    pub(super) fn point(&mut self, spots: &[Spot], pointer: *mut u8) {
        for &spot in spots {
            self.pointers[spot as usize].write(pointer);
        }
    }

    /// Where the pointers from one spot to another stand in order.
    #[inline]
    pub(super) fn pointers(&self, spots: Range<Spot>) -> *const *mut u8 {
        self.pointers[spots.start as usize..spots.end as usize].as_ptr().cast()
    }

    #[inline]
    pub(super) fn number(&self, spot: Spot) -> usize {
        // SAFETY: by the frame's invariant it has been written.
        unsafe { self.numbers[spot as usize].assume_init() }
    }

    #[inline]
    pub(super) fn set_number(&mut self, spot: Spot, number: usize) {
        self.numbers[spot as usize].write(number);
    }

    /// The numbers from one spot to another, in order.
    pub(super) fn numbers(&self, spots: Range<Spot>) -> &[usize] {
        let numbers = &self.numbers[spots.start as usize..spots.end as usize];
        // SAFETY: by the frame's invariant they have been written.
        unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), numbers.len()) }
    }

    /// Copies the bytes of one buffer to another of the same size.
    pub(super) fn copy(&self, from: *mut u8, to: *mut u8, bytes: usize) {
        // SAFETY: by the frame's invariant both hold so many bytes and, being read and written by one step, do not
        // overlap.
        unsafe { std::ptr::copy_nonoverlapping(from, to, bytes) }
    }

    /// The one element of a `bool[]`.
    #[inline]
    pub(super) fn is_true(&self, spot: Spot) -> bool {
        // SAFETY: by the frame's invariant the buffer holds one byte, which a step before has written.
        unsafe { self.pointer(spot).read() != 0 }
    }

    /// The one element of an `i32[]`.
    pub(super) fn read_i32(&self, spot: Spot) -> i32 {
        // SAFETY: by the frame's invariant the buffer holds four bytes, which a step before has written.
        unsafe { self.pointer(spot).cast::<i32>().read_unaligned() }
    }

    /// The one element of an `i64[]`.
    pub(super) fn read_i64(&self, spot: Spot) -> i64 {
        // SAFETY: by the frame's invariant the buffer holds eight bytes, which a step before has written.
        unsafe { self.pointer(spot).cast::<i64>().read_unaligned() }
    }
}
