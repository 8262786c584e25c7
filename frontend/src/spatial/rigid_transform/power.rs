//! Powers: screw motions continued, or taken in part.

use super::RigidTransform;
use crate::implementations::operate;
use crate::implementations::operation::TransformPower;
use crate::spatial::component::refuse;
use crate::{IntoTensor, Operand, Weak, constant};
use std::panic::Location;

impl RigidTransform {
    /// The screw motions continued: the exponentials of `exponent` times the logarithms. The exponent is a number, or a
    /// traced one of shape `[]` or `[1]`.
    ///
    /// Angles are taken in `[0, pi]`, so that the power 0.5 of a turn by 240 degrees turns back by 60. The numbers 0, 1
    /// and -1 give the identity, this transform and its inverse as they are.
    #[track_caller]
    #[must_use]
    pub fn pow(self, exponent: impl IntoTensor) -> Self {
        operate::<TransformPower>(Location::caller(), (self, exponent.into_operand()), |(_, exponent)| {
            match number(&exponent) {
                Some(0.0) => Self::from_translation(self.translation().zeros_like()),
                Some(1.0) => Self::from_matrix_assume_valid(self.matrix),
                Some(-1.0) => self.inv(),
                Some(number) => Self::from_exp_coords(self.as_exp_coords() * number),
                None => {
                    let exponent = constant(exponent);
                    let shape = exponent.shape();
                    if shape.len() > 1 || shape.iter().any(|dim| !dim.is_one()) {
                        let problem = "the exponent must be one number";
                        return Self { matrix: refuse("RigidTransform::pow", problem, exponent) };
                    }
                    Self::from_exp_coords(self.as_exp_coords() * exponent.reshape(()))
                }
            }
        })
    }
}

/// The value of an exponent that is a number.
fn number(exponent: &Operand) -> Option<f64> {
    match *exponent {
        Operand::Weak(Weak::Float(value)) => Some(value),
        Operand::Weak(Weak::Integer(value)) => Some(value as f64),
        Operand::Weak(Weak::Bool(_)) | Operand::Tensor(_) | Operand::Array(_) => None,
    }
}
