//! What is differentiated with respect to what, and mistakes.

use crate::check::{F64, named, parse, push, scalar};
use crate::support::{Array, evaluate};
use rotrace_ir::graph::{GraphBuilder, Op};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Dim, Scalar, Shape, Type};
use rotrace_passes::differentiate::{DifferentiateError, grad, jvp, vjp};

#[test]
fn what_does_not_depend_has_zeros_and_no_minus_zero_is_seen() {
    let mut b = GraphBuilder::new("f", vec!["n".into()]);
    let n2 = Type::new(F64, [named(), Dim::fixed(2)].into_iter().collect::<Shape>());
    let [x, y] = [0, 1].map(|_| b.parameter(n2.clone()).expect("a parameter"));
    let k = b.parameter(Type::scalar(DType::I64)).expect("a parameter");
    let part = Op::Slice { start: vec![0, 1], limit: [named(), Dim::fixed(2)].into_iter().collect(), step: vec![1, 1] };
    let part = push(&mut b, part, &[x]);
    let floor = scalar(&mut b, ScalarOp::Floor, &[y]);
    let f = b.finish(vec![part, k, floor]);

    let reverse = vjp(&f, &[true, true, false]).expect("floats selected");
    let x = Array::f64(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let k = Array { shape: vec![], data: vec![Scalar::i64(3)] };
    let arguments = [x.clone(), x.clone(), k.clone(), Array::f64(&[2, 1], &[5.0, 6.0]), x.clone()];
    let results = evaluate(&reverse, &arguments, &[2]);
    assert!(results[3].same(&Array::f64(&[2, 2], &[0.0, 5.0, 0.0, 6.0])), "{results:?}");
    assert!(results[4].same(&Array::f64(&[2, 2], &[0.0; 4])), "{results:?}");
    let forward = jvp(&f, &[false, true, false]).expect("floats selected");
    let results = evaluate(&forward, &[x.clone(), x.clone(), k, x], &[2]);
    assert_eq!(results.len(), 5, "a tangent for each float result only");
    assert!(results[3].same(&Array::f64(&[2, 1], &[0.0; 2])) && results[4].same(&Array::f64(&[2, 2], &[0.0; 4])));
}

#[test]
fn a_rule_that_cannot_be_transposed_is_no_mistake_where_nothing_depends_on_it() {
    let f = parse(
        "fn @f(%x: f64[], %y: f64[]) -> (f64[], f64[]) {
  %s: f64[] = sin %x
  %v: f64[] = custom %y, %y {kind = jvp, wrt = [true], rule = fn @rule(%y: f64[], %t: f64[]) -> (f64[]) {
    %k: f64[] = native %t {name = \"foreign\"}
    return %k
  }}
  return %s, %v
}",
    );
    assert!(vjp(&f, &[true, false]).is_ok());
    assert!(vjp(&f, &[false, true]).is_err());
}

#[test]
fn mistakes_are_named() {
    let mut b = GraphBuilder::new("f", vec!["n".into()]);
    let x = b.parameter(Type::new(F64, [named()].into_iter().collect::<Shape>())).expect("a parameter");
    b.parameter(Type::scalar(DType::I32)).expect("a parameter");
    let f = b.finish(vec![x]);
    assert_eq!(
        vjp(&f, &[true, true]).expect_err("an integer").to_string(),
        "cannot differentiate @f with respect to parameter 1: its type is i32[], not a float"
    );
    assert!(matches!(jvp(&f, &[true]), Err(DifferentiateError::Selection { parameters: 2, given: 1, .. })));
    assert_eq!(
        grad(&f, &[true, false]).expect_err("an array").to_string(),
        "a gradient needs a function with exactly one 0-d float result, but @f returns (f64[n])"
    );
}
