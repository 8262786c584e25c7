//! The pointers and numbers of one call: where every step finds its buffers, and what only depends on the sizes.
//!
//! A frame is laid out once for the whole tree of plans. What a call knows from the start is written once, at its
//! beginning; an iteration of a loop only writes what changes with it. Where a frame's [`Spot`]s are, and what stands
//! there, is the business of [`super::sequence`].
//!
//! Nothing stands in a frame before it is written there: clearing one would cost a tenth of a call.
//!
//! Invariant: when a step runs, its spots have been written, and hold pointers to as many bytes as its buffers have for the call's sizes, alive
//! until the call ends, in memory of the [`Machine`](super::machine::Machine) that runs it; what a step writes overlaps
//! nothing else that it is given.

use std::mem::MaybeUninit;
use std::ops::Range;

/// A place among the pointers, or among the numbers, of a frame.
pub(crate) type Spot = u32;

/// How many places a frame has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extents {
    pub(crate) pointers: u32,
    pub(crate) numbers: u32,
}

impl Extents {
    pub(crate) fn pointer(&mut self) -> Spot {
        self.pointers += 1;
        self.pointers - 1
    }

    pub(crate) fn number(&mut self) -> Spot {
        self.numbers += 1;
        self.numbers - 1
    }

    /// Bytes of memory that a frame takes.
    pub(crate) fn bytes(self) -> u64 {
        u64::from(self.pointers) * size_of::<*mut u8>() as u64 + u64::from(self.numbers) * size_of::<usize>() as u64
    }
}

/// The pointers and numbers of a call.
pub(crate) struct Frame<'m> {
    pointers: &'m mut [MaybeUninit<*mut u8>],
    numbers: &'m mut [MaybeUninit<usize>],
}

impl<'m> Frame<'m> {
    /// A frame in memory of the call.
    ///
    /// # Safety
    /// `memory` is aligned for pointers, and valid for [`Extents::bytes`] for as long as the frame lives.
    #[inline]
    pub(crate) unsafe fn new(memory: *mut u8, extents: Extents) -> Self {
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
    pub(crate) fn pointer(&self, spot: Spot) -> *mut u8 {
        // SAFETY: by the frame's invariant it has been written.
        unsafe { self.pointers[spot as usize].assume_init() }
    }

    /// Writes a pointer wherever it is needed.
    #[inline]
    pub(crate) fn point(&mut self, spots: &[Spot], pointer: *mut u8) {
        for &spot in spots {
            self.pointers[spot as usize].write(pointer);
        }
    }

    /// Where the pointers from one spot to another stand in order.
    #[inline]
    pub(crate) fn pointers(&self, spots: Range<Spot>) -> *const *mut u8 {
        self.pointers[spots.start as usize..spots.end as usize].as_ptr().cast()
    }

    #[inline]
    pub(crate) fn number(&self, spot: Spot) -> usize {
        // SAFETY: by the frame's invariant it has been written.
        unsafe { self.numbers[spot as usize].assume_init() }
    }

    #[inline]
    pub(crate) fn set_number(&mut self, spot: Spot, number: usize) {
        self.numbers[spot as usize].write(number);
    }

    /// The numbers from one spot to another, in order.
    pub(crate) fn numbers(&self, spots: Range<Spot>) -> &[usize] {
        let numbers = &self.numbers[spots.start as usize..spots.end as usize];
        // SAFETY: by the frame's invariant they have been written.
        unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), numbers.len()) }
    }
}
