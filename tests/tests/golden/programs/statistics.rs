//! Means, powers, alignment and reduction.

use super::{Definition, whole};

pub(super) const PROGRAMS: &[Definition] = &[
    whole("pow_rotvec", &["n", "v"], &[], |x| x.rotvec("v").pow(x.input("n")).as_rotvec()),
    whole("mean_rotvec", &["V", "w"], &[], |x| x.rotvec("V").weighted_mean(x.input("w"), ()).as_rotvec()),
    whole("mean_axis_matrix", &["V"], &["axis"], |x| x.rotvec("V").mean(x.integers("axis").as_slice()).as_matrix()),
];
