//! The operations on arrays, `rotrace::eager`, for those that are there.

use super::Call;
use rotrace::spatial::Rotation;
use rotrace::{Array, Error, eager};

/// An operation by SciPy's name, on arrays.
type OnArrays = fn(&Call) -> Result<Array, Error>;

const OPERATIONS: &[(&str, OnArrays)] = &[
    ("Rotation.from_quat", |x| quat(eager::Rotation::from_quat(x.array("quat")))),
    ("Rotation.from_matrix", |x| {
        let (matrix, valid) = (x.array("matrix"), x.flag("assume_valid"));
        quat(if valid {
            eager::Rotation::from_matrix_assume_valid(matrix)
        } else {
            eager::Rotation::from_matrix(matrix)
        })
    }),
    ("Rotation.from_rotvec", |x| {
        let (rotvec, degrees) = (x.array("rotvec"), x.flag("degrees"));
        quat(if degrees { eager::Rotation::from_rotvec_degrees(rotvec) } else { eager::Rotation::from_rotvec(rotvec) })
    }),
    ("Rotation.as_quat", |x| x.rotation("self")?.as_quat(x.flag("canonical"))),
    ("Rotation.as_matrix", |x| x.rotation("self")?.as_matrix()),
    ("Rotation.as_rotvec", |x| {
        let rotation = x.rotation("self")?;
        if x.flag("degrees") { rotation.as_rotvec_degrees() } else { rotation.as_rotvec() }
    }),
    ("Rotation.apply", |x| {
        let (rotation, vectors) = (x.rotation("self")?, x.array("vectors"));
        if x.flag("inverse") { rotation.apply_inverse(vectors) } else { rotation.apply(vectors) }
    }),
    ("Rotation.__mul__", |x| quat(&x.rotation("self")? * &x.rotation("other")?)),
    ("Rotation.inv", |x| quat(x.rotation("self")?.inv())),
    ("Rotation.magnitude", |x| x.rotation("self")?.magnitude()),
];

fn quat(rotation: Result<Rotation<Array>, Error>) -> Result<Array, Error> {
    rotation?.as_quat(false)
}

impl Call {
    /// The operation on arrays; `None` where there is none, or not in this form.
    pub fn on_arrays(&self) -> Option<Result<Array, Error>> {
        let &(_, operation) = OPERATIONS.iter().find(|operation| operation.0 == self.operation.name)?;
        (!self.flag("scalar_first")).then(|| operation(self))
    }

    fn array(&self, name: &str) -> &Array {
        let place = self.operation.arguments.iter().position(|argument| argument.name == name);
        let place = place.unwrap_or_else(|| panic!("the table has no argument `{name}`"));
        &self.arrays[self.counts[..place].iter().sum::<usize>()]
    }

    fn rotation(&self, name: &str) -> Result<Rotation<Array>, Error> {
        eager::Rotation::from_quat(self.array(name))
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.settings.get(name), Some(super::Setting::Flag(true)))
    }
}
