//! `Rotation`: representations, and the group.

use super::{Inputs, Kind, MATRIX, Operation, VECTOR, cores, numbers, quats};
use rotrace::Tensor;
use rotrace::spatial::Rotation;

/// Indices that bring the scalar to the end, and to the front.
const TO_LAST: [i64; 4] = [1, 2, 3, 0];
const TO_FIRST: [i64; 4] = [3, 0, 1, 2];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Rotation.from_quat",
        arguments: &[numbers("quat")],
        settings: &[("scalar_first", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let quat = x.numbers("quat");
            result(Rotation::from_quat(if x.flag("scalar_first") { quat.take(&TO_LAST, -1) } else { quat }))
        },
    },
    Operation {
        name: "Rotation.__init__",
        arguments: &[numbers("quat")],
        settings: &[("normalize", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let quat = x.numbers("quat");
            let unit = x.is_off("normalize");
            result(if unit { Rotation::from_unit_quat(quat) } else { Rotation::from_quat(quat) })
        },
    },
    Operation {
        name: "Rotation.from_matrix",
        arguments: &[numbers("matrix")],
        settings: &[("assume_valid", Kind::Flag)],
        cores: cores(&[MATRIX], &[VECTOR]),
        record: |x| {
            let matrix = x.numbers("matrix");
            let valid = x.flag("assume_valid");
            result(if valid { Rotation::from_matrix_assume_valid(matrix) } else { Rotation::from_matrix(matrix) })
        },
    },
    Operation {
        name: "Rotation.from_rotvec",
        arguments: &[numbers("rotvec")],
        settings: &[("degrees", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let rotvec = x.numbers("rotvec");
            let degrees = x.flag("degrees");
            result(if degrees { Rotation::from_rotvec_degrees(rotvec) } else { Rotation::from_rotvec(rotvec) })
        },
    },
    Operation {
        name: "Rotation.as_quat",
        arguments: &[quats("self")],
        settings: &[("canonical", Kind::Flag), ("scalar_first", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let quat = x.rotation("self").as_quat(x.flag("canonical"));
            vec![if x.flag("scalar_first") { quat.take(&TO_FIRST, -1) } else { quat }]
        },
    },
    Operation {
        name: "Rotation.as_matrix",
        arguments: &[quats("self")],
        settings: &[],
        cores: cores(&[VECTOR], &[MATRIX]),
        record: |x| vec![x.rotation("self").as_matrix()],
    },
    Operation {
        name: "Rotation.as_rotvec",
        arguments: &[quats("self")],
        settings: &[("degrees", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let rotation = x.rotation("self");
            vec![if x.flag("degrees") { rotation.as_rotvec_degrees() } else { rotation.as_rotvec() }]
        },
    },
    Operation {
        name: "Rotation.apply",
        arguments: &[quats("self"), numbers("vectors")],
        settings: &[("inverse", Kind::Flag)],
        cores: cores(&[VECTOR, VECTOR], &[VECTOR]),
        record: |x| {
            let (rotation, vectors) = (x.rotation("self"), x.numbers("vectors"));
            vec![if x.flag("inverse") { rotation.apply_inverse(vectors) } else { rotation.apply(vectors) }]
        },
    },
    Operation {
        name: "Rotation.__mul__",
        arguments: &[quats("self"), quats("other")],
        settings: &[],
        cores: cores(&[VECTOR, VECTOR], &[VECTOR]),
        record: |x| result(x.rotation("self") * x.rotation("other")),
    },
    Operation {
        name: "Rotation.inv",
        arguments: &[quats("self")],
        settings: &[],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| result(x.rotation("self").inv()),
    },
    Operation {
        name: "Rotation.magnitude",
        arguments: &[quats("self")],
        settings: &[],
        cores: cores(&[VECTOR], &[0]),
        record: |x: &Inputs<'_>| vec![x.rotation("self").magnitude()],
    },
];

fn result(rotation: Rotation) -> Vec<Tensor> {
    vec![rotation.as_quat(false)]
}
