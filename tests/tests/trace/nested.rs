//! Functions called inside others, and transformed.

use crate::types;
use rotrace::spatial::Rotation;
use rotrace::{Array, Tensor, trace};

#[test]
fn transformations_have_the_documented_types() {
    let f = trace(|(x, p): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(p).square().sum(()));
    let of = "f64[n, 3], f64[3]";
    assert_eq!(types(&f.grad().lower(of).unwrap()), "f64[n, 3], f64[3] -> f64[n, 3], f64[3]");
    assert_eq!(types(&f.value_and_grad().lower(of).unwrap()), "f64[n, 3], f64[3] -> f64[], f64[n, 3], f64[3]");
    let lowered = f.vjp().lower("f64[n, 3], f64[3], f64").unwrap();
    assert_eq!(types(&lowered), "f64[n, 3], f64[3], f64[] -> f64[], f64[n, 3], f64[3]");
    let lowered = f.jvp().lower("f64[n, 3], f64[3], f64[n, 3], f64[3]").unwrap();
    assert_eq!(types(&lowered), "f64[n, 3], f64[3], f64[n, 3], f64[3] -> f64[], f64[]");
}

#[test]
fn derivatives_that_do_not_exist_are_errors() {
    let f = trace(|(x, k): (Tensor, Tensor)| (x * k.astype(rotrace::DType::F64)).sum(()));
    let error = f.grad().lower("f64[3], i64[3]").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("cannot differentiate: leaf 1 of the arguments is i64[3], not a float"), "{error}");
    let compare = trace(|x: Tensor| x.less(0.0));
    let error = compare.vjp().lower("f64[3], bool[3]").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("leaf 0 of the results is bool[3]"), "{error}");
    let vector = trace(|x: Tensor| x * 2.0);
    assert!(vector.grad().lower("f64[3]").is_err());
    let error = vector.vjp().lower("f64[n], f32[n]").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("cotangent 0 is given as f32[n], but has to be f64[n]"), "{error}");
    assert!(vector.vjp().lower("f64[n]").is_err());
}

#[test]
fn captured_values_pass_through_transformations() {
    // d/dp of (d/dx of (p x^2)) is 2 x.
    let outer = trace(|(x, p): (Tensor, Tensor)| trace(|x: Tensor| p * x * x).grad().call_traced(x));
    let mixed = outer.grad().compile("f64, f64").unwrap();
    let (dx, dp) = mixed.call(&(Array::from(3.0), Array::from(5.0))).unwrap();
    assert_eq!((dx.as_slice::<f64>().unwrap(), dp.as_slice::<f64>().unwrap()), (&[10.0][..], &[6.0][..]));
}

#[test]
fn captures_reach_through_two_levels() {
    let outer = trace(|(x, p): (Tensor, Tensor)| {
        let middle = trace(|y: Tensor| {
            let inner = trace(|z: Tensor| z * p + y);
            inner.vjp().call_traced((y * 2.0, y)).0
        });
        middle.jvp().call_traced((x, p)).1
    });
    // middle(y) = 2 y p + y, so its tangent along p is (2 p + 1) p.
    let f = outer.compile("f64, f64").unwrap();
    let value = f.call(&(Array::from(3.0), Array::from(5.0))).unwrap();
    assert_eq!(value.as_slice::<f64>().unwrap(), [55.0]);
}

#[test]
fn a_mistake_in_a_nested_function_is_the_outer_ones() {
    let line = line!() + 2;
    let outer = trace(|x: Tensor| {
        let inner = trace(|y: Tensor| (y.matmul(y), [y, y]));
        let (product, [_, last]) = inner.call_traced(x);
        product + last
    });
    let error = outer.lower("f64[2, 3]").map(|_| ()).unwrap_err();
    assert_eq!(error.location().unwrap().line(), line, "{error}");
    assert!(outer.lower("f64[3, 3]").is_ok());
}

#[test]
fn second_derivatives_of_second_derivatives() {
    let f = trace(|x: Tensor| x * x * x * x);
    let fourth = f.grad().grad().grad().grad().compile("f64").unwrap();
    assert_eq!(fourth.call(&Array::from(0.0)).unwrap().as_slice::<f64>().unwrap(), [24.0]);
}
