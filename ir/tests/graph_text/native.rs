//! Functions that are not of the IR: as text, and run.

use super::assert_round_trip;
use rotrace_ir::dim::Type;
use rotrace_ir::graph::{Constant, Op};
use rotrace_ir::interpret::graph::{InterpretError, interpret, interpret_with};
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Scalar};

const SORTED: &str = r#"fn @sorted(dims n; %0: f64[n], %1: i64[]) -> (f64[n], i64[n], f64[n]) {
  %2: f64[n], %3: i64[n] = native %0, %1 {name = "sort"}
  %4: f64[n], %5: i64[n] = native %2, %1 {name = "a \"name\" \\ of\nany kind"}
  return %2, %3, %4
}"#;

fn array(elements: &[f64]) -> Constant {
    Constant::from_scalars(DType::F64, vec![elements.len() as u64], elements.iter().copied().map(Scalar::f64))
}

/// The elements in order, and where they were.
fn sort(_: &str, operands: &[Constant], types: &[Type]) -> Result<Vec<Constant>, String> {
    let mut order: Vec<usize> = (0..operands[0].len()).collect();
    let element = |place: usize| f64::from_bits(operands[0].element(place).bits);
    order.sort_by(|&a, &b| element(a).total_cmp(&element(b)));
    let shape = vec![types[0].shape[0].as_fixed().expect("sizes are known in a call")];
    let places = order.iter().map(|&place| Scalar::from_i64(DType::I64, place as i64));
    let places = Constant::from_scalars(DType::I64, shape, places);
    Ok(vec![array(&order.iter().map(|&place| element(place)).collect::<Vec<_>>()), places])
}

#[test]
fn natives_round_trip() {
    let function = parse_function(SORTED).unwrap();
    assert_eq!(verify(&function), []);
    assert_round_trip("sorted", &function);
    let Op::Native(second) = &function.nodes[3].op else { panic!("a native node") };
    assert_eq!(second.name, "a \"name\" \\ of\nany kind");
    for broken in ["{name = sort}", "{name = \"sort}", "{name = \"\\q\"}", "{}", ""] {
        assert!(parse_function(&SORTED.replace("{name = \"sort\"}", broken)).is_err(), "{broken}");
    }
}

#[test]
fn natives_are_called() {
    let function = parse_function(SORTED).unwrap();
    let arguments = [array(&[3.0, -1.0, 2.0]), Constant::scalar(Scalar::from_i64(DType::I64, 0))];
    let results = interpret_with(&function, &arguments, &sort).expect("results");
    assert_eq!(results[0], array(&[-1.0, 2.0, 3.0]));
    assert_eq!(results[1].elements().map(|place| place.bits).collect::<Vec<_>>(), [1, 2, 0]);
    let error = interpret(&function, &arguments).expect_err("without functions");
    assert_eq!(error.to_string(), "native function `sort`: there is no function of this name");
    let short = |name: &str, operands: &[Constant], types: &[Type]| {
        let mut results = sort(name, operands, types)?;
        results[0] = array(&[1.0]);
        Ok(results)
    };
    let error = interpret_with(&function, &arguments, &short).expect_err("results of another size");
    assert_eq!(error.to_string(), "native function `sort`: the results are not of the types that were asked for");
}

#[test]
fn results_of_natives_are_within_the_budget() {
    let text = "fn @huge(%0: f64[]) -> (f64[1000000000]) {
      %1: f64[1000000000] = native %0 {name = \"huge\"}
      return %1
    }";
    let none = |_: &str, _: &[Constant], _: &[Type]| -> Result<Vec<Constant>, String> { panic!("it is not called") };
    let result = interpret_with(&parse_function(text).unwrap(), &[Constant::scalar(Scalar::f64(0.0))], &none);
    assert!(matches!(result, Err(InterpretError::Budget { .. })), "{result:?}");
}

#[test]
fn natives_in_loops_are_called_in_each_iteration() {
    let text = r#"fn @sums(dims t; %0: f64[t], %1: f64[]) -> (f64[], f64[t]) {
      %2: f64[], %3: f64[t] = scan %1, %0 {carried = 1, scanned = 1, length = t, reverse = false, checkpoint = all, body = fn @body(dims t; %a: f64[], %x: f64[]) -> (f64[], f64[]) {
        %b: f64[] = native %a, %x {name = "add"}
        return %b, %a
      }}
      return %2, %3
    }"#;
    let add = |_: &str, operands: &[Constant], _: &[Type]| {
        let sum = operands.iter().map(|operand| f64::from_bits(operand.element(0).bits)).sum();
        Ok(vec![Constant::scalar(Scalar::f64(sum))])
    };
    let arguments = [array(&[1.0, 2.0, 4.0]), Constant::scalar(Scalar::f64(10.0))];
    let results = interpret_with(&parse_function(text).unwrap(), &arguments, &add).expect("results");
    assert_eq!(results, [Constant::scalar(Scalar::f64(17.0)), array(&[10.0, 11.0, 13.0])]);
}
