//! Rotations in three dimensions, with the conventions of `scipy.spatial.transform`.

mod rotation;

pub use rotation::Rotation;
