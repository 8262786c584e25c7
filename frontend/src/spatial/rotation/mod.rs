//! rotation
use crate::{IntoTensor, Tensor, Tree};

/// A rotation.
#[derive(Clone, Copy, Debug, PartialEq, Tree)]
pub struct Rotation<T = Tensor> {
    quat: T,
}

impl Rotation {
    /// stub
    #[track_caller]
    pub fn from_rotvec(x: Tensor) -> Self {
        Self { quat: x }
    }

    /// stub
    #[track_caller]
    pub fn apply(self, p: impl IntoTensor) -> Tensor {
        self.quat * p
    }
}
