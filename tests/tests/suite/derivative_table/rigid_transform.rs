//! Operations of `RigidTransform`, most of them after `from_exp_coords`, so that all points are transforms.

use super::{Record, Subject, fixed, points};
use rotrace::spatial::{Container, RigidTransform, Rotation};
use rotrace::{Tensor, concat, stack};

/// A transform in general position, for operations of two, as exponential coordinates.
const OTHER: [f64; 6] = [0.4, -0.9, 1.2, 0.5, 2.0, -1.0];
const POINT: [f64; 3] = [0.3, -1.2, 0.8];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "RigidTransform.from_matrix",
        golden: "RigidTransform.from_matrix",
        programs: &[],
        points: points::transforms,
        record: Record::Batch(|x| upper_rows(RigidTransform::from_matrix(whole(x)))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_matrix, assume_valid",
        golden: "RigidTransform.__init__",
        programs: &[],
        points: points::transforms,
        record: Record::Batch(|x| upper_rows(valid(x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.as_matrix",
        golden: "RigidTransform.as_matrix",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).as_matrix().reshape_last(2, [16])),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_rotation",
        golden: "RigidTransform.from_rotation",
        programs: &[],
        points: points::rotvecs,
        record: Record::Batch(|x| upper_rows(RigidTransform::from_rotation(Rotation::from_rotvec(x)))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_translation",
        golden: "RigidTransform.from_translation",
        programs: &[],
        points: points::rotvecs,
        record: Record::Batch(|x| upper_rows(RigidTransform::from_translation(x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_components",
        golden: "RigidTransform.from_components",
        programs: &["components_apply_dot"],
        points: points::exp_coords,
        record: Record::Batch(|x| {
            let rotation = Rotation::from_rotvec(x.slice(-1, ..3));
            upper_rows(RigidTransform::from_components(x.slice(-1, 3..), rotation))
        }),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_exp_coords",
        golden: "RigidTransform.from_exp_coords",
        programs: &["exp_to_matrix", "exp_apply_dot"],
        points: points::exp_coords,
        record: Record::Batch(|x| upper_rows(transform(x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_dual_quat",
        golden: "RigidTransform.from_dual_quat",
        programs: &["dual_to_matrix"],
        points: points::dual_quats,
        record: Record::Batch(|x| upper_rows(RigidTransform::from_dual_quat(x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.as_components",
        golden: "RigidTransform.as_components",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| {
            let (translation, rotation) = transform(x).as_components();
            concat([translation, rotation.as_quat(false)], -1)
        }),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.translation",
        golden: "RigidTransform.translation",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).translation()),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.rotation",
        golden: "RigidTransform.rotation",
        programs: &["trotation_rotvec"],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).rotation().as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.as_exp_coords",
        golden: "RigidTransform.as_exp_coords",
        programs: &["exp_log", "exp_mul_log", "pose_residual"],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).as_exp_coords()),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.as_dual_quat",
        golden: "RigidTransform.as_dual_quat",
        programs: &["exp_to_dual"],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).as_dual_quat()),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.apply",
        golden: "RigidTransform.apply",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).apply(fixed(POINT, x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.apply, inverse",
        golden: "RigidTransform.apply",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| transform(x).apply_inverse(fixed(POINT, x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__mul__",
        golden: "RigidTransform.__mul__",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| upper_rows(transform(x) * transform(fixed(OTHER, x)))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__mul__, with its rotation",
        golden: "RigidTransform.__mul__",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| {
            let rotation = Rotation::from_rotvec(x.slice(-1, ..3));
            upper_rows(rotation * (transform(x) * rotation))
        }),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.inv",
        golden: "RigidTransform.inv",
        programs: &["tinv_matrix"],
        points: points::exp_coords,
        record: Record::Batch(|x| upper_rows(transform(x).inv())),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__pow__, integer",
        golden: "RigidTransform.__pow__",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| upper_rows(transform(x).pow(2))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__pow__, real",
        golden: "RigidTransform.__pow__",
        programs: &["tpow_matrix"],
        points: points::exp_coords,
        record: Record::Batch(|x| upper_rows(transform(x).pow(0.3))),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.__pow__, by the exponent",
        golden: "RigidTransform.__pow__",
        programs: &[],
        points: points::powered_exp_coords,
        record: Record::Alone(|x| {
            let power = transform(x.slice(0, ..6)).pow(x.component(6));
            power.as_matrix().slice(0, ..3).reshape([12])
        }),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.mean",
        golden: "RigidTransform.mean",
        programs: &["tmean_matrix"],
        points: points::exp_coords,
        record: Record::Batch(|x| upper_rows(with_other(x).mean(-1))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.mean, weighted",
        golden: "RigidTransform.mean",
        programs: &[],
        points: points::exp_coords,
        record: Record::Batch(|x| {
            let weight = x.component(4);
            upper_rows(with_other(x).weighted_mean(stack([weight * weight + 0.5, weight + 1], -1), -1))
        }),
        kinks: &[],
    },
];

fn transform(exp_coords: Tensor) -> RigidTransform {
    RigidTransform::from_exp_coords(exp_coords)
}

/// Homogeneous matrices of their upper rows.
fn whole(x: Tensor) -> Tensor {
    let rows = x.reshape_last(1, [3, 4]);
    let size = x.shape().first().copied().unwrap_or(1.into());
    concat([rows, fixed([0.0, 0.0, 0.0, 1.0], x).broadcast_to([size, 1.into(), 4.into()])], 1)
}

fn valid(x: Tensor) -> RigidTransform {
    RigidTransform::from_matrix_assume_valid(whole(x))
}

/// For each row its transform and another.
fn with_other(x: Tensor) -> RigidTransform {
    let first = transform(x).expand_dims(-1);
    let second = transform(fixed(OTHER, x)).broadcast_to(first.shape());
    RigidTransform::from_matrix_assume_valid(concat([first.into_parts(), second.into_parts()], 1))
}

/// The matrix without its constant row, flattened.
pub(super) fn upper_rows(transform: RigidTransform) -> Tensor {
    transform.as_matrix().slice(-2, ..3).reshape_last(2, [12])
}
