//! `Rotation`: means, comparison, powers, groups, alignment and reduction.

use super::{Argument, Form, Kind, Operation, VECTOR, cores, optional, quats};
use rotrace::Tensor;
use rotrace::spatial::Rotation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Rotation.mean",
        arguments: &[quats("self"), optional("weights")],
        settings: &[("axis", Kind::Integers)],
        cores: None,
        record: |x| {
            let rotation = x.rotation("self");
            result(match (x.optional("weights"), x.integers("axis")) {
                (None, None) => rotation.mean(()),
                (None, Some(axes)) => rotation.mean(axes),
                (Some(weights), None) => rotation.weighted_mean(weights, ()),
                (Some(weights), Some(axes)) => rotation.weighted_mean(weights, axes),
            })
        },
    },
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
        settings: &[("n", Kind::Number)],
        cores: None,
        record: |x| {
            let rotation = x.rotation("self");
            result(match (x.number("n"), x.optional("n")) {
                (Some(number), _) => rotation.pow(number),
                (None, Some(array)) => rotation.pow(array),
                (None, None) => return Vec::new(),
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
];

fn result(rotation: Rotation) -> Vec<Tensor> {
    vec![rotation.as_quat(false)]
}
