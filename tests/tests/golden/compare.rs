//! Comparing results with the expected ones.
//!
//! A result is right if it is within the case's own tolerance, never a wider one. Comparing is done in `f64`, which
//! holds every `f32` exactly.

use crate::format::{Comparison, Leaf};
use crate::motions::{Axes, angle, of_coordinates, of_vector};
use rotrace::{Array, DType};

/// The elements as `f64`.
pub fn numbers(array: &Array) -> Result<Vec<f64>, String> {
    let numbers = match array.dtype() {
        DType::F64 => array.to_vec::<f64>(),
        DType::F32 => array.as_slice::<f32>().map(|data| data.iter().map(|&value| f64::from(value)).collect()),
        DType::I64 => array.as_slice::<i64>().map(|data| data.iter().map(|&value| value as f64).collect()),
        DType::Bool => array.as_slice::<bool>().map(|data| data.iter().map(|&value| f64::from(value)).collect()),
        other => return Err(format!("a result of type {other}")),
    };
    numbers.map_err(|error| error.to_string())
}

/// The bits of the elements, of which two arrays agree if each pair is equal; all NaNs count as one.
pub fn bits(array: &Array) -> Result<Vec<u64>, String> {
    let same = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    Ok(numbers(array)?.into_iter().map(same).collect())
}

/// What has to be known about results to tell which motions they are.
#[derive(Clone, Debug, Default)]
pub struct Conventions {
    /// Whether angles, and rotation vectors, are in degrees.
    pub degrees: bool,
    /// The axes about which angles turn.
    pub axes: Option<Axes>,
}

/// Compares a result with a leaf.
///
/// # Errors
/// What differs: the shape or type, or an element with both values, the difference and the tolerance.
pub fn check(leaf: &Leaf, got: &Array, conventions: &Conventions) -> Result<(), String> {
    let Some(expected) = leaf.value.as_ref().map(|value| &value.0) else {
        return Err("got a result where none is expected".into());
    };
    if got.dtype() != expected.dtype() || got.shape() != expected.shape() {
        let (got, expected) = ((got.dtype(), got.shape()), (expected.dtype(), expected.shape()));
        return Err(format!("got {}{:?}, expected {}{:?}", got.0, got.1, expected.0, expected.1));
    }
    let last = expected.shape().last().copied().unwrap_or(1).max(1);
    let (got, expected) = (numbers(got)?, numbers(expected)?);
    if leaf.cmp == Comparison::Skip {
        return Ok(());
    }
    for (index, (got, expected)) in got.chunks(last).zip(expected.chunks(last)).enumerate() {
        check_row(leaf, got, expected, conventions).map_err(|difference| format!("row {index}: {difference}"))?;
    }
    Ok(())
}

fn check_row(leaf: &Leaf, got: &[f64], expected: &[f64], conventions: &Conventions) -> Result<(), String> {
    let degrees = conventions.degrees;
    match leaf.cmp {
        Comparison::Close | Comparison::Skip => close(leaf, got, expected),
        Comparison::Exact => close(&Leaf { rtol: 0.0, atol: 0.0, rowwise: false, value: None, ..*leaf }, got, expected),
        Comparison::QuatAnySign => {
            let negated: Vec<f64> = got.iter().map(|value| -value).collect();
            close(leaf, got, expected).or_else(|difference| close(leaf, &negated, expected).map_err(|_| difference))
        }
        Comparison::CloseMod => {
            let period = leaf.period.ok_or("no period to compare modulo")?;
            let wrapped: Vec<f64> = got
                .iter()
                .zip(expected)
                .map(|(&got, &expected)| got - period * ((got - expected) / period).round())
                .collect();
            close(leaf, &wrapped, expected)
        }
        Comparison::RotvecEquiv => close(leaf, &of_vector(got, degrees)?, &of_vector(expected, degrees)?),
        Comparison::MagnitudeEquiv => close(leaf, &[angle(got)?], &[angle(expected)?]),
        Comparison::ExpEquiv => close(leaf, &of_coordinates(got)?, &of_coordinates(expected)?),
        Comparison::EulerEquiv | Comparison::DavenportEquiv => {
            let axes = conventions.axes.as_ref().ok_or("no axes to compare angles about")?;
            close(leaf, &axes.matrix(got, degrees)?, &axes.matrix(expected, degrees)?)
        }
        Comparison::AlignSingle => Err(format!("the comparison {:?} is not known here", leaf.cmp)),
    }
}

fn close(leaf: &Leaf, got: &[f64], expected: &[f64]) -> Result<(), String> {
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (place, (&got_value, &wanted)) in got.iter().zip(expected).enumerate() {
        let scale = if leaf.rowwise { largest } else { wanted.abs() };
        let tolerance = leaf.atol + leaf.rtol * scale;
        let difference = (got_value - wanted).abs();
        let right = if wanted.is_finite() {
            difference <= tolerance
        } else {
            got_value == wanted || (got_value.is_nan() && wanted.is_nan())
        };
        if !right {
            return Err(format!(
                "got {got:?}, expected {expected:?}: element {place} differs by {difference:e}, more than {tolerance:e}"
            ));
        }
    }
    Ok(())
}

/// Compares a rotation that aligns one pair: it turns the vector as the expected one does, by the same angle.
///
/// # Errors
/// As [`check`].
pub fn check_aligned(leaf: &Leaf, got: &Array, vector: &Array) -> Result<(), String> {
    let Some(expected) = leaf.value.as_ref().map(|value| &value.0) else {
        return Err("got a result where none is expected".into());
    };
    if got.dtype() != expected.dtype() || got.shape() != expected.shape() {
        return Err(format!("got {:?}, expected {:?}", got.shape(), expected.shape()));
    }
    let (got, expected, vector) = (numbers(got)?, numbers(expected)?, numbers(vector)?);
    close(leaf, &[angle(&got)?], &[angle(&expected)?])?;
    close(leaf, &turned(&got, &vector)?, &turned(&expected, &vector)?)
}

/// The direction of a vector, turned by a unit quaternion.
fn turned(quat: &[f64], vector: &[f64]) -> Result<[f64; 3], String> {
    let ([x, y, z, w], [a, b, c]) = (quat, vector) else { return Err("not one rotation of one vector".into()) };
    let length = (a * a + b * b + c * c).sqrt();
    let [a, b, c] = [a / length, b / length, c / length];
    // v + 2 u x (u x v + w v)
    let cross =
        |p: [f64; 3], q: [f64; 3]| [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    let [d, e, f] = cross([*x, *y, *z], [a, b, c]);
    let [d, e, f] = cross([*x, *y, *z], [d + w * a, e + w * b, f + w * c]);
    Ok([a + 2.0 * d, b + 2.0 * e, c + 2.0 * f])
}
