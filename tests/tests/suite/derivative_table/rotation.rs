//! Operations of `Rotation`.

use super::{Record, Subject, fixed, points};
use rotrace::Tensor;
use rotrace::spatial::Rotation;

/// A rotation in general position, for operations of two.
const OTHER: [f64; 4] = [0.1, -0.7, 0.5, 0.5];
const VECTOR: [f64; 3] = [0.3, -1.2, 0.8];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Rotation.from_quat",
        golden: "Rotation.from_quat",
        programs: &["quat_to_quat"],
        points: points::quats,
        record: Record::Batch(|x| Rotation::from_quat(x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_quat, of unit length",
        golden: "Rotation.__init__",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| Rotation::from_unit_quat(x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_rotvec",
        golden: "Rotation.from_rotvec",
        programs: &["rotvec_to_quat", "rotvec_to_matrix"],
        points: points::rotvecs,
        record: Record::Batch(|x| Rotation::from_rotvec(x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_rotvec, degrees",
        golden: "Rotation.from_rotvec",
        programs: &[],
        points: points::rotvecs,
        record: Record::Batch(|x| Rotation::from_rotvec_degrees(x).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_matrix",
        golden: "Rotation.from_matrix",
        programs: &["matrix_to_quat", "matrix_to_matrix", "matrix_roundtrip_rotvec"],
        points: points::matrices,
        record: Record::Batch(|x| Rotation::from_matrix(matrix(x)).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_matrix, scaled",
        golden: "Rotation.from_matrix",
        programs: &[],
        points: points::distorted_matrices,
        record: Record::Batch(|x| Rotation::from_matrix(matrix(x)).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.from_matrix, assume_valid",
        golden: "Rotation.from_matrix",
        programs: &[],
        points: points::matrices,
        record: Record::Batch(|x| Rotation::from_matrix_assume_valid(matrix(x)).as_quat(false)),
        // Two columns of the formula tie, and differ off the rotations.
        kinks: &["gimbal lock"],
    },
    Subject {
        name: "Rotation.as_quat, canonical",
        golden: "Rotation.as_quat",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).as_quat(true)),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.as_matrix",
        golden: "Rotation.as_matrix",
        programs: &["quat_to_matrix"],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).as_matrix().reshape_last(2, [9])),
        kinks: &[],
    },
    Subject {
        name: "Rotation.as_rotvec",
        golden: "Rotation.as_rotvec",
        programs: &["quat_to_rotvec", "rotvec_roundtrip", "inv_mul_rotvec", "mul_rotvec"],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).as_rotvec()),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.as_rotvec, degrees",
        golden: "Rotation.as_rotvec",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).as_rotvec_degrees()),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.apply",
        golden: "Rotation.apply",
        programs: &["quat_apply_dot", "rotvec_apply_dot"],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).apply(fixed(VECTOR, x))),
        kinks: &[],
    },
    Subject {
        name: "Rotation.apply, inverse",
        golden: "Rotation.apply",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).apply_inverse(fixed(VECTOR, x))),
        kinks: &[],
    },
    Subject {
        name: "Rotation.apply, to its own axis",
        golden: "Rotation.apply",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).apply(x.slice(-1, ..3))),
        kinks: &[],
    },
    Subject {
        name: "Rotation.__mul__",
        golden: "Rotation.__mul__",
        programs: &["mul_quat"],
        points: points::quats,
        record: Record::Batch(|x| (rotation(x) * rotation(fixed(OTHER, x))).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.__mul__, by itself",
        golden: "Rotation.__mul__",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| (rotation(x) * rotation(x)).as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.inv",
        golden: "Rotation.inv",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).inv().as_quat(false)),
        kinks: &[],
    },
    Subject {
        name: "Rotation.magnitude",
        golden: "Rotation.magnitude",
        programs: &["quat_magnitude", "relative_angle"],
        points: points::quats,
        record: Record::Batch(|x| rotation(x).magnitude()),
        kinks: &["identity", "1e-12", "1e-30", "half turn"],
    },
];

fn rotation(quat: Tensor) -> Rotation {
    Rotation::from_quat(quat)
}

/// Rows of nine numbers as matrices.
fn matrix(rows: Tensor) -> Tensor {
    rows.reshape_last(1, [3, 3])
}
