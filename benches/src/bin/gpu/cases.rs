//! The workloads, and random arguments for them.

use rotrace::{DType, Error, Lowered, Tensor, trace};
use rotrace_bench::Workload;
use rotrace_bench::workloads::{derivatives, drone, elementwise, rotations, transforms};

/// A workload of lists for a dtype.
type Lower = fn(DType) -> Result<Lowered<Vec<Tensor>, Vec<Tensor>>, Error>;

/// What is measured.
pub struct Case {
    pub name: &'static str,
    /// So many times fewer rows than of the others.
    pub divisor: usize,
    /// The arguments' shapes, where -1 is the number of rows.
    pub shapes: &'static [&'static [i64]],
    pub lower: Lower,
}

const Q: &[i64] = &[-1, 4];
const P: &[i64] = &[-1, 3];
const M: &[i64] = &[-1, 4, 4];
const N: &[i64] = &[-1];
const MATRIX: &[i64] = &[3, 3];

impl Case {
    pub const ALL: [Self; 9] = [
        Self::rows("add", &[N, N], |dtype| lower(&elementwise::add(), dtype)),
        Self::rows("chain", &[N], |dtype| lower(&elementwise::chain(), dtype)),
        Self::rows("sum", &[N], |dtype| lower(&elementwise::sum(), dtype)),
        Self::rows("rot_mul", &[Q, Q], |dtype| lower(&rotations::multiply(), dtype)),
        Self::rows("rot_apply", &[Q, P], |dtype| lower(&rotations::apply(), dtype)),
        Self::rows("tf_apply", &[M, P], |dtype| lower(&transforms::apply(), dtype)),
        Self::rows("as_euler", &[Q], |dtype| lower(&rotations::as_euler(), dtype)),
        Self::rows("rotvec_apply_grad", &[P, P, P], |dtype| lower(&derivatives::rotvec_apply_gradient(), dtype)),
        Self {
            name: "drone",
            divisor: 500,
            shapes: &[&[100, -1, 4], P, P, Q, P, &[100, 1, 3], MATRIX, MATRIX],
            lower: |dtype| {
                let model = drone::Model { step: 0.01, mass: 1.0, gravity: 9.81, effort: 1e-3 };
                lower(&drone::value_and_gradient(model), dtype)
            },
        },
    ];

    const fn rows(name: &'static str, shapes: &'static [&'static [i64]], lower: Lower) -> Self {
        Self { name, divisor: 1, shapes, lower }
    }
}

/// The workload as a function of lists.
fn lower<const A: usize, const R: usize>(
    workload: &Workload<A, R>,
    dtype: DType,
) -> Result<Lowered<Vec<Tensor>, Vec<Tensor>>, Error> {
    let signature = match dtype {
        DType::F32 => workload.signature::<f32>(),
        _ => workload.signature::<f64>(),
    };
    let function = |arguments: Vec<Tensor>| {
        let arguments: [Tensor; A] = arguments.try_into().expect("the signature has one type per argument");
        workload.function.call_traced(arguments).to_vec()
    };
    trace(function).lower(signature.as_str())
}

/// Arguments of a case: quaternions and whatever else is in rows of 4 have unit length, other numbers are below 1.
pub fn arguments(shapes: &[&[i64]], rows: usize) -> Vec<(Vec<usize>, Vec<f64>)> {
    let mut state = 1_u64;
    let mut number = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let mut argument = |shape: &&[i64]| {
        let shape: Vec<usize> = shape.iter().map(|&size| usize::try_from(size).unwrap_or(rows)).collect();
        let mut values: Vec<f64> = (0..shape.iter().product()).map(|_| number()).collect();
        if shape.last() == Some(&4) {
            for row in values.chunks_mut(4) {
                let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
                row.iter_mut().for_each(|value| *value /= length);
            }
        }
        (shape, values)
    };
    shapes.iter().map(&mut argument).collect()
}
