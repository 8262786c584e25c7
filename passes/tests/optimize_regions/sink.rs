//! What is done with stacks goes into the loops that stack them, if it is cheap and nobody else sees the stack.

use super::{count, exact, floats, number, the_scan};

/// Six steps as two times three, of which the stack goes through `behind` and is returned as `results`.
fn stacked(behind: &str, inner: &str, results: &str, types: &str) -> String {
    format!(
        "fn @f(%x: f64[], %w: f64[6]) -> ({types}) {{
  %ws: f64[2, 3] = reshape %w
  %r: f64[], %s: f64[2, 3] = scan %x, %ws {{carried = 1, scanned = 1, length = 2, reverse = true, checkpoint = all, body = fn @outer(%c: f64[], %w: f64[3]) -> (f64[], f64[3]) {{
    %d: f64[], %t: f64[3] = scan %c, %w {{carried = 1, scanned = 1, length = 3, reverse = false, checkpoint = all, body = fn @inner(%c: f64[], %w: f64[]) -> (f64[], f64[]) {{
      %y: f64[] = multiply %c, %w
      %z: f64[] = divide %y, %w
      return %z, %y
    }}}}
    {inner}
  }}}}
  %flat: f64[6] = reshape %s
  %h: f64[] = constant {{0.5}}
  %half: f64[6] = broadcast %h {{axes = []}}
  %o: f64[] = constant {{0.0}}
  %zero: f64[6] = broadcast %o {{axes = []}}
  {behind}
  return {results}
}}"
    )
}

const FINISHED: &str = "%m: f64[6] = multiply %half, %flat
  %y: f64[6] = add %m, %zero";

fn exact_for_zeros(text: &str) -> rotrace_ir::graph::Function {
    exact(text, &[number(-0.0), floats([1.0, -0.0, 3.0, f64::NAN, -2.0, 0.25])]);
    exact(text, &[number(-1.5), floats([1.0, -2.0, 3.0, 0.5, -2.0, f64::INFINITY])])
}

#[test]
fn numbers_go_into_the_innermost_loop() {
    let after = exact_for_zeros(&stacked(FINISHED, "return %d, %t", "%y", "f64[6]"));
    assert_eq!((count(&after, "add"), count(&after, "multiply")), (0, 0), "{after}");
    let outer = &the_scan(&after).body;
    assert_eq!((count(outer, "add"), count(outer, "multiply")), (0, 0), "{after}");
    let inner = &the_scan(outer).body;
    assert_eq!((count(inner, "add"), count(inner, "multiply")), (1, 2), "{after}");
}

#[test]
fn what_others_see_stays_as_it_is() {
    // The stack is a result, or is multiplied by itself.
    for (behind, results, types) in [
        (FINISHED, "%y, %flat", "f64[6], f64[6]"),
        (FINISHED, "%y, %s", "f64[6], f64[2, 3]"),
        ("%y: f64[6] = multiply %flat, %flat", "%y", "f64[6]"),
    ] {
        let after = exact_for_zeros(&stacked(behind, "return %d, %t", results, types));
        assert_eq!(count(&after, "multiply"), 1, "{after}");
    }
    // The loop around reads the slices: only what would be stored for itself may change.
    let inner = "%sum: f64[] = reduce %t {kind = sum, axes = [0]}
    %n: f64[] = add %sum, %d
    return %n, %t";
    let after = exact_for_zeros(&stacked(FINISHED, inner, "%y", "f64[6]"));
    assert_eq!((count(&after, "add"), count(&after, "multiply")), (1, 1), "{after}");
}

#[test]
fn what_is_dear_stays_behind_the_loop() {
    for behind in ["%y: f64[6] = sin %flat", "%y: f64[6] = divide %half, %flat", "%y: f64[6] = add %flat, %w"] {
        let after = exact_for_zeros(&stacked(behind, "return %d, %t", "%y", "f64[6]"));
        assert_eq!(after.nodes.iter().filter(|node| node.op.name() == "scan").count(), 1);
        let last = after.nodes.last().expect("a node").op.name();
        assert!(["sin", "divide", "add"].contains(&last), "{after}");
    }
    // In front of what stays, the rest goes in.
    let both = "%m: f64[6] = multiply %half, %flat
  %y: f64[6] = sin %m";
    let after = exact_for_zeros(&stacked(both, "return %d, %t", "%y", "f64[6]"));
    assert_eq!((count(&after, "multiply"), count(&after, "sin")), (0, 1), "{after}");
}
