//! The operations on arrays, `rotrace::eager`, for those that are there: tables, one file per family.

mod angles;
mod interpolation;
mod rigid_transform;
mod rotation;
mod statistics;

use super::{Call, Setting};
use rotrace::spatial::Rotation;
use rotrace::{Array, Error, eager};

/// An operation by SciPy's name, on arrays.
type OnArrays = (&'static str, fn(&Call) -> Result<Vec<Array>, Error>);

/// All tables.
const TABLES: &[&[OnArrays]] = &[
    rotation::OPERATIONS,
    angles::OPERATIONS,
    statistics::OPERATIONS,
    rigid_transform::OPERATIONS,
    interpolation::OPERATIONS,
];

impl Call {
    /// The operation on arrays; `None` where there is none, or not in this form.
    pub fn on_arrays(&self) -> Option<Result<Vec<Array>, Error>> {
        let operation = TABLES.iter().copied().flatten().find(|operation| operation.0 == self.operation.name)?;
        (!self.flag("scalar_first")).then(|| operation.1(self))
    }

    fn array(&self, name: &str) -> &Array {
        self.optional(name).unwrap_or_else(|| panic!("the table says that `{name}` may be absent"))
    }

    fn optional(&self, name: &str) -> Option<&Array> {
        let place = self.operation.arguments.iter().position(|argument| argument.name == name);
        let place = place.unwrap_or_else(|| panic!("the table has no argument `{name}`"));
        let first = self.counts[..place].iter().sum::<usize>();
        self.arrays[first..][..self.counts[place]].first()
    }

    fn rotation(&self, name: &str) -> Result<Rotation<Array>, Error> {
        eager::Rotation::from_quat(self.array(name))
    }

    fn text(&self, name: &str) -> &str {
        match self.settings.get(name) {
            Some(Setting::Text(text)) => text,
            Some(Setting::Flag(_) | Setting::Number(_) | Setting::Integers(_) | Setting::Index(_)) | None => "",
        }
    }

    fn number(&self, name: &str) -> Option<f64> {
        match self.settings.get(name) {
            Some(Setting::Number(number)) => Some(*number),
            Some(Setting::Flag(_) | Setting::Text(_) | Setting::Integers(_) | Setting::Index(_)) | None => None,
        }
    }

    fn integers(&self, name: &str) -> Option<&[i64]> {
        match self.settings.get(name) {
            Some(Setting::Integers(integers)) => Some(integers),
            Some(Setting::Flag(_) | Setting::Text(_) | Setting::Number(_) | Setting::Index(_)) | None => None,
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.settings.get(name), Some(Setting::Flag(true)))
    }
}

fn one(result: Result<Array, Error>) -> Result<Vec<Array>, Error> {
    Ok(vec![result?])
}

fn quat(rotation: Result<Rotation<Array>, Error>) -> Result<Vec<Array>, Error> {
    one(rotation?.as_quat(false))
}
