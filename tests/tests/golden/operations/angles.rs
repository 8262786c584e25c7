//! `Rotation`: Euler angles, Davenport angles, modified Rodrigues parameters.

use super::{Inputs, Kind, MATRIX, Operation, VECTOR, cores, numbers, quats};
use rotrace::Tensor;
use rotrace::spatial::{Order, Rotation};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "Rotation.from_euler",
        arguments: &[numbers("angles")],
        settings: &[("seq", Kind::Text), ("degrees", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let (sequence, angles) = (x.text("seq").unwrap_or_default(), x.numbers("angles"));
            let degrees = x.flag("degrees");
            result(if degrees {
                Rotation::from_euler_degrees(sequence, angles)
            } else {
                Rotation::from_euler(sequence, angles)
            })
        },
    },
    Operation {
        name: "Rotation.as_euler",
        arguments: &[quats("self")],
        settings: &[("seq", Kind::Text), ("degrees", Kind::Flag), ("suppress_warnings", Kind::Flag)],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| {
            let (rotation, sequence) = (x.rotation("self"), x.text("seq").unwrap_or_default());
            let degrees = x.flag("degrees");
            vec![if degrees { rotation.as_euler_degrees(sequence) } else { rotation.as_euler(sequence) }]
        },
    },
    Operation {
        name: "Rotation.from_davenport",
        arguments: &[numbers("axes"), numbers("angles")],
        settings: &[("order", Kind::Text), ("degrees", Kind::Flag)],
        cores: cores(&[MATRIX, VECTOR], &[VECTOR]),
        record: |x| {
            let Some(order) = order(x) else { return Vec::new() };
            let (axes, angles) = (x.numbers("axes"), x.numbers("angles"));
            let degrees = x.flag("degrees");
            result(if degrees {
                Rotation::from_davenport_degrees(axes, order, angles)
            } else {
                Rotation::from_davenport(axes, order, angles)
            })
        },
    },
    Operation {
        name: "Rotation.as_davenport",
        arguments: &[quats("self"), numbers("axes")],
        settings: &[("order", Kind::Text), ("degrees", Kind::Flag), ("suppress_warnings", Kind::Flag)],
        cores: cores(&[VECTOR, MATRIX], &[VECTOR]),
        record: |x| {
            let Some(order) = order(x) else { return Vec::new() };
            let (rotation, axes) = (x.rotation("self"), x.numbers("axes"));
            let degrees = x.flag("degrees");
            vec![if degrees { rotation.as_davenport_degrees(axes, order) } else { rotation.as_davenport(axes, order) }]
        },
    },
    Operation {
        name: "Rotation.from_mrp",
        arguments: &[numbers("mrp")],
        settings: &[],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| result(Rotation::from_mrp(x.numbers("mrp"))),
    },
    Operation {
        name: "Rotation.as_mrp",
        arguments: &[quats("self")],
        settings: &[],
        cores: cores(&[VECTOR], &[VECTOR]),
        record: |x| vec![x.rotation("self").as_mrp()],
    },
];

/// SciPy's spelling is Rust's type: what is none of it cannot be called.
fn order(x: &Inputs<'_>) -> Option<Order> {
    super::order(x.text("order")?)
}

fn result(rotation: Rotation) -> Vec<Tensor> {
    vec![rotation.as_quat(false)]
}
