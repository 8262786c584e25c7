//! The one promise that loading machine code rests on.

use super::Saved;

impl Saved {
    /// Takes the plan and the machine code of the file as they are: [`load`](Self::load) then compiles nothing.
    ///
    /// # Safety
    /// The bytes are those that [`Executable::save`](crate::Executable::save) or
    /// [`to_bytes`](crate::Executable::to_bytes) wrote, in a program that you trust as you trust this one. The checksum shows
    /// accidents, but anyone can compute one.
    #[must_use]
    pub unsafe fn trust(mut self) -> Self {
        self.trusted = true;
        self
    }
}
