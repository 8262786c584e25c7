//! Derivatives of branches and loops, of loops in loops, and under every checkpoint policy.

use crate::check::{arguments, check, parse};
use crate::support::{Array, Random, evaluate};
use rotrace_ir::verify::graph::verify;
use rotrace_passes::differentiate::{DifferentiateError, jvp, vjp};
use rotrace_passes::pipeline;

/// A pendulum of `steps` steps with a torque for each: carries angle and velocity, stacks the energies.
fn pendulum(length: &str, reverse: bool, checkpoint: &str) -> String {
    format!(
        "fn @pendulum(dims n, t; %angle: f64[n], %velocity: f64[n], %torque: f64[{length}, n], %k: f64[], %more: f64[t]) -> (f64[n], f64[n], f64[{length}, n]) {{
  %a: f64[n], %v: f64[n], %e: f64[{length}, n] = scan %angle, %velocity, %torque, %k {{carried = 2, scanned = 1, length = {length}, reverse = {reverse}, checkpoint = {checkpoint}, body = fn @step(dims n, t; %a: f64[n], %v: f64[n], %u: f64[n], %k: f64[]) -> (f64[n], f64[n], f64[n]) {{
    %s: f64[n] = sin %a
    %kk: f64[] = multiply %k, %k
    %ks: f64[n] = broadcast %kk {{axes = []}}
    %force: f64[n] = multiply %ks, %s
    %net: f64[n] = subtract %u, %force
    %h: f64[] = constant {{0.1}}
    %hs: f64[n] = broadcast %h {{axes = []}}
    %v1: f64[n] = fma %hs, %net, %v
    %a1: f64[n] = fma %hs, %v1, %a
    %e: f64[n] = multiply %v1, %v
    return %a1, %v1, %e
  }}}}
  return %a, %v, %e
}}
"
    )
}

#[test]
fn scans_agree_with_differences() {
    for (length, reverse) in [("5", false), ("5", true), ("t", false), ("t-1", true)] {
        let f = parse(&pendulum(length, reverse, "all"));
        check(&format!("pendulum over {length}"), &f, &arguments(&f, &[2, 4]), &[2, 4], 1e-3);
    }
    let f = parse(&pendulum("t", false, "all"));
    check("no steps", &f, &arguments(&f, &[3, 0]), &[3, 0], 1e-3);
}

#[test]
fn checkpoint_policies_change_nothing_but_what_is_stored() {
    for (steps, reverse) in [(7, false), (12, true), (30, false)] {
        let length = steps.to_string();
        let plain = parse(&pendulum(&length, reverse, "all"));
        let dims = [2, 1];
        let mut x = arguments(&plain, &dims);
        let all = vec![true; plain.parameters.len()];
        let values = evaluate(&plain, &x, &dims);
        x.extend(values.iter().map(|y| Random(9).array(&y.shape, -1.0, 1.0)));
        let expected = evaluate(&vjp(&plain, &all).unwrap(), &x, &dims);
        for policy in ["every(1)", "every(3)", "every(5)", "every(100)", "binomial(3)", "binomial(8)", "binomial(100)"]
        {
            let f = parse(&pendulum(&length, reverse, policy));
            let back = vjp(&f, &all).unwrap();
            assert_eq!(verify(&back), [], "{policy}");
            let found = evaluate(&back, &x, &dims);
            // The sums over iterations of segments are sums of sums.
            for (found, expected) in found.iter().zip(&expected) {
                let pairs = found.floats().into_iter().zip(expected.floats());
                pairs.for_each(|(a, b)| assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "{policy}: {a}, not {b}"));
            }
        }
    }
}

#[test]
fn branches_agree_with_differences_on_either_side() {
    let text = "fn @f(%p: f64[], %x: f64[3], %y: f64[3]) -> (f64[3]) {
  %zero: f64[] = constant {1.0}
  %positive: bool[] = less %p, %zero
  %r: f64[3] = switch %positive, %x, %y {branches = fn @sum(%a: f64[3], %b: f64[3]) -> (f64[3]) {
    %s: f64[3] = add %a, %b
    %q: f64[3] = multiply %s, %a
    return %q
  } fn @sine(%a: f64[3], %b: f64[3]) -> (f64[3]) {
    %s: f64[3] = sin %a
    return %s
  }}
  %p3: f64[3] = broadcast %p {axes = []}
  %q: f64[3] = multiply %r, %p3
  return %q
}";
    let f = parse(text);
    for p in [0.7, 1.2] {
        let mut x = arguments(&f, &[]);
        x[0] = Array::scalar(p);
        check(&format!("switch at {p}"), &f, &x, &[], 1e-3);
    }
}

/// Newton's iteration for the square root, while it moves.
const ROOT: &str = "fn @root(%x: f64[]) -> (f64[]) {
  %one: f64[] = constant {1.0}
  %far: f64[] = constant {100.0}
  %r: f64[], %d: f64[] = while %one, %far, %x {carried = 2, bound = 30, functions = fn @moves(%r: f64[], %d: f64[], %x: f64[]) -> (bool[]) {
    %least: f64[] = constant {1e-9}
    %p: bool[] = less %least, %d
    return %p
  } fn @step(%r: f64[], %d: f64[], %x: f64[]) -> (f64[], f64[]) {
    %q: f64[] = divide %x, %r
    %s: f64[] = add %q, %r
    %half: f64[] = constant {0.5}
    %n: f64[] = multiply %s, %half
    %m: f64[] = subtract %n, %r
    %d1: f64[] = abs %m
    return %n, %d1
  }}
  return %r
}";

#[test]
fn while_loops_have_both_modes_with_a_bound_and_forward_mode_without() {
    let f = parse(ROOT);
    for x in [0.3, 2.0, 81.0] {
        let x = Array::scalar(x);
        let root = evaluate(&f, std::slice::from_ref(&x), &[])[0].floats()[0];
        let forward = evaluate(&jvp(&f, &[true]).unwrap(), &[x.clone(), Array::scalar(1.0)], &[]);
        let reverse = evaluate(&vjp(&f, &[true]).unwrap(), &[x.clone(), Array::scalar(1.0)], &[]);
        for slope in [&forward[1], &reverse[1]] {
            assert!((slope.floats()[0] - 0.5 / root).abs() < 1e-9 / root, "{slope:?} at {root}");
        }
        assert!(forward[0].same(&reverse[0]));
    }
    let unbounded = parse(&ROOT.replace("bound = 30, ", ""));
    assert!(jvp(&unbounded, &[true]).is_ok());
    let error = vjp(&unbounded, &[true]).unwrap_err();
    assert!(matches!(error, DifferentiateError::Unbounded { .. }), "{error}");
    let told =
        "reverse mode through a while loop needs a bound of its iterations: give it a `bound`, or use forward mode";
    assert_eq!(error.to_string(), told);
}

#[test]
fn loops_in_loops_and_branches_in_them() {
    let text = "fn @f(%x: f64[2], %w: f64[4, 2]) -> (f64[2], f64[4, 3, 2]) {
  %r: f64[2], %all: f64[4, 3, 2] = scan %x, %w, %x {carried = 1, scanned = 1, length = 4, reverse = false, checkpoint = all, body = fn @outer(%c: f64[2], %w: f64[2], %k: f64[2]) -> (f64[2], f64[3, 2]) {
    %d: f64[2], %s: f64[3, 2] = scan %c, %w, %k {carried = 1, scanned = 0, length = 3, reverse = true, checkpoint = all, body = fn @inner(%c: f64[2], %w: f64[2], %k: f64[2]) -> (f64[2], f64[2]) {
      %first: f64[1] = slice %c {start = [0], limit = [1], step = [1]}
      %number: f64[] = reshape %first
      %one: f64[] = constant {1.0}
      %large: bool[] = less %one, %number
      %next: f64[2] = switch %large, %c, %w {branches = fn @grow(%c: f64[2], %w: f64[2]) -> (f64[2]) {
        %p: f64[2] = fma %c, %w, %w
        return %p
      } fn @shrink(%c: f64[2], %w: f64[2]) -> (f64[2]) {
        %p: f64[2] = sin %c
        return %p
      }}
      %y: f64[2] = multiply %next, %k
      return %next, %y
    }}
    %e: f64[2] = checkpoint %d, %w {function = fn @late(%d: f64[2], %w: f64[2]) -> (f64[2]) {
      %p: f64[2] = multiply %d, %w
      %q: f64[2] = cos %p
      return %q
    }}
    return %e, %s
  }}
  %s: f64[2] = call %r, %x {function = fn @last(%r: f64[2], %x: f64[2]) -> (f64[2]) {
    %p: f64[2] = multiply %r, %x
    return %p
  }}
  return %s, %all
}";
    let f = parse(text);
    check("nested", &f, &arguments(&f, &[]), &[], 1e-4);
}

#[test]
fn passes_change_no_bit_of_loops() {
    for text in [pendulum("t", false, "all"), pendulum("5", true, "every(2)"), ROOT.to_owned()] {
        let f = parse(&text);
        let all = vec![true; f.parameters.len()];
        let dims = if f.dims.is_empty() { vec![] } else { vec![2, 4] };
        let mut x = arguments(&f, &dims);
        x.extend(evaluate(&f, &x, &dims));
        let back = vjp(&f, &all).unwrap();
        let options = pipeline::Options { verify: true, ..pipeline::Options::default() };
        let (optimized, _) = pipeline::run(&back, &options).unwrap();
        let (before, after) = (evaluate(&back, &x, &dims), evaluate(&optimized, &x, &dims));
        assert!(before.iter().zip(&after).all(|(a, b)| a.same(b)));
        assert!(optimized.to_string().len() < back.to_string().len());
    }
}

#[test]
fn what_stops_the_gradient_stops_it() {
    let f = parse(
        "fn @f(%x: f64[2]) -> (f64[2]) {
  %s: f64[2] = stop_gradient %x
  %p: f64[2] = multiply %s, %x
  return %p
}",
    );
    let x = Array::f64(&[2], &[3.0, 4.0]);
    let ones = Array::f64(&[2], &[1.0, 1.0]);
    assert_eq!(evaluate(&vjp(&f, &[true]).unwrap(), &[x.clone(), ones.clone()], &[])[1].floats(), [3.0, 4.0]);
    assert_eq!(evaluate(&jvp(&f, &[true]).unwrap(), &[x, ones], &[])[1].floats(), [3.0, 4.0]);
}
