//! SciPy's operations in Rotrace's spelling, in tables, one file per family.
//!
//! Some options that SciPy takes as arguments are methods of their own in Rotrace, or the type of an argument. The other
//! order of a quaternion's components, `scalar_first`, is a `take` away.

mod angles;
mod containers;
mod eager;
mod elements;
mod index;
mod interpolation;
mod rigid_transform;
mod rotation;
mod statistics;

use crate::compare::{self, Conventions};
use crate::format::{Expected, Numbers, ValueCase};
use crate::motions::Axes;
use index::Index;
use rotrace::spatial::{Order, RigidTransform, Rotation};
use rotrace::{Array, DType, Tensor};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// All tables.
const TABLES: &[&[Operation]] = &[
    rotation::OPERATIONS,
    angles::OPERATIONS,
    rigid_transform::OPERATIONS,
    containers::OF_ROTATIONS,
    containers::OF_TRANSFORMS,
    interpolation::OPERATIONS,
    statistics::OPERATIONS,
];

/// One of SciPy's operations.
#[derive(Debug)]
pub struct Operation {
    /// `Class.method`.
    name: &'static str,
    /// Arguments that are arrays, in order.
    arguments: &'static [Argument],
    /// Arguments that are known when the function is traced.
    settings: &'static [(&'static str, Kind)],
    /// Present where the results are computed element by element of the leading axes.
    pub cores: Option<Cores>,
    /// The operation on traced arguments.
    record: fn(&Inputs<'_>) -> Vec<Tensor>,
}

/// How many trailing axes of each argument and of each result belong to one element of the leading axes.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    pub arguments: &'static [usize],
    pub results: &'static [usize],
}

const fn cores(arguments: &'static [usize], results: &'static [usize]) -> Option<Cores> {
    Some(Cores { arguments, results })
}

/// Trailing axes of a quaternion, a vector, or a list of angles.
const VECTOR: usize = 1;
/// Trailing axes of a matrix.
const MATRIX: usize = 2;

/// An argument that is an array, or several.
#[derive(Debug)]
struct Argument {
    name: &'static str,
    form: Form,
}

/// How the files write an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As numbers.
    Numbers,
    /// As numbers, or not at all.
    Optional,
    /// As the quaternions of rotations.
    Rotation,
    /// As the quaternions of rotations, or not at all.
    OptionalRotation,
    /// As a list of rotations, or as one.
    Rotations,
    /// As the matrices of rigid transforms.
    Transform,
    /// As a list of rigid transforms, or as one.
    Transforms,
    /// As an array; as anything else it is a setting.
    Array,
}

const fn numbers(name: &'static str) -> Argument {
    Argument { name, form: Form::Numbers }
}

const fn optional(name: &'static str) -> Argument {
    Argument { name, form: Form::Optional }
}

const fn quats(name: &'static str) -> Argument {
    Argument { name, form: Form::Rotation }
}

const fn transforms(name: &'static str) -> Argument {
    Argument { name, form: Form::Transform }
}

/// What an argument that is no array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Absent means `false`.
    Flag,
    Text,
    /// One or several; `null` and absent mean the same.
    Integers,
    /// A bare number. An array under the same name is an argument instead.
    Number,
    /// What selects elements of a container.
    Index,
    /// Of an argument that is one or a list: whether it is a list.
    IsList,
}

/// An argument that is no array.
#[derive(Clone, Debug)]
enum Setting {
    Flag(bool),
    Text(String),
    Integers(Vec<i64>),
    Number(f64),
    Index(Index),
}

/// A call: an operation and its arguments.
pub struct Call {
    pub operation: &'static Operation,
    pub arrays: Vec<Array>,
    settings: BTreeMap<&'static str, Setting>,
    /// How many arrays each array argument is.
    counts: Vec<usize>,
    dtype: DType,
}

/// Why a case is no call.
pub enum Refusal {
    /// Rotrace does not have this; the reason, if it is finer than the name of the operation.
    Unsupported(Option<String>),
    /// An argument is of a type that Rust does not let through, and the case expects that to fail.
    Mistyped,
    /// The case does not have the format.
    Malformed(String),
}

/// What an operation works on.
struct Inputs<'a> {
    call: &'a Call,
    tensors: &'a [Tensor],
}

impl Inputs<'_> {
    /// All tensors of an argument.
    fn list(&self, name: &str) -> &[Tensor] {
        let place = self.call.operation.arguments.iter().position(|argument| argument.name == name);
        let place = place.unwrap_or_else(|| panic!("the table has no argument `{name}`"));
        let first = self.call.counts[..place].iter().sum();
        &self.tensors[first..][..self.call.counts[place]]
    }

    fn optional(&self, name: &str) -> Option<Tensor> {
        self.list(name).first().copied()
    }

    fn numbers(&self, name: &str) -> Tensor {
        self.list(name)[0]
    }

    fn rotation(&self, name: &str) -> Rotation {
        Rotation::from_quat(self.numbers(name))
    }

    fn transform(&self, name: &str) -> RigidTransform {
        RigidTransform::from_matrix(self.numbers(name))
    }

    fn setting(&self, name: &str) -> Option<&Setting> {
        self.call.settings.get(name)
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.setting(name), Some(Setting::Flag(true)))
    }

    /// Whether a flag is `false` that is `true` where it is absent.
    fn is_off(&self, name: &str) -> bool {
        matches!(self.setting(name), Some(Setting::Flag(false)))
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.setting(name) {
            Some(Setting::Text(text)) => Some(text),
            Some(Setting::Flag(_) | Setting::Integers(_) | Setting::Number(_) | Setting::Index(_)) | None => None,
        }
    }

    fn integers(&self, name: &str) -> Option<&[i64]> {
        match self.setting(name) {
            Some(Setting::Integers(integers)) => Some(integers),
            Some(Setting::Flag(_) | Setting::Text(_) | Setting::Number(_) | Setting::Index(_)) | None => None,
        }
    }

    fn number(&self, name: &str) -> Option<f64> {
        match self.setting(name) {
            Some(Setting::Number(number)) => Some(*number),
            Some(Setting::Flag(_) | Setting::Text(_) | Setting::Integers(_) | Setting::Index(_)) | None => None,
        }
    }

    fn index(&self, name: &str) -> &Index {
        match self.setting(name) {
            Some(Setting::Index(index)) => index,
            Some(Setting::Flag(_) | Setting::Text(_) | Setting::Integers(_) | Setting::Number(_)) | None => {
                panic!("the table has no index `{name}`, or it may be absent")
            }
        }
    }

    /// Of results that no argument has the type of.
    fn dtype(&self) -> DType {
        self.call.dtype
    }
}

impl Call {
    /// The call that a case describes.
    pub fn of(case: &ValueCase) -> Result<Self, Refusal> {
        let operation = TABLES.iter().copied().flatten().find(|operation| operation.name == case.op);
        let operation = operation.ok_or(Refusal::Unsupported(None))?;
        let dtype = match case.dtype.as_str() {
            "float64" => DType::F64,
            "float32" => DType::F32,
            _ => return Err(Refusal::Malformed(format!("unknown dtype `{}`", case.dtype))),
        };
        let mut call = Self { operation, arrays: Vec::new(), settings: BTreeMap::new(), counts: Vec::new(), dtype };
        let known = |name: &String| {
            operation.arguments.iter().any(|argument| argument.name == name)
                || operation.settings.iter().any(|setting| setting.0 == name)
        };
        if let Some(name) = case.args.keys().find(|name| !known(name)) {
            return Err(Refusal::Unsupported(Some(format!("argument `{name}`"))));
        }
        let refusal = |name: &str, problem: String| match (case.args.get(name), &case.expected) {
            (Some(value), Expected::Error { .. }) if is_well_formed(value) => Refusal::Mistyped,
            (_, Expected::Error { .. } | Expected::Leaves { .. }) => Refusal::Malformed(format!("`{name}`: {problem}")),
        };
        for argument in operation.arguments {
            let value = case.args.get(argument.name).filter(|value| !value.is_null());
            let arrays = argument.form.decode(value).map_err(|problem| refusal(argument.name, problem))?;
            call.counts.push(arrays.len());
            call.arrays.extend(arrays);
        }
        for &(name, kind) in operation.settings {
            if let Some(value) = case.args.get(name).filter(|value| !value.is_null()) {
                let setting = kind.decode(value).map_err(|problem| refusal(name, problem))?;
                call.settings.extend(setting.map(|setting| (name, setting)));
            }
        }
        Ok(call)
    }

    /// The operation on traced arguments, one for each array.
    pub fn record(&self, tensors: &[Tensor]) -> Vec<Tensor> {
        (self.operation.record)(&Inputs { call: self, tensors })
    }

    /// What tells the program from all others, but for the types of its arguments.
    pub fn key(&self) -> String {
        format!("{} {:?} {:?} {}", self.operation.name, self.settings, self.counts, self.dtype)
    }

    /// What the case says about its results.
    pub fn conventions(&self) -> Conventions {
        let text = |name: &str| match self.settings.get(name) {
            Some(Setting::Text(text)) => Some(text.as_str()),
            Some(Setting::Flag(_) | Setting::Integers(_) | Setting::Number(_) | Setting::Index(_)) | None => None,
        };
        let degrees = matches!(self.settings.get("degrees"), Some(Setting::Flag(true)));
        let axes = text("seq").and_then(Axes::of_sequence);
        Conventions { degrees, axes: axes.or_else(|| self.davenport_axes(order(text("order")?)?)) }
    }

    /// The argument `axes`, if it is the same three axes for all rotations.
    fn davenport_axes(&self, order: Order) -> Option<Axes> {
        let place = self.operation.arguments.iter().position(|argument| argument.name == "axes")?;
        let array = &self.arrays[self.counts[..place].iter().sum::<usize>()];
        let entries = compare::numbers(array).ok().filter(|entries| entries.len() == 9)?;
        let axes = std::array::from_fn(|row| std::array::from_fn(|column| entries[3 * row + column]));
        Some(Axes { axes, extrinsic: order == Order::Extrinsic })
    }

    /// The vectors that an alignment turns.
    pub fn aligned(&self) -> Option<&Array> {
        let place = self.operation.arguments.iter().position(|argument| argument.name == "b")?;
        self.arrays.get(self.counts[..place].iter().sum::<usize>())
    }
}

/// SciPy's spelling of an order of turns.
pub fn order(text: &str) -> Option<Order> {
    match text {
        "e" | "extrinsic" => Some(Order::Extrinsic),
        "i" | "intrinsic" => Some(Order::Intrinsic),
        _ => None,
    }
}

impl Form {
    fn decode(self, value: Option<&Value>) -> Result<Vec<Array>, String> {
        let rotation = |value: &Value| decode_array(value.get("$rotation").ok_or("no rotation")?);
        let transform = |value: &Value| decode_array(value.get("$transform").ok_or("no transform")?);
        match (self, value) {
            (Self::Optional | Self::OptionalRotation, None) => Ok(Vec::new()),
            (Self::Numbers | Self::Rotation | Self::Rotations | Self::Transform | Self::Transforms, None) => {
                Err("it is absent".into())
            }
            (Self::Numbers | Self::Optional, Some(value)) => Ok(vec![decode_array(value)?]),
            (Self::Rotation | Self::OptionalRotation, Some(value)) => Ok(vec![rotation(value)?]),
            (Self::Transform, Some(value)) => Ok(vec![transform(value)?]),
            (Self::Transforms, Some(Value::Array(list))) => list.iter().map(transform).collect(),
            (Self::Transforms, Some(value)) => Ok(vec![transform(value)?]),
            (Self::Rotations, Some(Value::Array(list))) => list.iter().map(rotation).collect(),
            (Self::Rotations, Some(value)) => Ok(vec![rotation(value)?]),
            (Self::Array, Some(value)) if value.is_object() => Ok(vec![decode_array(value)?]),
            (Self::Array, Some(_) | None) => Ok(Vec::new()),
        }
    }
}

impl Kind {
    fn decode(self, value: &Value) -> Result<Option<Setting>, String> {
        let integer = |value: &Value| value.as_i64().ok_or_else(|| "not an integer".to_owned());
        let setting = match (self, value) {
            (Self::Flag, Value::Bool(flag)) => Setting::Flag(*flag),
            (Self::Text, Value::String(text)) => Setting::Text(text.clone()),
            (Self::Integers, Value::Array(list)) => {
                Setting::Integers(list.iter().map(integer).collect::<Result<_, _>>()?)
            }
            (Self::Integers, number @ Value::Number(_)) => Setting::Integers(vec![integer(number)?]),
            (Self::Number, Value::Number(number)) => Setting::Number(number.as_f64().ok_or("out of range")?),
            (Self::Number, Value::Object(_)) => return Ok(None),
            (Self::Index, Value::Object(_)) => Setting::Index(Index::decode(value)?),
            (Self::IsList, Value::Array(_) | Value::Object(_)) => Setting::Flag(value.is_array()),
            _ => return Err(format!("{value} is not of the kind {self:?}")),
        };
        Ok(Some(setting))
    }
}

/// Whether an argument is what the format allows, of whatever type: an array has as many elements as its shape says.
fn is_well_formed(value: &Value) -> bool {
    let inner = value.get("$rotation").unwrap_or(value);
    inner.get("data").is_none() || decode_array(inner).is_ok()
}

/// An array of a file, from parsed text. A bare number is one without axes.
pub fn decode_array(value: &Value) -> Result<Array, String> {
    if let Some(number) = value.as_f64() {
        return Ok(Array::from(number));
    }
    Numbers::deserialize(value).map(|numbers| numbers.0).map_err(|error| error.to_string())
}
