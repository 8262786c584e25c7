//! Transformations of transformations of loops and branches: one table of programs, each with the bits of the graph
//! interpreter in every engine, and with values that differences or closed forms give.
//!
//! Each program is a function of one array, so that all are checked by the same code.

use rotrace::optimize::GradientDescent;
use rotrace::{
    Checkpoint, DType, Scan, Tensor, Traced, While, concat, cond, fori, native, scan, stack, switch, trace, while_loop,
};
use rotrace_ir::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::graph::interpret_with;
use rotrace_ir::{DType as Element, Scalar};
use rotrace_runtime::Executable;
use rotrace_tests::engines::{configurations, kernel_interpreter, run};

/// A program, its argument, and its results' elements.
struct Row {
    name: &'static str,
    program: Traced<'static, Tensor, Tensor>,
    types: &'static str,
    shape: Vec<u64>,
    argument: Vec<f64>,
    wanted: Vec<f64>,
}

/// Derivatives of a function of plain numbers along a direction, by differences of the fourth order.
fn along(f: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64], direction: &[f64]) -> Vec<f64> {
    let h = 2e-3;
    let at = |step: f64| f(&x.iter().zip(direction).map(|(x, d)| x + step * h * d).collect::<Vec<_>>());
    let (near, far) = ([at(1.0), at(-1.0)], [at(2.0), at(-2.0)]);
    (0..near[0].len())
        .map(|place| (8.0 * (near[0][place] - near[1][place]) - (far[0][place] - far[1][place])) / (12.0 * h))
        .collect()
}

/// All derivatives, by argument: `[in][out]`, flattened.
fn slopes(f: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> Vec<f64> {
    let unit = |place: usize| (0..x.len()).map(|other| f64::from(u8::from(other == place))).collect::<Vec<_>>();
    (0..x.len()).flat_map(|place| along(f, x, &unit(place))).collect()
}

/// Five steps of a scan with a branch in it, and what they are in plain numbers.
fn walk(policy: Checkpoint) -> Traced<'static, Tensor, Tensor> {
    trace(move |x: Tensor| {
        Scan::new().checkpoint(policy).counted(5, x, |i, x| {
            cond((x * x).sum(()).greater(2.0), || x * 0.5, || x.sin() + i.astype(DType::F64) * x * 0.3)
        })
    })
}

fn plain_walk(x: &[f64]) -> Vec<f64> {
    (0..5).fold(x.to_vec(), |x, i| {
        let far = x.iter().map(|x| x * x).sum::<f64>() > 2.0;
        x.iter().map(|x| if far { x * 0.5 } else { x.sin() + f64::from(i) * x * 0.3 }).collect()
    })
}

/// A number of the walk's end.
fn cost(policy: Checkpoint) -> Traced<'static, Tensor, Tensor> {
    trace(move |x: Tensor| {
        let end = walk(policy).call_traced(x);
        (end * x + end.cos()).sum(())
    })
}

fn plain_cost(x: &[f64]) -> Vec<f64> {
    vec![plain_walk(x).iter().zip(x).map(|(end, x)| end * x + end.cos()).sum()]
}

const X: [f64; 3] = [0.3, 0.4, 0.9];
const ROWS: [f64; 15] = [0.3, 0.4, 0.9, 2.0, 0.1, -0.3, -0.2, 0.5, 0.0, 1.0, 0.9, 0.8, -1.0, 0.2, 0.35];
const POLICIES: [Checkpoint; 3] = [Checkpoint::All, Checkpoint::Every(2), Checkpoint::Binomial(4)];

fn of_scans() -> Vec<Row> {
    let gradient = |x: &[f64]| slopes(&plain_cost, x);
    let by_rows = |f: &dyn Fn(&[f64]) -> Vec<f64>| ROWS.chunks(3).flat_map(f).collect::<Vec<_>>();
    let mut rows = vec![
        Row {
            name: "grad of scan of cond",
            program: cost(Checkpoint::All).grad(),
            types: "f64[3]",
            shape: vec![3],
            argument: X.to_vec(),
            wanted: gradient(&X),
        },
        Row {
            name: "hessian of scan",
            program: cost(Checkpoint::All).hessian(),
            types: "f64[3]",
            shape: vec![3],
            argument: X.to_vec(),
            wanted: slopes(&gradient, &X),
        },
        jvp_of_vjp(),
    ];
    for policy in POLICIES {
        let all = trace(move |x: Tensor| cost(policy).vmap(0, 0).call_traced(x).sum(()));
        rows.push(Row {
            name: "grad of vmap of scan with checkpoint",
            program: all.grad(),
            types: "f64[n, 3]",
            shape: vec![5, 3],
            argument: ROWS.to_vec(),
            wanted: by_rows(&gradient),
        });
        let (x, direction) = (X, [1.0, -0.5, 2.0]);
        rows.push(Row {
            name: "hvp under checkpoint",
            program: trace(move |z: Tensor| cost(policy).hvp().call_traced((z.slice(0, ..3), z.slice(0, 3..)))),
            types: "f64[6]",
            shape: vec![6],
            argument: [x, direction].concat(),
            wanted: along(&gradient, &x, &direction),
        });
    }
    rows
}

fn jvp_of_vjp() -> Row {
    // What the way back gives: the end, and the cotangents of the start.
    let back = |z: &[f64]| {
        let (x, cotangent) = z.split_at(3);
        let weighed = |x: &[f64]| vec![plain_walk(x).iter().zip(cotangent).map(|(y, c)| y * c).sum::<f64>()];
        [plain_walk(x), slopes(&weighed, x)].concat()
    };
    let (at, direction) = ([0.3, 0.4, 0.9, 1.0, 2.0, -1.0], [0.5, -1.0, 0.25, 0.0, 1.0, 0.5]);
    Row {
        name: "jvp of vjp of scan",
        program: trace(|z: Tensor| {
            let [x, c, dx, dc] = [0, 3, 6, 9].map(|start| z.slice(0, start..start + 3));
            let ((y, g), (dy, dg)) = walk(Checkpoint::All).vjp().jvp().call_traced(((x, c), (dx, dc)));
            concat([y, g, dy, dg], 0)
        }),
        types: "f64[12]",
        shape: vec![12],
        argument: [at, direction].concat(),
        wanted: [back(&at), along(&back, &at, &direction)].concat(),
    }
}

fn of_whiles_and_branches() -> Vec<Row> {
    let root = trace(|x: Tensor| {
        let far = |(r, before): (Tensor, Tensor)| (r - before).abs().greater(1e-12);
        While::new().bound(60).run((x, x + 1.0), far, |(r, _)| ((r + x / r) * 0.5, r)).0
    });
    let grow = |x: Tensor| while_loop(x, |x| x.less(100.0), |x| x * 1.5 + x.sin());
    let (mut grown, mut slope) = (0.8_f64, 1.0);
    while grown < 100.0 {
        (grown, slope) = (grown * 1.5 + grown.sin(), slope * (1.5 + grown.cos()));
    }
    let bent = |x: Tensor| {
        let which = x.sum(()).floor().astype(DType::I64);
        switch(which, 3, |branch| match branch {
            0 => x * x,
            1 => x.sin() * x.index(0, 0),
            _ => x.exp(),
        })
    };
    let plain_bent = |x: &[f64]| vec![x[0].sin() * x[0], x[1].sin() * x[0]];
    // The plain slopes are by argument, but a Jacobian is by result.
    let jacobian = move |x: &[f64]| {
        let slopes = slopes(&plain_bent, x);
        vec![slopes[0], slopes[2], slopes[1], slopes[3]]
    };
    let second = slopes(&jacobian, &[0.7, 0.8]);
    let squares = [0.25, 2.0, 9.0, 1e4, 3.0];
    vec![
        Row {
            name: "vmap of grad of while with bound",
            program: root.grad().vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: squares.to_vec(),
            wanted: squares.map(|x: f64| 0.5 / x.sqrt()).to_vec(),
        },
        Row {
            name: "linearize of while",
            program: trace(move |x: Tensor| {
                let (value, map) = trace(grow).linearize(x);
                stack([value, map.call_traced(x * 0.0 + 1.0), map.call_traced(x)], 0)
            }),
            types: "f64[]",
            shape: vec![],
            argument: vec![0.8],
            wanted: vec![grown, slope, 0.8 * slope],
        },
        Row {
            name: "jacfwd of jacrev of switch",
            program: trace(bent).jacrev().jacfwd(),
            types: "f64[2]",
            shape: vec![2],
            argument: vec![0.7, 0.8],
            wanted: (0..8).map(|place| second[place % 2 * 4 + place / 2]).collect(),
        },
    ]
}

fn of_maps_and_loops_in_loops() -> Vec<Row> {
    let sums = trace(|x: Tensor| scan(x.sum(()) * 0.0, x, |s, x| ((s + x).sin(), s * x)).1);
    let plain_sums = |x: &[f64]| {
        let mut s = 0.0;
        x.iter().map(|x| (s * x, s = (s + x).sin()).0).collect::<Vec<f64>>()
    };
    let numbers: Vec<f64> = (0..24).map(|place| f64::from(place) * 0.11 - 1.0).collect();
    let table = trace(|x: Tensor| {
        let outer = |c: Tensor, row: Tensor| {
            let (end, all) = Scan::new().reverse().run(c, row, |c, u| ((c * u).sin() + u, c * c));
            (end, all.sum(()))
        };
        let (end, all) = scan(x.sum(()), x, outer);
        end + all.sum(())
    });
    let plain_table = |x: &[f64]| {
        let (mut c, mut all) = (x.iter().sum::<f64>(), 0.0);
        for row in x.chunks(4) {
            for u in row.iter().rev() {
                all += c * c;
                c = (c * u).sin() + u;
            }
        }
        vec![c + all]
    };
    vec![
        Row {
            name: "vmap of vmap of scan",
            program: sums.vmap(0, 0).vmap(0, 0),
            types: "f64[n, m, t]",
            shape: vec![2, 3, 4],
            argument: numbers.clone(),
            wanted: numbers.chunks(4).flat_map(plain_sums).collect(),
        },
        Row {
            name: "grad of scan of scan in reverse",
            program: table.grad(),
            types: "f64[t, 4]",
            shape: vec![3, 4],
            argument: numbers[..12].to_vec(),
            wanted: slopes(&plain_table, &numbers[..12]),
        },
        Row {
            name: "vmap of grad of scan of scan in reverse",
            program: table.grad().vmap(0, 0),
            types: "f64[n, 3, 4]",
            shape: vec![2, 3, 4],
            argument: numbers.clone(),
            wanted: numbers.chunks(12).flat_map(|x| slopes(&plain_table, x)).collect(),
        },
    ]
}

fn of_rules_and_functions_of_the_users_own() -> Vec<Row> {
    // A sine whose rule says twice the cosine.
    let loud = trace(|x: Tensor| x.sin()).custom_vjp(|x, cotangent| x.cos() * cotangent * 2.0);
    let by_rule = trace(move |x: Tensor| fori(3, x, |_, x| loud.call_traced(x) * 1.2));
    let by_rule_slope = |x: f64| (0..3).fold((x, 1.0), |(x, slope), _| (x.sin() * 1.2, slope * x.cos() * 2.4)).1;
    let half = native(
        "halved",
        |x: Tensor| x,
        |arguments, results| {
            let x = arguments[0].as_slice::<f64>()?;
            results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, x)| *y = x / 2.0);
            Ok(())
        },
    );
    let half = half.custom_jvp(|x, tangent| tangent * 0.5 + x * 0.0);
    let halves = trace(move |x: Tensor| fori(4, x, |_, x| half.call_traced(x.sin()) + x));
    let plain = |x: &[f64]| vec![(0..4).fold(x[0], |x, _| x.sin() / 2.0 + x)];
    let numbers = [0.1, -0.4, 0.9, 2.0, -3.0];
    // Steps down a valley, whose curvature is the argument.
    let valley = trace(|(x, k): (Tensor, Tensor)| (x * x * k + x.cos()).sum(()));
    let descent = GradientDescent { rate: 0.1, momentum: 0.5, ..GradientDescent::default() }.minimize(&valley);
    let descended = trace(move |k: Tensor| {
        let x = k * 0.0 + 2.0;
        let state = descent.start.call_traced((x, k));
        let step = descent.step.clone();
        let (x, _) = fori(4, (x, state), |_, (x, state)| {
            let (x, state, _) = step.call_traced((x, state, k));
            (x, state)
        });
        (x * x).sum(())
    });
    let plain_descent = |k: &[f64]| {
        let mut state = (2.0_f64, 0.0);
        for _ in 0..4 {
            let velocity = 0.5 * state.1 + (2.0 * state.0 * k[0] - state.0.sin());
            state = (state.0 - 0.1 * velocity, velocity);
        }
        vec![state.0 * state.0]
    };
    vec![
        Row {
            name: "vmap of grad of scan of custom_vjp",
            program: by_rule.grad().vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: numbers.to_vec(),
            wanted: numbers.map(by_rule_slope).to_vec(),
        },
        Row {
            name: "vmap of scan of native",
            program: halves.vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: numbers.to_vec(),
            wanted: numbers.iter().flat_map(|&x| plain(&[x])).collect(),
        },
        Row {
            name: "vmap of grad of scan of native with a rule",
            program: halves.grad().vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: numbers.to_vec(),
            wanted: numbers.iter().flat_map(|&x| slopes(&plain, &[x])).collect(),
        },
        Row {
            name: "grad of steps of an optimiser",
            program: descended.grad(),
            types: "f64[1]",
            shape: vec![1],
            argument: vec![0.8],
            wanted: slopes(&plain_descent, &[0.8]),
        },
    ]
}

fn check(row: &Row) {
    let name = row.name;
    let lowered = row.program.lower(row.types).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (function, natives) = (lowered.function(), lowered.natives());
    let elements = row.argument.iter().map(|&element| Scalar::f64(element));
    let arguments = [Constant::from_scalars(Element::F64, row.shape.clone(), elements)];
    let call = |name: &str, operands: &[Constant], types: &[Type]| natives.call(name, operands, types);
    let expected =
        interpret_with(function, &arguments, &call).unwrap_or_else(|error| panic!("{name}: {error}\n{function}"));
    let found: Vec<f64> = expected[0].elements().map(Scalar::as_f64).collect();
    assert_eq!(found.len(), row.wanted.len(), "{name}");
    let close = |(found, wanted): (&f64, &f64)| (found - wanted).abs() <= 1e-7 * wanted.abs().max(1.0);
    assert!(found.iter().zip(&row.wanted).all(close), "{name}: {found:?}, not {:?}", row.wanted);
    let mut all = configurations();
    all.push(kernel_interpreter());
    for (engine, options) in all {
        let executable = Executable::compile_with(function, natives, &options);
        let executable = executable.unwrap_or_else(|error| panic!("{name}, {engine}: {error}\n{function}"));
        let got = run(&executable, &arguments).unwrap_or_else(|error| panic!("{name}, {engine}: {error}"));
        let same =
            got[0].shape == expected[0].shape && got[0].elements().zip(expected[0].elements()).all(|(a, b)| a.same(b));
        assert!(same, "{name}, {engine}: {}, not {}\n{}", got[0], expected[0], executable.kernels());
    }
}

#[test]
fn nested_transformations_have_the_bits_of_the_interpreter_and_the_right_values() {
    let tables =
        [of_scans(), of_whiles_and_branches(), of_maps_and_loops_in_loops(), of_rules_and_functions_of_the_users_own()];
    tables.iter().flatten().for_each(check);
}
