//! `RigidTransform` as a container: shapes, elements, means, and what is made of shapes alone.

use super::elements::{get, leading_sizes, set};
use super::{Argument, Form, Kind, Operation, optional, transforms};
use rotrace::spatial::RigidTransform;
use rotrace::{Array, Tensor, constant};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "RigidTransform.identity",
        arguments: &[],
        settings: &[("num", Kind::Integers), ("shape", Kind::Integers)],
        cores: None,
        record: |x| {
            // SciPy refuses both; here there is one parameter.
            let ((None, sizes) | (sizes, None)) = (x.integers("num"), x.integers("shape")) else { return Vec::new() };
            let shape: Vec<usize> = sizes.unwrap_or_default().iter().map(|&size| size as usize).collect();
            result(RigidTransform::identity(x.dtype(), shape.as_slice()))
        },
    },
    Operation {
        name: "RigidTransform.shape",
        arguments: &[transforms("self")],
        settings: &[],
        cores: None,
        record: |x| vec![constant(Array::from(leading_sizes(x.transform("self"))))],
    },
    Operation {
        name: "RigidTransform.single",
        arguments: &[transforms("self")],
        settings: &[],
        cores: None,
        record: |x| vec![constant(x.transform("self").is_single())],
    },
    Operation {
        name: "RigidTransform.__len__",
        arguments: &[transforms("self")],
        settings: &[],
        cores: None,
        record: |x| match x.transform("self").len().and_then(|size| size.as_fixed()) {
            Some(size) => vec![constant(size as i64)],
            // A single transform has no length.
            None => Vec::new(),
        },
    },
    Operation {
        name: "RigidTransform.__iter__",
        arguments: &[transforms("self")],
        settings: &[],
        cores: None,
        record: |x| x.transform("self").unstack(0).into_iter().flat_map(result).collect(),
    },
    Operation {
        name: "RigidTransform.__getitem__",
        arguments: &[transforms("self")],
        settings: &[("index", Kind::Index)],
        cores: None,
        record: |x| result(get(x.transform("self"), x.index("index"))),
    },
    Operation {
        name: "RigidTransform.__setitem__",
        arguments: &[transforms("self"), transforms("value")],
        settings: &[("index", Kind::Index)],
        cores: None,
        record: |x| result(set(x.transform("self"), x.index("index"), x.transform("value"))),
    },
    Operation {
        name: "RigidTransform.concatenate",
        arguments: &[Argument { name: "transforms", form: Form::Transforms }],
        settings: &[("transforms", Kind::IsList)],
        cores: None,
        record: |x| {
            let transforms = x.list("transforms").iter().map(|&matrix| RigidTransform::from_matrix(matrix));
            let transforms: Vec<RigidTransform> = transforms.collect();
            match transforms.as_slice() {
                // In SciPy this is a copy; here all values are.
                &[alone] if !x.flag("transforms") => result(alone),
                several => result(RigidTransform::concatenate(several.iter().copied())),
            }
        },
    },
    Operation {
        name: "RigidTransform.mean",
        arguments: &[transforms("self"), optional("weights")],
        settings: &[("axis", Kind::Integers)],
        cores: None,
        record: |x| {
            let transform = x.transform("self");
            result(match (x.optional("weights"), x.integers("axis")) {
                (None, None) => transform.mean(()),
                (None, Some(axes)) => transform.mean(axes),
                (Some(weights), None) => transform.weighted_mean(weights, ()),
                (Some(weights), Some(axes)) => transform.weighted_mean(weights, axes),
            })
        },
    },
];

fn result(transform: RigidTransform) -> Vec<Tensor> {
    vec![transform.as_matrix()]
}
