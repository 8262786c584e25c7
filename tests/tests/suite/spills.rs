//! Registers: on a GPU, no spatial operation needs more than there are, as NVIDIA's assembler says, but for those that are named; and
//! no more than half of them where a thread takes several rows.

use crate::derivative_table::{fixed, functions};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rotrace::spatial::{RigidTransform, Rotation, RotationSpline, Slerp};
use rotrace::{DType, Tensor, trace};
use rotrace_ir::graph::Function;
use rotrace_tests::assembled::{Assembler, CAPABILITIES, Entry, assemble};

/// What is compiled: a name, a function of two arguments, and what follows their element type.
type Case = (&'static str, fn([Tensor; 2]) -> Tensor, [&'static str; 2]);

/// Operations on batches, each with an argument of its own for every row, of which [`functions`] has constants.
const CASES: [Case; 19] = [
    ("apply", |[q, p]| Rotation::from_quat(q).apply(p), ["[n, 4]", "[n, 3]"]),
    ("multiply", |[a, b]| (Rotation::from_quat(a) * Rotation::from_quat(b)).as_quat(true), ["[n, 4]", "[n, 4]"]),
    ("rotvec", |[x, p]| Rotation::from_rotvec(x).apply(p), ["[n, 3]", "[n, 3]"]),
    ("as_rotvec", |[q, p]| Rotation::from_quat(q).as_rotvec() + p, ["[n, 4]", "[n, 3]"]),
    ("as_matrix", |[q, m]| Rotation::from_quat(q).as_matrix() + m, ["[n, 4]", "[n, 3, 3]"]),
    ("from_matrix", |[m, q]| Rotation::from_matrix(m).as_quat(true) + q, ["[n, 3, 3]", "[n, 4]"]),
    ("as_euler", |[q, p]| Rotation::from_quat(q).as_euler("ZYX") + p, ["[n, 4]", "[n, 3]"]),
    ("from_euler", |[e, p]| Rotation::from_euler("xyz", e).apply(p), ["[n, 3]", "[n, 3]"]),
    ("transform", |[m, p]| RigidTransform::from_matrix(m).apply(p), ["[n, 4, 4]", "[n, 3]"]),
    ("exp_coords", |[x, p]| RigidTransform::from_exp_coords(x).apply(p), ["[n, 6]", "[n, 3]"]),
    (
        "transform_multiply",
        |[a, b]| (RigidTransform::from_matrix(a) * RigidTransform::from_matrix(b)).as_matrix(),
        ["[n, 4, 4]", "[n, 4, 4]"],
    ),
    (
        "transform_multiply_valid",
        |ms| {
            let [a, b] = ms.map(RigidTransform::from_matrix_assume_valid);
            (a * b).as_matrix()
        },
        ["[n, 4, 4]", "[n, 4, 4]"],
    ),
    ("transform_inverse", |[m, p]| RigidTransform::from_matrix_assume_valid(m).inv().apply(p), ["[n, 4, 4]", "[n, 3]"]),
    (
        "slerp",
        |[q, t]| Slerp::new(fixed([0.0, 1.0, 2.5], t), Rotation::from_quat(q)).at(t).as_quat(false),
        ["[3, 4]", "[n]"],
    ),
    (
        "spline",
        |[q, t]| RotationSpline::new(fixed([0.0, 1.0, 2.5, 4.0], t), Rotation::from_quat(q)).at(t).as_quat(false),
        ["[4, 4]", "[n]"],
    ),
    ("mean", |[q, w]| Rotation::from_quat(q).weighted_mean(w, 0).as_quat(true), ["[n, 4]", "[n]"]),
    ("align_vectors", |[a, b]| Rotation::align_vectors(a, b).rotation.as_quat(true), ["[n, 3]", "[n, 3]"]),
    ("rotvec_gradient", |[x, p]| gradient(x, p, |x, p| Rotation::from_rotvec(x).apply(p)), ["[n, 3]", "[n, 3]"]),
    (
        "euler_gradient",
        |[q, p]| gradient(q, p, |q, p| Rotation::from_quat(q).as_euler("ZYX") * p),
        ["[n, 4]", "[n, 3]"],
    ),
];

fn gradient(x: Tensor, p: Tensor, function: fn(Tensor, Tensor) -> Tensor) -> Tensor {
    trace(move |x: Tensor| function(x, p).sum(())).grad().call_traced(x)
}

/// Functions with more state than the 255 registers of a thread, and the bytes of it that a thread stores to memory on compute
/// capability 9.0 (f32, f64). They are the gradients of what takes thousands of operations, whose results the way back needs, and a
/// spline's coefficients, which are computed once for a curve; decision 0016 says more.
const TOO_LARGE: [(&str, [u32; 2]); 25] = [
    ("gradient of RigidTransform.from_matrix", [0, 60]),
    ("gradient of RigidTransform.mean", [896, 3452]),
    ("gradient of RigidTransform.mean, weighted", [988, 3780]),
    ("gradient of Rotation.align_vectors", [564, 2952]),
    ("gradient of Rotation.align_vectors, by the weights", [1024, 3604]),
    ("gradient of Rotation.align_vectors, one of infinite weight", [1204, 4188]),
    ("gradient of Rotation.align_vectors, the distance", [752, 3148]),
    ("gradient of Rotation.align_vectors, the sensitivity", [416, 2524]),
    ("gradient of Rotation.align_vectors, two pairs", [468, 2608]),
    ("gradient of Rotation.from_matrix", [0, 60]),
    ("gradient of Rotation.from_matrix, scaled", [0, 60]),
    ("gradient of Rotation.mean, of equal ones", [776, 3008]),
    ("gradient of Rotation.mean, weighted", [816, 3092]),
    ("gradient of Rotation.mean, with the identity", [800, 3056]),
    ("gradient of Rotation.mean, with two others", [776, 3008]),
    ("gradient of RotationSpline.__call__, acceleration, between equal knots", [824, 4288]),
    ("gradient of RotationSpline.__call__, acceleration, by a knot", [956, 3188]),
    ("gradient of RotationSpline.__call__, acceleration, by the times", [520, 2872]),
    ("gradient of RotationSpline.__call__, between equal knots", [792, 4108]),
    ("gradient of RotationSpline.__call__, by a knot", [820, 3004]),
    ("gradient of RotationSpline.__call__, by the times", [316, 2552]),
    ("gradient of RotationSpline.__call__, rate, between equal knots", [580, 3956]),
    ("gradient of RotationSpline.__call__, rate, by a knot", [812, 2900]),
    ("gradient of RotationSpline.__call__, rate, by the times", [332, 2392]),
    ("spline", [0, 192]),
];

/// What spills on another architecture alone, and its bytes.
const TOO_LARGE_ELSEWHERE: [(&str, DType, u32, u32); 1] =
    [("gradient of RigidTransform.local, on the left", DType::F64, 120, 8)];

/// Registers of a thread that takes several rows: half of all.
const MOST_WITH_ROWS: u32 = 128;

/// A function, by name and element type.
type Named = (String, DType, Function);

/// All functions that are too large, or all that are not.
fn all(large: bool) -> Vec<Named> {
    let of = |dtype| cases(dtype).chain(functions(dtype)).map(move |(name, function)| (name, dtype, function));
    let all = [DType::F32, DType::F64].into_iter().flat_map(of);
    all.filter(|(name, dtype, _)| (permitted(name, *dtype, 90) > 0) == large).collect()
}

fn cases(dtype: DType) -> impl Iterator<Item = (String, Function)> {
    CASES.into_iter().map(move |(name, function, shapes)| {
        let signature = shapes.map(|shape| format!("{dtype}{shape}")).join(", ");
        let lowered = trace(function).lower(signature.as_str()).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.to_owned(), lowered.function().clone())
    })
}

/// The bytes that a function may spill, on any architecture but 90 some more.
fn permitted(name: &str, dtype: DType, capability: u32) -> u32 {
    let place = usize::from(dtype == DType::F64);
    let elsewhere =
        TOO_LARGE_ELSEWHERE.iter().find(|&&(large, of, on, _)| (large, of, on) == (name, dtype, capability));
    let everywhere = || TOO_LARGE.iter().find(|(large, _)| *large == name).map_or(0, |(_, bytes)| bytes[place]);
    elsewhere.map_or_else(everywhere, |&(.., bytes)| bytes)
}

/// What is wrong with a function's registers.
fn check(assembler: &Assembler, (name, dtype, function): &Named, capability: u32) -> Result<(), String> {
    let wrong = |what: String| format!("{name}, {dtype}, {capability}: {what}");
    let entries = assemble(assembler, function, capability).map_err(wrong)?.concat();
    let several = |entry: &&Entry| entry.name == "rows" || entry.name == "tile";
    if let Some(entry) = entries.iter().filter(several).find(|entry| entry.registers > MOST_WITH_ROWS) {
        return Err(wrong(format!("too many registers: {entry:?}")));
    }
    let (spilled, permitted) =
        (entries.iter().map(|entry| entry.spilled).sum::<u32>(), permitted(name, *dtype, capability));
    match (spilled, permitted) {
        (0, 0) => Ok(()),
        (0, _) => Err(wrong("it is not too large any more".to_owned())),
        (_, 0) => Err(wrong(format!("it spills: {entries:?}"))),
        // Other architectures differ by some bytes.
        _ if spilled <= permitted || capability != 90 => Ok(()),
        _ => Err(wrong(format!("it spills {spilled} bytes in place of {permitted}"))),
    }
}

fn check_all(functions: &[Named], capabilities: &[u32]) {
    let Some(assembler) = Assembler::find() else { return };
    let check = |function| {
        let wrong = |&capability| check(assembler, function, capability).err();
        capabilities.iter().filter_map(wrong).collect::<Vec<_>>()
    };
    let failures = functions.par_iter().flat_map_iter(check).collect::<Vec<_>>();
    assert!(failures.is_empty(), "{} of {} functions:\n{}", failures.len(), functions.len(), failures.join("\n"));
}

#[test]
fn spatial_operations_do_not_spill() {
    let functions = all(false);
    assert!(functions.len() > 300, "{} functions", functions.len());
    check_all(&functions, &[90]);
}

#[test]
#[ignore = "takes minutes"]
fn what_is_too_large_spills_no_more_than_it_did() {
    check_all(&all(true), &[90]);
}

#[test]
#[ignore = "takes minutes"]
fn spatial_operations_do_not_spill_on_other_architectures() {
    let others: Vec<u32> = CAPABILITIES.into_iter().filter(|&capability| capability != 90).collect();
    check_all(&all(false), &others);
    check_all(&all(true), &others);
}
