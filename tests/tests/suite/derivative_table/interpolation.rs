//! Curves through rotations.

use super::points::{self, Point, point};
use super::{Record, Subject, fixed};
use rotrace::spatial::{Rotation, RotationSpline, Slerp};
use rotrace::{Tensor, stack};

/// Rotations in general position.
const OTHERS: [[f64; 4]; 2] = [[0.1, -0.7, 0.5, 0.5], [0.3, 0.2, -0.6, 0.4]];
const IDENTITY: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Slerp.__call__, by a knot",
        golden: "Slerp.__call__",
        programs: &["slerp_rotvec", "slerp_apply_dot"],
        points: points::quats,
        record: Record::Batch(|x| {
            let knots = knots([x, like(OTHERS[0], x)]);
            flat(Slerp::new(times(x), knots).at(moment(x)))
        }),
        kinks: &[],
    },
    Subject {
        name: "Slerp.__call__, from the identity",
        golden: "Slerp.__call__",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| flat(Slerp::new(times(x), knots([like(IDENTITY, x), x])).at(moment(x)))),
        // Half a turn from the knot before.
        kinks: &["half turn"],
    },
    Subject {
        name: "Slerp.__call__, between equal knots",
        golden: "Slerp.__call__",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| flat(Slerp::new(times(x), knots([x, x])).at(moment(x)))),
        kinks: &[],
    },
    Subject {
        name: "Slerp.__call__, by the times",
        golden: "Slerp.__call__",
        programs: &[],
        points: knots_and_time,
        record: Record::Batch(|x| flat(Slerp::new(x.slice(-1, ..3), three_knots(x)).at(x.component(3)))),
        kinks: &["at a knot"],
    },
    Subject {
        name: "Slerp.attributes, the rotation vectors",
        golden: "Slerp.attributes",
        programs: &[],
        points: points::quats,
        record: Record::Batch(|x| {
            let knots = knots([like(IDENTITY, x), x]);
            Slerp::new(times(x), knots).rotvecs().reshape_last(2, [3])
        }),
        kinks: &["half turn"],
    },
    spline("RotationSpline.__call__, by a knot", &["spline_rotvec"], |x| flat(by_a_knot(x).at(moment(x)))),
    spline("RotationSpline.__call__, rate, by a knot", &["spline_rate"], |x| by_a_knot(x).angular_rate_at(moment(x))),
    spline("RotationSpline.__call__, acceleration, by a knot", &["spline_accel"], |x| {
        by_a_knot(x).angular_acceleration_at(moment(x))
    }),
    between_equal("RotationSpline.__call__, between equal knots", |x| flat(of_equal(x).at(moment(x)))),
    between_equal("RotationSpline.__call__, rate, between equal knots", |x| of_equal(x).angular_rate_at(moment(x))),
    between_equal("RotationSpline.__call__, acceleration, between equal knots", |x| {
        of_equal(x).angular_acceleration_at(moment(x))
    }),
    by_times("RotationSpline.__call__, by the times", |x| flat(of_times(x).at(x.component(3)))),
    by_times("RotationSpline.__call__, rate, by the times", |x| of_times(x).angular_rate_at(x.component(3))),
    by_times("RotationSpline.__call__, acceleration, by the times", |x| {
        of_times(x).angular_acceleration_at(x.component(3))
    }),
];

const fn spline(name: &'static str, programs: &'static [&'static str], record: fn(Tensor) -> Tensor) -> Subject {
    // Half a turn from the knot before.
    let kinks = &["half turn"];
    let golden = "RotationSpline.__call__";
    Subject { name, golden, programs, points: points::quats, record: Record::Batch(record), kinks }
}

const fn between_equal(name: &'static str, record: fn(Tensor) -> Tensor) -> Subject {
    let golden = "RotationSpline.__call__";
    Subject { name, golden, programs: &[], points: points::quats, record: Record::Batch(record), kinks: &[] }
}

const fn by_times(name: &'static str, record: fn(Tensor) -> Tensor) -> Subject {
    // The third derivative jumps there, the acceleration's first.
    let kinks = &["at a knot"];
    let golden = "RotationSpline.__call__";
    Subject { name, golden, programs: &[], points: spline_times, record: Record::Batch(record), kinks }
}

/// Three times of knots, and a time.
fn knots_and_time() -> Vec<Point> {
    vec![point("generic", [0.1, 2.2, 3.9, 2.7]), point("at a knot", [0.1, 2.2, 3.9, 2.2])]
}

/// The same, and a time where the curve is continued.
fn spline_times() -> Vec<Point> {
    knots_and_time().into_iter().chain([point("outside", [0.1, 2.2, 3.9, 4.5])]).collect()
}

/// Numbers for each row.
fn like(numbers: [f64; 4], x: Tensor) -> Tensor {
    fixed(numbers, x) + x.full_like(0).slice(-1, ..4)
}

fn knots<const N: usize>(quats: [Tensor; N]) -> Rotation {
    Rotation::from_quat(stack(quats, -2))
}

fn three_knots(x: Tensor) -> Rotation {
    knots([like(IDENTITY, x), like(OTHERS[0], x), like(OTHERS[1], x)])
}

/// Knots at 0 and 1 for each row.
fn times(x: Tensor) -> Tensor {
    spaced(x, [0.0, 1.0])
}

fn spaced<const N: usize>(x: Tensor, times: [f64; N]) -> Tensor {
    stack(times.map(|time| x.component(0).full_like(time)), -1)
}

/// 0.3 for each row.
fn moment(x: Tensor) -> Tensor {
    x.component(0).full_like(0.3)
}

fn by_a_knot(x: Tensor) -> RotationSpline {
    let knots = knots([like(IDENTITY, x), x, like(OTHERS[0], x)]);
    RotationSpline::new(spaced(x, [-0.5, 0.6, 1.3]), knots)
}

fn of_equal(x: Tensor) -> RotationSpline {
    RotationSpline::new(spaced(x, [-0.5, 0.6, 1.3]), knots([x, x, x]))
}

fn of_times(x: Tensor) -> RotationSpline {
    RotationSpline::new(x.slice(-1, ..3), three_knots(x))
}

fn flat(rotation: Rotation) -> Tensor {
    rotation.as_matrix().reshape_last(2, [9])
}
