//! Euler angles: turns about coordinate axes.
//!
//! To a quaternion: the product of quaternions that have two components each. Only what is not zero is written, so that
//! a further axis costs eight multiplications. From a quaternion: see [`super::angles`].

use super::Rotation;
use super::angles::{DEGREES, Halves, Order, RADIANS, mistaken, single_angle};
use crate::Tensor;
use crate::implementations::operate;
use crate::implementations::operation::{AsEuler, FromEuler, IsGimbalLocked};
use crate::spatial::component::{components, join};
use crate::trace::located_at;
use std::panic::Location;

/// The axes of a sequence, by number.
struct Sequence<const N: usize> {
    axes: [usize; N],
    order: Order,
}

/// A quaternion without the components that are zero.
type Sparse = [Option<Tensor>; 4];

impl Rotation {
    /// Of Euler angles `[..., k]` in radians about the `k` = 1, 2 or 3 axes of a sequence. For one axis, an angle
    /// `[]` will do too.
    ///
    /// `"xyz"` are turns about the fixed axes x, then y, then z (extrinsic); `"XYZ"` about the axes of the body, which
    /// turn along (intrinsic). Neighbouring axes differ. Smooth for all angles, gimbal lock included.
    ///
    /// ```
    /// use rotrace::{Array, spatial::Rotation, trace};
    ///
    /// let convert = trace(|x| Rotation::from_euler("ZYX", x).as_euler("xyz")).compile("f64[n, 3]")?;
    /// let reversed = convert.call(&Array::from([[0.1, 0.2, 0.3]]))?;
    /// assert!((reversed.as_slice::<f64>()?[0] - 0.3).abs() < 1e-15);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_euler(sequence: &str, angles: Tensor) -> Self {
        operate::<FromEuler>(Location::caller(), (sequence.to_owned(), angles), |(sequence, angles)| {
            let name = "Rotation::from_euler";
            let product = match sequence.chars().count() {
                1 => product(name, &sequence, single_angle(name, angles)),
                2 => product(name, &sequence, components::<2>(name, angles)),
                3 => product(name, &sequence, components::<3>(name, angles)),
                _ => Err(format!("{name} takes a sequence of 1 to 3 axes such as \"xyz\", got {sequence:?}")),
            };
            Self { quat: product.unwrap_or_else(mistaken) }
        })
    }

    /// Of Euler angles in degrees, otherwise as [`from_euler`](Self::from_euler).
    #[track_caller]
    #[must_use]
    pub fn from_euler_degrees(sequence: &str, angles: Tensor) -> Self {
        located_at(Location::caller(), || Self::from_euler(sequence, angles * RADIANS))
    }

    /// The Euler angles `[..., 3]` in radians about the three axes of a sequence, as for
    /// [`from_euler`](Self::from_euler). The first and the third are in `[-pi, pi]`; the second is in `[-pi/2, pi/2]`,
    /// or in `[0, pi]` if the first axis is the third too.
    ///
    /// Where the second angle is within 1e-7 (`f32`: 1e-6) of its bounds, only the sum or the difference of the others
    /// is determined (gimbal lock; see [`is_gimbal_locked`](Self::is_gimbal_locked)). There the third is 0 and its
    /// derivative too; the first angle has the derivative of the formula that holds at the lock, with the third kept at
    /// 0; the second has its own, and at the bound itself, where it has a kink, 0. Elsewhere derivatives are exact: those
    /// of the outer angles grow like the inverse distance from the lock.
    #[track_caller]
    #[must_use]
    pub fn as_euler(self, sequence: &str) -> Tensor {
        operate::<AsEuler>(Location::caller(), (self, sequence.to_owned()), |(_, sequence)| {
            let name = "Rotation::as_euler";
            let quat = components::<4>(name, self.quat);
            let angles = Sequence::new(name, &sequence).map(|sequence| join(sequence.angles(quat)));
            angles.unwrap_or_else(mistaken)
        })
    }

    /// The Euler angles in degrees, otherwise as [`as_euler`](Self::as_euler).
    #[track_caller]
    #[must_use]
    pub fn as_euler_degrees(self, sequence: &str) -> Tensor {
        located_at(Location::caller(), || self.as_euler(sequence) * DEGREES)
    }

    /// Whether the first and third Euler angles of a sequence are not determined each by itself, `bool[...]`: where
    /// [`as_euler`](Self::as_euler) sets the third to 0.
    #[track_caller]
    #[must_use]
    pub fn is_gimbal_locked(self, sequence: &str) -> Tensor {
        operate::<IsGimbalLocked>(Location::caller(), (self, sequence.to_owned()), |(_, sequence)| {
            let name = "Rotation::is_gimbal_locked";
            let quat = components::<4>(name, self.quat);
            let locked = Sequence::new(name, &sequence).map(|sequence| sequence.halves(quat).is_locked());
            locked.unwrap_or_else(mistaken)
        })
    }
}

/// The quaternions of turns about the axes of a sequence.
fn product<const N: usize>(name: &str, sequence: &str, angles: [Tensor; N]) -> Result<Tensor, String> {
    let Sequence { axes, order } = Sequence::<N>::new(name, sequence)?;
    let mut quat: Option<Sparse> = None;
    for (axis, angle) in axes.into_iter().zip(angles) {
        let half = angle * 0.5;
        quat = Some(turned(quat, axis, [half.sin(), half.cos()], order));
    }
    let zero = angles[0].zeros_like();
    Ok(join(quat.unwrap_or_default().map(|component| component.unwrap_or(zero))))
}

/// A quaternion, if there is one, times that of a turn about a coordinate axis: two plane rotations.
fn turned(quat: Option<Sparse>, axis: usize, [sine, cosine]: [Tensor; 2], order: Order) -> Sparse {
    let mut result = Sparse::default();
    let Some(quat) = quat else {
        (result[axis], result[3]) = (Some(sine), Some(cosine));
        return result;
    };
    let mix = |kept: usize, other: usize, sine: Tensor| sum([(quat[kept], cosine), (quat[other], sine)]);
    let (next, last) = ((axis + 1) % 3, (axis + 2) % 3);
    let (forward, backward) = match order {
        Order::Extrinsic => (sine, -sine),
        Order::Intrinsic => (-sine, sine),
    };
    result[axis] = mix(axis, 3, sine);
    result[3] = mix(3, axis, -sine);
    result[next] = mix(next, last, backward);
    result[last] = mix(last, next, forward);
    result
}

/// The sum of the products that are not zero.
fn sum(products: [(Option<Tensor>, Tensor); 2]) -> Option<Tensor> {
    match products {
        [(Some(a), b), (Some(c), d)] => Some(a.fma(b, c * d)),
        [(Some(a), b), (None, _)] | [(None, _), (Some(a), b)] => Some(a * b),
        [(None, _), (None, _)] => None,
    }
}

impl<const N: usize> Sequence<N> {
    /// The sequence that a text such as `"xyz"` or `"XYZ"` names.
    fn new(name: &str, sequence: &str) -> Result<Self, String> {
        let letters: Vec<char> = sequence.chars().collect();
        let Ok(letters) = <[char; N]>::try_from(letters) else {
            return Err(format!("{name} takes a sequence of {N} axes, got {sequence:?}"));
        };
        let order = if letters[0].is_ascii_lowercase() { Order::Extrinsic } else { Order::Intrinsic };
        let known = match order {
            Order::Extrinsic => ['x', 'y', 'z'],
            Order::Intrinsic => ['X', 'Y', 'Z'],
        };
        let axes = letters.map(|letter| known.iter().position(|&axis| axis == letter));
        if axes.contains(&None) {
            let axes = "x, y and z (extrinsic) or of X, Y and Z (intrinsic)";
            return Err(format!("{name} takes a sequence of {axes}, got {sequence:?}"));
        }
        if axes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(format!("{name} takes a sequence of axes that differ from their neighbours, got {sequence:?}"));
        }
        Ok(Self { axes: axes.map(Option::unwrap_or_default), order })
    }
}

impl Sequence<3> {
    /// The axes of the same turns about fixed axes, the first one first.
    fn fixed_axes(&self) -> [usize; 3] {
        let [first, second, third] = self.axes;
        match self.order {
            Order::Extrinsic => [first, second, third],
            Order::Intrinsic => [third, second, first],
        }
    }

    /// Whether the first axis is the third too.
    const fn is_symmetric(&self) -> bool {
        self.axes[0] == self.axes[2]
    }

    /// Whether the product of the three axes, or of the first two and the one not there, is negative.
    fn is_odd(&self) -> bool {
        let [first, second, _] = self.fixed_axes();
        (first + 1) % 3 != second
    }

    /// The components of a quaternion along the axes, the last one such that they are right-handed.
    fn along_axes(&self, quat: [Tensor; 4]) -> [Tensor; 4] {
        let [first, second, _] = self.fixed_axes();
        let third = quat[3 - first - second];
        [quat[first], quat[second], if self.is_odd() { -third } else { third }, quat[3]]
    }

    fn halves(&self, quat: [Tensor; 4]) -> Halves {
        let [x, y, z, w] = self.along_axes(quat);
        if self.is_symmetric() { Halves::new([w, x, y, z]) } else { Halves::new([w - y, x + z, y + w, z - x]) }
    }

    fn angles(&self, quat: [Tensor; 4]) -> [Tensor; 3] {
        let halves = self.halves(quat);
        let [mut first, mut third] = halves.outer(self.order);
        if self.is_symmetric() {
            return [first, halves.middle(), third];
        }
        if self.is_odd() {
            match self.order {
                Order::Extrinsic => third = -third,
                Order::Intrinsic => first = -first,
            }
        }
        // A sum of products of components.
        let [x, y, z, w] = self.along_axes(quat);
        let half_difference = w.fma(y, -(x * z)) * 2;
        [first, halves.middle_less_right_angle(half_difference), third]
    }
}
