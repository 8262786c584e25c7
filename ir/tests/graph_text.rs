//! The corpus of graph functions in text form: each file round-trips and computes what its comments say; and no mutation
//! of any of them makes the parser, the verifier, the printer or the interpreter panic.

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::{InterpretError, interpret};
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Scalar};
use std::path::Path;
use std::sync::Arc;

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/mutate.rs"]
mod mutate;
#[path = "graph_text/native.rs"]
mod native;
#[path = "graph_text/regions.rs"]
mod regions;
mod support;
use corpus::{Case, File, load};
use mutate::mutant;
use support::Random;

fn corpus() -> Vec<File> {
    let folder = |name: &str| load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name));
    folder("graph").into_iter().chain(folder("regions")).collect()
}

fn assert_round_trip(name: &str, function: &Function) -> String {
    let printed = function.to_string();
    let again = parse_function(&printed).unwrap_or_else(|error| panic!("{name}: {error}\n{printed}"));
    assert_eq!(&again, function, "{name}\n{printed}");
    assert_eq!(again.to_string(), printed, "{name}");
    printed
}

#[test]
fn every_file_round_trips_and_verifies() {
    let files = corpus();
    assert!(files.len() >= 80, "the corpus has only {} files", files.len());
    for file in files {
        let function = parse_function(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.name));
        assert_eq!(verify(&function), [], "{}", file.name);
        assert_round_trip(&file.name, &function);
    }
}

#[test]
fn every_file_computes_what_it_says() {
    for file in corpus() {
        let function = parse_function(&file.text).unwrap();
        for (position, case) in file.cases.iter().enumerate() {
            check_case(&format!("{}, case {position}", file.name), &function, case);
        }
    }
}

fn check_case(name: &str, function: &Function, case: &Case) {
    let results = match (interpret(function, &case.inputs), &case.error) {
        (Ok(results), None) => results,
        (Err(error), Some(part)) => {
            assert!(error.to_string().contains(part), "{name}: {error}");
            return;
        }
        (Ok(_), Some(part)) => panic!("{name}: no error, but expected {part}"),
        (Err(error), None) => panic!("{name}: {error}"),
    };
    assert_eq!(results.len(), case.expected.len(), "{name}");
    for (found, expected) in results.iter().zip(&case.expected) {
        let same = found.ty() == expected.ty() && found.elements().zip(expected.elements()).all(|(a, b)| a.same(b));
        assert!(same, "{name}: got {found}, expected {expected}");
    }
}

#[test]
fn the_example_of_the_specification_is_true() {
    let specification = include_str!("../../docs/graph-ir.md");
    let block = specification.lines().skip_while(|line| !line.starts_with("    ")).take_while(|line| !line.is_empty());
    let text: Vec<_> = block.map(|line| &line[4..]).collect();
    let file = File::new("docs/graph-ir.md", text.join("\n"));
    check_case(&file.name, &parse_function(&file.text).unwrap(), &file.cases[0]);
}

#[test]
fn arguments_are_checked() {
    let function = parse_function("fn @f(%0: f64[2]) -> (f64[2]) { return %0 }").unwrap();
    let short = Constant { dtype: DType::F64, shape: vec![2], data: Arc::from([0; 15]) };
    assert_eq!(interpret(&function, &[short]), Err(InterpretError::ArgumentData { position: 0 }));
    let single = Constant::from_scalars(DType::F32, vec![2], [Scalar::f32(0.0); 2]);
    let message = "argument 0 should be f64[2], got f32[2]";
    assert_eq!(interpret(&function, &[single]).unwrap_err().to_string(), message);
}

#[test]
fn printing_is_exact_and_canonical() {
    let text = "\
fn @rotate(dims n; %0: f64[n, 3], %1: f64[3]) -> (f64[n-1, 3]) {
  %2: f64[n, 3] = broadcast %1 {axes = [1]} loc(\"src/a.rs\":12:5)
  %3: f64[n, 3] = multiply %0, %2
  %4: f64[n-1, 3] = slice %3 {start = [1, 0], limit = [n, 3], step = [1, 1]} loc(\"src/\\\"b\\\\.rs\":13:1)
  %5: f64[] = constant {-0.0}
  return %4
}
";
    let function = parse_function(text).unwrap();
    assert_eq!(function.to_string(), text);
    assert_eq!(function.display_location(function.nodes[4].location.unwrap()), "src/\"b\\.rs:13:1");
}

#[test]
fn a_splat_beyond_the_budget_is_spelled_out() {
    let text = format!(
        "fn @f() -> () {{\n  %0: bool[{0}] = constant {{splat true}}\n  %1: bool[{0}] = constant {{splat true}}\n  return\n}}\n",
        1 << 23
    );
    let mut function = parse_function(&text).unwrap();
    assert_eq!(function.to_string(), text);
    let third = parse_function("fn @f() -> () {\n  %0: bool[2] = constant {splat true}\n  return\n}\n").unwrap();
    let mut node = third.nodes[0].clone();
    node.results[0].0 = 2;
    function.nodes.push(node);
    let mut value = third.values[0].clone();
    value.node.0 = 2;
    function.values.push(value);
    assert!(assert_round_trip("splats", &function).contains("%2: bool[2] = constant {[true, true]}"));
}

#[test]
fn mistakes_name_the_place_and_both_types() {
    let cases = [
        (
            "fn @f(%0: f64[3]) -> (f64[3]) {\n  %1: f64[4] = negative %0\n  return %1\n}",
            "line 2, column 3: %1 is declared as f64[4], but negative gives f64[3]",
        ),
        (
            "fn @f(%0: f64[3]) -> (f64[4]) {\n  return %0\n}",
            "line 1, column 23: result 0 is declared as f64[4], but f64[3] is returned",
        ),
        (
            "fn @f(%0: f64[3]) -> () {\n  return %0\n}",
            "line 1, column 22: the signature names 0 results, but 1 are returned",
        ),
        (
            "fn @f(dims n; %0: f64[n, 3], %1: f64[n, 4]) -> () {\n  %2: f64[n, 3] = add %0, %1\n  return\n}",
            "line 2, column 19: add needs operands of one shape, got f64[n, 3] and f64[n, 4] [C6]",
        ),
        ("fn @f() -> () {\n  return %7\n}", "line 2, column 10: %7 is not defined before its use"),
        ("fn @f(%0: f64[m]) -> () {\n  return\n}", "line 1, column 15: unknown dimension `m`"),
        ("fn @f(dims n, n;) -> () {\n  return\n}", "line 1, column 15: dimension n is declared twice"),
        ("fn @f(%0: f64[], %0: f64[]) -> () {\n  return\n}", "line 1, column 18: %0 is defined twice"),
        (
            "fn @f() -> () {\n  %0: f64[] = constant {splt 1.0}\n}",
            "line 2, column 25: expected a value of dtype f64, got `splt`",
        ),
        (
            "fn @f() -> () {\n  %0: f64[], %1: f64[] = constant {1.0}\n}",
            "line 2, column 14: constant has one result, got 2",
        ),
        ("fn @f() -> () {\n  %0: f64[] = frobnicate\n}", "line 2, column 15: unknown operation `frobnicate`"),
        ("fn @f() -> () {\n  return\n}\nfn", "line 4, column 1: expected the end of the text, got `fn`"),
        ("fn @f() -> () {\n  return\n", "line 3, column 1: expected `%` and a value's name, but the text ends"),
        ("", "line 1, column 1: expected `fn`, but the text ends"),
    ];
    for (text, message) in cases {
        assert_eq!(parse_function(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn gigantic_and_nested_input_is_an_error() {
    let in_signature = |part: &str| format!("fn @f(%0: f64{part}) -> () {{\n return\n}}");
    let in_body = |part: &str| format!("fn @f() -> () {{\n {part}\n return\n}}");
    let many = 1_000_000;
    let texts = [
        in_signature("[99999999999999999999]"),
        in_signature("[-1]"),
        in_signature("[1099511627776, 1099511627776]"),
        in_signature(&"[".repeat(many)),
        in_signature(&format!("[{}1]", "1, ".repeat(64))),
        in_body("%0: f64[1152921504606846976] = constant {splat 0.0}"),
        in_body("%0: f64[1099511627776] = constant {[0.0]}"),
        in_body(&format!("%0: f64[] = constant {{{}", "[".repeat(many))),
        in_body(&format!("%0: f64[] = constant {{{}", "{".repeat(many))),
        in_body(&"%0: f64[16777216] = constant {splat 0.0}\n".replace("%0", "%a").repeat(2)),
        in_body(&format!("%0: f64[2] = constant {{[{}]}}", "0.0, ".repeat(many))),
        in_body(&format!("%0: f64[] = constant {{1}}\n %1: f64[] = reverse %0 {{axes = [{}1]}}", "1, ".repeat(many))),
        in_body(&format!("%0: f64[] = constant {{1}}\n %1: f64[] = concatenate {}%0", "%0, ".repeat(many))),
        in_body(&format!("%0: f64[] = constant {{1{}}}", "0".repeat(many))),
        in_body(&format!("%{}", "x".repeat(many))),
        in_body(&format!("%0: f64[] = constant {{1}} loc(\"{}", "\\".repeat(many))),
        "(".repeat(many),
        "fn ".repeat(many),
        "/".repeat(many),
        "\0".repeat(many),
        "é".repeat(many),
    ];
    for text in texts {
        let error = parse_function(&text).map(|_| ()).unwrap_err();
        assert!(error.message.len() < 300, "{}", &error.message[..300]);
        assert!(error.line >= 1 && error.column >= 1);
    }
}

/// A mutant is parsed; if it still is a function, all that takes functions must take it.
fn exercise(text: &str, inputs: &[Constant]) -> bool {
    let Ok(function) = parse_function(text) else { return false };
    let diagnostics = verify(&function);
    assert!(
        diagnostics.iter().all(|diagnostic| matches!(diagnostic.constraint, "F4" | "F8" | "F10")),
        "{diagnostics:?}"
    );
    assert_round_trip("mutant", &function);
    let interpreted = interpret(&function, inputs);
    assert!(diagnostics.is_empty() || interpreted.is_err(), "{text}");
    true
}

#[test]
fn a_text_cut_anywhere_is_no_function() {
    for file in corpus() {
        let end = file.text.trim_end().len();
        for cut in (0..end).filter(|&cut| file.text.is_char_boundary(cut)) {
            assert!(parse_function(&file.text[..cut]).is_err(), "{} cut at {cut}", file.name);
        }
    }
}

#[test]
fn mutants_never_panic() {
    let files = corpus();
    let mut random = Random::new(2);
    let mut accepted = 0;
    let mutants = 20_000;
    for round in 0..mutants {
        let file = &files[round % files.len()];
        let inputs = &file.cases[round / files.len() % file.cases.len()].inputs;
        let body = &file.text[file.text.find("\nfn ").unwrap()..];
        accepted += usize::from(exercise(&mutant(body, &mut random), inputs));
    }
    // Mutants must reach past the parser, and most must be rejected by it.
    assert!(accepted > mutants / 50 && accepted < mutants / 2, "{accepted} of {mutants} mutants are functions");
}

#[test]
#[ignore = "takes some seconds: run it when the parser or the printer changes"]
fn a_million_nodes_print_and_parse() {
    let mut text = String::from("fn @f(dims n; %0: f64[n, 3]) -> (f64[n, 3]) {\n");
    for node in 0..1_000_000 {
        text +=
            &format!("  %{}: f64[n, 3] = add %{node}, %0 loc(\"src/{}.rs\":{}:5)\n", node + 1, node % 999, node + 1);
    }
    text += "  return %1000000\n}\n";
    let start = std::time::Instant::now();
    let function = parse_function(&text).unwrap();
    let parsed = start.elapsed();
    assert_eq!(function.to_string(), text);
    let printed = start.elapsed() - parsed;
    assert_eq!(verify(&function), []);
    let verified = start.elapsed() - parsed - printed;
    println!("{} bytes: parsed in {parsed:?}, printed in {printed:?}, verified in {verified:?}", text.len());
}
