//! The gradient programs of `tests/golden-vectors/grad_programs.py` that Rotrace has the operations for.

use crate::format::GradientCase;
use crate::operations::{Refusal, decode_array};
use rotrace::spatial::Rotation;
use rotrace::{Array, Tensor, constant};
use serde_json::Value;
use std::collections::BTreeMap;

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

    fn array(&self, name: &str) -> &Array {
        &self.parameters.arrays[name]
    }

    fn number(&self, name: &str) -> f64 {
        self.parameters.numbers[name]
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

const PROGRAMS: &[Definition] = &[
    per_element("rotvec_to_quat", &["v"], &[], |x| x.rotvec("v").as_quat(false)),
    per_element("rotvec_to_matrix", &["v"], &[], |x| x.rotvec("v").as_matrix()),
    per_element("rotvec_roundtrip", &["v"], &[], |x| x.rotvec("v").as_rotvec()),
    per_element("matrix_roundtrip_rotvec", &["v"], &[], |x| {
        Rotation::from_matrix(x.rotvec("v").as_matrix()).as_rotvec()
    }),
    whole("rotvec_apply_dot", &["p", "v"], &["inverse", "w"], |x| x.apply_dot(x.rotvec("v"))),
    per_element("quat_to_quat", &["q"], &["canonical"], |x| x.quat("q").as_quat(x.flag("canonical"))),
    per_element("quat_to_matrix", &["q"], &[], |x| x.quat("q").as_matrix()),
    per_element("quat_to_rotvec", &["q"], &["degrees"], |x| {
        if x.flag("degrees") { x.quat("q").as_rotvec_degrees() } else { x.quat("q").as_rotvec() }
    }),
    whole("quat_apply_dot", &["p", "q"], &["inverse", "w"], |x| x.apply_dot(x.quat("q"))),
    per_element("quat_magnitude", &["q"], &[], |x| x.quat("q").magnitude()),
    per_element("matrix_to_quat", &["M"], &["assume_valid"], |x| {
        let matrix = x.input("M");
        let valid = x.flag("assume_valid");
        let rotation = if valid { Rotation::from_matrix_assume_valid(matrix) } else { Rotation::from_matrix(matrix) };
        rotation.as_quat(false)
    }),
    per_element("matrix_to_matrix", &["M"], &[], |x| Rotation::from_matrix(x.input("M")).as_matrix()),
    per_element("mul_rotvec", &["q", "v"], &[], |x| (x.quat("q") * x.rotvec("v")).as_rotvec()),
    per_element("mul_quat", &["p", "q"], &[], |x| (x.quat("p") * x.quat("q")).as_quat(false)),
    per_element("inv_mul_rotvec", &["u", "v"], &[], |x| (x.rotvec("u").inv() * x.rotvec("v")).as_rotvec()),
    per_element("relative_angle", &["u", "v"], &[], |x| (x.rotvec("u").inv() * x.rotvec("v")).magnitude()),
    whole("integrate_loss", &["om", "q0"], &["dt", "e", "target"], integrate_loss),
    whole("rigid_body_sim", &["om0", "q0", "tau"], &["J", "Jinv", "dt", "e", "rho", "target"], rigid_body_sim),
    whole("smoothness", &["V"], &[], smoothness),
];

/// The sum of the distances along steps with given angular velocities.
fn integrate_loss(x: &Arguments<'_>) -> Tensor {
    let velocities = x.input("om");
    let mut rotation = x.quat("q0");
    let mut loss = velocities.sum(()).full_like(0);
    for step in 0..steps(velocities) {
        rotation = rotation * Rotation::from_rotvec(velocities.index(0, step) * x.number("dt"));
        loss = loss + x.distance(rotation);
    }
    loss
}

/// Euler's equations of a rigid body under torques, with semi-implicit steps.
fn rigid_body_sim(x: &Arguments<'_>) -> Tensor {
    let (inertia, inverse) = (constant(x.array("J")), constant(x.array("Jinv")));
    let (torques, dt) = (x.input("tau"), x.number("dt"));
    let (mut rotation, mut velocity) = (x.quat("q0"), x.input("om0"));
    for step in 0..steps(torques) {
        let gyroscopic = velocity.cross(inertia.matmul(velocity));
        velocity = velocity + inverse.matmul(torques.index(0, step) - gyroscopic) * dt;
        rotation = rotation * Rotation::from_rotvec(velocity * dt);
    }
    x.distance(rotation) + (velocity * velocity).sum(()) * x.number("rho")
}

/// The sum of the squared angles between successive rotations.
fn smoothness(x: &Arguments<'_>) -> Tensor {
    let quats = x.rotvec("V").as_quat(false);
    let [before, after] = [quats.slice(0, ..-1), quats.slice(0, 1..)].map(Rotation::from_unit_quat);
    let difference = (before.inv() * after).as_rotvec();
    (difference * difference).sum(())
}

/// The first size, which is a number here.
fn steps(tensor: Tensor) -> i64 {
    tensor.shape().first().and_then(|dim| dim.as_fixed()).map_or(0, |size| size as i64)
}

impl Definition {
    /// The program of a case, if there is one and the case has its inputs and parameters.
    pub fn of(case: &GradientCase) -> Result<(&'static Self, Parameters), Refusal> {
        let definition = PROGRAMS.iter().find(|definition| definition.name == case.program);
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
            (Value::Object(_), false) => {
                self.arrays.insert(name.into(), decode_array(value)?);
            }
            _ => return Err("of another kind than the program needs".into()),
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        FLAGS.contains(&name) || self.arrays.contains_key(name) || self.numbers.contains_key(name)
    }
}
