//! Representations of rotations, and the group.

use super::{Definition, per_element, whole};
use rotrace::spatial::Rotation;

pub(super) const PROGRAMS: &[Definition] = &[
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
];
