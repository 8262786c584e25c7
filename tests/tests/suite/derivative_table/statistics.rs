//! Means, powers, symmetries.

use super::{Record, Subject, fixed, points};
use rotrace::spatial::Rotation;
use rotrace::{DType, Tensor, stack};

/// Rotations in general position.
const OTHERS: [[f64; 4]; 2] = [[0.1, -0.7, 0.5, 0.5], [0.3, 0.2, -0.6, 0.4]];
const IDENTITY: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Rotation.mean, with two others",
        golden: "Rotation.mean",
        programs: &["mean_rotvec", "mean_axis_matrix"],
        points: points::quats,
        record: Record::Batch(|x| flat(with_others(x, &OTHERS).mean(0))),
        kinks: &[],
    },
    Subject {
        name: "Rotation.mean, of equal ones",
        golden: "Rotation.mean",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| flat(Rotation::from_quat(stack([x, x, x], 0)).mean(0))),
        kinks: &[],
    },
    Subject {
        name: "Rotation.__pow__, integer",
        golden: "Rotation.__pow__",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| flat(Rotation::from_quat(x).pow(3))),
        kinks: &[],
    },
    Subject {
        name: "Rotation.__pow__, real",
        golden: "Rotation.__pow__",
        programs: &["pow_rotvec"],
        points: points::quats,
        record: Record::Batch(|x| flat(Rotation::from_quat(x).pow(0.3))),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.__pow__, by the exponent",
        golden: "Rotation.__pow__",
        programs: &[],
        points: points::powered_quats,
        // One exponent for all of a batch, so the rows come one by one.
        record: Record::Alone(|x| Rotation::from_quat(x.slice(0, ..4)).pow(x.component(4)).as_matrix().reshape([9])),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.mean, with the identity",
        golden: "Rotation.mean",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| flat(with_others(x, &[IDENTITY]).mean(0))),
        // Two rotations are means.
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.mean, weighted",
        golden: "Rotation.mean",
        programs: &[],
        points: points::weighted_quats,
        record: Record::Batch(|x| {
            let weight = x.component(4);
            let weights = stack([weight, weight * 0.5 + 0.5, weight + 1], 0);
            flat(with_others(x.slice(-1, ..4), &OTHERS).weighted_mean(weights, 0))
        }),
        // Beyond, a weight is negative.
        kinks: &["zero weight", "all zero"],
    },
    Subject {
        name: "Rotation.reduce, on the left",
        golden: "Rotation.reduce",
        programs: &["reduce_rotvec"],
        points: points::quats,
        record: Record::Batch(|x| {
            let group = Rotation::create_group(x.dtype().unwrap_or(DType::F64), "O", "Z");
            flat(Rotation::from_quat(x).reduce(Some(group), None).rotation)
        }),
        kinks: &[],
    },
    Subject {
        name: "Rotation.reduce, on both sides",
        golden: "Rotation.reduce",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| {
            let group = |name: &str, axis: &str| Rotation::create_group(x.dtype().unwrap_or(DType::F64), name, axis);
            flat(Rotation::from_quat(x).reduce(Some(group("C2", "Y")), Some(group("C3", "Z"))).rotation)
        }),
        // A quarter turn about y is as far from the identity as from a half turn.
        kinks: &["gimbal lock"],
    },
];

/// The rotations of quaternions and others, along a first axis.
fn with_others(x: Tensor, others: &[[f64; 4]]) -> Rotation {
    let others = others.iter().map(|&quat| fixed(quat, x) + x.full_like(0));
    Rotation::from_quat(stack(std::iter::once(x).chain(others).collect::<Vec<_>>(), 0))
}

fn flat(rotation: Rotation) -> Tensor {
    rotation.as_matrix().reshape_last(2, [9])
}
