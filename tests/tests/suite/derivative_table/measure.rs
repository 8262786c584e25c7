//! Gradients and Hessians of one operation at all of its points, finite or not, and beside differences.

use super::points::Point;
use super::{Record, Subject};
use rotrace::{Array, DType, Tensor, trace};

/// Step of the differences, whose error is about its square.
const STEP: f64 = 1e-5;
const GRADIENT_TOLERANCE: f64 = 1e-8;
const HESSIAN_TOLERANCE: f64 = 1e-6;

/// What was found of one operation.
pub(super) struct Derivatives {
    pub points: Vec<Point>,
    /// By dtype (`f64`, `f32`) and point: whether gradient and Hessian are finite.
    pub finite: [Vec<bool>; 2],
    /// By point: the differences of gradient and Hessian from differences of value and gradient, relative to the larger
    /// of 1 and the derivative. `f64`.
    pub errors: Vec<[f64; 2]>,
}

/// Value, gradient of a weighted sum of the results, and the Hessian of that times a direction; rows are points.
struct Evaluated {
    values: Vec<Vec<f64>>,
    gradients: Vec<Vec<f64>>,
    products: Vec<Vec<f64>>,
}

impl Derivatives {
    pub(super) fn of(subject: &Subject) -> Self {
        let points = (subject.points)();
        let rows: Vec<Vec<f64>> = points.iter().map(|point| point.value.clone()).collect();
        let finite = [DType::F64, DType::F32].map(|dtype| {
            let found = evaluate(subject, &rows, dtype);
            found.gradients.iter().zip(&found.products).map(|(g, h)| all_finite(g) && all_finite(h)).collect()
        });
        Self { errors: errors(subject, &rows), finite, points }
    }

    /// What is wrong: derivatives that are not finite, or not right where the function is said to be differentiable, or
    /// right where it is said not to be.
    pub(super) fn wrong(&self, subject: &Subject) -> Vec<String> {
        let mut wrong = Vec::new();
        for (index, point) in self.points.iter().enumerate() {
            for (dtype, finite) in [DType::F64, DType::F32].iter().zip(&self.finite) {
                if !finite[index] {
                    wrong.push(format!("not finite at {} in {dtype}", point.name));
                }
            }
            let [gradient, hessian] = self.errors[index];
            let right = gradient <= GRADIENT_TOLERANCE && hessian <= HESSIAN_TOLERANCE;
            match (right, subject.kinks.contains(&point.name)) {
                (true, false) | (false, true) => {}
                (false, false) => {
                    wrong.push(format!("at {}: gradient off by {gradient:e}, Hessian by {hessian:e}", point.name));
                }
                (true, true) => wrong.push(format!("no kink at {}", point.name)),
            }
        }
        wrong
    }
}

fn all_finite(row: &[f64]) -> bool {
    row.iter().all(|value| value.is_finite())
}

/// Weights of the results, and a direction among the arguments: numbers without a pattern that the operations have.
fn weights(count: usize) -> Vec<f64> {
    (0..count).map(|index| (1.0 + 1.7 * index as f64).cos()).collect()
}

fn direction(count: usize) -> Vec<f64> {
    (0..count).map(|index| (2.0 + 2.3 * index as f64).sin()).collect()
}

fn errors(subject: &Subject, rows: &[Vec<f64>]) -> Vec<[f64; 2]> {
    let moved = |sign: f64| -> Vec<Vec<f64>> {
        let step = |row: &Vec<f64>| {
            row.iter().zip(direction(row.len())).map(|(value, along)| value + sign * STEP * along).collect()
        };
        rows.iter().map(step).collect()
    };
    let [here, ahead, behind] =
        [rows.to_vec(), moved(1.0), moved(-1.0)].map(|rows| evaluate(subject, &rows, DType::F64));
    let relative = |got: f64, wanted: f64| (got - wanted).abs() / wanted.abs().max(1.0);
    (0..rows.len())
        .map(|row| {
            let weighted = |values: &[f64]| dot(values, &weights(values.len()));
            let slope = (weighted(&ahead.values[row]) - weighted(&behind.values[row])) / (2.0 * STEP);
            let gradient = dot(&here.gradients[row], &direction(rows[row].len()));
            let bends = ahead.gradients[row].iter().zip(&behind.gradients[row]).map(|(a, b)| (a - b) / (2.0 * STEP));
            let largest = here.products[row].iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
            let bend = bends.zip(&here.products[row]).map(|(wanted, got)| (got - wanted).abs() / largest);
            [relative(gradient, slope), bend.fold(0.0, f64::max)]
        })
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Runs value, gradient and Hessian on all points: on a batch with its size named, or one after the other.
fn evaluate(subject: &Subject, rows: &[Vec<f64>], dtype: DType) -> Evaluated {
    let (record, leading, batches): (_, _, Vec<&[Vec<f64>]>) = match subject.record {
        Record::Batch(record) => (record, "n", vec![rows]),
        Record::Alone(record) => (record, "", rows.chunks(1).collect()),
    };
    let axes = usize::from(!leading.is_empty());
    let ty = |trailing: Option<usize>| {
        let sizes = [leading.to_owned(), trailing.map(|size| size.to_string()).unwrap_or_default()];
        format!("{dtype}[{}]", sizes.iter().filter(|size| !size.is_empty()).cloned().collect::<Vec<_>>().join(", "))
    };
    let array = |rows: Vec<Vec<f64>>, trailing: Option<usize>| {
        let leading = [rows.len()].into_iter().take(axes);
        of_shape(&leading.chain(trailing).collect::<Vec<_>>(), rows.concat(), dtype)
    };
    let width = rows[0].len();
    let value = trace(record).compile(ty(Some(width)).as_str()).expect("a valid operation");
    let results = value.executable().outputs()[0].shape.get(axes).and_then(|dim| dim.as_fixed());
    let results = results.map(|count| count as usize);

    let derivatives = trace(move |[x, weights, direction]: [Tensor; 3]| {
        let pulled = trace(record).vjp();
        let gradient = trace(move |x: Tensor| pulled.call_traced((x, weights)).1);
        let (gradient, product): (Tensor, Tensor) = gradient.jvp().call_traced((x, direction));
        [gradient, product]
    });
    let signature = [ty(Some(width)), ty(results), ty(Some(width))].join(", ");
    let derivatives = derivatives.compile(signature.as_str()).expect("a differentiable operation");
    let mut found = Evaluated { values: Vec::new(), gradients: Vec::new(), products: Vec::new() };
    for rows in batches {
        let x = array(rows.to_vec(), Some(width));
        let weights = array(vec![weights(results.unwrap_or(1)); rows.len()], results);
        let directions = array(vec![direction(width); rows.len()], Some(width));
        found.values.extend(table(&value.call(&x).expect("arguments of the right types"), rows.len()));
        let [gradients, products] = derivatives.call(&[x, weights, directions]).expect("arguments of the right types");
        found.gradients.extend(table(&gradients, rows.len()));
        found.products.extend(table(&products, rows.len()));
    }
    found
}

fn of_shape(shape: &[usize], data: Vec<f64>, dtype: DType) -> Array {
    let array = match dtype {
        DType::F32 => Array::from_vec(shape, data.into_iter().map(|value| value as f32).collect()),
        _ => Array::from_vec(shape, data),
    };
    array.expect("as many elements as the shape has")
}

/// The elements of an array, in so many rows.
fn table(array: &Array, rows: usize) -> Vec<Vec<f64>> {
    let data: Vec<f64> = match array.dtype() {
        DType::F32 => array.to_vec::<f32>().expect("singles").into_iter().map(f64::from).collect(),
        _ => array.to_vec::<f64>().expect("doubles"),
    };
    data.chunks(data.len() / rows).map(<[f64]>::to_vec).collect()
}
