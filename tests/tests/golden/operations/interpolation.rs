//! `Slerp` and `RotationSpline`.

use super::{Inputs, Kind, Operation, numbers, quats};
use rotrace::Tensor;
use rotrace::spatial::{RotationSpline, Slerp};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Slerp.__call__",
        arguments: &[numbers("times"), quats("rotations"), numbers("at")],
        settings: &[],
        cores: None,
        record: |x| match wanted_times(x) {
            Some(at) => vec![slerp(x).at(at).as_quat(false)],
            None => Vec::new(),
        },
    },
    Operation {
        name: "Slerp.attributes",
        arguments: &[numbers("times"), quats("rotations")],
        settings: &[],
        cores: None,
        record: |x| {
            let slerp = slerp(x);
            vec![*slerp.times(), *slerp.timedelta(), slerp.rotations().as_quat(false), *slerp.rotvecs()]
        },
    },
    Operation {
        name: "RotationSpline.__call__",
        arguments: &[numbers("times"), quats("rotations"), numbers("at")],
        settings: &[("order", Kind::Integers)],
        cores: None,
        record: |x| {
            let spline = RotationSpline::new(x.numbers("times"), x.rotation("rotations"));
            match (wanted_times(x), x.integers("order")) {
                (Some(at), None | Some([0])) => vec![spline.at(at).as_quat(false)],
                (Some(at), Some([1])) => vec![spline.angular_rate_at(at)],
                (Some(at), Some([2])) => vec![spline.angular_acceleration_at(at)],
                // There are no methods for other orders.
                (Some(_), Some(_)) | (None, _) => Vec::new(),
            }
        },
    },
];

fn slerp(x: &Inputs<'_>) -> Slerp {
    Slerp::new(x.numbers("times"), x.rotation("rotations"))
}

/// SciPy refuses times with more than one axis; here they may have any number.
fn wanted_times(x: &Inputs<'_>) -> Option<Tensor> {
    Some(x.numbers("at")).filter(|at| at.ndim() <= 1)
}
