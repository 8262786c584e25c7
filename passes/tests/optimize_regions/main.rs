//! The graph passes on branches and loops: exact on every value, and what they are meant to find.

use rotrace_ir::graph::{Constant, Function, Op, Scan, While};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Scalar};
use rotrace_passes::differentiate::vjp;
use rotrace_passes::optimize::{fold, regions};
use rotrace_passes::pipeline::{Options, run};

mod every_file;
mod sink;

fn parse(text: &str) -> Function {
    let function = parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(verify(&function), []);
    function
}

fn optimized(function: &Function) -> Function {
    run(function, &Options { verify: true, keep: false }).expect("a well formed function").0
}

fn same(a: &[Constant], b: &[Constant]) -> bool {
    let equal = |a: &Constant, b: &Constant| a.ty() == b.ty() && a.elements().zip(b.elements()).all(|(a, b)| a.same(b));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

/// The pipeline's function for a text, after both gave the same for these arguments.
fn exact(text: &str, arguments: &[Constant]) -> Function {
    let before = parse(text);
    let after = optimized(&before);
    let [a, b] = [&before, &after].map(|function| interpret(function, arguments).expect("runs"));
    assert!(same(&a, &b), "{a:?} became {b:?}:\n{after}");
    after
}

fn number(value: f64) -> Constant {
    Constant::scalar(Scalar::f64(value))
}

fn floats<const N: usize>(values: [f64; N]) -> Constant {
    Constant::from_scalars(DType::F64, vec![N as u64], values.map(Scalar::f64))
}

fn count(function: &Function, name: &str) -> usize {
    function.nodes.iter().filter(|node| node.op.name() == name).count()
}

fn the_scan(function: &Function) -> &Scan {
    let mut scans =
        function.nodes.iter().filter_map(|node| if let Op::Scan(scan) = &node.op { Some(&**scan) } else { None });
    scans.next_back().unwrap_or_else(|| panic!("no loop: {function}"))
}

fn the_while(function: &Function) -> &While {
    let mut loops =
        function.nodes.iter().filter_map(|node| if let Op::While(looped) = &node.op { Some(&**looped) } else { None });
    loops.next_back().unwrap_or_else(|| panic!("no loop: {function}"))
}

/// Three branches of a number.
fn choice(selector: &str) -> String {
    format!(
        "fn @f(%x: f64[]) -> (f64[]) {{
  {selector}
  %r: f64[] = switch %s, %x {{branches = fn @a(%x: f64[]) -> (f64[]) {{
    %y: f64[] = negative %x
    return %y
  }} fn @b(%x: f64[]) -> (f64[]) {{
    %y: f64[] = abs %x
    return %y
  }} fn @c(%x: f64[]) -> (f64[]) {{
    %y: f64[] = floor %x
    return %y
  }}}}
  return %r
}}"
    )
}

#[test]
fn a_branch_that_is_known_stands_in_place_of_its_switch() {
    let cases = [
        ("%s: i64[] = constant {0}", "negative"),
        ("%s: i64[] = constant {-7}", "negative"),
        ("%s: i64[] = constant {1}", "abs"),
        ("%s: i64[] = constant {2}", "floor"),
        ("%s: i64[] = constant {4294967296}", "floor"),
        ("%s: i32[] = constant {-2147483648}", "negative"),
        ("%t: i32[] = constant {3}\n  %u: i32[] = constant {2}\n  %s: i32[] = subtract %t, %u", "abs"),
    ];
    for (selector, name) in cases {
        let folded = fold(&fold(&parse(&choice(selector))));
        assert_eq!((count(&folded, "switch"), count(&folded, name)), (0, 1), "{folded}");
        let after = exact(&choice(selector), &[number(-1.5)]);
        assert_eq!((after.nodes.len(), count(&after, name)), (2, 1), "{after}");
    }
    let unknown = exact(&choice("%s: i64[] = cast %x"), &[number(-1.5)]);
    assert_eq!(count(&unknown, "switch"), 1);
    for (truth, name) in [(false, "negative"), (true, "abs")] {
        let text = choice(&format!("%s: bool[] = constant {{{truth}}}"));
        let text = text.replace(" fn @c(%x: f64[]) -> (f64[]) {\n    %y: f64[] = floor %x\n    return %y\n  }", "");
        assert_eq!(count(&exact(&text, &[number(-1.5)]), name), 1);
    }
}

#[test]
fn one_branch_is_no_choice() {
    let text = "fn @f(%s: i64[], %x: f64[]) -> (f64[]) {
  %r: f64[] = switch %s, %x {branches = fn @a(%x: f64[]) -> (f64[]) {
    %y: f64[] = negative %x
    return %y
  }}
  return %r
}";
    let after = exact(text, &[Constant::scalar(Scalar::from_i64(DType::I64, 5)), number(2.0)]);
    assert_eq!(count(&after, "switch"), 0, "{after}");
}

#[test]
fn a_number_is_known_inside_of_loops_and_branches() {
    // The selector comes in as a constant of the loop.
    let text = "fn @f(dims n; %x: f64[n]) -> (f64[n]) {
  %s: i32[] = constant {1}
  %h: f64[] = constant {0.5}
  %hs: f64[n] = broadcast %h {axes = []}
  %r: f64[n] = scan %x, %s, %hs {carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @step(dims n; %x: f64[n], %s: i32[], %h: f64[n]) -> (f64[n]) {
    %y: f64[n] = switch %s, %x, %h {branches = fn @a(dims n; %x: f64[n], %h: f64[n]) -> (f64[n]) {
      return %x
    } fn @b(dims n; %x: f64[n], %h: f64[n]) -> (f64[n]) {
      %y: f64[n] = multiply %x, %h
      return %y
    }}
    return %y
  }}
  return %r
}";
    let after = exact(text, &[floats([1.0, -0.0, f64::NAN])]);
    let scan = the_scan(&after);
    assert_eq!(
        (scan.body.parameters.len(), count(&scan.body, "switch"), count(&scan.body, "multiply")),
        (1, 0, 1),
        "{after}"
    );
}

/// `carried = 5`: `dead` feeds itself alone, `helper` what is read, `counter` `dead`, and `same` is never changed.
const CARRIED: &str = "fn @f(%x: f64[3], %k: f64[3], %w: f64[4, 3]) -> (f64[3], f64[3], f64[4, 3]) {
  %zero: i64[] = constant {0}
  %r: f64[3], %dead: f64[3], %helper: f64[3], %counter: i64[], %same: f64[3], %all: f64[4, 3], %unread: i64[4] = scan %x, %x, %k, %zero, %k, %w, %w, %k, %k {carried = 5, scanned = 2, length = 4, reverse = true, checkpoint = all, body = fn @step(%r: f64[3], %dead: f64[3], %helper: f64[3], %counter: i64[], %same: f64[3], %w: f64[3], %v: f64[3], %k: f64[3], %l: f64[3]) -> (f64[3], f64[3], f64[3], i64[], f64[3], f64[3], i64[]) {
    %one: i64[] = constant {1}
    %next: i64[] = add %counter, %one
    %n: f64[] = cast %counter
    %ns: f64[3] = broadcast %n {axes = []}
    %d: f64[3] = fma %dead, %r, %ns
    %h: f64[3] = multiply %helper, %w
    %s: f64[3] = fma %h, %k, %r
    %t: f64[3] = add %s, %same
    %u: f64[3] = subtract %t, %v
    %q: f64[3] = multiply %u, %l
    return %u, %d, %h, %next, %same, %q, %next
  }}
  return %r, %same, %all
}";

#[test]
fn what_a_loop_carries_for_itself_alone_is_dropped() {
    let w = Constant::from_scalars(DType::F64, vec![4, 3], (0..12).map(|i| Scalar::f64(f64::from(i) / 4.0 - 1.0)));
    let arguments = [floats([1.0, -0.0, f64::INFINITY]), floats([0.5, 2.0, -1.0]), w];
    let after = exact(CARRIED, &arguments);
    let scan = the_scan(&after);
    // `r` and `helper`; `w` once; `k` once, which is `same` and `l` too.
    assert_eq!((scan.carried, scan.scanned, scan.body.parameters.len(), scan.stacked()), (2, 1, 4, 1), "{after}");
    // What comes out of it unchanged is what went in.
    assert_eq!(after.results[1], after.parameters[1], "{after}");
    assert!(scan.reverse);
    // In one go.
    let once = regions(&parse(CARRIED));
    assert_eq!((the_scan(&once).carried, the_scan(&once).body.parameters.len()), (2, 4), "{once}");
}

#[test]
fn what_is_stacked_twice_or_again_is_not_stacked() {
    let text = "fn @f(dims t; %x: f64[2], %w: f64[t, 2], %k: f64[2]) -> (f64[2], f64[t, 2], f64[t, 2], f64[t, 2], f64[t, 2], f64[t, 2]) {
  %r: f64[2], %a: f64[t, 2], %b: f64[t, 2], %c: f64[t, 2], %d: f64[t, 2], %e: f64[t, 2] = scan %x, %w, %k {carried = 1, scanned = 1, length = t, reverse = false, checkpoint = all, body = fn @step(dims t; %x: f64[2], %w: f64[2], %k: f64[2]) -> (f64[2], f64[2], f64[2], f64[2], f64[2], f64[2]) {
    %y: f64[2] = fma %x, %w, %k
    return %y, %y, %w, %k, %y, %x
  }}
  return %r, %a, %b, %c, %d, %e
}";
    for t in [0, 3] {
        let w = Constant::from_scalars(DType::F64, vec![t, 2], (0..2 * t).map(|i| Scalar::f64(i as f64 - 1.5)));
        let after = exact(text, &[floats([1.0, -0.0]), w, floats([0.5, f64::INFINITY])]);
        // What comes before and what comes after an iteration.
        assert_eq!((the_scan(&after).stacked(), after.results[2]), (2, after.parameters[1]), "{after}");
        assert_eq!((after.results[1], count(&after, "broadcast")), (after.results[4], 1), "{after}");
    }
    let text = "fn @f(%p: bool[], %x: f64[], %y: f64[]) -> (f64[], f64[], f64[]) {
  %a: f64[], %b: f64[], %c: f64[] = switch %p, %x, %y {branches = fn @a(%x: f64[], %y: f64[]) -> (f64[], f64[], f64[]) {
    %s: f64[] = sqrt %x
    return %s, %y, %s
  } fn @b(%x: f64[], %y: f64[]) -> (f64[], f64[], f64[]) {
    return %x, %y, %x
  }}
  return %a, %b, %c
}";
    let after = exact(text, &[Constant::scalar(Scalar::bool(false)), number(4.0), number(5.0)]);
    assert_eq!((after.results[0], after.results[1]), (after.results[2], after.parameters[2]), "{after}");
    assert_eq!(after.nodes.last().unwrap().results.len(), 1, "{after}");
}

#[test]
fn what_the_condition_needs_is_carried_on() {
    let text = "fn @f(%x: f64[], %limit: f64[]) -> (f64[], f64[]) {
  %zero: f64[] = constant {0.0}
  %r: f64[], %size: f64[], %dead: f64[], %limit2: f64[] = while %x, %x, %zero, %limit {carried = 4, bound = 50, functions = fn @small(%r: f64[], %size: f64[], %dead: f64[], %limit: f64[]) -> (bool[]) {
    %p: bool[] = less %size, %limit
    return %p
  } fn @step(%r: f64[], %size: f64[], %dead: f64[], %limit: f64[]) -> (f64[], f64[], f64[], f64[]) {
    %m: f64[] = negative %r
    %s: f64[] = add %size, %size
    %d: f64[] = add %dead, %s
    return %m, %s, %d, %limit
  }}
  return %r, %limit2
}";
    for x in [1.0, 3.0, 1e9, -1.0, f64::NAN] {
        let after = exact(text, &[number(x), number(1000.0)]);
        let looped = the_while(&after);
        assert_eq!(
            (looped.carried, looped.body.parameters.len(), looped.condition.parameters.len()),
            (2, 3, 3),
            "{after}"
        );
        assert_eq!((looped.bound, after.results[1]), (Some(50), after.parameters[1]), "{after}");
    }
}

#[test]
fn loops_that_change_nothing_are_gone() {
    let text = "fn @f(%x: f64[]) -> (f64[], f64[]) {
  %r: f64[], %i: f64[] = while %x, %x {carried = 2, bound = 9, functions = fn @small(%x: f64[], %i: f64[]) -> (bool[]) {
    %ten: f64[] = constant {10.0}
    %p: bool[] = less %i, %ten
    return %p
  } fn @same(%x: f64[], %i: f64[]) -> (f64[], f64[]) {
    %j: f64[] = add %i, %i
    return %x, %j
  }}
  %s: f64[] = scan %x {carried = 1, scanned = 0, length = 5, reverse = false, checkpoint = all, body = fn @same(%x: f64[]) -> (f64[]) {
    return %x
  }}
  return %r, %s
}";
    let after = exact(text, &[number(1.5)]);
    assert_eq!((after.nodes.len(), &after.results[..]), (1, &[after.parameters[0]; 2][..]), "{after}");
}

#[test]
fn loops_of_no_iteration_or_one_are_written_out() {
    let text = |length: u64, reverse: bool| {
        format!(
            "fn @f(dims n; %c: f64[n], %x: f64[{length}, n]) -> (f64[n], f64[{length}, n], bool[{length}]) {{
  %r: f64[n], %y: f64[{length}, n], %p: bool[{length}] = scan %c, %x {{carried = 1, scanned = 1, length = {length}, reverse = {reverse}, checkpoint = all, body = fn @step(dims n; %c: f64[n], %x: f64[n]) -> (f64[n], f64[n], bool[]) {{
    %s: f64[n] = add %c, %x
    %t: bool[] = constant {{true}}
    return %s, %c, %t
  }}}}
  return %r, %y, %p
}}"
        )
    };
    let x = |length: u64| {
        Constant::from_scalars(DType::F64, vec![length, 2], (0..2 * length).map(|i| Scalar::f64(i as f64)))
    };
    for (length, loops) in [(0, 0), (1, 0), (2, 1)] {
        for reverse in [false, true] {
            let after = exact(&text(length, reverse), &[floats([1.0, -0.0]), x(length)]);
            assert_eq!(count(&after, "scan"), loops, "{after}");
        }
    }
    let none = "fn @f(%x: f64[]) -> (f64[]) {
  %r: f64[] = while %x {carried = 1, bound = 0, functions = fn @always(%x: f64[]) -> (bool[]) {
    %p: bool[] = constant {true}
    return %p
  } fn @minus(%x: f64[]) -> (f64[]) {
    %y: f64[] = negative %x
    return %y
  }}
  return %r
}";
    assert_eq!(exact(none, &[number(2.0)]).nodes.len(), 1);
}

#[test]
fn results_and_operands_of_branches_and_calls_that_nobody_needs_are_dropped() {
    let text = "fn @f(%p: bool[], %x: f64[], %y: f64[], %z: f64[]) -> (f64[], f64[]) {
  %a: f64[], %b: f64[] = switch %p, %x, %y, %z, %x {branches = fn @a(%x: f64[], %y: f64[], %z: f64[], %w: f64[]) -> (f64[], f64[]) {
    %s: f64[] = sqrt %z
    %t: f64[] = negative %w
    return %s, %t
  } fn @b(%x: f64[], %y: f64[], %z: f64[], %w: f64[]) -> (f64[], f64[]) {
    %s: f64[] = sqrt %y
    %t: f64[] = add %x, %w
    return %s, %t
  }}
  %c: f64[], %d: f64[] = checkpoint %x, %y {function = fn @g(%x: f64[], %y: f64[]) -> (f64[], f64[]) {
    %s: f64[] = sqrt %x
    %t: f64[] = negative %y
    return %s, %t
  }}
  return %b, %d
}";
    let arguments = [Constant::scalar(Scalar::bool(true)), number(1.0), number(2.0), number(3.0)];
    let after = exact(text, &arguments);
    assert!(!after.to_string().contains("sqrt"), "{after}");
    let operands = |name: &str| after.nodes.iter().find(|node| node.op.name() == name).map(|node| node.operands.len());
    assert_eq!((operands("switch"), operands("checkpoint")), (Some(2), Some(1)), "{after}");
}

#[test]
fn calls_in_calls_are_inlined_in_one_run() {
    let mut inside = "%y: f64[] = negative %x".to_owned();
    for _ in 0..12 {
        inside = format!("%y: f64[] = call %x {{function = fn @g(%x: f64[]) -> (f64[]) {{ {inside} return %y }}}}");
    }
    let after = exact(&format!("fn @f(%x: f64[]) -> (f64[]) {{ {inside} return %y }}"), &[number(2.0)]);
    assert_eq!((after.nodes.len(), count(&after, "negative")), (2, 1), "{after}");
}

#[test]
fn what_may_not_end_is_not_begun_ahead_of_a_loop() {
    let text = |bound: &str| {
        format!(
            "fn @f(dims t; %x: f64[], %w: f64[t], %k: f64[]) -> (f64[]) {{
  %r: f64[] = scan %x, %w, %k {{carried = 1, scanned = 1, length = t, reverse = false, checkpoint = all, body = fn @step(dims t; %x: f64[], %w: f64[], %k: f64[]) -> (f64[]) {{
    %e: f64[] = while %k {{carried = 1, {bound}functions = fn @positive(dims t; %k: f64[]) -> (bool[]) {{
      %zero: f64[] = constant {{0.0}}
      %p: bool[] = less %zero, %k
      return %p
    }} fn @more(dims t; %k: f64[]) -> (f64[]) {{
      %l: f64[] = add %k, %k
      return %l
    }}}}
    %m: f64[] = negative %e
    %y: f64[] = fma %x, %w, %m
    return %y
  }}}}
  return %r
}}"
        )
    };
    // For k = 1 only a loop without iterations ends.
    let empty = Constant::from_scalars(DType::F64, vec![0], []);
    let after = exact(&text(""), &[number(1.0), empty, number(1.0)]);
    assert_eq!((count(&after, "while"), count(&after, "negative")), (0, 0), "{after}");
    let after = exact(&text("bound = 7, "), &[number(1.0), floats([0.5, 0.25]), number(1.0)]);
    assert_eq!((count(&after, "while"), count(&after, "negative")), (1, 1), "{after}");
}

#[test]
fn sums_for_constants_that_get_nothing_are_no_part_of_the_way_back() {
    // The cotangent of `k` is nothing: it only decides.
    let text = "fn @f(%x: f64[], %k: f64[]) -> (f64[]) {
  %r: f64[] = scan %x, %k {carried = 1, scanned = 0, length = 4, reverse = false, checkpoint = all, body = fn @step(%x: f64[], %k: f64[]) -> (f64[]) {
    %p: bool[] = less %x, %k
    %f: f64[] = floor %k
    %s: f64[] = sin %x
    %y: f64[] = select %p, %s, %f
    return %y
  }}
  return %r
}";
    let back = optimized(&vjp(&parse(text), &[true, true]).expect("floats"));
    assert_eq!(the_scan(&back).carried, 1, "{back}");
}
