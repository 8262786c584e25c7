//! A negative test for each constraint of `docs/graph-ir.md`, named after it.

use rotrace_ir::DType;
use rotrace_ir::dim::{Dim, DimId, Type};
use rotrace_ir::graph::{Constant, Function, GraphBuilder, Location, Native, NodeId, Op, ValueId};
use rotrace_ir::interpret::graph::{InterpretError, interpret};
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use std::collections::BTreeSet;
use std::sync::Arc;

#[path = "graph_constraints/garbage.rs"]
mod garbage;
#[path = "graph_constraints/regions.rs"]
mod regions;
#[path = "graph_constraints/rules.rs"]
mod rules;
mod support;

/// The parser must reject a function with these parameters and this one node for this constraint.
fn rejected(constraint: &str, parameters: &str, node: &str) {
    let text = format!("fn @f({parameters}) -> () {{\n  %r: {node}\n  return\n}}");
    let error = parse_function(&text).map(|_| ()).expect_err(&text);
    assert!(error.message.ends_with(&format!("[{constraint}]")), "{constraint}: {error}\n{text}");
    assert_eq!(error.line, 2, "{error}");
}

/// The verifier must find exactly these constraints violated after a change to a well-formed function.
fn broken(constraints: &[&str], change: impl FnOnce(&mut Function)) {
    let text = "\
fn @f(dims n; %0: f64[n, 3], %1: f64[n, 3]) -> (f64[n, 3], f64[n]) {
  %2: f64[n, 3] = add %0, %1 loc(\"src/a.rs\":12:5)
  %3: f64[n] = reduce %2 {kind = sum, axes = [1]}
  return %2, %3
}";
    let mut function = parse_function(text).unwrap();
    assert_eq!(verify(&function), []);
    change(&mut function);
    let diagnostics = verify(&function);
    let found: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.constraint).collect();
    assert_eq!(found, constraints, "{diagnostics:#?}");
    let refused = interpret(&function, &[]);
    assert_eq!(refused, Err(InterpretError::Invalid(diagnostics[0].clone())));
    // Printing is total.
    assert!(function.to_string().starts_with("fn @"));
}

#[test]
fn f1_operands_are_defined_earlier() {
    broken(&["F1"], |function| function.nodes[2].operands[1] = ValueId(2));
    broken(&["F1"], |function| function.nodes[2].operands[1] = ValueId(3));
    broken(&["F1", "F1"], |function| {
        function.nodes[2].operands = [ValueId(77), ValueId(u32::MAX)].into_iter().collect()
    });
}

#[test]
fn f2_parameters_come_first() {
    broken(&["F2"], |function| function.parameters.truncate(1));
    broken(&["F2"], |function| function.parameters.push(ValueId(2)));
    broken(&["F2", "F2"], |function| function.parameters.swap(0, 1));
    broken(&["F2"], |function| {
        let Op::Parameter { index, .. } = &mut function.nodes[1].op else { unreachable!() };
        *index = 0;
    });
}

#[test]
fn f3_names_are_words() {
    broken(&["F3"], |function| function.name = "a b".into());
    broken(&["F3"], |function| function.name.clear());
    broken(&["F3"], |function| function.dims[0] = "1n".into());
    broken(&["F3"], |function| function.dims.push("n".into()));
}

#[test]
fn f4_dims_are_declared_and_bound() {
    let named = |id| Type::new(DType::F64, vec![Dim::named(DimId(id))]);
    let iota = |function: &mut Function, id| {
        function.nodes[3].op = Op::Iota { ty: named(id), axis: 0 };
        function.nodes[3].operands.clear();
        function.values[3].ty = named(id);
    };
    broken(&["F4"], |function| iota(function, 7));
    broken(&["F4"], |function| {
        function.dims.push("m".into());
        iota(function, 1);
    });
}

#[test]
fn f5_values_know_their_definition() {
    broken(&["F5"], |function| function.values[3].node = NodeId(0));
    broken(&["F5"], |function| function.values[3].index = 1);
    broken(&["F5", "F5"], |function| {
        function.nodes[2].results[0] = ValueId(3);
        function.nodes[3].results[0] = ValueId(2);
        function.values[2].ty = function.values[3].ty.clone();
        function.values[3].ty = function.values[0].ty.clone();
        function.nodes[3].operands[0] = ValueId(0);
    });
}

#[test]
fn f6_recorded_types_are_the_inferred_ones() {
    broken(&["F6"], |function| function.values[3].ty = Type::scalar(DType::F64));
    broken(&["F5", "F6"], |function| function.nodes[3].results.push(ValueId(9)));
    broken(&["F6", "F9"], |function| function.nodes[3].results.clear());
}

#[test]
fn f7_results_exist() {
    broken(&["F7"], |function| function.results[1] = ValueId(4));
}

#[test]
fn f8_locations_name_a_place() {
    broken(&["F8"], |function| function.files.clear());
    broken(&["F8"], |function| function.nodes[3].location = Some(Location { file: 0, line: 0, column: 1 }));
    broken(&["F8"], |function| function.nodes[3].location = Some(Location { file: 0, line: 1, column: 0 }));
}

#[test]
fn f9_no_value_dangles() {
    broken(&["F9"], |function| function.values.push(function.values[0].clone()));
}

#[test]
fn all_violations_are_collected_with_their_source_line() {
    broken(&["F3", "F1", "F1", "F7"], |function| {
        function.name = "?".into();
        function.nodes[2].operands[0] = ValueId(50);
        function.nodes[3].operands[0] = ValueId(51);
        function.results[0] = ValueId(52);
        assert_eq!(
            verify(function)[1].to_string(),
            "src/a.rs:12:5: operand %50 of add is not defined before its use [F1]"
        );
    });
}

#[test]
fn c1_number_of_operands() {
    rejected("C1", "%0: f64[3]", "f64[3] = add %0");
    rejected("C1", "%0: f64[3]", "f64[3] = negative %0, %0");
    rejected("C1", "", "f64[3] = concatenate {axis = 0}");
    rejected("C1", "%0: f64[3]", "f64[5] = pad %0 {low = [1], high = [1], interior = [0]}");
    rejected("C1", "%0: f64[3]", "f64[] = constant %0 {1.0}");
}

#[test]
fn c2_constants_store_their_elements() {
    let constant = |dtype, shape, data: &[u8]| Constant { dtype, shape, data: Arc::from(data) };
    for bad in [
        constant(DType::F64, vec![3], &[0; 23]),
        constant(DType::F64, vec![u64::MAX, 2], &[]),
        constant(DType::Bool, vec![2], &[1, 2]),
    ] {
        let mut function = Function { name: "f".into(), ..Function::default() };
        function.nodes = parse_function("fn @f() -> () { %0: f64[] = constant {1} return }").unwrap().nodes;
        function.values = vec![rotrace_ir::graph::Value { ty: bad.ty(), node: NodeId(0), index: 0 }];
        function.nodes[0].op = Op::Constant(bad);
        let diagnostics = verify(&function);
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        assert_eq!(diagnostics[0].constraint, "C2");
        assert!(!function.to_string().is_empty());
    }
}

#[test]
fn c3_sizes_are_possible() {
    rejected("C3", "%0: f64[]", "f64[4294967296, 4294967296] = broadcast %0 {axes = []}");
    rejected("C3", "%0: f64[0]", "f64[4294967296, 4294967296, 0] = broadcast %0 {axes = [2]}");
    let wide = |count: usize| format!("f64[{}]", vec!["1"; count].join(", "));
    let node = format!("{} = dot_general %0, %0 {{batch = [], contract = []}}", wide(64));
    rejected("C3", &format!("%0: {}", wide(40)), &node);
    let negative = |function: &mut Function| {
        for value in &mut function.values {
            value.ty.shape[0] = Dim { name: None, constant: -1 };
        }
        for node in &mut function.nodes[..2] {
            let Op::Parameter { ty, .. } = &mut node.op else { unreachable!() };
            ty.shape[0] = Dim { name: None, constant: -1 };
        }
    };
    broken(&["C3", "C3", "C3", "C3"], negative);
}

#[test]
fn c4_iota_counts_an_axis() {
    rejected("C4", "", "i64[3] = iota {axis = 1}");
    rejected("C4", "", "bool[3] = iota {axis = 0}");
}

#[test]
fn c5_dtypes_of_scalar_operations() {
    rejected("C5", "%0: f64[3], %1: f32[3]", "f64[3] = add %0, %1");
    rejected("C5", "%0: i64[3]", "i64[3] = sqrt %0");
    rejected("C5", "%0: f64[3]", "f64[3] = select %0, %0, %0");
}

#[test]
fn c6_shapes_of_scalar_operations() {
    rejected("C6", "%0: f64[3], %1: f64[1]", "f64[3] = add %0, %1");
    rejected("C6", "dims n, m; %0: f64[n], %1: f64[m]", "f64[n] = add %0, %1");
    rejected("C6", "%0: bool[], %1: f64[3]", "f64[3] = select %0, %1, %1");
}

#[test]
fn c7_bitcasts_keep_the_size() {
    rejected("C7", "%0: f64[3]", "i32[3] = bitcast %0");
    rejected("C7", "%0: f64[3]", "u64[3] = bitcast %0");
}

#[test]
fn c8_reshapes_keep_the_elements() {
    rejected("C8", "%0: f64[6]", "f64[5] = reshape %0");
    rejected("C8", "dims n; %0: f64[n, 3]", "f64[3] = reshape %0");
    rejected("C8", "dims n, m; %0: f64[n, m]", "f64[m, n] = reshape %0");
}

#[test]
fn c9_broadcasts_place_every_axis() {
    rejected("C9", "%0: f64[3]", "f64[2, 3] = broadcast %0 {axes = []}");
    rejected("C9", "%0: f64[3, 3]", "f64[3, 3] = broadcast %0 {axes = [1, 0]}");
    rejected("C9", "%0: f64[3]", "f64[3] = broadcast %0 {axes = [1]}");
}

#[test]
fn c10_broadcast_sizes_are_equal_or_one() {
    rejected("C10", "%0: f64[2]", "f64[4] = broadcast %0 {axes = [0]}");
    rejected("C10", "dims n; %0: f64[n]", "f64[1] = broadcast %0 {axes = [0]}");
}

#[test]
fn c11_permutations_are_permutations() {
    rejected("C11", "%0: f64[2, 3]", "f64[2, 2] = transpose %0 {permutation = [0, 0]}");
    rejected("C11", "%0: f64[2, 3]", "f64[2] = transpose %0 {permutation = [0]}");
    rejected("C11", "%0: f64[2, 3]", "f64[2, 3] = transpose %0 {permutation = [0, 2]}");
}

#[test]
fn c12_slices_bound_every_axis() {
    rejected("C12", "%0: f64[2, 3]", "f64[2, 3] = slice %0 {start = [0], limit = [2, 3], step = [1, 1]}");
    rejected("C12", "%0: f64[2]", "f64[2] = slice %0 {start = [0], limit = [2], step = [0]}");
    rejected("C12", "%0: f64[2]", "f64[2] = slice %0 {start = [9223372036854775808], limit = [2], step = [1]}");
}

#[test]
fn c13_slices_stay_inside() {
    rejected("C13", "%0: f64[2]", "f64[3] = slice %0 {start = [0], limit = [3], step = [1]}");
    rejected("C13", "%0: f64[4]", "f64[0] = slice %0 {start = [3], limit = [2], step = [1]}");
    rejected("C13", "dims n; %0: f64[n]", "f64[2] = slice %0 {start = [0], limit = [2], step = [1]}");
    rejected("C13", "dims n; %0: f64[n]", "f64[n] = slice %0 {start = [0], limit = [n+1], step = [1]}");
    rejected("C13", "dims n; %0: f64[n]", "f64[n] = slice %0 {start = [0], limit = [n], step = [2]}");
}

#[test]
fn c14_pads_fit() {
    rejected("C14", "%0: f64[2], %1: f64[]", "f64[2] = pad %0, %1 {low = [], high = [0], interior = [0]}");
    rejected("C14", "%0: f64[2], %1: f32[]", "f64[2] = pad %0, %1 {low = [0], high = [0], interior = [0]}");
    rejected("C14", "%0: f64[2], %1: f64[1]", "f64[2] = pad %0, %1 {low = [0], high = [0], interior = [0]}");
    rejected("C14", "dims n; %0: f64[n], %1: f64[]", "f64[n] = pad %0, %1 {low = [0], high = [0], interior = [1]}");
    let huge = "f64[2] = pad %0, %1 {low = [18446744073709551615], high = [1], interior = [0]}";
    rejected("C14", "%0: f64[2], %1: f64[]", huge);
}

#[test]
fn c15_concatenated_arrays_are_alike() {
    rejected("C15", "%0: f64[2], %1: f32[2]", "f64[4] = concatenate %0, %1 {axis = 0}");
    rejected("C15", "%0: f64[2, 3], %1: f64[2, 4]", "f64[4, 3] = concatenate %0, %1 {axis = 0}");
    rejected("C15", "%0: f64[2]", "f64[2] = concatenate %0 {axis = 1}");
}

#[test]
fn c16_one_named_dimension_is_concatenated() {
    rejected("C16", "dims n; %0: f64[n]", "f64[n] = concatenate %0, %0 {axis = 0}");
}

#[test]
fn c17_reversed_axes_are_distinct() {
    rejected("C17", "%0: f64[2, 3]", "f64[2, 3] = reverse %0 {axes = [1, 1]}");
    rejected("C17", "%0: f64[2, 3]", "f64[2, 3] = reverse %0 {axes = [2]}");
}

#[test]
fn c18_reductions_take_their_dtypes() {
    rejected("C18", "%0: f64[2]", "f64[] = reduce %0 {kind = all, axes = [0]}");
    rejected("C18", "%0: bool[2]", "bool[] = reduce %0 {kind = sum, axes = [0]}");
}

#[test]
fn c19_reduced_axes_increase() {
    rejected("C19", "%0: f64[2, 3]", "f64[] = reduce %0 {kind = sum, axes = [1, 0]}");
    rejected("C19", "%0: f64[2, 3]", "f64[2] = reduce %0 {kind = sum, axes = [2]}");
}

#[test]
fn c20_contracted_axes_are_distinct() {
    rejected("C20", "%0: f64[3, 3]", "f64[3] = dot_general %0, %0 {batch = [(0, 0)], contract = [(0, 1)]}");
    rejected("C20", "%0: f64[3, 3]", "f64[3, 3] = dot_general %0, %0 {batch = [], contract = [(2, 0)]}");
}

#[test]
fn c21_contracted_sizes_are_equal() {
    rejected("C21", "%0: f64[3], %1: f64[4]", "f64[] = dot_general %0, %1 {batch = [], contract = [(0, 0)]}");
    rejected("C21", "%0: f64[3], %1: f32[3]", "f64[] = dot_general %0, %1 {batch = [], contract = [(0, 0)]}");
    rejected("C21", "%0: bool[3]", "bool[] = dot_general %0, %0 {batch = [], contract = [(0, 0)]}");
}

#[test]
fn c22_indexed_axes_have_a_fixed_size() {
    rejected("C22", "dims n; %0: f64[n]", "f64[1] = take %0 {axis = 0, indices = [0]}");
    rejected("C22", "%0: f64[3]", "f64[1] = scatter_add %0 {axis = 1, indices = [0, 0, 0], size = 1}");
}

#[test]
fn c23_indices_are_in_range() {
    rejected("C23", "%0: f64[3]", "f64[1] = take %0 {axis = 0, indices = [3]}");
    rejected("C23", "%0: f64[1]", "f64[3] = scatter_add %0 {axis = 0, indices = [3], size = 3}");
}

#[test]
fn c24_each_slice_has_its_index() {
    rejected("C24", "%0: f64[3]", "f64[3] = scatter_add %0 {axis = 0, indices = [0, 1], size = 3}");
    rejected("C24", "%0: bool[1]", "bool[3] = scatter_add %0 {axis = 0, indices = [0], size = 3}");
}

#[test]
fn c35_natives_have_names_and_results() {
    rejected("C35", "%0: f64[3]", "f64[3] = native %0 {name = \"\"}");
    let nothing = Native { name: "nothing".to_owned(), results: Vec::new() };
    let mut builder = GraphBuilder::new("f", Vec::new());
    let violation = builder.push_all(Op::Native(Arc::new(nothing)), &[]).expect_err("it has no results");
    assert_eq!(violation.constraint, "C35");
}

/// What stands between `before` and `after` and is a letter and a number: `F3`, `C12`.
fn constraints(text: &str, before: &str, after: &str) -> BTreeSet<String> {
    let starts = text.match_indices(before).map(|(place, _)| place + before.len());
    let names = starts.filter_map(|start| text[start..].split_once(after)).map(|(name, _)| name.to_uppercase());
    names.filter(|name| name.starts_with(['F', 'C']) && name[1..].parse::<u32>().is_ok()).collect()
}

#[test]
fn constraints_are_specified_checked_and_tested() {
    let specified = constraints(include_str!("../../docs/graph-ir.md"), "**", "**");
    let sources = concat!(
        include_str!("../src/graph/infer/mod.rs"),
        include_str!("../src/graph/infer/nested.rs"),
        include_str!("../src/verify/graph.rs")
    );
    let tests = concat!(
        include_str!("graph_constraints.rs"),
        include_str!("graph_constraints/regions.rs"),
        include_str!("graph_constraints/rules.rs")
    );
    let tested = constraints(tests, "\nfn ", "_");
    assert_eq!(specified.len(), 45);
    assert_eq!(constraints(sources, "\"", "\""), specified);
    assert_eq!(tested, specified);
}
