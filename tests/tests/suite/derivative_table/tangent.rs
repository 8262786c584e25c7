//! Steps on manifolds, which SciPy has no counterpart of.

use super::rigid_transform::upper_rows;
use super::{Record, Subject, fixed, points};
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Manifold, Side, Tensor};

/// A rotation in general position.
const AT: [f64; 4] = [0.1, -0.7, 0.5, 0.5];
const TRANSLATION: [f64; 3] = [0.5, 2.0, -1.0];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Rotation.retract, of the step",
        golden: "",
        programs: &[],
        points: points::rotvecs,
        record: Record::Batch(|step| at(step).retract(step).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.retract, on the left",
        golden: "",
        programs: &[],
        points: points::rotvecs,
        record: Record::Batch(|step| at(step).retract_on(Side::Left, step).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.local, to a turned one",
        golden: "",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|turn| at(turn).local(at(turn) * Rotation::from_quat(turn))),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.local, on the left",
        golden: "",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|turn| at(turn).local_on(Side::Left, Rotation::from_quat(turn) * at(turn))),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.pushforward, pulled back",
        golden: "",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| {
            let (here, tangent) = (Rotation::from_quat(x), x.slice(-1, 1..));
            here.pullback(Side::Left, here.pushforward(Side::Right, tangent))
        }),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.retract, of the step",
        golden: "",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|step| upper_rows(pose(step).retract(step))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.retract, on the left",
        golden: "",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|step| upper_rows(pose(step).retract_on(Side::Left, step))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.local, to a moved one",
        golden: "",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|step| pose(step).local(pose(step) * RigidTransform::from_exp_coords(step))),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.local, on the left",
        golden: "",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|step| {
            pose(step).local_on(Side::Left, RigidTransform::from_exp_coords(step) * pose(step))
        }),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.pushforward, pulled back",
        golden: "",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| {
            let here = RigidTransform::from_exp_coords(x);
            here.pullback(Side::Left, here.pushforward(Side::Right, x))
        }),
        kinks: &[],
    },
];

fn at(like: Tensor) -> Rotation {
    Rotation::from_quat(fixed(AT, like))
}

fn pose(like: Tensor) -> RigidTransform {
    RigidTransform::from_components(fixed(TRANSLATION, like), at(like))
}
