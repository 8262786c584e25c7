//! `Rotation` and `RigidTransform` on arrays: means, comparison, groups, alignment, reduction, random ones.

use super::rigid_transform::matrix;
use super::{OnArrays, one, quat};
use crate::compare;
use rotrace::eager::Rotation;
use rotrace::spatial::{Alignment, Reduced};
use rotrace::{Array, Error};

pub(super) const OPERATIONS: &[OnArrays] = &[
    ("Rotation.mean", |x| {
        let rotation = x.rotation("self")?;
        quat(match (x.optional("weights"), x.integers("axis")) {
            (None, None) => rotation.mean(()),
            (None, Some(axes)) => rotation.mean(axes),
            (Some(weights), None) => rotation.weighted_mean(weights, ()),
            (Some(weights), Some(axes)) => rotation.weighted_mean(weights, axes),
        })
    }),
    ("RigidTransform.mean", |x| {
        let transform = x.transform("self")?;
        matrix(match (x.optional("weights"), x.integers("axis")) {
            (None, None) => transform.mean(()),
            (None, Some(axes)) => transform.mean(axes),
            (Some(weights), None) => transform.weighted_mean(weights, ()),
            (Some(weights), Some(axes)) => transform.weighted_mean(weights, axes),
        })
    }),
    ("Rotation.approx_equal", |x| {
        let (rotation, other) = (x.rotation("self")?, x.rotation("other")?);
        one(match x.number("atol") {
            Some(tolerance) if x.flag("degrees") => rotation.approx_equal_degrees(other, tolerance),
            tolerance => rotation.approx_equal(other, tolerance),
        })
    }),
    ("Rotation.create_group", |x| {
        let axis = if x.settings.contains_key("axis") { x.text("axis") } else { "Z" };
        quat(Rotation::create_group(x.dtype, x.text("group"), axis))
    }),
    ("Rotation.align_vectors", |x| {
        let (a, b) = (x.array("a"), x.array("b"));
        let Alignment { rotation, rssd, sensitivity } = match x.optional("weights") {
            Some(weights) => Rotation::align_weighted_vectors(a, b, weights)?,
            None => Rotation::align_vectors(a, b)?,
        };
        let mut results = vec![rotation.as_quat(false)?, rssd];
        if x.flag("return_sensitivity") {
            // SciPy refuses to give what is NaN here.
            results.push(known(sensitivity)?);
        }
        Ok(results)
    }),
    ("Rotation.reduce", |x| {
        let side = |name: &str| x.optional(name).map(Rotation::from_quat).transpose();
        let (rotation, left, right) = (x.rotation("self")?, side("left")?, side("right")?);
        let Reduced { rotation: reduced, left, right } = rotation.reduce(left.as_ref(), right.as_ref())?;
        // SciPy gives the indices of a single rotation an axis.
        let index = |index: Array| if rotation.shape().is_empty() { index.reshape(&[1]) } else { Ok(index) };
        let indices = [left, right].into_iter().flatten().map(index);
        std::iter::once(reduced.as_quat(false)).chain(indices).collect()
    }),
    ("Rotation.random", |x| {
        let ((None, sizes) | (sizes, None)) = (x.integers("num"), x.integers("shape")) else {
            return Err(Error::Array("there is one parameter for the shape".into()));
        };
        let shape: Vec<usize> = sizes.unwrap_or_default().iter().map(|&size| size as usize).collect();
        let seed = x.integers("seed").and_then(|seed| seed.first()).copied().unwrap_or(0);
        quat(Rotation::random(x.dtype, seed as u64, &shape))
    }),
];

/// A sensitivity, or none.
fn known(sensitivity: Array) -> Result<Array, Error> {
    let entries = compare::numbers(&sensitivity).unwrap_or_default();
    if entries.iter().all(|entry| entry.is_nan()) {
        return Err(Error::Array("there is no sensitivity".into()));
    }
    Ok(sensitivity)
}
