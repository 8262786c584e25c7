//! To be filled by the first change that needs it.
