//! Derivatives of loops and branches at their edges: what is returned as it came or twice, counters, no iterations,
//! results that nobody asks for, loops too long to store, and source lines.

use crate::check::{arguments, check, parse};
use crate::support::{Array, Random, evaluate};
use rotrace_ir::graph::{Function, Node, Op};
use rotrace_ir::verify::graph::verify;
use rotrace_passes::differentiate::{DifferentiateError, grad, jvp, vjp};
use rotrace_passes::optimize::{dce, hoist};
use rotrace_passes::pipeline;

/// A loop that exchanges, repeats, resets and passes on what it carries, of this length.
fn shuffle(length: &str, reverse: bool, policy: &str) -> String {
    format!(
        "fn @f(dims t; %p: f64[2], %x: f64[{length}, 2], %k: f64[2], %more: f64[t]) -> (f64[2], f64[2], f64[2], f64[{length}, 2], f64[{length}, 2], f64[{length}, 2]) {{
  %zero: i32[] = constant {{0}}
  %a: f64[2], %b: f64[2], %c: f64[2], %d: f64[2], %i: i32[], %s: f64[{length}, 2], %u: f64[{length}, 2], %v: f64[{length}, 2] = scan %p, %k, %p, %k, %zero, %x, %k {{carried = 5, scanned = 1, length = {length}, reverse = {reverse}, checkpoint = {policy}, body = fn @step(dims t; %a: f64[2], %b: f64[2], %c: f64[2], %d: f64[2], %i: i32[], %x: f64[2], %k: f64[2]) -> (f64[2], f64[2], f64[2], f64[2], i32[], f64[2], f64[2], f64[2]) {{
    %one: i32[] = constant {{1}}
    %next: i32[] = add %i, %one
    %n: f64[] = cast %i
    %ns: f64[2] = broadcast %n {{axes = []}}
    %ab: f64[2] = multiply %a, %b
    %y: f64[2] = fma %ns, %x, %ab
    return %b, %y, %k, %d, %next, %y, %x, %c
  }}}}
  return %a, %b, %d, %s, %u, %v
}}"
    )
}

#[test]
fn carried_values_are_exchanged_repeated_reset_and_kept() {
    for (length, reverse) in [("4", false), ("4", true), ("t", false), ("t-1", true), ("0", false), ("1", true)] {
        let f = parse(&shuffle(length, reverse, "all"));
        check(&format!("shuffle over {length}"), &f, &arguments(&f, &[4]), &[4], 1e-3);
    }
    for t in [0, 1] {
        let f = parse(&shuffle("t", false, "all"));
        check("few iterations", &f, &arguments(&f, &[t]), &[t], 1e-3);
    }
    for policy in ["every(2)", "every(3)", "binomial(2)", "binomial(1)"] {
        let f = parse(&shuffle("7", true, policy));
        check(policy, &f, &arguments(&f, &[1]), &[1], 1e-3);
    }
}

#[test]
fn branches_return_what_they_get() {
    let text = "fn @f(%p: f64[], %x: f64[3], %y: f64[3]) -> (f64[3], f64[3], f64[3], f64[]) {
  %one: f64[] = constant {1.0}
  %large: bool[] = less %one, %p
  %k: i64[] = cast %large
  %a: f64[3], %b: f64[3], %n: i64[], %c: f64[3], %d: f64[] = switch %k, %x, %y, %p {branches = fn @same(%x: f64[3], %y: f64[3], %p: f64[]) -> (f64[3], f64[3], i64[], f64[3], f64[]) {
    %n: i64[] = constant {3}
    return %x, %x, %n, %y, %p
  } fn @other(%x: f64[3], %y: f64[3], %p: f64[]) -> (f64[3], f64[3], i64[], f64[3], f64[]) {
    %s: f64[3] = multiply %x, %y
    %z: f64[3] = constant {splat 2.0}
    %n: i64[] = constant {4}
    %q: f64[] = multiply %p, %p
    return %s, %z, %n, %s, %q
  }}
  %m: f64[] = cast %n
  %e: f64[] = multiply %m, %d
  return %a, %b, %c, %e
}";
    let f = parse(text);
    for p in [0.6, 1.4] {
        let mut x = arguments(&f, &[]);
        x[0] = Array::scalar(p);
        check(&format!("branches at {p}"), &f, &x, &[], 1e-4);
    }
}

/// A loop without a bound, of which the derivative is stopped or the result only compared.
const UNASKED: &str = "fn @f(%x: f64[]) -> (f64[]) {
  %r: f64[] = while %x {carried = 1, functions = fn @small(%x: f64[]) -> (bool[]) {
    %ten: f64[] = constant {10.0}
    %p: bool[] = less %x, %ten
    return %p
  } fn @double(%x: f64[]) -> (f64[]) {
    %y: f64[] = add %x, %x
    return %y
  }}
  %s: f64[] = stop_gradient %r
  %twelve: f64[] = constant {12.0}
  %p: bool[] = less %r, %twelve
  %q: f64[] = select %p, %s, %x
  %y: f64[] = multiply %q, %x
  return %y
}";

#[test]
fn what_nobody_asks_for_needs_no_bound() {
    let f = parse(UNASKED);
    let slope = |x: f64| evaluate(&grad(&f, &[true]).unwrap(), &[Array::scalar(x)], &[])[0].floats()[0];
    assert_eq!((slope(5.5), slope(7.0)), (11.0, 14.0));
    let asked = parse(&UNASKED.replace("stop_gradient", "negative"));
    assert!(matches!(grad(&asked, &[true]), Err(DifferentiateError::Unbounded { .. })));
    let checkpoints = "fn @f(dims t; %x: f64[], %w: f64[t]) -> (f64[]) {
  %r: f64[] = scan %x, %w {carried = 1, scanned = 1, length = t, reverse = false, checkpoint = every(2), body = fn @step(dims t; %x: f64[], %w: f64[]) -> (f64[]) {
    %y: f64[] = fma %x, %w, %w
    return %y
  }}
  %s: f64[] = stop_gradient %r
  %y: f64[] = multiply %s, %x
  return %y
}";
    assert!(grad(&parse(checkpoints), &[true, false]).is_ok());
    let error = grad(&parse(&checkpoints.replace("stop_gradient", "sin")), &[true, false]).unwrap_err();
    let message =
        "a checkpoint policy other than `all` needs a loop of fixed length, but it is t: give its size as a number";
    assert_eq!(error.to_string(), message);
}

#[test]
fn each_result_alone_is_differentiated() {
    let text = shuffle("4", false, "all");
    let all = parse(&text);
    let x = arguments(&all, &[4]);
    for place in 0..all.results.len() {
        let f = Function { results: vec![all.results[place]], ..all.clone() };
        check(&format!("result {place}"), &f, &x, &[4], 1e-3);
        // And with respect to one parameter alone.
        for parameter in 0..f.parameters.len() {
            let wrt: Vec<bool> = (0..f.parameters.len()).map(|other| other == parameter).collect();
            let (back, all) = (vjp(&f, &wrt).unwrap(), vjp(&f, &[true; 4]).unwrap());
            assert_eq!(verify(&back), []);
            let mut arguments = x.clone();
            arguments.push(Random(7).array(&evaluate(&f, &x, &[4])[0].shape, -1.0, 1.0));
            let (own, all) = (evaluate(&back, &arguments, &[4]), evaluate(&all, &arguments, &[4]));
            assert_eq!(own[1], all[1 + parameter], "result {place}, parameter {parameter}");
        }
    }
}

#[test]
fn loops_that_cannot_be_stored_are_an_error() {
    let bounded = |bound: u64| {
        format!(
            "fn @f(%x: f64[2]) -> (f64[2]) {{
  %r: f64[2] = while %x {{carried = 1, bound = {bound}, functions = fn @no(%x: f64[2]) -> (bool[]) {{
    %p: bool[] = constant {{false}}
    return %p
  }} fn @square(%x: f64[2]) -> (f64[2]) {{
    %y: f64[2] = multiply %x, %x
    return %y
  }}}} loc(\"a.rs\":3:7)
  return %r
}}"
        )
    };
    for bound in [1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let error = vjp(&parse(&bounded(bound)), &[true]).unwrap_err();
        assert!(matches!(error, DifferentiateError::Stack { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with("reverse mode cannot store what a loop carries: ") && message.contains("a.rs:3:7"),
            "{message}"
        );
        assert!(jvp(&parse(&bounded(bound)), &[true]).is_ok());
    }
    let deepest = format!("f64[{}]", vec!["1"; 64].join(", "));
    let text = |policy: &str| {
        format!(
            "fn @f(%x: {deepest}) -> ({deepest}) {{
  %r: {deepest} = scan %x {{carried = 1, scanned = 0, length = 6, reverse = false, checkpoint = {policy}, body = fn @square(%x: {deepest}) -> ({deepest}) {{
    %y: {deepest} = multiply %x, %x
    return %y
  }}}}
  return %r
}}"
        )
    };
    for policy in ["all", "every(2)"] {
        assert!(matches!(vjp(&parse(&text(policy)), &[true]), Err(DifferentiateError::Stack { .. })));
    }
    // Segments of arrays of as many axes as there may be have no room for another.
    let scanned = format!(
        "fn @f(%x: f64[], %w: {0}) -> (f64[]) {{
  %r: f64[] = scan %x, %w {{carried = 1, scanned = 1, length = 6, reverse = false, checkpoint = every(2), body = fn @step(%x: f64[], %w: {1}) -> (f64[]) {{
    %v: f64[] = reshape %w
    %y: f64[] = multiply %x, %v
    return %y
  }}}}
  return %r
}}",
        deepest.replacen('1', "6", 1),
        deepest.replacen("1, ", "", 1)
    );
    let f = parse(&scanned);
    check("64 axes", &f, &arguments(&f, &[]), &[], 1e-3);
}

/// The places of all nodes, of those in nested functions too.
fn places(function: &Function) -> Vec<String> {
    let own = |node: &Node| {
        let inside = match &node.op {
            Op::Custom(_) => Vec::new(),
            op => op.functions().into_iter().flat_map(places).collect(),
        };
        let here = node.location.map(|location| function.display_location(location));
        here.into_iter().chain(inside).collect::<Vec<_>>()
    };
    function.nodes.iter().flat_map(own).collect()
}

#[test]
fn lines_are_kept_through_calls_loops_and_hoisting() {
    let text = "fn @f(%x: f64[], %k: f64[]) -> (f64[]) {
  %y: f64[] = sin %x loc(\"main.rs\":1:1)
  %z: f64[] = call %y {function = fn @g(%y: f64[]) -> (f64[]) {
    %z: f64[] = cos %y loc(\"library.rs\":2:1)
    return %z
  }} loc(\"main.rs\":3:1)
  %r: f64[] = scan %z, %k {carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = every(2), body = fn @step(%z: f64[], %k: f64[]) -> (f64[]) {
    %e: f64[] = exp %k loc(\"step.rs\":4:1)
    %s: f64[] = multiply %z, %e loc(\"step.rs\":5:1)
    %t: f64[] = tanh %s
    return %t
  }} loc(\"main.rs\":6:1)
  return %r
}";
    let f = parse(text);
    let hoisted = hoist(&f);
    assert_eq!(verify(&hoisted), []);
    let exp = hoisted.nodes.iter().find(|node| node.op.name() == "exp").expect("ahead of the loop");
    assert_eq!(hoisted.display_location(exp.location.unwrap()), "step.rs:4:1");

    let all = ["main.rs:1:1", "library.rs:2:1", "step.rs:4:1", "step.rs:5:1", "main.rs:6:1"];
    let derivatives = [jvp(&f, &[true; 2]), vjp(&f, &[true; 2]), grad(&f, &[true; 2])].map(Result::unwrap);
    for derivative in derivatives {
        assert_eq!(verify(&derivative), [], "{derivative}");
        let found = places(&derivative);
        for place in all {
            assert!(found.iter().any(|found| found == place), "{place} is lost in {derivative}");
        }
        let known = |place: &String| all.contains(&&**place) || place == "main.rs:3:1";
        assert!(found.iter().all(known), "{found:?}");
        let options = pipeline::Options { verify: true, ..pipeline::Options::default() };
        let (optimized, _) = pipeline::run(&derivative, &options).unwrap();
        let found = places(&optimized);
        assert!(found.iter().any(|found| found == "step.rs:5:1") && found.iter().all(known), "{optimized}");
    }
}

#[test]
fn calls_that_do_not_depend_on_the_iteration_are_differentiated() {
    let text = "fn @f(%x: f64[2], %k: f64[2]) -> (f64[2], f64[3, 2]) {
  %r: f64[2], %all: f64[3, 2] = scan %x, %k {carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @step(%x: f64[2], %k: f64[2]) -> (f64[2], f64[2]) {
    %s: f64[2], %l: f64[2] = call %k {function = fn @outer(%k: f64[2]) -> (f64[2], f64[2]) {
      %s: f64[2] = call %k {function = fn @inner(%k: f64[2]) -> (f64[2]) {
        %s: f64[2] = sin %k
        return %s
      }}
      return %s, %k
    }}
    %y: f64[2] = fma %x, %s, %l
    return %y, %l
  }}
  return %r, %all
}";
    let f = parse(text);
    check("calls of constants", &f, &arguments(&f, &[]), &[], 1e-4);
}

#[test]
fn what_nobody_asks_for_makes_no_gradient_infinite() {
    // The square root has an infinite slope at 0, and its cotangent is nothing rather than zero: nobody asks for it, for
    // the argument that no branch uses, or for what feeds only those.
    let loops = "fn @f(%x: f64[], %y: f64[], %w: f64[3]) -> (f64[]) {
  %a: f64[], %b: f64[], %all: f64[3] = scan %x, %y, %w, %y {carried = 2, scanned = 1, length = 3, reverse = false, checkpoint = all, body = fn @step(%a: f64[], %b: f64[], %w: f64[], %y: f64[]) -> (f64[], f64[], f64[]) {
    %s: f64[] = sqrt %b
    %t: f64[] = sqrt %y
    %u: f64[] = multiply %s, %t
    %c: f64[] = fma %a, %w, %a
    return %c, %s, %u
  }}
  return %a
}";
    let branches = "fn @f(%x: f64[], %y: f64[], %w: f64[3]) -> (f64[]) {
  %s: f64[] = sqrt %y
  %zero: f64[] = constant {0.0}
  %p: bool[] = less %zero, %x
  %a: f64[], %b: f64[] = switch %p, %x, %s {branches = fn @no(%x: f64[], %s: f64[]) -> (f64[], f64[]) {
    return %x, %x
  } fn @yes(%x: f64[], %s: f64[]) -> (f64[], f64[]) {
    %d: f64[] = multiply %x, %x
    return %d, %s
  }}
  %c: f64[], %d: f64[] = checkpoint %a, %b {function = fn @g(%a: f64[], %b: f64[]) -> (f64[], f64[]) {
    %s: f64[] = sqrt %b
    return %a, %s
  }}
  return %c
}";
    // Every value of `b` is overwritten ahead of its use.
    let overwritten = "fn @f(%x: f64[], %y: f64[], %w: f64[3]) -> (f64[]) {
  %s: f64[] = sqrt %y
  %a: f64[], %b: f64[] = scan %x, %s {carried = 2, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @step(%a: f64[], %b: f64[]) -> (f64[], f64[]) {
    %c: f64[] = add %a, %a
    return %c, %a
  }}
  return %b
}";
    for (text, slope) in [(loops, 2.0 * 3.0 * 4.0), (branches, 3.0), (overwritten, 4.0)] {
        let f = parse(text);
        let x = [Array::scalar(1.5), Array::scalar(0.0), Array::f64(&[3], &[1.0, 2.0, 3.0])];
        let gradients = evaluate(&grad(&f, &[true; 3]).unwrap(), &x, &[]);
        assert_eq!((gradients[0].floats()[0], gradients[1].floats()[0]), (slope, 0.0));
        let reverse =
            evaluate(&jvp(&grad(&f, &[true; 3]).unwrap(), &[true; 3]).unwrap(), &[&x[..], &x[..]].concat(), &[]);
        assert!(reverse.iter().flat_map(Array::floats).all(f64::is_finite), "{reverse:?}");
    }
}

#[test]
fn rules_may_have_loops_in_them() {
    let text = "fn @f(%x: f64[2]) -> (f64[2]) {
  %y: f64[2] = sin %x
  %z: f64[2] = custom %y, %x {kind = jvp, wrt = [true], rule = fn @rule(%x: f64[2], %d: f64[2]) -> (f64[2]) {
    %c: f64[2] = cos %x
    %half: f64[2] = constant {splat 0.5}
    %zero: f64[2] = constant {splat 0.0}
    %t: f64[2] = scan %zero, %c, %d, %half {carried = 1, scanned = 0, length = 2, reverse = false, checkpoint = every(1), body = fn @add(%t: f64[2], %c: f64[2], %d: f64[2], %half: f64[2]) -> (f64[2]) {
      %s: f64[2] = multiply %c, %d
      %h: f64[2] = multiply %s, %half
      %r: f64[2] = add %t, %h
      return %r
    }}
    return %t
  }}
  return %z
}";
    let f = parse(text);
    check("a rule with a loop", &f, &arguments(&f, &[]), &[], 1e-4);
}

/// Two functions of two values, with one rule for both.
fn with_one_rule(kind: &str, directions: &str, results: &str) -> Function {
    parse(&format!(
        "fn @f(%x: f64[2], %y: f64[2]) -> (f64[2], f64[2]) {{
  %s: f64[2] = sin %x
  %p: f64[2] = multiply %x, %y
  %a: f64[2], %b: f64[2] = custom %s, %p, %x, %y {{kind = {kind}, wrt = [true, true], rule = fn @rule(%x: f64[2], %y: f64[2], %s: f64[2], %t: f64[2]) -> (f64[2], f64[2]) {{
    %c: f64[2] = cos %x
    %k: f64[2] = multiply %c, %s
    %l: f64[2] = multiply %y, {directions}
    %m: f64[2] = multiply %x, %t
    %n: f64[2] = add %l, {results}
  }}}}
  return %a, %b
}}"
    ))
}

#[test]
fn a_rule_is_about_several_values() {
    let pushed = with_one_rule("jvp", "%s", "%m\n    return %k, %n");
    let pulled = with_one_rule("vjp", "%t", "%k\n    return %n, %m");
    for f in [pushed, pulled] {
        check("both values", &f, &arguments(&f, &[]), &[], 1e-3);
        for place in 0..2 {
            let one = Function { results: vec![f.results[place]], ..f.clone() };
            check("one of them", &one, &arguments(&one, &[]), &[], 1e-3);
        }
        let both_modes = [jvp(&f, &[false, true]), vjp(&f, &[false, true])];
        both_modes.into_iter().for_each(|derived| assert_eq!(verify(&derived.unwrap()), []));
    }
}

#[test]
fn what_has_a_rule_needs_no_bound() {
    let text = UNASKED.replace("stop_gradient %r", "custom %r, %x {kind = jvp, wrt = [true], rule = fn @rule(%x: f64[], %t: f64[]) -> (f64[]) {\n    return %t\n  }}");
    let f = parse(&text);
    let slope = |x: f64| evaluate(&grad(&f, &[true]).unwrap(), &[Array::scalar(x)], &[])[0].floats()[0];
    // The loop gives 11, and 14, which is too large.
    assert_eq!((slope(5.5), slope(7.0)), (11.0 + 5.5, 14.0));
}

#[test]
fn literals_of_any_number_go_along_ahead_of_a_loop() {
    let mut body = String::from("    %l0: f64[] = constant {1.0}\n");
    for place in 0..50_000 {
        body += &format!("    %l{}: f64[] = negative %l{place}\n", place + 1);
    }
    let text = format!(
        "fn @f(%x: f64[], %k: f64[]) -> (f64[]) {{
  %r: f64[] = scan %x, %k {{carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @step(%x: f64[], %k: f64[]) -> (f64[]) {{
{body}    %m: f64[] = multiply %k, %l50000
    %y: f64[] = add %x, %m
    return %y
  }}}}
  return %r
}}"
    );
    let f = parse(&text);
    let hoisted = dce(&hoist(&f));
    assert_eq!(verify(&hoisted), []);
    assert_eq!(hoisted.nodes.iter().filter(|node| node.op.name() == "multiply").count(), 1);
    let x = [Array::scalar(1.0), Array::scalar(2.0)];
    assert_eq!(evaluate(&f, &x, &[])[0].floats(), [7.0]);
    assert_eq!(evaluate(&hoisted, &x, &[])[0].floats(), [7.0]);
}
