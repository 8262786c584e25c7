//! `RigidTransform` on arrays: representations, and the group.

use super::{Call, OnArrays, Setting, one, quat};
use rotrace::eager::RigidTransform;
use rotrace::{Array, Error, spatial};

pub(super) const OPERATIONS: &[OnArrays] = &[
    ("RigidTransform.from_matrix", |x| matrix(RigidTransform::from_matrix(x.array("matrix")))),
    ("RigidTransform.__init__", |x| {
        let valid = matches!(x.settings.get("normalize"), Some(Setting::Flag(false)));
        let made = if valid { RigidTransform::from_matrix_assume_valid } else { RigidTransform::from_matrix };
        matrix(made(x.array("matrix")))
    }),
    ("RigidTransform.from_rotation", |x| matrix(RigidTransform::from_rotation(x.rotation("rotation")?))),
    ("RigidTransform.from_translation", |x| matrix(RigidTransform::from_translation(x.array("translation")))),
    ("RigidTransform.from_components", |x| {
        matrix(RigidTransform::from_components(x.array("translation"), x.rotation("rotation")?))
    }),
    ("RigidTransform.from_exp_coords", |x| matrix(RigidTransform::from_exp_coords(x.array("exp_coords")))),
    ("RigidTransform.from_dual_quat", |x| matrix(RigidTransform::from_dual_quat(x.array("dual_quat")))),
    ("RigidTransform.as_matrix", |x| matrix(x.transform("self"))),
    ("RigidTransform.as_components", |x| {
        let (translation, rotation) = x.transform("self")?.as_components()?;
        Ok(vec![translation, rotation.as_quat(false)?])
    }),
    ("RigidTransform.rotation", |x| quat(x.transform("self")?.rotation())),
    ("RigidTransform.translation", |x| one(x.transform("self")?.translation())),
    ("RigidTransform.as_exp_coords", |x| one(x.transform("self")?.as_exp_coords())),
    ("RigidTransform.as_dual_quat", |x| one(x.transform("self")?.as_dual_quat())),
    ("RigidTransform.apply", |x| {
        let (transform, points) = (x.transform("self")?, x.array("vector"));
        one(if x.flag("inverse") { transform.apply_inverse(points) } else { transform.apply(points) })
    }),
    ("RigidTransform.__mul__", |x| matrix(x.transform("self")? * x.transform("other")?)),
    ("RigidTransform.inv", |x| matrix(x.transform("self")?.inv())),
    ("RigidTransform.__pow__", |x| match x.number("n") {
        Some(number) => matrix(x.transform("self")?.pow(number)),
        None => Err(Error::Array("no number".into())),
    }),
];

impl Call {
    pub(super) fn transform(&self, name: &str) -> Result<spatial::RigidTransform<Array>, Error> {
        RigidTransform::from_matrix(self.array(name))
    }
}

pub(super) fn matrix(transform: Result<spatial::RigidTransform<Array>, Error>) -> Result<Vec<Array>, Error> {
    one(transform?.as_matrix())
}
