//! Maps and derivatives in any order.

use crate::types;
use rotrace::spatial::Rotation;
use rotrace::{Array, Error, Tensor, Traced, trace};

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

fn close(found: &Array, wanted: &Array) {
    assert_eq!(found.shape(), wanted.shape());
    for (found, wanted) in numbers(found).iter().zip(numbers(wanted)) {
        assert!((found - wanted).abs() <= 1e-13 * wanted.abs().max(1.0), "{found} is not {wanted}");
    }
}

/// Of a rotation vector and a point, to one number.
fn energy<'a>() -> Traced<'a, (Tensor, Tensor), Tensor> {
    trace(|(v, p): (Tensor, Tensor)| (Rotation::from_rotvec(v).apply(p) * [1.0, 2.0, 3.0]).square().sum(()).sin())
}

fn rows() -> (Array, Array) {
    (
        Array::from([[0.3, -0.2, 0.9], [0.0, 0.0, 0.0], [1.5, 2.0, -0.5]]),
        Array::from([[1.0, 0.5, -0.25], [0.1, 0.2, 0.3], [-0.7, 0.4, 0.0]]),
    )
}

const ROWS: &str = "f64[n, 3], f64[n, 3]";

#[test]
fn gradients_of_rows() -> Result<(), Error> {
    let (v, p) = rows();
    // The gradient of each row, and the gradient of the sum over rows.
    let each = energy().grad().vmap(0, 0);
    assert_eq!(types(&each.lower(ROWS)?), "f64[n, 3], f64[n, 3] -> f64[n, 3], f64[n, 3]");
    let each = each.compile(ROWS)?.call(&(v.clone(), p.clone()))?;
    let total = trace(|rows: (Tensor, Tensor)| energy().vmap(0, 0).call_traced(rows).sum(()));
    let total = total.grad().compile(ROWS)?.call(&(v.clone(), p.clone()))?;
    close(&each.0, &total.0);
    close(&each.1, &total.1);
    // With one point for all rows, its gradient is summed over them.
    let shared = trace(|(v, p): (Tensor, Tensor)| energy().vmap((0, None), 0).call_traced((v, p)).sum(()));
    let point = Array::from([1.0, 0.5, -0.25]);
    let (_, of_point) = shared.grad().compile("f64[n, 3], f64[3]")?.call(&(v.clone(), point.clone()))?;
    let of_rows = energy().grad().vmap((0, None), 0).compile("f64[n, 3], f64[3]")?.call(&(v, point))?;
    let summed = trace(|x: Tensor| x.sum(0)).compile("f64[n, 3]")?.call(&of_rows.1)?;
    close(&of_point, &summed);
    let both = energy().value_and_grad().vmap(0, (-1, 1));
    assert_eq!(types(&both.lower(ROWS)?), "f64[n, 3], f64[n, 3] -> f64[n], f64[3, n], f64[3, n]");
    Ok(())
}

#[test]
fn tangents_and_cotangents_of_rows() -> Result<(), Error> {
    let f = energy();
    let (v, p) = rows();
    let of = "f64[n, 3], f64[n, 3], f64[n, 3], f64[n, 3]";
    let first = f.vmap(0, 0).jvp().compile(of)?.call(&((v.clone(), p.clone()), (p.clone(), v.clone())))?;
    let second = f.jvp().vmap(0, 0).compile(of)?.call(&((v.clone(), p.clone()), (p.clone(), v.clone())))?;
    assert_eq!(first, second);
    let of = "f64[n, 3], f64[n, 3], f64[n]";
    let seeds = Array::from([1.0, -2.0, 0.5]);
    let first = f.vmap(0, 0).vjp().compile(of)?.call(&((v.clone(), p.clone()), seeds.clone()))?;
    let second = f.vjp().vmap(0, 0).compile(of)?.call(&((v.clone(), p.clone()), seeds))?;
    assert_eq!(first, second);
    // One point, many directions: the function itself is computed once.
    let directions = f.jvp().vmap(((None, None), 0), (None, 0));
    let lowered = directions.lower("f64[3], f64[3], f64[k, 3], f64[k, 3]")?;
    assert_eq!(types(&lowered), "f64[3], f64[3], f64[k, 3], f64[k, 3] -> f64[], f64[k]");
    Ok(())
}

#[test]
fn forward_over_reverse_of_rows_and_rows_of_it() -> Result<(), Error> {
    let f = energy();
    let (v, p) = rows();
    let of = "f64[n, 3], f64[n, 3], f64[n, 3], f64[n, 3]";
    let arguments = ((v.clone(), p.clone()), (p, v));
    let hessian = f.grad().jvp().vmap(0, 0).compile(of)?.call(&arguments)?;
    let mapped = trace(|rows: (Tensor, Tensor)| energy().vmap(0, 0).call_traced(rows).sum(()));
    let other = mapped.grad().jvp().compile(of)?.call(&arguments)?;
    close(&hessian.1.0, &other.1.0);
    close(&hessian.1.1, &other.1.1);
    // Reverse over forward gives the same products, as the Hessian is symmetric.
    let along = trace(|((v, p), direction): ((Tensor, Tensor), (Tensor, Tensor))| {
        let slope = trace(move |point: (Tensor, Tensor)| energy().jvp().call_traced((point, direction)).1);
        slope.grad().call_traced((v, p))
    });
    let third = along.vmap(0, 0).compile(of)?.call(&arguments)?;
    close(&third.0, &hessian.1.0);
    close(&third.1, &hessian.1.1);
    Ok(())
}

/// `x^2` with a rule that says 10 times the slope.
fn loud_square<'a>(forward: bool) -> Traced<'a, Tensor, Tensor> {
    let square = trace(|x: Tensor| x * x);
    match forward {
        true => square.custom_jvp(|x, tangent| x * 20 * tangent),
        false => square.custom_vjp(|x, cotangent| x * 20 * cotangent),
    }
}

#[test]
fn rules_of_rows() -> Result<(), Error> {
    for forward in [true, false] {
        let scaled = trace(move |(x, scale): (Tensor, Tensor)| loud_square(forward).call_traced(x * scale).sum(()));
        let each = scaled.vmap((0, None), 0);
        let total = trace(move |arguments: (Tensor, Tensor)| each.call_traced(arguments).sum(()));
        let (dx, dscale) = total
            .grad()
            .compile("f64[n, 2], f64[]")?
            .call(&(Array::from([[1.0, 2.0], [3.0, 4.0]]), Array::from(0.5)))?;
        assert_eq!(numbers(&dx), [5.0, 10.0, 15.0, 20.0]);
        assert_eq!(numbers(&dscale), [10.0 * (1.0 + 4.0 + 9.0 + 16.0)]);
        // Reverse over the mapped forward derivative, and the mapped reverse derivative twice.
        let slope = trace(move |x: Tensor| loud_square(forward).jvp().call_traced((x, x.ones_like())).1);
        let second = slope.vmap(0, 0).vjp().compile("f64[n], f64[n]")?;
        assert_eq!(numbers(&second.call(&(Array::from([3.0, -1.0]), Array::from([1.0, 1.0])))?.1), [20.0, 20.0]);
        let third = loud_square(forward).vmap(0, 0).grad_of_sum().vmap(1, 1).grad_of_sum().compile("f64[n, m]")?;
        assert_eq!(numbers(&third.call(&Array::from([[3.0, -1.0]]))?), [20.0, 20.0]);
    }
    // A rule around a mapped function, with a captured value.
    let outer = trace(|(x, k): (Tensor, Tensor)| {
        let row = trace(move |x: Tensor| (x * k).sum(())).vmap(0, 0);
        let rule = row.custom_jvp(move |_, tangent| (tangent * k * 3).sum(1));
        rule.vmap(0, 0).call_traced(x).sum(())
    });
    let (dx, dk) = outer
        .grad()
        .compile("f64[m, n, 2], f64[2]")?
        .call(&(Array::from_vec(&[1, 2, 2], vec![1.0; 4])?, Array::from([2.0, 5.0])))?;
    assert_eq!(numbers(&dx), [6.0, 15.0, 6.0, 15.0]);
    assert_eq!(numbers(&dk), [0.0, 0.0]);
    Ok(())
}

trait GradOfSum {
    fn grad_of_sum(&self) -> Self;
}

impl GradOfSum for Traced<'_, Tensor, Tensor> {
    fn grad_of_sum(&self) -> Self {
        let function = self.clone();
        trace(move |x: Tensor| function.call_traced(x).sum(())).grad()
    }
}

#[test]
fn jacobians_of_rows() -> Result<(), Error> {
    let rotate = trace(|v: Tensor| Rotation::from_rotvec(v).apply([1.0, 2.0, 3.0]));
    let (v, _) = rows();
    let rows = rotate.jacobian(0).vmap(0, 0).compile("f64[n, 3]")?.call(&v)?;
    close(&rows, &rotate.jacobian(1).compile("f64[n, 3]")?.call(&v)?);
    Ok(())
}
