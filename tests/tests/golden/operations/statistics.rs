//! `Rotation`: comparison, powers, groups, alignment and reduction.

use super::{Argument, Form, Kind, Operation, VECTOR, cores, numbers, optional, quats};
use rotrace::Tensor;
use rotrace::spatial::{Alignment, Container, Reduced, Rotation};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Rotation.approx_equal",
        arguments: &[quats("self"), quats("other")],
        settings: &[("atol", Kind::Number), ("degrees", Kind::Flag)],
        cores: cores(&[VECTOR, VECTOR], &[0]),
        record: |x| {
            let (rotation, other) = (x.rotation("self"), x.rotation("other"));
            vec![match x.number("atol") {
                Some(tolerance) if x.flag("degrees") => rotation.approx_equal_degrees(other, tolerance),
                // Without a tolerance SciPy takes its own, in radians in any case.
                tolerance => rotation.approx_equal(other, tolerance),
            }]
        },
    },
    Operation {
        name: "Rotation.__pow__",
        arguments: &[quats("self"), Argument { name: "n", form: Form::Array }],
        settings: &[("n", Kind::Number), ("modulus", Kind::Integers)],
        cores: None,
        record: |x| {
            let rotation = x.rotation("self");
            result(match (x.number("n"), x.optional("n"), x.integers("modulus")) {
                (Some(number), _, None) => rotation.pow(number),
                (None, Some(array), None) => rotation.pow(array),
                // SciPy takes a modulus, but refuses it.
                (None, None, _) | (_, _, Some(_)) => return Vec::new(),
            })
        },
    },
    Operation {
        name: "Rotation.create_group",
        arguments: &[],
        settings: &[("group", Kind::Text), ("axis", Kind::Text)],
        cores: None,
        record: |x| {
            let axis = x.text("axis").unwrap_or("Z");
            x.text("group").map_or_else(Vec::new, |group| result(Rotation::create_group(x.dtype(), group, axis)))
        },
    },
    Operation {
        name: "Rotation.align_vectors",
        arguments: &[numbers("a"), numbers("b"), optional("weights")],
        settings: &[("return_sensitivity", Kind::Flag)],
        cores: None,
        record: |x| {
            let (a, b) = (x.numbers("a"), x.numbers("b"));
            let Alignment { rotation, rssd, sensitivity } = match x.optional("weights") {
                Some(weights) => Rotation::align_weighted_vectors(a, b, weights),
                None => Rotation::align_vectors(a, b),
            };
            let results = [rotation.as_quat(false), rssd, sensitivity];
            results[..if x.flag("return_sensitivity") { 3 } else { 2 }].to_vec()
        },
    },
    Operation {
        name: "Rotation.reduce",
        arguments: &[quats("self"), rotations("left"), rotations("right")],
        settings: &[("return_indices", Kind::Flag)],
        cores: None,
        record: |x| {
            let side = |name: &str| x.optional(name).map(Rotation::from_quat);
            let rotation = x.rotation("self");
            let Reduced { rotation: reduced, left, right } = rotation.reduce(side("left"), side("right"));
            // SciPy gives the indices of a single rotation an axis.
            let index = |index: Tensor| if rotation.is_single() { index.expand_dims(0) } else { index };
            [Some(reduced.as_quat(false)), left.map(index), right.map(index)].into_iter().flatten().collect()
        },
    },
    Operation {
        name: "Rotation.random",
        arguments: &[],
        settings: &[("num", Kind::Integers), ("shape", Kind::Integers), ("seed", Kind::Integers)],
        cores: None,
        record: |x| {
            // SciPy refuses both; here there is one parameter.
            let ((None, sizes) | (sizes, None)) = (x.integers("num"), x.integers("shape")) else { return Vec::new() };
            let shape: Vec<usize> = sizes.unwrap_or_default().iter().map(|&size| size as usize).collect();
            let seed = x.integers("seed").and_then(|seed| seed.first()).copied().unwrap_or(0);
            result(Rotation::random(x.dtype(), seed, shape.as_slice()))
        },
    },
];

const fn rotations(name: &'static str) -> Argument {
    Argument { name, form: Form::OptionalRotation }
}

fn result(rotation: Rotation) -> Vec<Tensor> {
    vec![rotation.as_quat(false)]
}
