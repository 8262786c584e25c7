//! Every family of operations, with each choice of operands that have the axis.

use crate::check;

/// A function of the given parameters with one operation.
fn one(parameters: &str, ty: &str, operation: &str) -> String {
    format!("fn @f(dims n, r; {parameters}) -> ({ty}) {{\n  %y: {ty} = {operation}\n  return %y\n}}")
}

#[test]
fn elementwise() {
    check(&one("%a: f64[n, 2], %b: f64[n, 2]", "f64[n, 2]", "add %a, %b"));
    check(&one("%a: bool[2], %b: f32[2], %c: f32[2]", "f32[2]", "select %a, %b, %c"));
    check(&one("%a: f64[], %b: f64[], %c: f64[]", "f64[]", "fma %a, %b, %c"));
    check(&one("%a: f64[n]", "i32[n]", "cast %a"));
    check(&one("%a: f32[2]", "i32[2]", "bitcast %a"));
}

#[test]
fn movement() {
    check(&one("%a: f64[n, 6]", "f64[n, 2, 3]", "reshape %a"));
    check(&one("%a: f64[2, n, 3]", "f64[2, n, 3, 1]", "reshape %a"));
    check(&one("%a: f64[]", "f64[1, 1]", "reshape %a"));
    check(&one("%a: f64[1, 3], %b: f64[n]", "f64[n, 2, 3]", "broadcast %a {axes = [1, 2]}"));
    check(&one("%a: f64[2, n, 3]", "f64[3, 2, n]", "transpose %a {permutation = [2, 0, 1]}"));
    check(&one("%a: f64[n, 5]", "f64[n-1, 2]", "slice %a {start = [1, 1], limit = [n, 4], step = [1, 2]}"));
    check(&one("%a: f64[n, 3]", "f64[n, 3]", "reverse %a {axes = [0, 1]}"));
    check(&one("%a: f64[n, 2], %b: f64[1, 2], %c: f64[2, 2]", "f64[n+3, 2]", "concatenate %b, %a, %c {axis = 0}"));
}

#[test]
fn padding_with_a_value_for_each_row() {
    let pad = "pad %a, %b {low = [1, 0], high = [0, 2], interior = [0, 1]}";
    check(&one("%a: f64[n, 3], %b: f64[]", "f64[n+1, 7]", pad));
    check(&one("%a: bool[2, 0], %b: bool[]", "bool[3, 2]", pad));
    check(&one("%a: i64[2, 3], %b: i64[]", "i64[3, 7]", pad));
}

#[test]
fn reductions_keep_their_order() {
    for kind in ["sum", "prod", "max", "min"] {
        check(&one("%a: f64[n, 37]", "f64[n]", &format!("reduce %a {{kind = {kind}, axes = [1]}}")));
        check(&one("%a: f32[3, n, 5]", "f32[n]", &format!("reduce %a {{kind = {kind}, axes = [0, 2]}}")));
        check(&one("%a: f64[2, 0]", "f64[2]", &format!("reduce %a {{kind = {kind}, axes = [1]}}")));
    }
    check(&one("%a: bool[n, 3]", "bool[]", "reduce %a {kind = any, axes = [0, 1]}"));
}

#[test]
fn contractions() {
    let dot = |left: &str, right: &str, ty: &str, pairs: &str| {
        check(&one(&format!("%a: {left}, %b: {right}"), ty, &format!("dot_general %a, %b {{{pairs}}}")));
    };
    dot("f64[3]", "f64[3]", "f64[]", "batch = [], contract = [(0, 0)]");
    dot("f64[2, 3]", "f64[3, n]", "f64[2, n]", "batch = [], contract = [(1, 0)]");
    dot("f64[2, 3]", "f64[3]", "f64[2]", "batch = [], contract = [(1, 0)]");
    dot("f64[2]", "f64[n]", "f64[2, n]", "batch = [], contract = []");
    dot("f64[n, 2, 3]", "f64[4, 3, n]", "f64[n, 2, 4]", "batch = [(0, 2)], contract = [(2, 1)]");
    dot("f64[5, n, 2, 3]", "f64[4, 5, 3, n]", "f64[n, 5, 2, 4]", "batch = [(1, 3), (0, 1)], contract = [(3, 2)]");
    dot("f64[3, 17]", "f64[17, 3, 2]", "f64[2]", "batch = [], contract = [(1, 0), (0, 1)]");
    dot("i32[2, 3]", "i32[3, 2]", "i32[3, 2, 2]", "batch = [(1, 0)], contract = []");
}

#[test]
fn indexing() {
    check(&one("%a: f64[n, 3]", "f64[n, 4]", "take %a {axis = 1, indices = [2, 0, 0, 1]}"));
    check(&one("%a: f64[3, n]", "f64[2, n]", "scatter_add %a {axis = 0, indices = [1, 1, 0], size = 2}"));
}

#[test]
fn rules_are_batched_too() {
    // An argument that the rule selects, and one that it does not.
    for (kind, directions) in [("jvp", "%t: f64[n]) -> (f64[n])"), ("vjp", "%t: f64[n]) -> (f64[n])")] {
        check(&format!(
            "fn @f(dims n, r; %x: f64[n], %k: f64[]) -> (f64[n]) {{
              %v: f64[n] = sin %x
              %y: f64[n] = custom %v, %x, %k {{kind = {kind}, wrt = [true, false], rule = fn @rule(dims n, r; %a: f64[n], %b: f64[], {directions} {{
                %s: f64[n] = broadcast %b {{axes = []}}
                %p: f64[n] = multiply %s, %t
                return %p
              }}}}
              return %y
            }}"
        ));
    }
    // Two values, of which one does not depend on the row.
    for (kind, directions) in [("jvp", "%s: f64[n], %t: f64[n]"), ("vjp", "%t: f64[n], %s: f64[n]")] {
        check(&format!(
            "fn @f(dims n, r; %x: f64[n], %k: f64[n]) -> (f64[n], f64[n]) {{
              %v: f64[n] = sin %x
              %y: f64[n], %z: f64[n] = custom %v, %k, %x, %k {{kind = {kind}, wrt = [true, true], rule = fn @rule(dims n, r; %a: f64[n], %b: f64[n], {directions}) -> (f64[n], f64[n]) {{
                %p: f64[n] = multiply %a, %t
                return %p, %s
              }}}}
              return %y, %z
            }}"
        ));
    }
    // Nothing to differentiate with respect to.
    check(
        "fn @f(dims n, r; %v: f64[3], %x: f64[3]) -> (f64[3]) {
          %y: f64[3] = custom %v, %x {kind = jvp, wrt = [false], rule = fn @rule(dims n, r; %a: f64[3]) -> (f64[3]) {
            %z: f64[] = constant {0.0}
            %s: f64[3] = broadcast %z {axes = []}
            return %s
          }}
          return %y
        }",
    );
}
