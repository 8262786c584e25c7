//! Jacobians and Hessians, forward and reverse, of trees and named sizes.

use crate::types;
use rotrace::spatial::Rotation;
use rotrace::{Array, Error, Tensor, Traced, Tree, stack, trace};

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

#[track_caller]
fn close(found: &Array, wanted: &Array, tolerance: f64) {
    assert_eq!(found.shape(), wanted.shape());
    for (found, wanted) in numbers(found).iter().zip(numbers(wanted)) {
        assert!((found - wanted).abs() <= tolerance * wanted.abs().max(1.0), "{found} is not {wanted}");
    }
}

/// Of a vector and a matrix, everything with everything.
fn mixing<'a>() -> Traced<'a, (Tensor, Tensor), Tensor> {
    trace(|(x, m): (Tensor, Tensor)| (m.matmul(x) + x.square().sum(())).sin().outer_with(x))
}

trait Outer {
    fn outer_with(self, other: Tensor) -> Tensor;
}

impl Outer for Tensor {
    /// `[i, j]`, of `[i]` and `[j]`.
    fn outer_with(self, other: Tensor) -> Tensor {
        self.expand_dims(1) * other
    }
}

fn arguments() -> (Array, Array) {
    (Array::from([0.3, -1.2, 0.7]), Array::from([[0.1, 0.5, -0.4], [1.0, -0.2, 0.3]]))
}

/// The Jacobian with respect to one argument by differences.
fn differences(f: &dyn Fn(&Array) -> Array, x: &Array) -> Array {
    const STEP: f64 = 1e-6;
    let (value, at) = (f(x), numbers(x));
    let mut columns = Vec::new();
    for place in 0..at.len() {
        let moved = |step: f64| {
            let mut moved = at.clone();
            moved[place] += step;
            numbers(&f(&Array::from_vec(x.shape(), moved).unwrap()))
        };
        let (up, down) = (moved(STEP), moved(-STEP));
        columns.push(up.iter().zip(down).map(|(up, down)| (up - down) / (2.0 * STEP)).collect::<Vec<_>>());
    }
    let rows = (0..value.len()).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    Array::from_vec(&[value.shape(), x.shape()].concat(), rows).unwrap()
}

#[test]
fn forward_is_reverse_is_differences() -> Result<(), Error> {
    let (x, m) = arguments();
    let value = mixing().compile("f64[3], f64[2, 3]")?;
    let by_x = differences(&|x| value.call(&(x.clone(), m.clone())).unwrap(), &x);
    let by_m = differences(&|m| value.call(&(x.clone(), m.clone())).unwrap(), &m);
    for of in ["f64[3], f64[2, 3]", "f64[n], f64[2, n]", "f64[n], f64[m, n]"] {
        for jacobian in [mixing().jacfwd(), mixing().jacrev(), mixing().jacobian(0)] {
            let (dx, dm) = jacobian.compile(of)?.call(&(x.clone(), m.clone()))?;
            assert_eq!((dx.shape(), dm.shape()), (&[2, 3, 3][..], &[2, 3, 2, 3][..]));
            close(&dx, &by_x, 1e-8);
            close(&dm, &by_m, 1e-8);
        }
    }
    Ok(())
}

#[test]
fn results_and_arguments_of_every_rank() -> Result<(), Error> {
    let f = trace(|(x, y): (Tensor, Tensor)| (x.sum(()) * y, [x * y, x]));
    for jacobian in [f.jacfwd(), f.jacrev(), f.jacobian(0)] {
        assert_eq!(
            types(&jacobian.lower("f64[n, 2], f64")?),
            "f64[n, 2], f64[] -> f64[n, 2], f64[], f64[n, 2, n, 2], f64[n, 2], f64[n, 2, n, 2], f64[n, 2]"
        );
        let ((sum_x, sum_y), [(product_x, _), (same_x, same_y)]) =
            jacobian.compile("f64[n, 2], f64")?.call(&(Array::from([[1.0, 2.0]]), Array::from(3.0)))?;
        assert_eq!((numbers(&sum_x), numbers(&sum_y)), (vec![3.0, 3.0], vec![3.0]));
        assert_eq!(numbers(&product_x), [3.0, 0.0, 0.0, 3.0]);
        assert_eq!((numbers(&same_x), numbers(&same_y)), (vec![1.0, 0.0, 0.0, 1.0], vec![0.0, 0.0]));
    }
    let list = trace(|x: Tensor| vec![x, x * 2.0]);
    assert_eq!(types(&list.jacrev().lower("f32[3]")?), "f32[3] -> f32[3, 3], f32[3, 3]");
    // Sizes of 0 and named ones of 0.
    assert_eq!(types(&list.jacfwd().lower("f64[0, 2]")?), "f64[0, 2] -> f64[0, 2, 0, 2], f64[0, 2, 0, 2]");
    let none = list.jacfwd().compile("f64[n]")?.call(&Array::zeros(&[0])?)?;
    assert_eq!(none[0].shape(), [0, 0]);
    Ok(())
}

#[test]
fn a_zero_direction_is_not_multiplied() -> Result<(), Error> {
    // The slope with respect to y is infinite at 0; that with respect to x does not see it.
    let f = trace(|(x, y): (Tensor, Tensor)| x * 2.0 + y.sqrt());
    let (dx, dy) = f.jacfwd().compile("f64[2], f64[2]")?.call(&(Array::from([1.0, 2.0]), Array::from([0.0, 1.0])))?;
    assert_eq!(numbers(&dx), [2.0, 0.0, 0.0, 2.0]);
    assert_eq!(numbers(&dy)[3], 0.5);
    Ok(())
}

#[test]
fn hessians_are_symmetric_and_right() -> Result<(), Error> {
    let f = trace(|(x, m): (Tensor, Tensor)| mixing().call_traced((x, m)).square().sum(()));
    let (x, m) = arguments();
    let of = "f64[n], f64[2, n]";
    let ((xx, xm), (mx, mm)) = f.hessian().compile(of)?.call(&(x.clone(), m.clone()))?;
    let gradient = f.grad().compile(of)?;
    close(&xx, &differences(&|x| gradient.call(&(x.clone(), m.clone())).unwrap().0, &x), 1e-7);
    close(&xm, &differences(&|m| gradient.call(&(x.clone(), m.clone())).unwrap().0, &m), 1e-7);
    close(&mx, &differences(&|x| gradient.call(&(x.clone(), m.clone())).unwrap().1, &x), 1e-7);
    close(&mm, &differences(&|m| gradient.call(&(x.clone(), m.clone())).unwrap().1, &m), 1e-7);
    // Other ways to the same.
    let reverse = f.grad().jacrev().compile(of)?.call(&(x.clone(), m.clone()))?;
    close(&reverse.0.0, &xx, 1e-12);
    close(&reverse.1.1, &mm, 1e-12);
    let direction = (Array::from([1.0, -2.0, 0.5]), Array::from([[0.0, 1.0, 0.0], [0.5, 0.0, -1.0]]));
    let (product, _) = f.hvp().compile("f64[n], f64[2, n], f64[n], f64[2, n]")?.call(&((x, m), direction.clone()))?;
    let (v, w) = (numbers(&direction.0), numbers(&direction.1));
    for row in 0..3 {
        let of_x: f64 = numbers(&xx)[row * 3..][..3].iter().zip(&v).map(|(h, v)| h * v).sum();
        let of_m: f64 = numbers(&xm)[row * 6..][..6].iter().zip(&w).map(|(h, w)| h * w).sum();
        assert!((numbers(&product)[row] - of_x - of_m).abs() < 1e-12);
    }
    Ok(())
}

#[test]
fn hessians_of_rows_at_singular_points() -> Result<(), Error> {
    let energy =
        trace(|v: Tensor| (Rotation::from_rotvec(v).apply([1.0, 2.0, 3.0]) * [1.0, -1.0, 0.5]).sum(()).square());
    let rows = energy.hessian().vmap(0, 0).compile("f64[n, 3]")?;
    let single = energy.hessian().compile("f64[3]")?;
    let points = [[0.0, 0.0, 0.0], [1e-9, 0.0, 0.0], [0.3, -0.2, 0.1], [std::f64::consts::PI, 0.0, 0.0]];
    let all = rows.call(&Array::from(points))?;
    for (row, point) in points.into_iter().enumerate() {
        let one = numbers(&single.call(&Array::from(point))?);
        let found = &numbers(&all)[row * 9..][..9];
        assert!(found.iter().all(|x| x.is_finite()) && found == one, "{found:?} {one:?}");
        assert!((0..9).all(|place| (one[place] - one[place % 3 * 3 + place / 3]).abs() < 1e-12));
    }
    // The Hessian of the sum over rows has those on its diagonal.
    let total = trace(move |v: Tensor| energy.vmap(0, 0).call_traced(v).sum(()));
    let whole = total.hessian().compile("f64[n, 3]")?.call(&Array::from(points))?;
    assert_eq!(whole.shape(), [4, 3, 4, 3]);
    for (place, value) in numbers(&whole).into_iter().enumerate() {
        let (row, i, column, j) = (place / 36, place / 12 % 3, place / 3 % 4, place % 3);
        let wanted = if row == column { numbers(&all)[row * 9 + i * 3 + j] } else { 0.0 };
        assert!((value - wanted).abs() < 1e-12, "{value} is not {wanted}");
    }
    Ok(())
}

#[test]
fn the_linear_map_at_a_point() -> Result<(), Error> {
    let f = trace(|(x, m): (Tensor, Tensor)| (mixing().call_traced((x, m)), x));
    let step = trace(move |(x, m, directions): (Tensor, Tensor, Tensor)| {
        let (value, linear) = f.linearize((x, m));
        let along = linear.vmap((0, None), 0).call_traced((directions, m * 0.0)).0;
        let again = linear.call_traced((x, m)).0;
        (value, along, again)
    });
    let (x, m) = arguments();
    let directions = Array::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let compiled = step.compile("f64[3], f64[2, 3], f64[k, 3]")?;
    let ((value, _), along, _) = compiled.call(&(x.clone(), m.clone(), directions))?;
    assert_eq!(value, mixing().compile("f64[3], f64[2, 3]")?.call(&(x.clone(), m.clone()))?);
    let (jacobian, _) = mixing().jacfwd().compile("f64[3], f64[2, 3]")?.call(&(x, m))?;
    for (place, slope) in numbers(&along).into_iter().enumerate() {
        let (direction, result) = (place / 6, place % 6);
        assert!((slope - numbers(&jacobian)[result * 3 + direction]).abs() < 1e-14);
    }
    // The sine of the function itself is there once, and its cosine.
    assert_eq!(compiled.graph_after("dce").unwrap_or_default().matches(" sin ").count(), 1);
    Ok(())
}

#[test]
fn a_map_over_directions_costs_as_many_as_there_are() -> Result<(), Error> {
    // Many columns are one more axis, not as many copies.
    let f = trace(|x: Tensor| x.sin() * x.sum(()));
    let nodes = |size: usize| -> Result<usize, Error> {
        Ok(f.jacfwd().lower(format!("f64[{size}]").as_str())?.function().nodes.len())
    };
    assert_eq!(nodes(3)?, nodes(3000)?);
    let large = f.jacfwd().compile("f64[500]")?.call(&Array::from(vec![0.5; 500]))?;
    assert_eq!(large.shape(), [500, 500]);
    Ok(())
}

#[test]
fn mistakes_name_the_operation_and_the_leaf() {
    #[track_caller]
    fn message<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str, line: u32) -> String {
        let text = function.lower(types).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains(&format!("jacobians.rs:{line}:")), "{text}");
        text
    }
    let f = trace(|(x, k): (Tensor, Tensor)| x * k.astype(rotrace::DType::F64));
    let line = line!() + 1;
    let text = message(&f.jacfwd(), "f64[3], i64[3]", line);
    assert!(text.contains("jacfwd: cannot differentiate: leaf 1 of the arguments is i64[3], not a float"), "{text}");
    let line = line!() + 1;
    let text = message(&trace(|x: Tensor| (x, x.less(1.0))).jacrev(), "f64[n]", line);
    assert!(text.contains("jacrev: cannot differentiate: leaf 1 of the results is bool[n], not a float"), "{text}");
    let line = line!() + 1;
    let text = message(&trace(|x: Tensor| x * 2.0).hessian(), "f64[n]", line);
    assert!(text.contains("a gradient needs a function with exactly one 0-d float result"), "{text}");
    let line = line!() + 1;
    let text = message(&trace(|x: Tensor| x * 2.0).hvp(), "f64[n], f64[n]", line);
    assert!(text.contains("a gradient needs a function"), "{text}");
    let line = line!() + 1;
    let text = message(&trace(|x: Tensor| (x, x.sum(()))).jacobian(1), "f64[n]", line);
    assert!(text.contains("leaf 1 of the results does not have the 1 leading axes of the first"), "{text}");
    let line = line!() + 1;
    let wrong = trace(|x: Tensor| stack([x.matmul(x), x.sum(3)], 0));
    assert!(message(&wrong.jacfwd(), "f64[3]", line).contains("sum: axis 3 is out of bounds"));
    assert!(message(&wrong.jacrev().vmap(0, 0), "f64[n, 3]", line).contains("sum: axis 3 is out of bounds"));
}
