//! Which values have the axis, and what is refused.

use crate::{batched, parse};
use rotrace_ir::{Dim, DimId};
use rotrace_passes::batch::{BatchError, batch};

const TWO: &str = "fn @f(dims n, r; %x: f64[n], %w: f64[n]) -> (f64[n], f64[n]) {
  %s: f64[n] = sin %w loc(\"src/a.rs\":12:5)
  %c: f64[n] = cos %s
  %p: f64[n] = multiply %x, %c
  return %p, %c
}";

#[test]
fn what_does_not_depend_on_the_axis_has_none() {
    let all = batched(&parse(TWO), &[true, false], Dim::named(DimId(1)));
    assert_eq!(all.results, [true, false]);
    let text = all.function.to_string();
    assert!(text.contains("f64[n] = sin") && text.contains("f64[n] = cos"), "{text}");
    assert_eq!(text.matches("broadcast").count(), 1, "{text}");
    assert!(text.contains("loc(\"src/a.rs\":12:5)"), "{text}");
}

#[test]
fn results_can_be_asked_for_with_the_axis() {
    let all = batch(&parse(TWO), &[true, false], &[false, true], Dim::fixed(5)).expect("fits");
    assert_eq!(all.results, [true, true]);
    let types: Vec<String> = all.function.result_types().map(|ty| ty.display(&all.function.dims)).collect();
    assert_eq!(types, ["f64[5, n]", "f64[5, n]"]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let function = parse(TWO);
    let wrong = batch(&function, &[true], &[false, false], Dim::fixed(2));
    assert!(matches!(wrong, Err(BatchError::Selection { what: "parameters", .. })), "{wrong:?}");
    let wrong = batch(&function, &[true, true], &[], Dim::fixed(2));
    assert!(matches!(wrong, Err(BatchError::Selection { what: "results", .. })), "{wrong:?}");
    let wrong = batch(&function, &[true, true], &[false, false], Dim::named(DimId(7))).expect_err("no such dim");
    assert!(wrong.to_string().contains("does not declare"), "{wrong}");
    let huge = parse("fn @f(%x: f64[4294967296]) -> (f64[4294967296]) {\n return %x\n}");
    let wrong = batch(&huge, &[true], &[false], Dim::fixed(1 << 40)).expect_err("too large");
    assert!(wrong.to_string().contains("too large"), "{wrong}");
}
