//! Powers of rotations.

use super::Rotation;
use super::quat::is_flipped;
use crate::implementations::operate;
use crate::implementations::operation::Power;
use crate::spatial::component::{components, join, refuse};
use crate::{IntoTensor, Operand, Tensor, Weak, constant};
use std::panic::Location;

impl Rotation {
    /// The rotations by a multiple of their angles in `[0, pi]`, about the same axes. The exponent is a number, or a
    /// traced one of shape `[]` or `[1]`.
    ///
    /// To the powers 1 and -1 the sign of the quaternion is kept, and that to the power 0 is the identity. Other powers
    /// are those of the canonical quaternion, so that `r.pow(0.5)` turns by at most a quarter. The derivative by a traced
    /// exponent is that of the formula for other powers, at 0, 1 and -1 too.
    ///
    /// ```
    /// use rotrace::{Array, spatial::Rotation, trace};
    /// let half = trace(|x| Rotation::from_rotvec(x).pow(0.5).as_rotvec()).compile("f64[3]")?;
    /// let vector = half.call(&Array::from([0.0, 0.0, 1.0]))?;
    /// assert!((vector.as_slice::<f64>()?[2] - 0.5).abs() < 1e-15);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pow(self, exponent: impl IntoTensor) -> Self {
        operate::<Power>(Location::caller(), (self, exponent.into_operand()), |(_, exponent)| match exponent {
            Operand::Weak(weak) => self.to_number(weak),
            Operand::Tensor(_) | Operand::Array(_) => self.to_traced(constant(exponent)),
        })
    }

    fn to_number(self, exponent: Weak) -> Self {
        let quat = components::<4>("Rotation::pow", self.quat);
        if exponent == Weak::Integer(0) || exponent == Weak::Float(0.0) {
            let [x, y, z, w] = quat;
            Self { quat: join([x.zeros_like(), y.zeros_like(), z.zeros_like(), w.ones_like()]) }
        } else if exponent == Weak::Integer(1) || exponent == Weak::Float(1.0) {
            self
        } else if exponent == Weak::Integer(-1) || exponent == Weak::Float(-1.0) {
            self.inv()
        } else {
            Self::from_rotvec(self.as_rotvec() * Operand::Weak(exponent))
        }
    }

    fn to_traced(self, exponent: Tensor) -> Self {
        let quat = components::<4>("Rotation::pow", self.quat);
        let shape = exponent.shape();
        if shape.len() > 1 || shape.iter().any(|dim| !dim.is_one()) {
            return Self { quat: refuse("Rotation::pow", "the exponent must be one number", exponent) };
        }
        let exponent = exponent.reshape(());
        let power = components::<4>("Rotation::pow", Self::from_rotvec(self.as_rotvec() * exponent).quat);
        let kept = exponent.equal(1).logical_or(exponent.equal(-1)).logical_and(is_flipped(quat));
        Self { quat: join(power.map(|component| kept.select(-component, component))) }
    }
}
