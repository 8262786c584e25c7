//! Rotations and transforms as containers: what moves elements, each time along an axis beside that of the points.

use super::rigid_transform::upper_rows;
use super::{Record, Subject, fixed, points};
use rotrace::spatial::{Container, RigidTransform, Rotation};
use rotrace::{Tensor, stack};

const OTHER: [f64; 4] = [0.1, -0.7, 0.5, 0.5];

pub(super) const SUBJECTS: &[Subject] = &[
    rotations("Rotation.__getitem__", |x| flat(pair(x).take(&[1, 0, 1], -1).index(-1, 0))),
    rotations("Rotation.__setitem__", |x| flat(pair(x).set(&[0], -1, pair(x).flip(-1).slice(-1, ..1)).index(-1, 0))),
    rotations("Rotation.__iter__", |x| flat(pair(x).unstack(-1)[1])),
    Subject {
        name: "Rotation.concatenate",
        golden: "Rotation.concatenate",
        programs: &[],
        points: points::quats,
        record: Record::Alone(|x| {
            let both = Rotation::concatenate([Rotation::from_quat(x), Rotation::from_quat(fixed(OTHER, x))]);
            both.as_quat(false).reshape([8])
        }),
        kinks: &[],
    },
    transforms("RigidTransform.__getitem__", |x| upper_rows(poses(x).take(&[1, 0, 1], -1).index(-1, 0))),
    transforms("RigidTransform.__setitem__", |x| {
        upper_rows(poses(x).set(&[0], -1, poses(x).flip(-1).slice(-1, ..1)).index(-1, 0))
    }),
    transforms("RigidTransform.__iter__", |x| upper_rows(poses(x).unstack(-1)[1])),
    Subject {
        name: "RigidTransform.concatenate",
        golden: "RigidTransform.concatenate",
        programs: &[],
        points: points::exp_coords,
        record: Record::Alone(|x| {
            let one = RigidTransform::from_exp_coords(x);
            RigidTransform::concatenate([one, one.inv()]).as_matrix().reshape([32])
        }),
        kinks: &[],
    },
];

const fn rotations(name: &'static str, record: fn(Tensor) -> Tensor) -> Subject {
    Subject { name, golden: name, programs: &[], points: points::quats, record: Record::Batch(record), kinks: &[] }
}

const fn transforms(name: &'static str, record: fn(Tensor) -> Tensor) -> Subject {
    Subject { name, golden: name, programs: &[], points: points::exp_coords, record: Record::Batch(record), kinks: &[] }
}

/// For each row another rotation, then the row's.
fn pair(x: Tensor) -> Rotation {
    Rotation::from_quat(stack([fixed(OTHER, x), x], -2))
}

/// For each row a transform and its inverse.
fn poses(x: Tensor) -> RigidTransform {
    let one = RigidTransform::from_exp_coords(x);
    RigidTransform::from_matrix_assume_valid(stack([one, one.inv()].map(RigidTransform::into_parts), -3))
}

fn flat(rotation: Rotation) -> Tensor {
    rotation.as_quat(false)
}
