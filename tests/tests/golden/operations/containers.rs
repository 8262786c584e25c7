//! `Rotation` and `RigidTransform` as containers: shapes, and what is made of shapes alone.

use super::{Kind, Operation, quats};
use rotrace::spatial::Rotation;
use rotrace::{Array, constant};

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
        record: |x| vec![constant(leading_sizes(x.rotation("self")).is_empty())],
    },
    Operation {
        name: "Rotation.__len__",
        arguments: &[quats("self")],
        settings: &[],
        cores: None,
        record: |x| match leading_sizes(x.rotation("self")).first() {
            Some(&size) => vec![constant(size)],
            // A single rotation has no length.
            None => Vec::new(),
        },
    },
];

/// The sizes of the axes in front of the quaternions, which are all numbers here.
fn leading_sizes(rotation: Rotation) -> Vec<i64> {
    let shape = rotation.into_parts().shape();
    let leading = shape.len().saturating_sub(1);
    shape[..leading].iter().filter_map(|dim| dim.as_fixed()).map(|size| size as i64).collect()
}
