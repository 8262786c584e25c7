//! Every corpus file of loops and branches, and its derivatives, before and after every pass.

use super::{optimized, parse, same};
use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::verify::graph::verify;
use rotrace_passes::differentiate::{jvp, vjp};
use rotrace_passes::optimize::{cse, dce, fold, hoist, regions, simplify};
use std::path::Path;

#[path = "../../../ir/tests/support/corpus.rs"]
mod corpus;

type Pass = fn(&Function) -> Function;

#[test]
fn every_pass_keeps_every_bit_of_the_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ir/tests/corpus/regions");
    let mut runs = 0;
    for file in corpus::load(&folder) {
        let function = parse(&file.text);
        let passes: [(&str, Pass); 7] = [
            ("regions", regions),
            ("hoist", hoist),
            ("simplify", simplify),
            ("fold", fold),
            ("cse", cse),
            ("dce", dce),
            ("all", optimized),
        ];
        let wrt: Vec<bool> = function.parameter_types().map(|ty| ty.dtype.is_float()).collect();
        let forward = jvp(&function, &wrt).expect("forward mode of anything");
        let mut functions = vec![function.clone(), forward];
        functions.extend(vjp(&function, &wrt));
        for function in &functions {
            assert_eq!(verify(function), [], "{}: {function}", file.name);
            let after = passes.map(|(name, pass)| (name, pass(function)));
            for (name, after) in &after {
                assert_eq!(verify(after), [], "{name} of {}: {after}", file.name);
            }
            for case in file.cases.iter().filter(|case| case.error.is_none()) {
                let arguments = directions(function, case);
                let expected = interpret(function, &arguments).unwrap_or_else(|error| panic!("{}: {error}", file.name));
                for (name, after) in &after {
                    let found = interpret(after, &arguments).expect("as before");
                    assert!(same(&expected, &found), "{name} of {}:\n{function}\nbecame\n{after}", file.name);
                    runs += 1;
                }
            }
        }
    }
    assert!(runs > 1500, "{runs} runs");
}

/// The case's arguments, and for what a derivative takes beside them its arguments and results again.
fn directions(function: &Function, case: &corpus::Case) -> Vec<Constant> {
    let floats = |all: &[Constant]| all.iter().filter(|array| array.dtype.is_float()).cloned().collect::<Vec<_>>();
    let mut arguments = case.inputs.clone();
    let missing = function.parameters.len() - arguments.len();
    let more = if function.name.ends_with("_jvp") { floats(&case.inputs) } else { floats(&case.expected) };
    arguments.extend(more.into_iter().take(missing));
    arguments
}
