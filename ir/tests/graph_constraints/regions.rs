//! Calls, branches and loops: C28 to C34, and C25, F4 and F10 of the functions in them.

use super::rejected;
use rotrace_ir::graph::{Checkpoint, Constant, Function, GraphBuilder, Op, Scan, Values};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Dim, DimId, Scalar, Type};
use std::sync::Arc;

/// A function in a node, of this signature; it returns these of its values.
fn function(signature: &str, returned: &str) -> String {
    format!("fn @g({signature} {{ return {returned} }}")
}

fn scan(operands: &str, attributes: &str, body: &str) -> String {
    format!("scan {operands} {{{attributes}, reverse = false, checkpoint = all, body = {body}}}")
}

#[test]
fn c25_nested_functions_have_the_dims_around_them() {
    let own = function("dims n; %a: f64[2]) -> (f64[2])", "%a");
    let none = function("%a: f64[2]) -> (f64[2])", "%a");
    let truth = function("%a: f64[2]) -> (bool[])", "%a")
        .replace("{ ", "{ %b: bool[] = constant {true} ")
        .replace("%a }", "%b }");
    let own_truth = truth.replace("(%a", "(dims n; %a");
    for node in [
        format!("call %0 {{function = {own}}}"),
        format!("checkpoint %0 {{function = {own}}}"),
        format!("switch %1, %0 {{branches = {none} {own}}}"),
        format!("while %0 {{carried = 1, functions = {truth} {own}}}"),
        format!("while %0 {{carried = 1, functions = {own_truth} {none}}}"),
        scan("%0", "carried = 1, scanned = 0, length = 2", &own),
    ] {
        rejected("C25", "%0: f64[2], %1: bool[]", &format!("f64[2] = {node}"));
    }
    // The same names in another order are other dims.
    let swapped = function("dims m, n; %a: f64[2]) -> (f64[2])", "%a");
    rejected("C25", "dims n, m; %0: f64[2]", &format!("f64[2] = call %0 {{function = {swapped}}}"));
}

#[test]
fn c28_calls_fit_what_they_call() {
    for name in ["call", "checkpoint"] {
        for (operands, signature, returned) in [
            ("%0", "%a: f64[3]) -> (f64[3])", "%a"),
            ("%0", "%a: f32[2]) -> (f32[2])", "%a"),
            ("%0, %1", "%a: bool[], %b: f64[2]) -> (f64[2])", "%b"),
            ("%0", "%a: f64[2]) -> ()", ""),
        ] {
            let node = format!("f64[2] = {name} {operands} {{function = {}}}", function(signature, returned));
            rejected("C28", "%0: f64[2], %1: bool[]", &node);
        }
        let node = format!("f64[2] = {name} {{function = {}}}", function("%a: f64[2]) -> (f64[2])", "%a"));
        rejected("C1", "%0: f64[2]", &node);
    }
    // A node has a result, whatever its operation.
    let nothing = function("%a: f64[2]) -> ()", "");
    rejected("C28", "%0: f64[2], %1: bool[]", &format!("f64[2] = switch %1, %0 {{branches = {nothing} {nothing}}}"));
    rejected(
        "C28",
        "%0: f64[2]",
        &format!("f64[2] = {}", scan("%0", "carried = 0, scanned = 0, length = 2", &nothing)),
    );
    let truth = "fn @g() -> (bool[]) { %b: bool[] = constant {false} return %b }";
    let node = format!("f64[2] = while {{carried = 0, functions = {truth} {}}}", function(") -> ()", ""));
    rejected("C28", "%0: f64[2]", &node);
}

#[test]
fn c29_branches_are_alike() {
    let good = function("%a: f64[2]) -> (f64[2])", "%a");
    for bad in [
        function("%a: f64[3]) -> (f64[3])", "%a"),
        function("%a: f64[2]) -> (f64[2], f64[2])", "%a, %a"),
        function("%a: f64[2]) -> ()", ""),
        function("%a: f64[2], %b: f64[2]) -> (f64[2])", "%a"),
        function(") -> (f64[2])", "%z").replace("{ ", "{ %z: f64[2] = constant {splat 0.0} "),
    ] {
        rejected("C29", "%0: f64[2], %1: bool[]", &format!("f64[2] = switch %1, %0 {{branches = {good} {bad}}}"));
    }
    let mut builder = GraphBuilder::new("f", Vec::new());
    let selector = builder.parameter(Type::scalar(DType::I32)).unwrap();
    let violation = builder.push(Op::Switch(Arc::new([])), &[selector]).unwrap_err();
    assert_eq!(violation.to_string(), "switch has no branches [C29]");
}

#[test]
fn c30_selectors_are_truth_values_or_numbers() {
    let branch = function("%a: f64[2]) -> (f64[2])", "%a");
    for (selector, branches) in [
        ("f64[]", 2),
        ("bool[1]", 2),
        ("bool[2]", 2),
        ("bool[]", 1),
        ("bool[]", 3),
        ("i32[2]", 3),
        ("i64[1]", 1),
        ("i16[]", 2),
        ("u32[]", 2),
        ("u64[]", 3),
    ] {
        let branches = vec![branch.clone(); branches].join(" ");
        let node = format!("f64[2] = switch %1, %0 {{branches = {branches}}}");
        rejected("C30", &format!("%0: f64[2], %1: {selector}"), &node);
    }
}

#[test]
fn c31_while_loops_fit() {
    let condition = |signature: &str| {
        format!("fn @goes_on({signature}) -> (bool[]) {{ %z: bool[] = constant {{false}} return %z }}")
    };
    let body = |signature: &str, returned: &str| function(signature, returned);
    let good = (condition("%a: f64[2], %b: i64[]"), body("%a: f64[2], %b: i64[]) -> (f64[2])", "%a"));
    let wide = condition("%a: f64[2], %b: i64[]").replace("bool[]", "bool[1]").replace("{false}", "{[false]}");
    let number = condition("%a: f64[2], %b: i64[]").replace("bool[]", "i64[]").replace("{false}", "{0}");
    let two = condition("%a: f64[2], %b: i64[]")
        .replace("(bool[])", "(bool[], bool[])")
        .replace("return %z", "return %z, %z");
    for (carried, condition, body) in [
        (1, condition("%a: f64[2]"), good.1.clone()),
        (1, condition("%a: f64[3], %b: i64[]"), good.1.clone()),
        (1, wide, good.1.clone()),
        (1, number, good.1.clone()),
        (1, two, good.1.clone()),
        (1, good.0.clone(), body("%a: f64[2], %b: i64[]) -> (f64[2], i64[])", "%a, %b")),
        (1, good.0.clone(), body("%a: f64[2], %b: i64[]) -> (i64[])", "%b")),
        (1, good.0.clone(), body("%a: f64[2], %b: i32[]) -> (f64[2])", "%a")),
        (2, good.0.clone(), good.1.clone()),
        (3, good.0.clone(), good.1.clone()),
        (0, good.0.clone(), good.1.clone()),
    ] {
        let node = format!("f64[2] = while %0, %1 {{carried = {carried}, functions = {condition} {body}}}");
        rejected("C31", "%0: f64[2], %1: i64[]", &node);
    }
    let node = format!("f64[2] = while %0 {{carried = 1, functions = {} {}}}", good.0, good.1);
    rejected("C1", "%0: f64[2], %1: i64[]", &node);
}

#[test]
fn c32_bodies_of_scans_fit() {
    let parameters = "%0: f64[2], %1: i64[5, 3], %2: f32[]";
    let good = "%a: f64[2], %b: i64[3], %c: f32[]) -> (f64[2], i64[3])";
    for (counts, signature, returned) in [
        ("carried = 1, scanned = 1", "%a: f64[2], %b: i64[5, 3], %c: f32[]) -> (f64[2])", "%a"),
        ("carried = 1, scanned = 1", "%a: f64[2], %b: i64[3], %c: f64[]) -> (f64[2])", "%a"),
        ("carried = 1, scanned = 1", "%a: f64[3], %b: i64[3], %c: f32[]) -> (f64[3])", "%a"),
        ("carried = 1, scanned = 1", "%a: f64[2], %b: i64[3], %c: f32[]) -> (i64[3], f64[2])", "%b, %a"),
        ("carried = 1, scanned = 1", "%a: f64[2], %b: i64[3], %c: f32[]) -> ()", ""),
        ("carried = 2, scanned = 0", good, "%a, %b"),
        ("carried = 0, scanned = 4", good, "%a, %b"),
        ("carried = 3, scanned = 1", good, "%a, %b"),
        ("carried = 18446744073709551615, scanned = 18446744073709551615", good, "%a, %b"),
    ] {
        let node = scan("%0, %1, %2", &format!("{counts}, length = 5"), &function(signature, returned));
        rejected("C32", parameters, &format!("f64[2] = {node}"));
    }
    let node = scan("%0, %1", "carried = 1, scanned = 1, length = 5", &function(good, "%a, %b"));
    rejected("C1", parameters, &format!("f64[2] = {node}"));
}

#[test]
fn c33_scanned_arrays_have_the_length() {
    for (parameters, length, slice) in [
        ("%0: f64[2], %1: f64[4]", "5", "f64[]"),
        ("%0: f64[2], %1: f64[]", "5", "f64[]"),
        ("%0: f64[2], %1: f64[3, 5]", "5", "f64[3]"),
        ("dims t; %0: f64[2], %1: f64[t]", "5", "f64[]"),
        ("dims t; %0: f64[2], %1: f64[t]", "t-1", "f64[]"),
        ("dims t; %0: f64[2], %1: f64[5]", "t", "f64[]"),
    ] {
        let dims = if parameters.starts_with("dims") { "dims t; " } else { "" };
        let body = function(&format!("{dims}%a: f64[2], %b: {slice}) -> (f64[2])"), "%a");
        let node = scan("%0, %1", &format!("carried = 1, scanned = 1, length = {length}"), &body);
        rejected("C33", parameters, &format!("f64[2] = {node}"));
    }
    let deepest = format!("f64[{}]", vec!["1"; 64].join(", "));
    let body = function(&format!("%a: {deepest}) -> ({deepest})"), "%a");
    let node = scan("%0", "carried = 0, scanned = 0, length = 5", &body);
    rejected("C33", &format!("%0: {deepest}"), &format!("f64[2] = {node}"));

    // A length that the text form cannot have.
    for length in [Dim { name: None, constant: -1 }, Dim::named(DimId(0))] {
        let mut builder = GraphBuilder::new("f", Vec::new());
        let start = builder.parameter(Type::scalar(DType::F64)).unwrap();
        let mut body = GraphBuilder::new("body", Vec::new());
        let given = body.parameter(Type::scalar(DType::F64)).unwrap();
        let body = body.finish(vec![given]);
        let op = Scan { carried: 1, scanned: 0, length, reverse: false, checkpoint: Checkpoint::All, body };
        let violation = builder.push(Op::Scan(Arc::new(op)), &[start]).unwrap_err();
        assert_eq!(violation.constraint, "C33", "{violation}");
    }
}

#[test]
fn c34_checkpoints_keep_something() {
    let body = function("%a: f64[2]) -> (f64[2])", "%a");
    for policy in ["every(0)", "binomial(0)"] {
        let node = scan("%0", "carried = 1, scanned = 0, length = 5", &body).replace("all", policy);
        rejected("C34", "%0: f64[2]", &format!("f64[2] = {node}"));
    }
}

fn parse(text: &str) -> Function {
    parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What the verifier says.
fn diagnostics(text: &str) -> Vec<String> {
    verify(&parse(text)).iter().map(ToString::to_string).collect()
}

#[test]
fn f4_nested_functions_know_the_dims_around_them() {
    // The size of no parameter of its own, but of one further out.
    let text = |dims: &str| {
        format!(
            "fn @f(dims n, m; %0: f64[n], %1: i64[]{dims}) -> (f64[]) {{
  %2: f64[] = call %1 {{function = fn @outer(dims n, m; %a: i64[]) -> (f64[]) {{
    %b: f64[] = switch %a {{branches = fn @counts(dims n, m;) -> (f64[]) {{
      %c: f64[m] = iota {{axis = 0}}
      %d: f64[] = reduce %c {{kind = sum, axes = [0]}}
      return %d
    }}}}
    return %b
  }}}}
  return %2
}}"
        )
    };
    let function = parse(&text(", %m: bool[m]"));
    assert_eq!(verify(&function), []);
    let floats = Constant::from_scalars(DType::F64, vec![0], []);
    let truths = Constant::from_scalars(DType::Bool, vec![4], [Scalar::bool(true); 4]);
    let results = interpret(&function, &[floats, Constant::scalar(Scalar::from_i64(DType::I64, 7)), truths]).unwrap();
    assert_eq!(results, [Constant::scalar(Scalar::f64(6.0))]);
    let unknown = "in @outer: in @counts: dimension m is not the size of any parameter [F4] [F10] [F10]";
    assert_eq!(diagnostics(&text("")), [unknown]);
}

#[test]
fn f4_lengths_are_known() {
    let text = |parameters: &str| {
        format!(
            "fn @f(dims t; %0: f64[]{parameters}) -> (f64[]) {{
  %r: f64[] = scan %0 {{carried = 1, scanned = 0, length = t, reverse = false, checkpoint = all, body = fn @twice(dims t; %a: f64[]) -> (f64[]) {{
    %b: f64[] = add %a, %a
    return %b
  }}}}
  return %r
}}"
        )
    };
    assert_eq!(diagnostics(&text("")), ["dimension t is not the size of any parameter [F4]"]);
    assert!(diagnostics(&text(", %t: bool[t]")).is_empty());
}

/// A call in a call, and so on.
fn calls(depth: usize) -> Function {
    let mut function: Option<Function> = None;
    for _ in 0..=depth {
        let mut builder = GraphBuilder::new("f", Vec::new());
        let given = builder.parameter(Type::scalar(DType::F64)).unwrap();
        let results = match function.take() {
            None => Values::from_slice(&[given]),
            Some(inner) => builder.push_all(Op::Call(Arc::new(inner)), &[given]).unwrap(),
        };
        function = Some(builder.finish(results.to_vec()));
    }
    function.unwrap()
}

#[test]
fn f10_functions_stand_in_functions_at_most_16_deep() {
    for (depth, fits) in [(1, true), (16, true), (17, false)] {
        let function = calls(depth);
        assert_eq!(verify(&function).is_empty(), fits, "{depth}");
        let parsed = parse_function(&function.to_string());
        assert_eq!(parsed.as_ref().ok(), fits.then_some(&function), "{depth}");
        let number = Constant::scalar(Scalar::f64(0.5));
        assert_eq!(interpret(&function, std::slice::from_ref(&number)).is_ok(), fits, "{depth}");
        if let Err(error) = parsed {
            assert_eq!(error.message, "functions stand in functions more than 16 deep");
        }
    }
}

#[test]
fn f10_nested_functions_are_well_formed() {
    let text = "fn @f(%0: f64[]) -> (f64[]) {
  %1: f64[] = scan %0 {carried = 1, scanned = 0, length = 3, reverse = false, checkpoint = all, body = fn @outer(%a: f64[]) -> (f64[]) {
    %b: f64[] = call %a {function = fn @inner(%c: f64[]) -> (f64[]) {
      %d: f64[] = negative %c
      return %d
    }} loc(\"a.rs\":7:1)
    return %b
  }}
  return %1
}";
    type Damage = fn(&mut Function);
    let cases: [(Damage, &str); 4] = [
        (|inner| inner.results[0].0 = 9, "result 0 of the function, %9, does not exist [F7]"),
        (|inner| inner.nodes[1].operands[0].0 = 1, "operand %1 of negative is not defined before its use [F1]"),
        (
            |inner| inner.values[1].ty = Type::scalar(DType::F32),
            "%1 is recorded as f32[], but negative gives f64[] [F6]",
        ),
        (|inner| inner.nodes[1].operands.clear(), "negative takes 1 operands, got 0 [C1]"),
    ];
    for (damage, message) in cases {
        let mut function = parse(text);
        let Op::Scan(scan) = &mut function.nodes[1].op else { unreachable!() };
        let Op::Call(inner) = &mut Arc::make_mut(scan).body.nodes[1].op else { unreachable!() };
        damage(Arc::make_mut(inner));
        let found: Vec<String> = verify(&function).iter().map(ToString::to_string).collect();
        assert_eq!(found, [format!("in @outer: a.rs:7:1: in @inner: {message} [F10] [F10]")]);
        assert!(function.to_string().starts_with("fn @f"));
        assert!(interpret(&function, &[Constant::scalar(Scalar::f64(1.0))]).is_err());
    }
}
