//! Operations of `RigidTransform`, most of them after `from_exp_coords`, so that all points are transforms.

use super::{Subject, fixed, points};
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Tensor, concat};

/// A transform in general position, for operations of two, as exponential coordinates.
const OTHER: [f64; 6] = [0.4, -0.9, 1.2, 0.5, 2.0, -1.0];
const POINT: [f64; 3] = [0.3, -1.2, 0.8];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "RigidTransform.from_matrix",
        golden: "RigidTransform.from_matrix",
        programs: &[],
        points: points::transforms,
        record: |x| {
            let rows = x.reshape_last(1, [3, 4]);
            let size = x.shape().first().copied().unwrap_or(1.into());
            let last = fixed([0.0, 0.0, 0.0, 1.0], x).broadcast_to([size, 1.into(), 4.into()]);
            upper_rows(RigidTransform::from_matrix(concat([rows, last], 1)))
        },
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_components",
        golden: "RigidTransform.from_components",
        programs: &["components_apply_dot"],
        points: points::exp_coords,
        record: |x| {
            let rotation = Rotation::from_rotvec(x.slice(-1, ..3));
            upper_rows(RigidTransform::from_components(x.slice(-1, 3..), rotation))
        },
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_exp_coords",
        golden: "RigidTransform.from_exp_coords",
        programs: &["exp_to_matrix", "exp_apply_dot"],
        points: points::exp_coords,
        record: |x| upper_rows(transform(x)),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.from_dual_quat",
        golden: "RigidTransform.from_dual_quat",
        programs: &["dual_to_matrix"],
        points: points::dual_quats,
        record: |x| upper_rows(RigidTransform::from_dual_quat(x)),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.rotation",
        golden: "RigidTransform.rotation",
        programs: &["trotation_rotvec"],
        points: points::exp_coords,
        record: |x| transform(x).rotation().as_quat(false),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.as_exp_coords",
        golden: "RigidTransform.as_exp_coords",
        programs: &["exp_log", "exp_mul_log", "pose_residual"],
        points: points::exp_coords,
        record: |x| transform(x).as_exp_coords(),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.as_dual_quat",
        golden: "RigidTransform.as_dual_quat",
        programs: &["exp_to_dual"],
        points: points::exp_coords,
        record: |x| transform(x).as_dual_quat(),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.apply",
        golden: "RigidTransform.apply",
        programs: &[],
        points: points::exp_coords,
        record: |x| transform(x).apply(fixed(POINT, x)),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.apply, inverse",
        golden: "RigidTransform.apply",
        programs: &[],
        points: points::exp_coords,
        record: |x| transform(x).apply_inverse(fixed(POINT, x)),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__mul__",
        golden: "RigidTransform.__mul__",
        programs: &[],
        points: points::exp_coords,
        record: |x| upper_rows(transform(x) * transform(fixed(OTHER, x))),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.inv",
        golden: "RigidTransform.inv",
        programs: &["tinv_matrix"],
        points: points::exp_coords,
        record: |x| upper_rows(transform(x).inv()),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__pow__, integer",
        golden: "RigidTransform.__pow__",
        programs: &[],
        points: points::exp_coords,
        record: |x| upper_rows(transform(x).pow(2)),
        kinks: &[],
    },
    Subject {
        name: "RigidTransform.__pow__, real",
        golden: "RigidTransform.__pow__",
        programs: &["tpow_matrix"],
        points: points::exp_coords,
        record: |x| upper_rows(transform(x).pow(0.3)),
        kinks: &["half turn"],
    },
    Subject {
        name: "RigidTransform.mean",
        golden: "RigidTransform.mean",
        programs: &["tmean_matrix"],
        points: points::exp_coords,
        record: |x| {
            let first = transform(x).expand_dims(-1);
            let second = transform(fixed(OTHER, x)).broadcast_to(first.shape());
            let both = concat([first.into_parts(), second.into_parts()], 1);
            upper_rows(RigidTransform::from_matrix_assume_valid(both).mean(-1))
        },
        kinks: &[],
    },
];

fn transform(exp_coords: Tensor) -> RigidTransform {
    RigidTransform::from_exp_coords(exp_coords)
}

/// The matrix without its constant row, flattened.
pub(super) fn upper_rows(transform: RigidTransform) -> Tensor {
    transform.as_matrix().slice(-2, ..3).reshape_last(2, [12])
}
