//! Euler angles, Davenport angles, modified Rodrigues parameters.

use super::{Arguments, Definition, per_element};
use rotrace::Tensor;
use rotrace::spatial::{Order, Rotation};

pub(super) const PROGRAMS: &[Definition] = &[
    per_element("quat_to_mrp", &["q"], &[], |x| x.quat("q").as_mrp()),
    per_element("quat_to_euler", &["q"], &["degrees", "seq"], |x| {
        let (rotation, sequence) = (x.quat("q"), x.text("seq"));
        if x.flag("degrees") { rotation.as_euler_degrees(sequence) } else { rotation.as_euler(sequence) }
    }),
    per_element("quat_to_davenport", &["axes", "q"], &["order"], |x| {
        x.quat("q").as_davenport(x.input("axes"), order(x))
    }),
    per_element("euler_to_quat", &["a"], &["degrees", "seq"], |x| euler(x).as_quat(false)),
    per_element("euler_to_matrix", &["a"], &["degrees", "seq"], |x| euler(x).as_matrix()),
    per_element("euler_convert", &["a"], &["seq", "seq2"], |x| euler(x).as_euler(x.text("seq2"))),
    per_element("rotvec_to_euler", &["v"], &["seq"], |x| x.rotvec("v").as_euler(x.text("seq"))),
    per_element("davenport_to_quat", &["a", "axes"], &["order"], davenport),
    per_element("mrp_to_quat", &["m"], &[], |x| Rotation::from_mrp(x.input("m")).as_quat(false)),
    per_element("mrp_roundtrip", &["m"], &[], |x| Rotation::from_mrp(x.input("m")).as_mrp()),
];

fn euler(x: &Arguments<'_>) -> Rotation {
    let (sequence, angles) = (x.text("seq"), x.input("a"));
    let degrees = x.flag("degrees");
    if degrees { Rotation::from_euler_degrees(sequence, angles) } else { Rotation::from_euler(sequence, angles) }
}

fn davenport(x: &Arguments<'_>) -> Tensor {
    Rotation::from_davenport(x.input("axes"), order(x), x.input("a")).as_quat(false)
}

fn order(x: &Arguments<'_>) -> Order {
    let text = x.text("order");
    crate::operations::order(text).unwrap_or_else(|| panic!("unknown order `{text}`"))
}
