//! The graph passes: exact on every value, and what they are meant to find.

use rotrace_ir::graph::{Constant, Function, GraphBuilder, Op, Reduction, ValueId};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Dim, DimId, Scalar, Shape, Type};
use rotrace_passes::differentiate::{grad, vjp};
use rotrace_passes::optimize::{cse, dce, fold, simplify};
use rotrace_passes::pipeline::{Options, PASSES, run};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SPECIAL: [f64; 12] =
    [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 1e308, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

fn optimized(function: &Function) -> Function {
    run(function, &Options { verify: true, keep: false }).expect("a well formed function").0
}

fn count(function: &Function, name: &str) -> usize {
    function.nodes.iter().filter(|node| node.op.name() == name).count()
}

/// A function of `x, y: f64[]` and its body's result after the pipeline.
fn expression(body: impl FnOnce(&mut GraphBuilder, ValueId, ValueId) -> ValueId) -> (Function, Function) {
    let mut b = GraphBuilder::new("f", Vec::new());
    let [x, y] = [0, 1].map(|_| b.parameter(Type::scalar(DType::F64)).expect("a parameter"));
    let result = body(&mut b, x, y);
    let function = b.finish(vec![result]);
    let after = optimized(&function);
    (function, after)
}

fn same(a: &[Constant], b: &[Constant]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| a.shape == b.shape && a.elements().zip(b.elements()).all(|(a, b)| a.same(b)))
}

fn number(b: &mut GraphBuilder, value: f64) -> ValueId {
    b.push(Op::constant(Scalar::f64(value)), &[]).expect("a constant")
}

fn scalar(b: &mut GraphBuilder, op: ScalarOp, operands: &[ValueId]) -> ValueId {
    b.push(Op::Scalar(op), operands).expect("well typed")
}

#[test]
fn operations_with_a_number_are_dropped_only_where_that_is_exact() {
    use ScalarOp::{Add, Divide, Multiply, Subtract};
    // (operation, number, number first, whether the operation disappears)
    let cases = [
        (Add, -0.0, false, true),
        (Add, -0.0, true, true),
        (Add, 0.0, false, false),
        (Subtract, 0.0, false, true),
        (Subtract, -0.0, false, false),
        (Subtract, -0.0, true, true),
        (Subtract, 0.0, true, false),
        (Multiply, 1.0, false, true),
        (Multiply, -1.0, true, true),
        (Multiply, 0.0, false, false),
        (Divide, 1.0, false, true),
        (Divide, -1.0, false, true),
        (Divide, 4.0, false, true),
        (Divide, 3.0, false, false),
        (Divide, 5e-324, false, false),
    ];
    for (op, value, first, gone) in cases {
        let (before, after) = expression(|b, x, _| {
            let value = number(b, value);
            scalar(b, op, &if first { [value, x] } else { [x, value] })
        });
        assert_eq!(count(&after, op.name()) == 0, gone, "{op} with {value}");
        for x in SPECIAL {
            let arguments = [x, 0.0].map(|x| Constant::scalar(Scalar::f64(x)));
            let [a, b] = [&before, &after].map(|f| interpret(f, &arguments).expect("core operations"));
            assert!(same(&a, &b), "{op} of {x} with {value}: {a:?} became {b:?}");
        }
    }
}

#[test]
fn compound_rewrites_are_exact_on_special_values() {
    use ScalarOp::{Abs, Add, Fma, Less, Multiply, Negative, Not, Select, Subtract};
    type Body = fn(&mut GraphBuilder, ValueId, ValueId) -> ValueId;
    let cases: [(&str, usize, Body); 8] = [
        ("x + -y", 3, |b, x, y| {
            let y = scalar(b, Negative, &[y]);
            scalar(b, Add, &[x, y])
        }),
        ("-x + y", 3, |b, x, y| {
            let x = scalar(b, Negative, &[x]);
            scalar(b, Add, &[x, y])
        }),
        ("x - -y", 3, |b, x, y| {
            let y = scalar(b, Negative, &[y]);
            scalar(b, Subtract, &[x, y])
        }),
        ("-x * -y", 3, |b, x, y| {
            let [x, y] = [x, y].map(|x| scalar(b, Negative, &[x]));
            scalar(b, Multiply, &[x, y])
        }),
        ("fma(x, y, -0)", 3, |b, x, y| {
            let zero = number(b, -0.0);
            scalar(b, Fma, &[x, y, zero])
        }),
        ("|-(-x)|", 3, |b, x, _| {
            let x = scalar(b, Negative, &[x]);
            let x = scalar(b, Negative, &[x]);
            let x = scalar(b, Negative, &[x]);
            scalar(b, Abs, &[x])
        }),
        ("select of not", 4, |b, x, y| {
            let less = scalar(b, Less, &[x, y]);
            let not = scalar(b, Not, &[less]);
            scalar(b, Select, &[not, x, y])
        }),
        ("sum of selects", 4, |b, x, y| {
            let (less, zero) = (scalar(b, Less, &[x, y]), number(b, -0.0));
            let taken = scalar(b, Select, &[less, x, zero]);
            let other = scalar(b, Select, &[less, zero, y]);
            scalar(b, Add, &[taken, other])
        }),
    ];
    for (what, nodes, body) in cases {
        let (before, after) = expression(body);
        assert_eq!(after.nodes.len(), nodes, "{what}: {after:?}");
        for x in SPECIAL {
            for y in SPECIAL {
                let arguments = [x, y].map(|x| Constant::scalar(Scalar::f64(x)));
                let [a, b] = [&before, &after].map(|f| interpret(f, &arguments).expect("core operations"));
                assert!(same(&a, &b), "{what} of {x} and {y}: {a:?} became {b:?}");
            }
        }
    }
}

#[test]
fn the_gradient_of_components_is_a_concatenation_without_sums() {
    // x0*x1, x1*x2, x2*x0 by slices of a named batch of vectors, then a sum.
    let mut b = GraphBuilder::new("f", vec!["n".into()]);
    let shape: Shape = [Dim::named(DimId(0)), Dim::fixed(3)].into_iter().collect();
    let x = b.parameter(Type::new(DType::F64, shape.clone())).expect("a parameter");
    let part = |b: &mut GraphBuilder, at: u64| {
        let limit = [shape[0], Dim::fixed(at + 1)].into_iter().collect();
        b.push(Op::Slice { start: vec![0, at], limit, step: vec![1, 1] }, &[x]).expect("a slice")
    };
    let products: Vec<ValueId> = (0..3)
        .map(|at| {
            let [a, c] = [at, (at + 1) % 3].map(|at| part(&mut b, at));
            scalar(&mut b, ScalarOp::Multiply, &[a, c])
        })
        .collect();
    let joined = b.push(Op::Concatenate { axis: 1 }, &products).expect("a concatenation");
    let sum = b.push(Op::Reduce { kind: Reduction::Sum, axes: vec![0, 1] }, &[joined]).expect("a sum");
    let f = b.finish(vec![sum]);
    let g = grad(&f, &[true]).expect("a number");
    let after = optimized(&g);
    // Three components with two contributions each, and the final `+ 0`.
    assert_eq!((count(&after, "pad"), count(&after, "concatenate"), count(&after, "add")), (0, 1, 4), "{after}");
    let x = Constant::from_scalars(DType::F64, vec![2, 3], [1.0, 2.0, 3.0, -0.0, 5.0, f64::INFINITY].map(Scalar::f64));
    let [a, b] = [&g, &after].map(|f| interpret(f, std::slice::from_ref(&x)).expect("core operations"));
    assert!(same(&a, &b), "{a:?} became {b:?}");
}

#[test]
fn movement_collapses() {
    for (text, results) in [
        ("reshape", "%0"),
        ("transpose", "%0"),
        ("slice", "%0"),
        ("concatenate", "%0"),
        ("take", "%0"),
        ("reverse", "%0"),
    ] {
        let mut b = GraphBuilder::new("f", Vec::new());
        let shape: Shape = [Dim::fixed(2), Dim::fixed(3)].into_iter().collect();
        let x = b.parameter(Type::new(DType::F64, shape.clone())).expect("a parameter");
        let steps: Vec<Op> = match text {
            "reshape" => vec![Op::Reshape { shape: [Dim::fixed(6)].into_iter().collect() }, Op::Reshape { shape }],
            "transpose" => vec![Op::Transpose { permutation: vec![1, 0] }, Op::Transpose { permutation: vec![1, 0] }],
            "slice" => vec![
                Op::Pad { low: vec![1, 0], high: vec![0, 2], interior: vec![0, 0] },
                Op::Slice {
                    start: vec![1, 0],
                    limit: [Dim::fixed(3), Dim::fixed(3)].into_iter().collect(),
                    step: vec![1, 1],
                },
            ],
            "take" => vec![
                Op::Take { axis: 1, indices: Arc::from([2, 1, 0].as_slice()) },
                Op::Take { axis: 1, indices: Arc::from([2, 1, 0].as_slice()) },
            ],
            "reverse" => vec![Op::Reverse { axes: vec![0, 1] }, Op::Reverse { axes: vec![1, 0] }],
            _ => Vec::new(),
        };
        let mut value = x;
        for op in steps {
            let mut operands = vec![value];
            if matches!(op, Op::Pad { .. }) {
                operands.push(number(&mut b, 7.0));
            }
            value = b.push(op, &operands).expect("well typed");
        }
        if text == "concatenate" {
            let parts: Vec<ValueId> = (0..3)
                .map(|at| {
                    let limit = [Dim::fixed(2), Dim::fixed(at + 1)].into_iter().collect();
                    b.push(Op::Slice { start: vec![0, at], limit, step: vec![1, 1] }, &[x]).expect("a slice")
                })
                .collect();
            value = b.push(Op::Concatenate { axis: 1 }, &parts).expect("a concatenation");
        }
        let after = optimized(&b.finish(vec![value]));
        assert_eq!(format!("%{}", after.results[0].0), results, "{text}: {after}");
        assert_eq!(after.nodes.len(), 1, "{text}: {after}");
    }
}

#[test]
fn constants_fold_and_equal_expressions_meet_whatever_their_lines() {
    let (_, after) = expression(|b, x, y| {
        let [two, three] = [2.0, 3.0].map(|value| number(b, value));
        let five = scalar(b, ScalarOp::Add, &[two, three]);
        b.location = Some(rotrace_ir::graph::Location { file: b.file("main.rs"), line: 7, column: 1 });
        let product = scalar(b, ScalarOp::Multiply, &[x, y]);
        b.location = None;
        let again = scalar(b, ScalarOp::Multiply, &[y, x]);
        let difference = scalar(b, ScalarOp::Subtract, &[product, again]);
        scalar(b, ScalarOp::Multiply, &[difference, five])
    });
    assert_eq!((count(&after, "constant"), count(&after, "multiply"), count(&after, "add")), (1, 2, 0), "{after}");
    let product = after.nodes.iter().find(|node| node.op == Op::Scalar(ScalarOp::Multiply)).expect("a product");
    assert_eq!(product.location.map(|location| location.line), Some(7), "the first line is kept");
}

#[test]
fn numbers_over_a_named_dimension_fold() {
    let function = parse_function(
        "fn @f(dims n; %0: f64[n]) -> (f64[n], bool[n]) {
           %1: f64[] = constant {2.0}
           %2: f64[n] = broadcast %1 {axes = []}
           %3: f64[n] = multiply %2, %2
           %4: f64[n] = sqrt %3
           %5: f64[n] = multiply %0, %4
           %6: bool[n] = less %3, %2
           return %5, %6
         }",
    )
    .expect("well formed");
    let after = optimized(&function);
    assert_eq!((count(&after, "multiply"), count(&after, "sqrt"), count(&after, "less")), (1, 0, 0), "{after}");
    let input = Constant::from_scalars(DType::F64, vec![3], [1.5, -0.0, f64::NAN].map(Scalar::f64));
    let run = |function: &Function| interpret(function, std::slice::from_ref(&input)).expect("runs");
    assert!(same(&run(&function), &run(&after)), "{after}");
}

#[test]
fn dead_code_goes_and_parameters_stay() {
    let (before, _) = expression(|b, x, _| {
        scalar(b, ScalarOp::Negative, &[x]);
        x
    });
    let after = dce(&before);
    assert_eq!((after.nodes.len(), after.parameters.len()), (2, 2));
    assert!(verify(&after).is_empty());
}

#[test]
fn the_report_names_every_pass_and_keeps_its_graph() {
    let f = parse_function(&expression(|b, x, y| scalar(b, ScalarOp::Add, &[x, y])).0.to_string()).expect("text");
    let (after, report) = run(&f, &Options { verify: true, keep: true }).expect("well formed");
    for pass in PASSES {
        assert_eq!(report.graph_after(pass.name), Some(&after), "{}", pass.name);
    }
    assert!(report.graph_after("no such pass").is_none());
    let broken = Function { results: vec![ValueId(99)], ..f };
    let error = run(&broken, &Options { verify: true, keep: false }).expect_err("an unknown result");
    assert!(error.to_string().starts_with("@f is not well formed"), "{error}");
}

/// A seeded random graph over `[n, 3]` and its parts, of operations that passes rewrite.
fn random_graph(seed: u64) -> Function {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut pick = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let n = Dim::named(DimId(0));
    let mut b = GraphBuilder::new("f", vec!["n".into()]);
    let shape: Shape = [n, Dim::fixed(3)].into_iter().collect();
    let mut values: Vec<ValueId> =
        (0..2).map(|_| b.parameter(Type::new(DType::F64, shape.clone())).expect("a parameter")).collect();
    for special in [0.0, -0.0, 1.0, -1.0, 4.0] {
        let value = number(&mut b, special);
        values.push(b.push(Op::Broadcast { shape: shape.clone(), axes: vec![] }, &[value]).expect("a splat"));
    }
    let zero = [0.0, -0.0].map(|zero| number(&mut b, zero));
    for _ in 0..24 {
        let [x, y, z] = [0, 1, 2].map(|_| values[pick(values.len())]);
        let (from, to) = {
            let from = pick(3);
            (from, from + 1 + pick(3 - from))
        };
        let value = match pick(10) {
            0 | 1 => scalar(&mut b, ScalarOp::Add, &[x, y]),
            2 => scalar(&mut b, [ScalarOp::Subtract, ScalarOp::Multiply, ScalarOp::Divide][pick(3)], &[x, y]),
            3 => scalar(&mut b, [ScalarOp::Negative, ScalarOp::Abs, ScalarOp::Floor][pick(3)], &[x]),
            4 => scalar(&mut b, ScalarOp::Fma, &[x, y, z]),
            5 => {
                let less = scalar(&mut b, ScalarOp::Less, &[x, y]);
                scalar(&mut b, ScalarOp::Select, &[less, y, z])
            }
            6 | 7 => {
                // A part, padded back with a zero of either sign.
                let limit = [n, Dim::fixed(to as u64)].into_iter().collect();
                let slice = Op::Slice { start: vec![0, from as u64], limit, step: vec![1, 1] };
                let part = b.push(slice, &[x]).expect("a slice");
                let pad = Op::Pad { low: vec![0, from as u64], high: vec![0, 3 - to as u64], interior: vec![0, 0] };
                b.push(pad, &[part, zero[usize::from(pick(4) > 0)]]).expect("a padding")
            }
            8 => {
                let rows = Op::Slice { start: vec![1, 0], limit: shape.clone(), step: vec![1, 1] };
                let part = b.push(rows, &[x]).expect("a slice");
                let (low, high) = if pick(2) == 0 { (1, 0) } else { (0, 1) };
                let pad = Op::Pad { low: vec![low, 0], high: vec![high, 0], interior: vec![0, 0] };
                b.push(pad, &[part, zero[1]]).expect("a padding")
            }
            _ => {
                let take = Op::Take { axis: 1, indices: (0..3).map(|_| pick(3) as u64).collect() };
                let taken = b.push(take, &[x]).expect("a take");
                if pick(2) == 0 { taken } else { b.push(Op::Reverse { axes: vec![1] }, &[taken]).expect("a reversal") }
            }
        };
        values.push(value);
    }
    let results = values.split_off(values.len() - 4);
    b.finish(results)
}

#[test]
fn random_graphs_keep_every_bit() {
    let shape = vec![4, 3];
    let mut tested = 0;
    for seed in 0..400 {
        let f = random_graph(seed);
        let f = if seed % 2 == 0 { f } else { vjp(&f, &[true, true]).expect("floats") };
        let arguments: Vec<Constant> = (0..f.parameters.len())
            .map(|parameter| {
                let element = |place: usize| SPECIAL[(place * 7 + parameter * 5 + seed as usize) % SPECIAL.len()];
                Constant::from_scalars(DType::F64, shape.clone(), (0..12).map(|place| Scalar::f64(element(place))))
            })
            .collect();
        let expected = interpret(&f, &arguments);
        // Signs of `abs` and such are not core operations yet.
        let Ok(expected) = expected else { continue };
        tested += 1;
        for (name, after) in
            [("simplify", simplify(&f)), ("fold", fold(&f)), ("cse", cse(&f)), ("dce", dce(&f)), ("all", optimized(&f))]
        {
            assert!(verify(&after).is_empty(), "seed {seed}, {name}: {:?}", verify(&after));
            let actual = interpret(&after, &arguments).expect("still core operations");
            assert!(same(&expected, &actual), "seed {seed}, {name}:\n{f}\nbecame\n{after}");
        }
    }
    assert!(tested > 200, "only {tested} graphs were tested");
}

#[test]
fn long_chains_of_constants_fold_in_seconds() {
    let mut b = GraphBuilder::new("f", Vec::new());
    let one = number(&mut b, 1.0);
    let mut value = one;
    for _ in 0..100_000 {
        value = scalar(&mut b, ScalarOp::Add, &[value, one]);
    }
    let f = b.finish(vec![value]);
    let start = Instant::now();
    let after = optimized(&f);
    println!("folding: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(after.nodes.len(), 1);
    assert_eq!(interpret(&after, &[]).expect("a constant")[0].element(0), Scalar::f64(100_001.0));
}

/// `x*x + x`, again and again.
fn chain(steps: usize) -> Function {
    let mut b = GraphBuilder::new("f", Vec::new());
    let x = b.parameter(Type::scalar(DType::F64)).expect("a parameter");
    let mut value = x;
    for step in 0..steps {
        let op = if step % 2 == 0 { ScalarOp::Multiply } else { ScalarOp::Add };
        value = scalar(&mut b, op, &[value, x]);
    }
    b.finish(vec![value])
}

#[test]
fn a_million_nodes_take_seconds_and_no_stack() {
    let timed = |what: &str, work: &dyn Fn() -> Function| {
        let start = Instant::now();
        let result = work();
        println!("{what}: {:?} for {} nodes", start.elapsed(), result.nodes.len());
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        result
    };
    let f = chain(1_000_000);
    for pass in PASSES {
        timed(pass.name, &|| (pass.run)(&f));
    }
    let g = timed("vjp", &|| vjp(&f, &[true]).expect("floats"));
    assert!(g.nodes.len() > 2_000_000);
    let g = vjp(&chain(300_000), &[true]).expect("floats");
    timed("pipeline on a gradient", &|| run(&g, &Options::default()).expect("well formed").0);
}
