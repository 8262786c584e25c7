//! Means, powers, alignment and reduction.

use super::{Arguments, Definition, whole};
use rotrace::constant;
use rotrace::spatial::{Alignment, Rotation};

pub(super) const PROGRAMS: &[Definition] = &[
    whole("pow_rotvec", &["n", "v"], &[], |x| x.rotvec("v").pow(x.input("n")).as_rotvec()),
    whole("mean_rotvec", &["V", "w"], &[], |x| x.rotvec("V").weighted_mean(x.input("w"), ()).as_rotvec()),
    whole("mean_axis_matrix", &["V"], &["axis"], |x| x.rotvec("V").mean(x.integers("axis").as_slice()).as_matrix()),
    whole("align_rotvec", &["a", "b", "w"], &[], |x| align(x).rotation.as_rotvec()),
    whole("align_rssd", &["a", "b", "w"], &[], |x| align(x).rssd),
    whole("align_sensitivity", &["a", "b", "w"], &[], |x| align(x).sensitivity),
    whole("align_inf_rotvec", &["a", "b"], &["w"], |x| {
        let weights = x.array("w");
        Rotation::align_weighted_vectors(x.input("a"), x.input("b"), weights).rotation.as_rotvec()
    }),
    whole("align_single_rotvec", &["a", "b"], &[], |x| {
        Rotation::align_vectors(x.input("a"), x.input("b")).rotation.as_rotvec()
    }),
    whole("reduce_rotvec", &["V"], &["left", "right"], |x| {
        let [left, right] = ["left", "right"].map(|name| Some(Rotation::from_quat(constant(x.array(name)))));
        x.rotvec("V").reduce(left, right).rotation.as_rotvec()
    }),
];

fn align(x: &Arguments<'_>) -> Alignment {
    Rotation::align_weighted_vectors(x.input("a"), x.input("b"), x.input("w"))
}
