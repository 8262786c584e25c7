//! Alignment of vectors.
//!
//! The argument of most rows is the vectors `a`, then the vectors `b`. The results are told apart because they have kinks
//! at different places.

use super::points::{Point, matrix, point, turn};
use super::{Record, Subject, fixed};
use rotrace::Tensor;
use rotrace::spatial::{Alignment, Rotation};

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "Rotation.align_vectors",
        golden: "Rotation.align_vectors",
        programs: &["align_rotvec"],
        points: three_pairs,
        record: Record::Alone(|x| flat(align::<3>(x).rotation)),
        kinks: &["not unique", "zero vector"],
    },
    Subject {
        name: "Rotation.align_vectors, the distance",
        golden: "Rotation.align_vectors",
        programs: &["align_rssd"],
        points: three_pairs,
        record: Record::Alone(|x| align::<3>(x).rssd),
        // A distance of 0 has a kink.
        kinks: &["identity", "half turn", "exact fit", "equal singular values", "not unique", "zero vector"],
    },
    Subject {
        name: "Rotation.align_vectors, the sensitivity",
        golden: "Rotation.align_vectors",
        programs: &["align_sensitivity"],
        points: three_pairs,
        record: Record::Alone(|x| align::<3>(x).sensitivity.reshape([9])),
        kinks: &["not unique", "zero vector"],
    },
    Subject {
        name: "Rotation.align_vectors, two pairs",
        golden: "Rotation.align_vectors",
        programs: &[],
        points: two_pairs,
        record: Record::Alone(|x| flat(align::<2>(x).rotation)),
        kinks: &["not unique", "zero vector"],
    },
    Subject {
        name: "Rotation.align_vectors, one pair",
        golden: "Rotation.align_vectors",
        programs: &["align_single_rotvec"],
        points: one_pair,
        record: Record::Alone(|x| flat(align::<1>(x).rotation)),
        kinks: &["half turn"],
    },
    Subject {
        name: "Rotation.align_vectors, one of infinite weight",
        golden: "Rotation.align_vectors",
        programs: &["align_inf_rotvec"],
        points: primary,
        record: Record::Alone(|x| {
            let [a, b] = vectors::<3>(x);
            flat(Rotation::align_weighted_vectors(a, b, fixed([f64::INFINITY, 0.7, 1.5], x)).rotation)
        }),
        kinks: &["half turn", "not unique"],
    },
    Subject {
        name: "Rotation.align_vectors, by the weights",
        golden: "Rotation.align_vectors",
        programs: &[],
        points: weights,
        record: Record::Alone(|x| {
            let [a, b] = [GENERIC.0, GENERIC.1].map(|vectors| fixed(flattened(vectors), x).reshape([3, 3]));
            flat(Rotation::align_weighted_vectors(a, b, x).rotation)
        }),
        // Beyond, the weights are negative.
        kinks: &["zero weight", "all zero"],
    },
];

type Vectors = [[f64; 3]; 3];

/// Vectors `a` and `b` in general position.
const GENERIC: (Vectors, Vectors) =
    ([[0.9, -0.3, 0.2], [0.1, 1.2, -0.5], [-0.4, 0.6, 0.8]], [[0.7, 0.5, -0.1], [-0.8, 0.9, 0.3], [0.2, -0.6, 1.1]]);

fn flattened(vectors: Vectors) -> [f64; 9] {
    std::array::from_fn(|place| vectors[place / 3][place % 3])
}

/// The vectors `[N, 3]` of both sides.
fn vectors<const N: i64>(x: Tensor) -> [Tensor; 2] {
    [x.slice(0, ..3 * N), x.slice(0, 3 * N..)].map(|side| side.reshape([N as usize, 3]))
}

fn align<const N: i64>(x: Tensor) -> Alignment {
    let [a, b] = vectors::<N>(x);
    Rotation::align_vectors(a, b)
}

fn flat(rotation: Rotation) -> Tensor {
    rotation.as_matrix().reshape([9])
}

/// Vectors turned by a matrix, row by row, after a factor for each coordinate.
fn moved(vectors: &[[f64; 3]], matrix: &[f64], scales: [f64; 3]) -> Vec<f64> {
    let row = |vector: &[f64; 3], row: usize| -> f64 {
        (0..3).map(|column| matrix[3 * row + column] * scales[column] * vector[column]).sum()
    };
    vectors.iter().flat_map(|vector| [0, 1, 2].map(|place| row(vector, place))).collect()
}

/// Two rotations.
fn frames() -> [Vec<f64>; 2] {
    [matrix(&turn(0.7)), matrix(&[0.1, -0.7, 0.5, 0.5])]
}

/// Pairs whose matrix `sum a b^T` has the given singular values, the last one with the sign of the determinant.
fn with_singular_values(name: &'static str, singular: [f64; 3]) -> Point {
    let units = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let [first, second] = frames();
    let a: Vec<f64> =
        (0..3).flat_map(|place| moved(&[units[place].map(|one| one * singular[place])], &first, [1.0; 3])).collect();
    point(name, [a, moved(&units, &second, [1.0; 3])].concat())
}

/// Pairs of `b` and what it becomes by a turn.
fn turned(name: &'static str, vectors: &[[f64; 3]], angle: f64) -> Point {
    let a = moved(vectors, &matrix(&turn(angle)), [1.0; 3]);
    point(name, [a, vectors.as_flattened().to_vec()].concat())
}

fn three_pairs() -> Vec<Point> {
    let (a, b) = GENERIC;
    let [first, second] = frames();
    vec![
        point("generic", [flattened(a), flattened(b)].concat()),
        turned("identity", &b, 0.0),
        turned("half turn", &b, std::f64::consts::PI),
        turned("exact fit", &b, 0.9),
        point("coplanar", [moved(&a, &first, [1.0, 1.0, 0.0]), moved(&b, &second, [1.0, 1.0, 0.0])].concat()),
        with_singular_values("equal singular values", [1.0; 3]),
        with_singular_values("two equal", [1.0, 0.5, 0.5]),
        with_singular_values("not unique", [1.0, 0.5, -0.5]),
        point("zero vector", [0.0; 18]),
    ]
}

fn two_pairs() -> Vec<Point> {
    let (a, b) = GENERIC;
    let pair = |a: &[[f64; 3]], b: &[[f64; 3]]| [a.as_flattened(), b.as_flattened()].concat();
    vec![
        point("generic", pair(&a[..2], &b[..2])),
        turned("identity", &b[..2], 0.0),
        turned("half turn", &b[..2], std::f64::consts::PI),
        turned("exact fit", &b[..2], 0.9),
        point("not unique", pair(&[a[0], a[0]], &[b[0], b[0]])),
        point("zero vector", [0.0; 12]),
    ]
}

fn one_pair() -> Vec<Point> {
    let (a, b) = GENERIC;
    vec![
        point("generic", [a[0], b[0]].concat()),
        turned("identity", &b[..1], 0.0),
        turned("1e-12", &b[..1], 1e-12),
        turned("1e-30", &b[..1], 1e-30),
        point("half turn", [b[0], b[0].map(|component| -component)].concat()),
    ]
}

/// Of which the first pair is to be aligned exactly: it is turned by half a turn, or the others leave that turn free.
fn primary() -> Vec<Point> {
    let (a, b) = GENERIC;
    let [first, second] = frames();
    let opposite = [b[0].map(|component| -component), a[1], a[2]];
    vec![
        point("generic", [flattened(a), flattened(b)].concat()),
        turned("identity", &b, 0.0),
        turned("exact fit", &b, 0.9),
        point("coplanar", [moved(&a, &first, [1.0, 1.0, 0.0]), moved(&b, &second, [1.0, 1.0, 0.0])].concat()),
        point("half turn", [flattened(opposite), flattened(b)].concat()),
        point("not unique", [flattened(a), flattened([b[0]; 3])].concat()),
    ]
}

fn weights() -> Vec<Point> {
    vec![point("generic", [0.5, 1.3, 0.8]), point("zero weight", [0.5, 0.0, 0.8]), point("all zero", [0.0; 3])]
}
