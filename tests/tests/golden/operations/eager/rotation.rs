//! `Rotation` on arrays: representations, and the group.

use super::{OnArrays, Setting, one, quat};
use rotrace::eager::Rotation;

pub(super) const OPERATIONS: &[OnArrays] = &[
    ("Rotation.from_quat", |x| quat(Rotation::from_quat(x.array("quat")))),
    ("Rotation.__init__", |x| {
        let unit = matches!(x.settings.get("normalize"), Some(Setting::Flag(false)));
        quat(if unit { Rotation::from_unit_quat(x.array("quat")) } else { Rotation::from_quat(x.array("quat")) })
    }),
    ("Rotation.from_matrix", |x| {
        let (matrix, valid) = (x.array("matrix"), x.flag("assume_valid"));
        quat(if valid { Rotation::from_matrix_assume_valid(matrix) } else { Rotation::from_matrix(matrix) })
    }),
    ("Rotation.from_rotvec", |x| {
        let (rotvec, degrees) = (x.array("rotvec"), x.flag("degrees"));
        quat(if degrees { Rotation::from_rotvec_degrees(rotvec) } else { Rotation::from_rotvec(rotvec) })
    }),
    ("Rotation.as_quat", |x| one(x.rotation("self")?.as_quat(x.flag("canonical")))),
    ("Rotation.as_matrix", |x| one(x.rotation("self")?.as_matrix())),
    ("Rotation.as_rotvec", |x| {
        let rotation = x.rotation("self")?;
        one(if x.flag("degrees") { rotation.as_rotvec_degrees() } else { rotation.as_rotvec() })
    }),
    ("Rotation.apply", |x| {
        let (rotation, vectors) = (x.rotation("self")?, x.array("vectors"));
        one(if x.flag("inverse") { rotation.apply_inverse(vectors) } else { rotation.apply(vectors) })
    }),
    ("Rotation.__mul__", |x| quat(x.rotation("self")? * x.rotation("other")?)),
    ("Rotation.inv", |x| quat(x.rotation("self")?.inv())),
    ("Rotation.__pow__", |x| match x.number("n") {
        Some(number) => quat(x.rotation("self")?.pow(number)),
        None => quat(x.rotation("self")?.pow(x.array("n"))),
    }),
    ("Rotation.magnitude", |x| one(x.rotation("self")?.magnitude())),
];
