//! Means, powers, symmetries, interpolation.

use super::{Subject, fixed, points};
use rotrace::spatial::{Rotation, Slerp};
use rotrace::{Tensor, stack};

/// Rotations in general position.
const OTHERS: [[f64; 4]; 2] = [[0.1, -0.7, 0.5, 0.5], [0.3, 0.2, -0.6, 0.4]];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Rotation.mean, with two others",
        golden: "Rotation.mean",
        programs: &["mean_rotvec", "mean_axis_matrix"],
        points: points::quats,
        record: |x| flat(with_others(x, &OTHERS).mean(0)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.mean, of equal ones",
        golden: "Rotation.mean",
        programs: &[],
        points: points::quats,
        record: |x| flat(Rotation::from_quat(stack([x, x, x], 0)).mean(0)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.__pow__, integer",
        golden: "Rotation.__pow__",
        programs: &[],
        points: points::quats,
        record: |x| flat(Rotation::from_quat(x).pow(3)),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.__pow__, real",
        golden: "Rotation.__pow__",
        programs: &["pow_rotvec"],
        points: points::quats,
        record: |x| flat(Rotation::from_quat(x).pow(0.3)),
        kinks: &["half turn"],
    },
    Subject {
        name: "Slerp.__call__, by a knot",
        golden: "Slerp.__call__",
        programs: &["slerp_rotvec", "slerp_apply_dot"],
        points: points::quats,
        record: |x| flat(between(x, &OTHERS[..1])),
        kinks: &[],
    },
    Subject {
        name: "Slerp.__call__, between equal knots",
        golden: "Slerp.__call__",
        programs: &[],
        points: points::quats,
        record: |x| {
            let knots = Rotation::from_quat(stack([x, x], -2));
            flat(Slerp::new(times(x), knots).at(times(x).component(0) + 0.3))
        },
        kinks: &[],
    },
];

/// The rotations of quaternions and others, along a first axis.
fn with_others(x: Tensor, others: &[[f64; 4]]) -> Rotation {
    let others = others.iter().map(|&quat| fixed(quat, x) + x.full_like(0));
    Rotation::from_quat(stack(std::iter::once(x).chain(others).collect::<Vec<_>>(), 0))
}

/// The rotation at 0.3 of curves from `x` to another.
fn between(x: Tensor, others: &[[f64; 4]]) -> Rotation {
    let quats: Vec<Tensor> =
        std::iter::once(x).chain(others.iter().map(|&quat| fixed(quat, x) + x.full_like(0))).collect();
    Slerp::new(times(x), Rotation::from_quat(stack(quats, -2))).at(times(x).component(0) + 0.3)
}

/// Knots at 0 and 1 for each row.
fn times(x: Tensor) -> Tensor {
    let row = x.component(0);
    stack([row.full_like(0), row.full_like(1)], -1)
}

fn flat(rotation: Rotation) -> Tensor {
    rotation.as_matrix().reshape_last(2, [9])
}
