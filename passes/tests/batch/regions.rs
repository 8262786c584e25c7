//! Branches and loops: each row takes its own branch, and runs its loops as often as it wants.

use crate::{arguments, batched, check, parse, rows};
use rotrace_ir::graph::{Constant, Function, Op};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::{DType, Dim, DimId, Scalar};
use rotrace_passes::differentiate::{jvp, vjp};

const TWICE: &str = "fn @twice(dims n, r; %x: f64[n], %k: f64[]) -> (f64[n], f64[]) {
  %s: f64[n] = broadcast %k {axes = []}
  %y: f64[n] = multiply %x, %s
  %z: f64[] = sin %k
  return %y, %z
}";

#[test]
fn calls() {
    for operation in ["call", "checkpoint"] {
        check(&format!(
            "fn @f(dims n, r; %x: f64[n], %k: f64[]) -> (f64[n], f64[]) {{
              %a: f64[n], %b: f64[] = {operation} %x, %k {{function = {TWICE}}}
              %c: f64[n] = stop_gradient %a
              return %c, %b
            }}"
        ));
    }
}

fn branch(operation: &str) -> String {
    format!(
        "fn @{operation}(dims n, r; %x: f64[n], %k: f64[]) -> (f64[n], f64[]) {{
          %y: f64[n] = {operation} %x
          return %y, %k
        }}"
    )
}

#[test]
fn branches_of_a_truth_value_and_of_a_number() {
    let (sin, floor, negative) = (branch("sin"), branch("floor"), branch("negative"));
    for (selector, branches) in [
        ("bool[]", format!("{sin} {TWICE}")),
        ("i32[]", format!("{sin} {floor} {negative} {TWICE}")),
        ("i64[]", format!("{floor} {sin}")),
        ("i64[]", floor.clone()),
    ] {
        check(&format!(
            "fn @f(dims n, r; %which: {selector}, %x: f64[n], %k: f64[]) -> (f64[n], f64[]) {{
              %a: f64[n], %b: f64[] = switch %which, %x, %k {{branches = {branches}}}
              return %a, %b
            }}"
        ));
    }
}

/// Counts up to a limit, and multiplies on the way.
fn counting(bound: &str, compare: &str) -> String {
    format!(
        "fn @f(dims n, r; %x: f64[n], %i: i64[], %limit: i64[], %k: f64[n]) -> (f64[n], i64[]) {{
          %a: f64[n], %b: i64[] = while %x, %i, %limit, %k {{carried = 2, {bound}functions = fn @condition(dims n, r; %x: f64[n], %i: i64[], %limit: i64[], %k: f64[n]) -> (bool[]) {{
            %c: bool[] = {compare} %i, %limit
            return %c
          }} fn @body(dims n, r; %x: f64[n], %i: i64[], %limit: i64[], %k: f64[n]) -> (f64[n], i64[]) {{
            %y: f64[n] = fma %x, %k, %k
            %one: i64[] = constant {{1}}
            %j: i64[] = add %i, %one
            return %y, %j
          }}}}
          return %a, %b
        }}"
    )
}

#[test]
fn each_row_runs_as_long_as_it_wants() {
    check(&counting("", "less"));
    check(&counting("bound = 3, ", "less"));
    check(&counting("bound = 5, ", "not_equal"));
}

#[test]
fn a_loop_that_all_rows_run_alike_has_a_plain_condition() {
    let function = parse(&counting("", "less"));
    let condition = |axes: &[bool]| {
        let all = batched(&function, axes, Dim::named(DimId(1)));
        let node = all.function.nodes.iter().find(|node| matches!(node.op, Op::While(_))).expect("a loop");
        (node.op.functions()[0].nodes.iter().any(|node| matches!(node.op, Op::Reduce { .. })), all.results)
    };
    assert_eq!(condition(&[true, false, false, true]), (false, vec![true, false]));
    assert_eq!(condition(&[false, false, true, false]), (true, vec![true, true]));
}

/// Carries two values that exchange, one of which is fed by slices, and stacks both and a constant.
fn exchange(length: &str, reverse: bool) -> String {
    format!(
        "fn @f(dims n, r; %a: f64[], %b: f64[], %xs: f64[{length}], %k: f64[]) -> (f64[], f64[], f64[{length}], f64[{length}, 2], f64[{length}]) {{
          %c: f64[], %d: f64[], %e: f64[{length}], %g: f64[{length}, 2], %h: f64[{length}] = scan %a, %b, %xs, %k {{carried = 2, scanned = 1, length = {length}, reverse = {reverse}, checkpoint = all, body = fn @step(dims n, r; %a: f64[], %b: f64[], %x: f64[], %k: f64[]) -> (f64[], f64[], f64[], f64[2], f64[]) {{
            %s: f64[] = fma %b, %k, %x
            %t: f64[2] = broadcast %a {{axes = []}}
            return %s, %a, %x, %t, %k
          }}}}
          return %c, %d, %e, %g, %h
        }}"
    )
}

#[test]
fn loops_along_an_axis() {
    for length in ["n", "4", "0"] {
        for reverse in [false, true] {
            check(&exchange(length, reverse));
        }
    }
}

/// Counts from 0 to a limit that it hits only if that is not negative: endless otherwise.
const COUNT: &str = "fn @count(dims n, r; %limit: i64[]) -> (i64[]) {
  %zero: i64[] = constant {0}
  %i: i64[] = while %zero, %limit {carried = 1, functions = fn @condition(dims n, r; %i: i64[], %limit: i64[]) -> (bool[]) {
    %c: bool[] = not_equal %i, %limit
    return %c
  } fn @body(dims n, r; %i: i64[], %limit: i64[]) -> (i64[]) {
    %one: i64[] = constant {1}
    %j: i64[] = add %i, %one
    return %j
  }}
  return %i
}";

const SAME: &str = "fn @same(dims n, r; %limit: i64[]) -> (i64[]) {
  return %limit
}";

/// A function of a limit that calls `COUNT` where the limit is not negative, in a branch.
fn guarded(branch: &str) -> String {
    format!(
        "fn @f(dims n, r; %limit: i64[]) -> (i64[]) {{
          %zero: i64[] = constant {{0}}
          %which: bool[] = greater_equal %limit, %zero
          %i: i64[] = switch %which, %limit {{branches = {SAME} {branch}}}
          return %i
        }}"
    )
}

#[test]
fn an_endless_loop_in_a_branch_runs_for_rows_that_take_it() {
    check(&guarded(COUNT));
    let called = format!(
        "fn @called(dims n, r; %limit: i64[]) -> (i64[]) {{
          %i: i64[] = call %limit {{function = {COUNT}}}
          return %i
        }}"
    );
    check(&guarded(&called));
    // In a loop along an axis, and in a branch that is taken by all rows or none.
    let looped = format!(
        "fn @looped(dims n, r; %limit: i64[]) -> (i64[]) {{
          %zero: i64[] = constant {{0}}
          %i: i64[], %all: i64[3] = scan %zero, %limit {{carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @step(dims n, r; %sum: i64[], %limit: i64[]) -> (i64[], i64[]) {{
            %true: bool[] = constant {{true}}
            %i: i64[] = switch %true, %limit {{branches = {SAME} {COUNT}}}
            %next: i64[] = add %sum, %i
            return %next, %i
          }}}}
          return %i
        }}"
    );
    check(&guarded(&looped));
    // The limit of the loop is the same for all rows, and only the branch is not.
    check(&format!(
        "fn @f(dims n, r; %which: bool[], %limit: i64[]) -> (i64[]) {{
          %zero: i64[] = constant {{0}}
          %least: i64[] = maximum %limit, %zero
          %i: i64[] = switch %which, %least {{branches = {SAME} {COUNT}}}
          return %i
        }}"
    ));
}

#[test]
fn an_endless_loop_that_a_row_is_past_does_not_run() {
    // Counts the limit down to below 0; where it is, the loop inside would be endless.
    check(&format!(
        "fn @f(dims n, r; %limit: i64[]) -> (i64[], i64[]) {{
          %zero: i64[] = constant {{0}}
          %a: i64[], %b: i64[] = while %limit, %zero, %zero {{carried = 2, functions = fn @condition(dims n, r; %l: i64[], %sum: i64[], %zero: i64[]) -> (bool[]) {{
            %c: bool[] = greater_equal %l, %zero
            return %c
          }} fn @body(dims n, r; %l: i64[], %sum: i64[], %zero: i64[]) -> (i64[], i64[]) {{
            %i: i64[] = call %l {{function = {COUNT}}}
            %next: i64[] = add %sum, %i
            %one: i64[] = constant {{1}}
            %m: i64[] = subtract %l, %one
            return %m, %next
          }}}}
          return %a, %b
        }}"
    ));
}

#[test]
fn a_rule_in_a_branch_runs_for_rows_that_take_it() {
    // The rule counts to a limit, which it hits only where the branch is taken.
    let rule = format!(
        "fn @ruled(dims n, r; %x: f64[], %limit: i64[]) -> (f64[]) {{
          %v: f64[] = sin %x
          %y: f64[] = custom %v, %x, %limit {{kind = vjp, wrt = [true, false], rule = fn @rule(dims n, r; %x: f64[], %limit: i64[], %c: f64[]) -> (f64[]) {{
            %i: i64[] = call %limit {{function = {COUNT}}}
            %k: f64[] = cast %i
            %d: f64[] = multiply %k, %c
            return %d
          }}}}
          return %y
        }}"
    );
    let function = parse(&format!(
        "fn @f(dims n, r; %x: f64[], %limit: i64[]) -> (f64[]) {{
          %zero: i64[] = constant {{0}}
          %which: bool[] = greater_equal %limit, %zero
          %y: f64[] = switch %which, %x, %limit {{branches = fn @plain(dims n, r; %x: f64[], %limit: i64[]) -> (f64[]) {{
            return %x
          }} {rule}}}
          return %y
        }}"
    ));
    let axes = [true, true];
    let of_rows = vjp(&batched(&function, &axes, Dim::fixed(4)).function, &[true, false]).expect("floats");
    let rows_of = batched(&vjp(&function, &[true, false]).expect("floats"), &[true; 3], Dim::fixed(4));
    let arguments = arguments(&of_rows, &[3, 0]);
    let [first, second] =
        [of_rows, rows_of.function].map(|function| interpret(&function, &arguments).expect("every loop ends"));
    assert_eq!(first, second);
}

/// Loops and branches whose derivatives are those of what ran, with floats alone as parameters.
fn mixed() -> String {
    let number = |name: &str, operation: &str| {
        format!("fn @{name}(dims n, r; %x: f64[], %k: f64[]) -> (f64[]) {{\n%y: f64[] = {operation}\nreturn %y\n}}")
    };
    let (product, sum) = (number("product", "multiply %x, %k"), number("sum", "add %x, %k"));
    format!(
        "fn @f(dims n, r; %x: f64[], %k: f64[]) -> (f64[], f64[3], f64[]) {{
          %c: bool[] = less %x, %k
          %s: f64[] = switch %c, %x, %k {{branches = {product} {sum}}}
          %e: f64[], %all: f64[3] = scan %s, %k {{carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = every(2), body = fn @step(dims n, r; %x: f64[], %k: f64[]) -> (f64[], f64[]) {{
            %y: f64[] = sin %x
            %z: f64[] = fma %y, %k, %x
            return %z, %y
          }}}}
          %w: f64[] = while %x, %k {{carried = 1, bound = 6, functions = fn @condition(dims n, r; %x: f64[], %k: f64[]) -> (bool[]) {{
            %two: f64[] = constant {{2.0}}
            %a: f64[] = abs %x
            %c: bool[] = less %a, %two
            return %c
          }} fn @body(dims n, r; %x: f64[], %k: f64[]) -> (f64[]) {{
            %h: f64[] = constant {{0.7}}
            %y: f64[] = fma %x, %k, %h
            return %y
          }}}}
          return %e, %all, %w
        }}"
    )
}

#[test]
fn derivatives_of_rows_are_rows_of_derivatives() {
    let function = parse(&mixed());
    check(&mixed());
    let size = Dim::named(DimId(1));
    for derive in [jvp, vjp] {
        let single = derive(&function, &[true, true]).expect("floats");
        let all = vec![true; single.parameters.len()];
        let rows_of = batched(&single, &all, size);
        let given = arguments(&rows_of.function, &[3, 5]);
        rows::compare(&single, &rows_of, &all, 5, &given).unwrap_or_else(|error| panic!("{error}"));
        let of_rows = derive(&batched(&function, &[true, true], size).function, &[true, true]).expect("floats");
        let results = |function: &Function| interpret(function, &given).expect("well formed");
        for (a, b) in results(&of_rows).iter().zip(results(&rows_of.function)) {
            assert_eq!(a.shape, b.shape);
            for (a, b) in a.elements().zip(b.elements()) {
                let (a, b) = (a.as_f64(), b.as_f64());
                assert!(a == b || (a - b).abs() < 1e-12 * a.abs() || a.is_nan() && b.is_nan(), "{a} is not {b}");
            }
        }
    }
}

#[test]
fn infinite_slopes_of_what_a_row_does_not_run_are_no_nan() {
    // A square root where that is positive, and a loop that ends at 0, where the slope of the square root is infinite.
    let function = parse(
        "fn @f(dims n, r; %x: f64[], %k: f64[]) -> (f64[], f64[]) {
          %zero: f64[] = constant {0.0}
          %c: bool[] = greater %x, %zero
          %a: f64[] = switch %c, %x, %k {branches = fn @plain(dims n, r; %x: f64[], %k: f64[]) -> (f64[]) {
            %y: f64[] = multiply %x, %k
            return %y
          } fn @root(dims n, r; %x: f64[], %k: f64[]) -> (f64[]) {
            %s: f64[] = multiply %x, %k
            %y: f64[] = sqrt %s
            return %y
          }}
          %b: f64[] = while %x, %k {carried = 1, bound = 4, functions = fn @condition(dims n, r; %x: f64[], %k: f64[]) -> (bool[]) {
            %zero: f64[] = constant {0.0}
            %c: bool[] = greater %x, %zero
            return %c
          } fn @body(dims n, r; %x: f64[], %k: f64[]) -> (f64[]) {
            %p: f64[] = multiply %x, %k
            %s: f64[] = sqrt %p
            %one: f64[] = constant {1.0}
            %y: f64[] = subtract %s, %one
            return %y
          }}
          return %a, %b
        }",
    );
    let array = |values: &[f64]| {
        let shape = vec![values.len() as u64];
        Constant::from_scalars(DType::F64, shape, values.iter().map(|&value| Scalar::f64(value)))
    };
    let number = Constant::scalar(Scalar::f64(1.0));
    let (x, ones) = (array(&[4.0, 0.0, -1.0, 1.0]), array(&[1.0; 4]));
    let size = Dim::fixed(4);
    // The factor is the same for all rows: its gradient is a sum over them.
    let of_rows = vjp(&batched(&function, &[true, false], size).function, &[true, true]).expect("floats");
    let results = interpret(&of_rows, &[x.clone(), number.clone(), ones.clone(), ones.clone()]).expect("well formed");
    let rows_of = batched(&vjp(&function, &[true, true]).expect("floats"), &[true, false, true, true], size).function;
    let each = interpret(&rows_of, &[x, number, ones.clone(), ones]).expect("well formed");
    let numbers = |array: &Constant| array.elements().map(|element| element.as_f64()).collect::<Vec<_>>();
    assert_eq!(numbers(&results[2]), numbers(&each[2]));
    assert_eq!(numbers(&results[3])[0], numbers(&each[3]).iter().sum::<f64>());
    assert!(numbers(&results[2]).iter().chain(&numbers(&results[3])).all(|slope| slope.is_finite()));
}
