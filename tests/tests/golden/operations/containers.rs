//! `Rotation` as a container: shapes, elements, and what is made of shapes alone.

use super::elements::{get, leading_sizes, set};
use super::{Argument, Form, Kind, Operation, quats};
use rotrace::spatial::Rotation;
use rotrace::{Array, Tensor, constant};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Rotation.identity",
        arguments: &[],
        settings: &[("num", Kind::Integers), ("shape", Kind::Integers)],
        cores: None,
        record: |x| {
            // SciPy refuses both; here there is one parameter.
            let ((None, sizes) | (sizes, None)) = (x.integers("num"), x.integers("shape")) else { return Vec::new() };
            let shape: Vec<usize> = sizes.unwrap_or_default().iter().map(|&size| size as usize).collect();
            vec![Rotation::identity(x.dtype(), shape.as_slice()).as_quat(false)]
        },
    },
    Operation {
        name: "Rotation.shape",
        arguments: &[quats("self")],
        settings: &[],
        cores: None,
        record: |x| vec![constant(Array::from(leading_sizes(x.rotation("self"))))],
    },
    Operation {
        name: "Rotation.single",
        arguments: &[quats("self")],
        settings: &[],
        cores: None,
        record: |x| vec![constant(x.rotation("self").is_single())],
    },
    Operation {
        name: "Rotation.__len__",
        arguments: &[quats("self")],
        settings: &[],
        cores: None,
        record: |x| match x.rotation("self").len().and_then(|size| size.as_fixed()) {
            Some(size) => vec![constant(size as i64)],
            // A single rotation has no length.
            None => Vec::new(),
        },
    },
    Operation {
        name: "Rotation.__iter__",
        arguments: &[quats("self")],
        settings: &[],
        cores: None,
        record: |x| x.rotation("self").unstack(0).into_iter().map(quat).collect(),
    },
    Operation {
        name: "Rotation.__getitem__",
        arguments: &[quats("self")],
        settings: &[("index", Kind::Index)],
        cores: None,
        record: |x| vec![quat(get(x.rotation("self"), x.index("index")))],
    },
    Operation {
        name: "Rotation.__setitem__",
        arguments: &[quats("self"), quats("value")],
        settings: &[("index", Kind::Index)],
        cores: None,
        record: |x| vec![quat(set(x.rotation("self"), x.index("index"), x.rotation("value")))],
    },
    Operation {
        name: "Rotation.concatenate",
        arguments: &[Argument { name: "rotations", form: Form::Rotations }],
        settings: &[("rotations", Kind::IsList)],
        cores: None,
        record: |x| {
            let rotations: Vec<Rotation> = x.list("rotations").iter().map(|&quat| Rotation::from_quat(quat)).collect();
            match rotations.as_slice() {
                // In SciPy this is a copy; here all values are.
                &[alone] if !x.flag("rotations") => vec![quat(alone)],
                several => vec![quat(Rotation::concatenate(several.iter().copied()))],
            }
        },
    },
];

fn quat(rotation: Rotation) -> Tensor {
    rotation.as_quat(false)
}
