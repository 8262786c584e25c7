//! `Slerp` and `RotationSpline`: derivatives by the knots' times and rotations, and by the times between.

use super::{Arguments, Definition, whole};
use rotrace::constant;
use rotrace::spatial::{RotationSpline, Slerp};

/// Times and rotation vectors of the knots, and times between them.
const INPUTS: &[&str] = &["V", "s", "t"];

pub(super) const PROGRAMS: &[Definition] = &[
    whole("slerp_rotvec", INPUTS, &[], |x| slerp(x).at(x.input("s")).as_rotvec()),
    whole("slerp_apply_dot", INPUTS, &["p", "w"], |x| {
        let applied = slerp(x).at(x.input("s")).apply(x.array("p"));
        (constant(x.array("w")) * applied).sum(())
    }),
    whole("spline_rotvec", INPUTS, &[], |x| spline(x).at(x.input("s")).as_rotvec()),
    whole("spline_rate", INPUTS, &[], |x| spline(x).angular_rate_at(x.input("s"))),
    whole("spline_accel", INPUTS, &[], |x| spline(x).angular_acceleration_at(x.input("s"))),
];

fn slerp(x: &Arguments<'_>) -> Slerp {
    Slerp::new(x.input("t"), x.rotvec("V"))
}

fn spline(x: &Arguments<'_>) -> RotationSpline {
    RotationSpline::new(x.input("t"), x.rotvec("V"))
}
