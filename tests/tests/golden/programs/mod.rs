//! The gradient programs of `tests/golden-vectors/grad_programs.py` that Rotrace has the operations for, in tables, one
//! file per family.

mod angles;
mod dynamics;
mod interpolation;
mod rigid_transform;
mod rotation;
mod statistics;

use crate::format::GradientCase;
use crate::operations::{Refusal, decode_array};
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Array, Tensor};
use serde_json::Value;
use std::collections::BTreeMap;

/// All tables.
const TABLES: &[&[Definition]] = &[
    rotation::PROGRAMS,
    angles::PROGRAMS,
    rigid_transform::PROGRAMS,
    dynamics::PROGRAMS,
    interpolation::PROGRAMS,
    statistics::PROGRAMS,
];

/// A program by name.
pub struct Definition {
    name: &'static str,
    inputs: &'static [&'static str],
    parameters: &'static [&'static str],
    /// Whether leading axes of the inputs are leading axes of the result.
    pub per_element: bool,
    record: fn(&Arguments<'_>) -> Tensor,
}

/// Constants of a case.
#[derive(Default)]
pub struct Parameters {
    arrays: BTreeMap<String, Array>,
    numbers: BTreeMap<String, f64>,
    flags: BTreeMap<String, bool>,
    texts: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<i64>>,
}

/// What a program works on. Which names there are has been checked.
struct Arguments<'a> {
    inputs: BTreeMap<&'a str, Tensor>,
    parameters: &'a Parameters,
}

impl Arguments<'_> {
    fn input(&self, name: &str) -> Tensor {
        self.inputs[name]
    }

    fn quat(&self, name: &str) -> Rotation {
        Rotation::from_quat(self.input(name))
    }

    fn rotvec(&self, name: &str) -> Rotation {
        Rotation::from_rotvec(self.input(name))
    }

    fn transform(&self, name: &str) -> RigidTransform {
        RigidTransform::from_exp_coords(self.input(name))
    }

    fn array(&self, name: &str) -> &Array {
        &self.parameters.arrays[name]
    }

    fn number(&self, name: &str) -> f64 {
        self.parameters.numbers[name]
    }

    fn text(&self, name: &str) -> &str {
        &self.parameters.texts[name]
    }

    /// One or several.
    fn integers(&self, name: &str) -> Vec<i64> {
        match self.parameters.lists.get(name) {
            Some(list) => list.clone(),
            None => vec![self.number(name) as i64],
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.parameters.flags.get(name).copied().unwrap_or(false)
    }

    /// `sum(w * r.apply(p, inverse))`.
    fn apply_dot(&self, rotation: Rotation) -> Tensor {
        let vectors = self.input("p");
        let applied = if self.flag("inverse") { rotation.apply_inverse(vectors) } else { rotation.apply(vectors) };
        (self.array("w") * applied).sum(())
    }

    /// The squared distance of the rotated frame from the target.
    fn distance(&self, rotation: Rotation) -> Tensor {
        let difference = rotation.apply(self.array("e")) - self.array("target");
        (difference * difference).sum(())
    }
}

const fn per_element(
    name: &'static str,
    inputs: &'static [&'static str],
    parameters: &'static [&'static str],
    record: fn(&Arguments<'_>) -> Tensor,
) -> Definition {
    Definition { name, inputs, parameters, per_element: true, record }
}

const fn whole(
    name: &'static str,
    inputs: &'static [&'static str],
    parameters: &'static [&'static str],
    record: fn(&Arguments<'_>) -> Tensor,
) -> Definition {
    Definition { name, inputs, parameters, per_element: false, record }
}

impl Definition {
    /// The program of a case, if there is one and the case has its inputs and parameters.
    pub fn of(case: &GradientCase) -> Result<(&'static Self, Parameters), Refusal> {
        let definition = TABLES.iter().copied().flatten().find(|definition| definition.name == case.program);
        let definition = definition.ok_or(Refusal::Unsupported(None))?;
        if !case.inputs.keys().eq(definition.inputs) {
            let inputs: Vec<&String> = case.inputs.keys().collect();
            return Err(Refusal::Unsupported(Some(format!("inputs {inputs:?}"))));
        }
        let mut parameters = Parameters::default();
        for (name, value) in &case.params {
            if !definition.parameters.contains(&name.as_str()) {
                return Err(Refusal::Unsupported(Some(format!("parameter `{name}`"))));
            }
            parameters.add(name, value).map_err(|error| Refusal::Malformed(format!("`{name}`: {error}")))?;
        }
        match definition.parameters.iter().find(|name| !parameters.has(name)) {
            Some(name) => Err(Refusal::Malformed(format!("there is no parameter `{name}`"))),
            None => Ok((definition, parameters)),
        }
    }

    /// The program on traced inputs, in the order of their names.
    pub fn record(&self, parameters: &Parameters, inputs: &[Tensor]) -> Tensor {
        let inputs = self.inputs.iter().copied().zip(inputs.iter().copied()).collect();
        (self.record)(&Arguments { inputs, parameters })
    }
}

/// Parameters that are `false` where they are absent.
const FLAGS: [&str; 4] = ["inverse", "canonical", "degrees", "assume_valid"];

impl Parameters {
    fn add(&mut self, name: &str, value: &Value) -> Result<(), String> {
        match (value, FLAGS.contains(&name)) {
            (Value::Bool(flag), true) => {
                self.flags.insert(name.into(), *flag);
            }
            (Value::Number(number), false) => {
                self.numbers.insert(name.into(), number.as_f64().ok_or("not a number")?);
            }
            (Value::String(text), false) => {
                self.texts.insert(name.into(), text.clone());
            }
            (Value::Array(list), false) => {
                let list = list.iter().map(|value| value.as_i64().ok_or("not an integer"));
                self.lists.insert(name.into(), list.collect::<Result<_, _>>()?);
            }
            (Value::Object(_), false) => {
                self.arrays.insert(name.into(), decode_array(value)?);
            }
            _ => return Err("of another kind than the program needs".into()),
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        FLAGS.contains(&name)
            || self.arrays.contains_key(name)
            || self.numbers.contains_key(name)
            || self.texts.contains_key(name)
            || self.lists.contains_key(name)
    }
}
