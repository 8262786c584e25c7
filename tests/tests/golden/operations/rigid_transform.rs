//! `RigidTransform`: representations, and the group.

use super::{Argument, Form, Kind, MATRIX, Operation, VECTOR, cores, numbers, quats, transforms};
use rotrace::Tensor;
use rotrace::spatial::RigidTransform;

/// Indices that bring the scalars of a dual quaternion to the ends of its parts, and to the fronts.
const TO_LAST: [i64; 8] = [1, 2, 3, 0, 5, 6, 7, 4];
const TO_FIRST: [i64; 8] = [3, 0, 1, 2, 7, 4, 5, 6];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "RigidTransform.from_matrix",
        arguments: &[numbers("matrix")],
        settings: &[],
        cores: cores(&[MATRIX], &[MATRIX]),
        record: |x| result(RigidTransform::from_matrix(x.numbers("matrix"))),
    },
    Operation {
        name: "RigidTransform.__init__",
        arguments: &[numbers("matrix")],
        settings: &[("normalize", Kind::Flag)],
        cores: cores(&[MATRIX], &[MATRIX]),
        record: |x| {
            let matrix = x.numbers("matrix");
            let valid = x.is_off("normalize");
            result(if valid {
                RigidTransform::from_matrix_assume_valid(matrix)
            } else {
                RigidTransform::from_matrix(matrix)
            })
        },
    },
    Operation {
        name: "RigidTransform.from_rotation",
        arguments: &[quats("rotation")],
        settings: &[],
        cores: cores(&[VECTOR], &[MATRIX]),
        record: |x| result(RigidTransform::from_rotation(x.rotation("rotation"))),
    },
    Operation {
        name: "RigidTransform.from_translation",
        arguments: &[numbers("translation")],
        settings: &[],
        cores: cores(&[VECTOR], &[MATRIX]),
        record: |x| result(RigidTransform::from_translation(x.numbers("translation"))),
    },
    Operation {
        name: "RigidTransform.from_components",
        arguments: &[numbers("translation"), quats("rotation")],
        settings: &[],
        cores: cores(&[VECTOR, VECTOR], &[MATRIX]),
        record: |x| result(RigidTransform::from_components(x.numbers("translation"), x.rotation("rotation"))),
    },
    Operation {
        name: "RigidTransform.from_exp_coords",
        arguments: &[numbers("exp_coords")],
        settings: &[],
        cores: cores(&[VECTOR], &[MATRIX]),
        record: |x| result(RigidTransform::from_exp_coords(x.numbers("exp_coords"))),
    },
    Operation {
        name: "RigidTransform.from_dual_quat",
        arguments: &[numbers("dual_quat")],
        settings: &[("scalar_first", Kind::Flag)],
        cores: cores(&[VECTOR], &[MATRIX]),
        record: |x| {
            let dual = x.numbers("dual_quat");
            let dual = if x.flag("scalar_first") { dual.take(&TO_LAST, -1) } else { dual };
            result(RigidTransform::from_dual_quat(dual))
        },
    },
    Operation {
        name: "RigidTransform.as_matrix",
        arguments: &[transforms("self")],
        settings: &[],
        cores: cores(&[MATRIX], &[MATRIX]),
        record: |x| result(x.transform("self")),
    },
    Operation {
        name: "RigidTransform.as_components",
        arguments: &[transforms("self")],
        settings: &[],
        cores: cores(&[MATRIX], &[VECTOR, VECTOR]),
        record: |x| {
            let (translation, rotation) = x.transform("self").as_components();
            vec![translation, rotation.as_quat(false)]
        },
    },
    Operation {
        name: "RigidTransform.rotation",
        arguments: &[transforms("self")],
        settings: &[],
        cores: cores(&[MATRIX], &[VECTOR]),
        record: |x| vec![x.transform("self").rotation().as_quat(false)],
    },
    Operation {
        name: "RigidTransform.translation",
        arguments: &[transforms("self")],
        settings: &[],
        cores: cores(&[MATRIX], &[VECTOR]),
        record: |x| vec![x.transform("self").translation()],
    },
    Operation {
        name: "RigidTransform.as_exp_coords",
        arguments: &[transforms("self")],
        settings: &[],
        cores: cores(&[MATRIX], &[VECTOR]),
        record: |x| vec![x.transform("self").as_exp_coords()],
    },
    Operation {
        name: "RigidTransform.as_dual_quat",
        arguments: &[transforms("self")],
        settings: &[("scalar_first", Kind::Flag)],
        cores: cores(&[MATRIX], &[VECTOR]),
        record: |x| {
            let dual = x.transform("self").as_dual_quat();
            vec![if x.flag("scalar_first") { dual.take(&TO_FIRST, -1) } else { dual }]
        },
    },
    Operation {
        name: "RigidTransform.apply",
        arguments: &[transforms("self"), numbers("vector")],
        settings: &[("inverse", Kind::Flag)],
        cores: cores(&[MATRIX, VECTOR], &[VECTOR]),
        record: |x| {
            let (transform, points) = (x.transform("self"), x.numbers("vector"));
            vec![if x.flag("inverse") { transform.apply_inverse(points) } else { transform.apply(points) }]
        },
    },
    Operation {
        name: "RigidTransform.__mul__",
        arguments: &[transforms("self"), transforms("other")],
        settings: &[],
        cores: cores(&[MATRIX, MATRIX], &[MATRIX]),
        record: |x| result(x.transform("self") * x.transform("other")),
    },
    Operation {
        name: "RigidTransform.inv",
        arguments: &[transforms("self")],
        settings: &[],
        cores: cores(&[MATRIX], &[MATRIX]),
        record: |x| result(x.transform("self").inv()),
    },
    Operation {
        name: "RigidTransform.__pow__",
        arguments: &[transforms("self"), Argument { name: "n", form: Form::Array }],
        settings: &[("n", Kind::Number)],
        cores: None,
        record: |x| match (x.number("n"), x.optional("n")) {
            (Some(number), _) => result(x.transform("self").pow(number)),
            (None, Some(array)) => result(x.transform("self").pow(array)),
            (None, None) => Vec::new(),
        },
    },
];

fn result(transform: RigidTransform) -> Vec<Tensor> {
    vec![transform.as_matrix()]
}
