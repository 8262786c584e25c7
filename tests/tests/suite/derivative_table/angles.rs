//! Angles and parameters of rotations.

use super::{Record, Subject, fixed, points};
use rotrace::spatial::{Container, Order, Rotation};
use rotrace::{Tensor, stack};

/// Orthogonal axes in general position, and a third that is orthogonal to the second alone.
const AXES: [f64; 9] = [0.6, 0.0, 0.8, 0.0, 1.0, 0.0, -0.28, 0.0, 0.96];
const OTHER: [f64; 4] = [0.1, -0.7, 0.5, 0.5];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Rotation.from_euler, xyz",
        golden: "Rotation.from_euler",
        programs: &["euler_to_quat", "euler_to_matrix"],
        points: points::angles,
        record: Record::Batch(|x| Rotation::from_euler("xyz", x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_euler, ZXZ",
        golden: "Rotation.from_euler",
        programs: &[],
        points: points::angles,
        record: Record::Batch(|x| Rotation::from_euler("ZXZ", x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_euler, z",
        golden: "Rotation.from_euler",
        programs: &[],
        points: points::angles,
        record: Record::Batch(|x| Rotation::from_euler("z", x.slice(-1, ..1)).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.as_euler, xyz",
        golden: "Rotation.as_euler",
        programs: &["quat_to_euler", "rotvec_to_euler", "euler_convert"],
        points: points::quats,
        record: Record::Batch(|x| Rotation::from_quat(x).as_euler("xyz")),
        kinks: &["gimbal lock"],
    },
    Subject {
        name: "Rotation.as_euler, ZXZ",
        golden: "Rotation.as_euler",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| Rotation::from_quat(x).as_euler("ZXZ")),
        // Locked where the middle angle is 0: at the identity.
        kinks: &["identity", "1e-12", "1e-30"],
    },
    Subject {
        name: "Rotation.from_davenport",
        golden: "Rotation.from_davenport",
        programs: &["davenport_to_quat"],
        points: points::angles,
        record: Record::Batch(|x| Rotation::from_davenport(axes(x), Order::Extrinsic, x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_davenport, by the axes",
        golden: "Rotation.from_davenport",
        programs: &[],
        points: points::frames,
        record: Record::Batch(|x| {
            let angles = fixed([0.4, -0.9, 2.1], x);
            Rotation::from_davenport(right_angled(x), Order::Intrinsic, angles).as_quat(false)
        }),
        kinks: &[],
    },
    Subject {
        name: "Rotation.as_davenport",
        golden: "Rotation.as_davenport",
        programs: &["quat_to_davenport"],
        points: points::quats,
        record: Record::Batch(|x| Rotation::from_quat(x).as_davenport(axes(x), Order::Intrinsic)),
        // The first angle wraps round from pi to -pi there.
        kinks: &["gimbal lock"],
    },
    Subject {
        name: "Rotation.as_davenport, by the axes",
        golden: "Rotation.as_davenport",
        programs: &[],
        points: points::frames,
        record: Record::Batch(|x| Rotation::from_quat(fixed(OTHER, x)).as_davenport(right_angled(x), Order::Extrinsic)),
        // The range of the second angle jumps.
        kinks: &["parallel axes"],
    },
    Subject {
        name: "Rotation.from_mrp",
        golden: "Rotation.from_mrp",
        programs: &["mrp_to_quat", "mrp_roundtrip"],
        points: points::parameters,
        record: Record::Batch(|x| Rotation::from_mrp(x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.as_mrp",
        golden: "Rotation.as_mrp",
        programs: &["quat_to_mrp"],
        points: points::quats,
        record: Record::Batch(|x| Rotation::from_quat(x).as_mrp()),
        kinks: &["half turn"],
    },
];

/// Axes of which neighbours are at right angles, of rows of a rotation vector and an angle: its coordinate axes, the third
/// one turned about the second.
fn right_angled(x: Tensor) -> Tensor {
    let angle = x.component(3);
    let third = stack([angle.sin(), angle.zeros_like(), angle.cos()], -1);
    let axes = stack([fixed([1.0, 0.0, 0.0], x), fixed([0.0, 1.0, 0.0], x), third], -2);
    Rotation::from_rotvec(x.slice(-1, ..3)).expand_dims(-1).apply(axes)
}

fn axes(like: Tensor) -> Tensor {
    fixed(AXES, like).reshape([3, 3])
}
