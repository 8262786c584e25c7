//! The text form of calls, branches and loops: how it is printed, and what is said about mistakes in it.

use super::assert_round_trip;
use rotrace_ir::Scalar;
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::text::parse_function;
use std::time::{Duration, Instant};

#[test]
fn nested_functions_are_indented_by_their_depth() {
    let text = "\
fn @sums(dims m, n; %0: f64[m, n], %1: bool[]) -> (f64[m], f64[]) {
  %2: f64[] = constant {0.0}
  %3: f64[], %4: f64[m] = scan %2, %0, %1 {carried = 1, scanned = 1, length = m, reverse = false, checkpoint = every(8), body = fn @rows(dims m, n; %0: f64[], %1: f64[n], %2: bool[]) -> (f64[], f64[]) {
    %3: f64[] = scan %0, %1 {carried = 1, scanned = 1, length = n, reverse = true, checkpoint = all, body = fn @row(dims m, n; %0: f64[], %1: f64[]) -> (f64[]) {
      %2: f64[] = add %0, %1 loc(\"a.rs\":3:9)
      return %2
    }} loc(\"b.rs\":2:5)
    %4: f64[] = switch %2, %3 {branches = fn @same(dims m, n; %0: f64[]) -> (f64[]) {
      return %0
    } fn @minus(dims m, n; %0: f64[]) -> (f64[]) {
      %1: f64[] = negative %0
      return %1
    }}
    return %4, %3
  }} loc(\"b.rs\":1:1)
  %5: f64[] = while %3 {carried = 1, bound = 9, functions = fn @small(dims m, n; %0: f64[]) -> (bool[]) {
    %1: f64[] = constant {9.0}
    %2: bool[] = less %0, %1
    return %2
  } fn @double(dims m, n; %0: f64[]) -> (f64[]) {
    %1: f64[] = add %0, %0
    return %1
  }}
  return %4, %5
}
";
    let function = parse_function(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(function.to_string(), text);
    assert_round_trip("nested", &function);
    // Each function has its own files.
    assert_eq!((function.files.len(), &*function.files[0]), (1, "b.rs"));
}

#[test]
fn mistakes_in_attributes_name_what_is_wanted() {
    let body = "fn @g(%a: f64[]) -> (f64[]) { return %a }";
    for (operation, message) in [
        ("call %0".into(), "expected `{`, got `return`"),
        ("call %0 {body = fn}".into(), "expected `function`, got `body`"),
        ("call %0 {function = %0}".into(), "expected `fn`, got `%0`"),
        (format!("call %0 {{function = {body} {body}}}"), "expected `}`, got `fn`"),
        ("checkpoint %0 {}".into(), "expected `function`, got `}`"),
        ("switch %0 {branches = }".into(), "expected `fn`, got `}`"),
        (format!("switch %0 {{branches = {body}, {body}}}"), "expected `fn`, got `,`"),
        ("while %0 {bound = 3}".into(), "expected `carried`, got `bound`"),
        ("while %0 {carried = x}".into(), "expected a number of values, got `x`"),
        ("while %0 {carried = -1}".into(), "expected a number of values, got `-1`"),
        (format!("while %0 {{carried = 1, body = {body}}}"), "expected `bound` or `functions`, got `body`"),
        ("while %0 {carried = 1, bound = -2, functions = fn}".into(), "expected a number of iterations, got `-2`"),
        (format!("while %0 {{carried = 1, bound = 2, {body}}}"), "expected `functions`, got `fn`"),
        (format!("while %0 {{carried = 1, functions = {body}}}"), "expected `fn`, got `}`"),
        (format!("scan %0 {{carried = 1, length = 3, body = {body}}}"), "expected `scanned`, got `length`"),
        ("scan %0 {carried = 1, scanned = 1.5}".into(), "expected a number of values, got `1.5`"),
        (format!("scan %0 {{carried = 1, scanned = 0, body = {body}}}"), "expected `length`, got `body`"),
        ("scan %0 {carried = 1, scanned = 0, length = t}".into(), "unknown dimension `t`"),
        ("scan %0 {carried = 1, scanned = 0, length = -1}".into(), "size -1 is negative"),
        ("scan %0 {carried = 1, scanned = 0, length = 3, reverse = 1}".into(), "expected `true` or `false`, got `1`"),
        (
            "scan %0 {carried = 1, scanned = 0, length = 3, checkpoint = all}".into(),
            "expected `reverse`, got `checkpoint`",
        ),
        (
            "scan %0 {carried = 1, scanned = 0, length = 3, reverse = true, checkpoint = none}".into(),
            "expected one of `all`, `every`, `binomial`, got `none`",
        ),
        (
            "scan %0 {carried = 1, scanned = 0, length = 3, reverse = true, checkpoint = every(n)}".into(),
            "expected a number of iterations, got `n`",
        ),
        (
            "scan %0 {carried = 1, scanned = 0, length = 3, reverse = true, checkpoint = all}".into(),
            "expected `,`, got `}`",
        ),
    ] {
        let text = format!("fn @f(%0: f64[]) -> () {{\n  %r: f64[] = {operation}\n  return\n}}");
        let error = parse_function(&text).map(|_| ()).expect_err(&text);
        assert_eq!(error.message, message, "{text}");
        assert!((2..=3).contains(&error.line), "{error}");
    }
}

#[test]
fn mistakes_inside_are_found_at_their_place() {
    for (inside, message) in [
        ("%b: f64[] = negative %0", "line 3, column 26: %0 is not defined before its use"),
        ("%b: f32[] = negative %a", "line 3, column 5: %b is declared as f32[], but negative gives f64[]"),
        ("%a: f64[] = negative %a", "line 3, column 5: %a is defined twice"),
    ] {
        let text = format!(
            "fn @f(%0: f64[]) -> (f64[]) {{
  %r: f64[] = call %0 {{function = fn @g(%a: f64[]) -> (f64[]) {{
    {inside}
    return %a
  }}}}
  return %r
}}"
        );
        assert_eq!(parse_function(&text).unwrap_err().to_string(), message);
    }
}

#[test]
fn mistakes_of_types_show_both_signatures() {
    let body = "fn @g(%a: f32[]) -> (f64[]) { %b: f64[] = cast %a return %b }";
    for (operation, message) in [
        (format!("call %0 {{function = {body}}}"), "call of @g: (f32[]) -> (f64[]) does not take (f64[]) [C28]"),
        (
            format!("switch %1, %0 {{branches = {body} {body}}}"),
            "the branch @g has to be (f64[]) -> (f64[]), but is (f32[]) -> (f64[]) [C29]",
        ),
        (
            format!("switch %0, %0 {{branches = {body} {body}}}"),
            "f64[] cannot select among 2 branches: a bool[] selects among 2, an i32[] or i64[] among any [C30]",
        ),
        (
            format!("while %0 {{carried = 1, functions = {body} {body}}}"),
            "the condition of a loop that carries 1 has to be (f64[]) -> (bool[]), but is (f32[]) -> (f64[]) [C31]",
        ),
        (format!("while %0 {{carried = 2, functions = {body} {body}}}"), "a loop of 1 operands cannot carry 2 [C31]"),
        (
            format!(
                "scan %0 {{carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = {body}}}"
            ),
            "the body of scan has to be (f64[]) -> (f64[], slices), but is (f32[]) -> (f64[]) [C32]",
        ),
        (
            format!(
                "scan %2 {{carried = 0, scanned = 1, length = 3, reverse = false, checkpoint = all, body = {body}}}"
            ),
            "scan of length 3 cannot take slices of f32[4]: its leading size differs [C33]",
        ),
    ] {
        let text =
            format!("fn @f(%0: f64[], %1: bool[], %2: f32[4]) -> () {{\n  %r: f64[] = {operation}\n  return\n}}");
        assert_eq!(parse_function(&text).unwrap_err().to_string(), format!("line 2, column 15: {message}"));
    }
}

#[test]
fn nesting_beyond_the_limit_is_an_error_and_no_recursion() {
    let open = |depth: usize, operation: &str| {
        format!("fn @f(%0: f64[]) -> (f64[]) {{ %1: f64[] = {operation} ").repeat(depth)
    };
    for operation in [
        "call %0 {function =",
        "checkpoint %0 {function =",
        "switch %0 {branches =",
        "while %0 {carried = 1, functions =",
        "scan %0 {carried = 1, scanned = 0, length = 1, reverse = false, checkpoint = all, body =",
        "custom %0 {kind = jvp, wrt = [], rule =",
    ] {
        let error = parse_function(&open(100_000, operation)).unwrap_err();
        assert_eq!(error.message, "functions stand in functions more than 16 deep", "{operation}");
        let error = parse_function(&open(16, operation)).unwrap_err();
        assert_eq!(error.message, "expected `fn`, but the text ends", "{operation}");
    }
}

/// What a loop of many iterations does that costs time, though it makes no elements.
#[test]
fn the_budget_pays_for_slices_and_calls() {
    let body = |inside: &str| {
        format!(
            "fn @f(%0: f64[]) -> (f64[]) {{
  %zeros: f64[1, 65536] = constant {{splat 0.0}}
  %r: f64[] = scan %0, %zeros {{carried = 1, scanned = 0, length = 4611686018427387904, reverse = false, checkpoint = all, body = fn @g(%x: f64[], %z: f64[1, 65536]) -> (f64[]) {{
{inside}
    return %x
  }}}}
  return %r
}}"
        )
    };
    let slices = "    %y: f64[] = scan %x, %z {carried = 1, scanned = 1, length = 1, reverse = false, checkpoint = all, body = fn @h(%x: f64[], %row: f64[65536]) -> (f64[]) {
      return %x
    }}";
    let call = |place: usize| {
        format!("    %y{place}: f64[] = call %x {{function = fn @h(%x: f64[]) -> (f64[]) {{ return %x }}}}\n")
    };
    let calls: String = (0..2000).map(call).collect();
    let many = vec!["%z"; 5000].join(", ");
    let types = vec!["f64[1, 65536]"; 5000].join(", ");
    let results: Vec<String> = (0..5000).map(|place| format!("%y{place}: f64[1, 65536]")).collect();
    let repeated = format!(
        "    {} = call %z {{function = fn @h(%z: f64[1, 65536]) -> ({types}) {{ return {many} }}}}",
        results.join(", ")
    );
    for inside in ["", slices, &calls, &repeated] {
        let function = parse_function(&body(inside)).unwrap_or_else(|error| panic!("{error}"));
        let start = Instant::now();
        let error = interpret(&function, &[Constant::scalar(Scalar::f64(1.0))]).unwrap_err();
        assert!(error.to_string().contains("the interpreter's budget"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    }
}
