//! Borrowed arrays, as calls take them.

use rotrace_ir::DType;

/// A borrowed row-major array to read.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: &'a [usize],
    /// Elements in native byte order; a `bool` is a byte that is 0 or 1.
    pub bytes: &'a [u8],
}

/// A borrowed row-major array to write.
#[derive(Debug)]
pub struct ViewMut<'a> {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: &'a [usize],
    /// Elements in native byte order; overwritten.
    pub bytes: &'a mut [u8],
}
