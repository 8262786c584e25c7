//! Rules for derivatives: C25 to C27, and F10.

use super::rejected;
use rotrace_ir::graph::{GraphBuilder, Op, ValueId};
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use std::sync::Arc;

/// A node with a rule of this signature and one node.
fn with_rule(operands: &str, attributes: &str, signature: &str) -> String {
    format!("f64[2] = custom {operands} {{{attributes}, rule = fn @rule({signature} {{ return %c }}}}")
}

#[test]
fn c25_a_rule_has_the_dims_around_it() {
    let rule = "dims n; %b: f64[2], %c: f64[2]) -> (f64[2])";
    rejected("C25", "%0: f64[2]", &with_rule("%0, %0", "kind = jvp, wrt = [true]", rule));
}

#[test]
fn c26_rules_are_about_floats() {
    let rule = "%b: i64[2], %c: f64[2]) -> (f64[2])";
    rejected("C26", "%0: f64[2], %1: i64[2]", &with_rule("%0, %1", "kind = jvp, wrt = [true]", rule));
    let node = with_rule("%1, %0", "kind = vjp, wrt = [true]", "%b: f64[2], %c: f64[2]) -> (f64[2])");
    rejected("C26", "%0: f64[2], %1: i64[2]", &node.replacen("f64[2]", "i64[2]", 1));
}

#[test]
fn c27_rules_have_the_types_that_their_kind_says() {
    for (kind, wrt, rule) in [
        ("jvp", "[true]", "%c: f64[2]) -> (f64[2])"),
        ("jvp", "[true]", "%b: f64[2], %c: f64[3]) -> (f64[3])"),
        ("jvp", "[false]", "%b: f64[2], %c: f64[2]) -> (f64[2])"),
        ("vjp", "[false]", "%b: f64[2], %c: f64[2]) -> (f64[2])"),
        ("vjp", "[true]", "%b: f64[3], %c: f64[2]) -> (f64[2])"),
    ] {
        rejected("C27", "%0: f64[2]", &with_rule("%0, %0", &format!("kind = {kind}, wrt = {wrt}"), rule));
    }
    // About no value.
    for rule in [
        "kind = jvp, wrt = [true], rule = fn @rule(%b: f64[2], %t: f64[2]) -> () { return }",
        "kind = vjp, wrt = [true], rule = fn @rule(%b: f64[2]) -> (f64[2]) { return %b }",
    ] {
        rejected("C27", "%0: f64[2]", &format!("f64[2] = custom %0 {{{rule}}}"));
    }
}

#[test]
fn there_are_as_many_operands_as_values_and_arguments() {
    let rule = "%b: f64[2], %c: f64[2], %d: f64[2]) -> (f64[2])";
    for operands in ["%0, %0", "%0, %0, %0, %0"] {
        rejected("C1", "%0: f64[2]", &with_rule(operands, "kind = vjp, wrt = [true]", rule));
    }
}

#[test]
fn f10_rules_are_well_formed() {
    let text = format!(
        "fn @f(%0: f64[2]) -> () {{\n %r: {}\n return\n}}",
        with_rule("%0, %0", "kind = jvp, wrt = [true]", "%b: f64[2], %c: f64[2]) -> (f64[2])")
    );
    let mut function = parse_function(&text).unwrap();
    assert_eq!(verify(&function), []);
    let well_formed = function.clone();
    let Op::Custom(rule) = &mut function.nodes[1].op else { unreachable!() };
    Arc::make_mut(rule).function.results[0] = ValueId(77);
    let diagnostics = verify(&function);
    assert_eq!(diagnostics.iter().map(|diagnostic| diagnostic.constraint).collect::<Vec<_>>(), ["F10"]);
    assert!(function.to_string().starts_with("fn @"));

    // A rule in itself, again and again.
    let mut nested = well_formed;
    for depth in 0..=16 {
        assert_eq!(verify(&nested).is_empty(), depth < 16, "{depth}");
        assert_eq!(parse_function(&nested.to_string()).is_ok(), depth < 16, "{depth}");
        let mut outer = parse_function(&text).unwrap();
        let Op::Custom(rule) = &mut outer.nodes[1].op else { unreachable!() };
        let function = &mut Arc::make_mut(rule).function;
        let Op::Custom(inner) = &nested.nodes[1].op else { unreachable!() };
        let mut builder = GraphBuilder::new("rule", Vec::new());
        let parameters: Vec<_> = function.parameter_types().map(|ty| builder.parameter(ty.clone()).unwrap()).collect();
        let value = builder.push(Op::Custom(inner.clone()), &parameters).unwrap();
        *function = builder.finish(vec![value]);
        nested = outer;
    }
}
