//! Rigid transforms.

use super::{Arguments, Definition, per_element, whole};
use rotrace::spatial::RigidTransform;
use rotrace::{Tensor, constant};

pub(super) const PROGRAMS: &[Definition] = &[
    per_element("exp_to_matrix", &["x"], &[], |x| upper_rows(x.transform("x"))),
    per_element("exp_log", &["x"], &[], |x| x.transform("x").as_exp_coords()),
    per_element("exp_to_dual", &["x"], &[], |x| x.transform("x").as_dual_quat()),
    per_element("tinv_matrix", &["x"], &[], |x| upper_rows(x.transform("x").inv())),
    per_element("trotation_rotvec", &["x"], &[], |x| x.transform("x").rotation().as_rotvec()),
    per_element("dual_to_matrix", &["d"], &[], |x| upper_rows(RigidTransform::from_dual_quat(x.input("d")))),
    per_element("exp_mul_log", &["x", "y"], &[], |x| (x.transform("x") * x.transform("y")).as_exp_coords()),
    per_element("pose_residual", &["x", "y"], &["z"], |x| {
        let measured = RigidTransform::from_exp_coords(constant(x.array("z")));
        (measured.inv() * (x.transform("x").inv() * x.transform("y"))).as_exp_coords()
    }),
    whole("exp_apply_dot", &["p", "x"], &["inverse", "w"], |x| {
        let (transform, points) = (x.transform("x"), x.input("p"));
        weighted(x, if x.flag("inverse") { transform.apply_inverse(points) } else { transform.apply(points) })
    }),
    whole("components_apply_dot", &["p", "t", "v"], &["w"], |x| {
        weighted(x, RigidTransform::from_components(x.input("t"), x.rotvec("v")).apply(x.input("p")))
    }),
    whole("tpow_matrix", &["n", "x"], &[], |x| upper_rows(x.transform("x").pow(x.input("n")))),
    whole("tmean_matrix", &["X", "w"], &[], |x| upper_rows(x.transform("X").weighted_mean(x.input("w"), ()))),
];

/// The matrix without its constant row.
fn upper_rows(transform: RigidTransform) -> Tensor {
    transform.as_matrix().slice(-2, ..3)
}

fn weighted(x: &Arguments<'_>, points: Tensor) -> Tensor {
    (x.array("w") * points).sum(())
}
