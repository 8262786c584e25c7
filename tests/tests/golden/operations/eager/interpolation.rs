//! `Slerp` and `RotationSpline` on arrays.

use super::{Call, OnArrays, Setting, one, quat};
use rotrace::eager::{RotationSpline, Slerp};
use rotrace::{Array, Error};

pub(super) const OPERATIONS: &[OnArrays] = &[
    ("Slerp.__call__", |x| {
        let curve = Slerp::new(x.array("times"), x.rotation("rotations")?)?;
        quat(curve.at(wanted_times(x)?))
    }),
    ("Slerp.attributes", |x| {
        let curve = Slerp::new(x.array("times"), x.rotation("rotations")?)?;
        let rotations = curve.rotations().as_quat(false)?;
        Ok(vec![curve.times().clone(), curve.timedelta().clone(), rotations, curve.rotvecs().clone()])
    }),
    ("RotationSpline.__call__", |x| {
        let curve = RotationSpline::new(x.array("times"), x.rotation("rotations")?)?;
        match (wanted_times(x)?, x.settings.get("order")) {
            (at, None) => quat(curve.at(at)),
            (at, Some(Setting::Integers(order))) if order == &[0] => quat(curve.at(at)),
            (at, Some(Setting::Integers(order))) if order == &[1] => one(curve.angular_rate_at(at)),
            (at, Some(Setting::Integers(order))) if order == &[2] => one(curve.angular_acceleration_at(at)),
            (_, Some(_)) => Err(Error::Array("there are no methods for other orders".into())),
        }
    }),
];

/// SciPy refuses times with more than one axis; here they may have any number.
fn wanted_times(x: &Call) -> Result<&Array, Error> {
    let times = x.array("at");
    if times.shape().len() <= 1 { Ok(times) } else { Err(Error::Array("times with two axes or more".into())) }
}
