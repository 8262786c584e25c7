//! Derivatives against directional differences, against each other, and at the points where they are singular.

mod support;

use rotrace_ir::graph::{Function, GraphBuilder, Op, Reduction, ValueId};
use rotrace_ir::scalar::{Sample, ScalarOp, TABLE};
use rotrace_ir::{DType, Dim, Scalar, Shape, Type};
use rotrace_passes::differentiate::{DifferentiateError, grad, jvp, value_and_grad, vjp};
use rotrace_passes::pipeline::{Options, run};
use std::sync::Arc;
use support::{Array, Random, evaluate, fixed};

const F64: DType = DType::F64;

/// A function of float parameters of the given shapes; the closure returns the result.
fn function(dims: &[&str], shapes: &[Shape], body: impl FnOnce(&mut GraphBuilder, &[ValueId]) -> ValueId) -> Function {
    let mut builder = GraphBuilder::new("f", dims.iter().map(|&name| name.to_owned()).collect());
    let parameters: Vec<ValueId> =
        shapes.iter().map(|shape| builder.parameter(Type::new(F64, shape.clone())).expect("a parameter")).collect();
    let result = body(&mut builder, &parameters);
    builder.finish(vec![result])
}

fn named() -> Dim {
    Dim::named(rotrace_ir::DimId(0))
}

fn push(builder: &mut GraphBuilder, op: Op, operands: &[ValueId]) -> ValueId {
    builder.push(op, operands).unwrap_or_else(|violation| panic!("{violation}"))
}

fn scalar(builder: &mut GraphBuilder, op: ScalarOp, operands: &[ValueId]) -> ValueId {
    push(builder, Op::Scalar(op), operands)
}

fn combine(a: &Array, b: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
    let data: Vec<f64> = a.floats().iter().zip(b.floats()).map(|(&x, y)| f(x, y)).collect();
    Array::f64(&a.shape, &data)
}

fn dot(a: &[Array], b: &[Array]) -> f64 {
    a.iter().zip(b).flat_map(|(a, b)| a.floats().into_iter().zip(b.floats())).map(|(x, y)| x * y).sum()
}

/// The directional derivative by central differences of two steps, extrapolated.
fn differences(f: &Function, x: &[Array], direction: &[Array], dims: &[u64], step: f64) -> Vec<Array> {
    let moved = |h: f64| -> Vec<Array> {
        let at: Vec<Array> = x.iter().zip(direction).map(|(x, d)| combine(x, d, |x, d| x + h * d)).collect();
        evaluate(f, &at, dims)
    };
    let central = |h: f64| -> Vec<Array> {
        moved(h).iter().zip(moved(-h)).map(|(a, b)| combine(a, &b, |a, b| (a - b) / (2.0 * h))).collect()
    };
    central(step / 2.0)
        .iter()
        .zip(central(step))
        .map(|(fine, coarse)| combine(fine, &coarse, |fine, coarse| (4.0 * fine - coarse) / 3.0))
        .collect()
}

fn assert_close(what: &str, actual: &[Array], expected: &[Array], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (a, b) in actual.iter().zip(expected) {
        assert_eq!(a.shape, b.shape, "{what}");
        let scale = b.floats().iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
        for (x, y) in a.floats().iter().zip(b.floats()) {
            assert!((x - y).abs() <= tolerance * scale, "{what}: got {x}, expected {y}");
        }
    }
}

/// Forward mode against differences, and reverse mode against forward mode; to second order.
fn check(what: &str, f: &Function, x: &[Array], dims: &[u64], step: f64) {
    check_first(what, f, x, dims, step);
    // One more order in each combination: forward over forward, reverse over forward, forward and reverse over reverse.
    let all = vec![true; f.parameters.len()];
    let mut random = Random(5);
    let forward = jvp(f, &all).expect("floats");
    let mut arguments = x.to_vec();
    arguments.extend(x.iter().map(|x| random.array(&x.shape, -1.0, 1.0)));
    check_first(&format!("{what}, over forward"), &forward, &arguments, dims, step);
    let reverse = vjp(f, &all).expect("floats");
    let mut arguments = x.to_vec();
    arguments.extend(evaluate(f, x, dims).iter().map(|y| random.array(&y.shape, -1.0, 1.0)));
    check_first(&format!("{what}, over reverse"), &reverse, &arguments, dims, step);
}

fn check_first(what: &str, f: &Function, x: &[Array], dims: &[u64], step: f64) {
    let all = vec![true; f.parameters.len()];
    let mut random = Random(11);
    let direction: Vec<Array> = x.iter().map(|x| random.array(&x.shape, -1.0, 1.0)).collect();
    let values = evaluate(f, x, dims);
    let forward = jvp(f, &all).expect("floats");
    let arguments: Vec<Array> = x.iter().chain(&direction).cloned().collect();
    let results = evaluate(&forward, &arguments, dims);
    let (primal, tangents) = results.split_at(values.len());
    assert!(primal.iter().zip(&values).all(|(a, b)| a.same(b)), "{what}: the primal results changed");
    assert_close(what, tangents, &differences(f, x, &direction, dims, step), 2e-6);

    let cotangents: Vec<Array> = values.iter().map(|y| random.array(&y.shape, -1.0, 1.0)).collect();
    let reverse = vjp(f, &all).expect("floats");
    let arguments: Vec<Array> = x.iter().chain(&cotangents).cloned().collect();
    let results = evaluate(&reverse, &arguments, dims);
    let (primal, gradients) = results.split_at(values.len());
    assert!(primal.iter().zip(&values).all(|(a, b)| a.same(b)), "{what}: the primal results changed");
    let (there, back) = (dot(&cotangents, tangents), dot(gradients, &direction));
    let scale = 1.0 + there.abs();
    assert!((there - back).abs() <= 1e-10 * scale, "{what}: forward {there}, reverse {back}");
}

/// A point of a sample domain where differences are well conditioned, and a step that stays inside.
fn sample(sample: Sample, random: &mut Random) -> (f64, f64) {
    match sample {
        Sample::Wide | Sample::Moderate => (random.between(-3.0, 3.0), 1e-3),
        Sample::Positive | Sample::Power => (random.between(0.2, 4.0), 1e-3),
        Sample::AboveMinusOne => (random.between(-0.8, 3.0), 1e-3),
        Sample::AboveOne => (random.between(1.2, 4.0), 1e-3),
        Sample::Unit => (random.between(-0.8, 0.8), 1e-3),
        Sample::Shift => unreachable!("integers only"),
    }
}

#[test]
fn every_scalar_operation_agrees_with_differences() {
    let mut random = Random(1);
    let mut tested = 0;
    for row in &TABLE {
        let float = if row.op == ScalarOp::Select { vec![DType::Bool, F64, F64] } else { vec![F64; row.arity] };
        // Nextafter moves in steps that no difference can see; it is tested by its definition below.
        if row.op.result_dtype(&float) != Ok(F64) || matches!(row.op, ScalarOp::Select | ScalarOp::Nextafter) {
            continue;
        }
        for _ in 0..20 {
            let points: Vec<(f64, f64)> = (0..row.arity).map(|_| sample(row.sample, &mut random)).collect();
            // Away from the jumps and kinks of this operation.
            let near = |x: f64| (x - x.round()).abs() < 0.05 || (2.0 * x - (2.0 * x).round()).abs() < 0.05;
            let kinks = [ScalarOp::Floor, ScalarOp::Ceil, ScalarOp::Trunc, ScalarOp::Round];
            if kinks.contains(&row.op) && near(points[0].0) || points.iter().any(|p| p.0.abs() < 0.05) {
                continue;
            }
            if row.op == ScalarOp::Tan && points[0].0.cos().abs() < 0.3 {
                continue;
            }
            if row.arity == 2 {
                let quotient = points[0].0 / points[1].0;
                let jumps = [ScalarOp::FloorDivide, ScalarOp::Remainder];
                if jumps.contains(&row.op) && near(quotient) || (points[0].0 - points[1].0).abs() < 0.05 {
                    continue;
                }
            }
            let f = function(&[], &vec![fixed(&[]); row.arity], |b, x| scalar(b, row.op, x));
            let x: Vec<Array> = points.iter().map(|p| Array::scalar(p.0)).collect();
            check(&format!("{} at {points:?}", row.name), &f, &x, &[], points[0].1);
            tested += 1;
        }
    }
    assert!(tested > 400, "only {tested} points were tested");
}

/// The derivatives of a scalar operation at a point, by reverse mode.
fn slopes(op: ScalarOp, x: &[f64]) -> Vec<f64> {
    let f = function(&[], &vec![fixed(&[]); x.len()], |b, v| scalar(b, op, v));
    let g = grad(&f, &vec![true; x.len()]).expect("a number");
    let arguments: Vec<Array> = x.iter().map(|&x| Array::scalar(x)).collect();
    let reverse: Vec<f64> = evaluate(&g, &arguments, &[]).iter().map(|g| g.floats()[0]).collect();
    // Forward mode, one direction at a time, says the same.
    for (place, &slope) in reverse.iter().enumerate() {
        let wrt: Vec<bool> = (0..x.len()).map(|other| other == place).collect();
        let forward = jvp(&f, &wrt).expect("floats");
        let arguments: Vec<Array> = x.iter().copied().chain([1.0]).map(Array::scalar).collect();
        let tangent = evaluate(&forward, &arguments, &[])[1].floats()[0];
        assert!(tangent == slope || tangent.is_nan() && slope.is_nan(), "{op} at {x:?}: {tangent} and {slope}");
    }
    reverse
}

#[test]
fn singular_points_have_the_documented_derivatives() {
    let cases: &[(ScalarOp, &[f64], &[f64])] = &[
        (ScalarOp::Abs, &[0.0], &[0.0]),
        (ScalarOp::Abs, &[-0.0], &[0.0]),
        (ScalarOp::Sqrt, &[0.0], &[0.0]),
        (ScalarOp::Sqrt, &[f64::INFINITY], &[0.0]),
        (ScalarOp::Maximum, &[2.0, 2.0], &[0.5, 0.5]),
        (ScalarOp::Minimum, &[0.0, -0.0], &[0.5, 0.5]),
        (ScalarOp::Maximum, &[1.0, 2.0], &[0.0, 1.0]),
        (ScalarOp::Minimum, &[1.0, 2.0], &[1.0, 0.0]),
        (ScalarOp::Asin, &[1.0], &[0.0]),
        (ScalarOp::Acos, &[-1.0], &[0.0]),
        (ScalarOp::Acosh, &[1.0], &[0.0]),
        (ScalarOp::Hypot, &[0.0, 0.0], &[0.0, 0.0]),
        (ScalarOp::Hypot, &[3e-320, 4e-320], &[0.6, 0.8]),
        (ScalarOp::Hypot, &[3e300, -4e300], &[0.6, -0.8]),
        (ScalarOp::Atan2, &[0.0, 0.0], &[0.0, 0.0]),
        (ScalarOp::Atan2, &[0.0, -2.0], &[-0.5, 0.0]),
        (ScalarOp::Atan2, &[1e-200, 0.0], &[0.0, -1e200]),
        (ScalarOp::Pow, &[0.0, 0.0], &[0.0, 0.0]),
        (ScalarOp::Pow, &[0.0, 0.5], &[0.0, 0.0]),
        (ScalarOp::Pow, &[0.0, 1.0], &[1.0, 0.0]),
        (ScalarOp::Pow, &[0.0, 2.0], &[0.0, 0.0]),
        (ScalarOp::Pow, &[-2.0, 3.0], &[12.0, 0.0]),
        (ScalarOp::Pow, &[3.0, 0.0], &[0.0, 1.0986122886681098]),
        (ScalarOp::Copysign, &[0.0, -1.0], &[0.0, 0.0]),
        (ScalarOp::Copysign, &[-3.0, 2.0], &[-1.0, 0.0]),
        (ScalarOp::Nextafter, &[1.0, 2.0], &[1.0, 0.0]),
        (ScalarOp::Remainder, &[-7.5, 2.0], &[1.0, 4.0]),
        (ScalarOp::Log, &[0.0], &[f64::INFINITY]),
        (ScalarOp::Atanh, &[1.0], &[f64::INFINITY]),
        (ScalarOp::Tanh, &[800.0], &[0.0]),
        (ScalarOp::Atan, &[1e200], &[0.0]),
        (ScalarOp::Asinh, &[1e200], &[1e-200]),
        (ScalarOp::Acosh, &[1e200], &[1e-200]),
        (ScalarOp::Exp, &[-1000.0], &[0.0]),
        (ScalarOp::Logaddexp, &[1000.0, -1000.0], &[1.0, 0.0]),
        (ScalarOp::Logaddexp, &[f64::INFINITY, 1.0], &[1.0, 0.0]),
        (ScalarOp::Logaddexp, &[f64::NEG_INFINITY, 1.0], &[0.0, 1.0]),
        (ScalarOp::Logaddexp, &[f64::INFINITY, f64::INFINITY], &[0.5, 0.5]),
        (ScalarOp::Logaddexp, &[f64::NEG_INFINITY, f64::NEG_INFINITY], &[0.5, 0.5]),
    ];
    for (op, x, expected) in cases {
        let actual = slopes(*op, x);
        for (a, b) in actual.iter().zip(*expected) {
            let close = a == b || (a - b).abs() <= 4e-16 * b.abs();
            assert!(close, "{op} at {x:?}: {actual:?} is not {expected:?}");
        }
    }
}

#[test]
fn second_derivatives_at_singular_points_are_right_or_zero() {
    let second = |op: ScalarOp, x: f64, y: Option<f64>| {
        let arity = 1 + usize::from(y.is_some());
        let f = function(&[], &vec![fixed(&[]); arity], |b, v| scalar(b, op, v));
        let mut wrt = vec![false; arity];
        wrt[0] = true;
        let arguments: Vec<Array> = [x].into_iter().chain(y).map(Array::scalar).collect();
        let twice = grad(&grad(&f, &wrt).expect("a number"), &wrt).expect("a number");
        let reverse = evaluate(&twice, &arguments, &[])[0].floats()[0];
        let mixed = jvp(&grad(&f, &wrt).expect("a number"), &wrt).expect("floats");
        let directed: Vec<Array> = arguments.iter().cloned().chain([Array::scalar(1.0)]).collect();
        let forward = evaluate(&mixed, &directed, &[])[1].floats()[0];
        assert!((forward - reverse).abs() <= 1e-15, "{op} at {x} {y:?}: {forward} and {reverse}");
        reverse
    };
    for (op, x, y, expected) in [
        (ScalarOp::Sqrt, 0.0, None, 0.0),
        (ScalarOp::Abs, 0.0, None, 0.0),
        (ScalarOp::Asin, 1.0, None, 0.0),
        (ScalarOp::Acosh, 1.0, None, 0.0),
        (ScalarOp::Hypot, 0.0, Some(0.0), 0.0),
        (ScalarOp::Hypot, 0.0, Some(2.0), 0.5),
        (ScalarOp::Atan2, 0.0, Some(0.0), 0.0),
        (ScalarOp::Pow, 0.0, Some(2.0), 2.0),
        (ScalarOp::Pow, 0.0, Some(3.0), 0.0),
        (ScalarOp::Pow, 0.0, Some(1.0), 0.0),
        (ScalarOp::Pow, 0.0, Some(0.0), 0.0),
        (ScalarOp::Logaddexp, 1.0, Some(1.0), 0.25),
        (ScalarOp::Logaddexp, 2000.0, Some(-2000.0), 0.0),
        (ScalarOp::Maximum, 1.0, Some(1.0), 0.0),
    ] {
        let actual = second(op, x, y);
        assert!((actual - expected).abs() <= 1e-15, "{op} at {x} {y:?}: {actual} is not {expected}");
    }
}

#[test]
fn select_lets_nothing_through_from_the_branch_not_taken() {
    let f = function(&[], &[fixed(&[])], |b, x| {
        let zero = push(b, Op::constant(Scalar::f64(0.0)), &[]);
        let one = push(b, Op::constant(Scalar::f64(1.0)), &[]);
        let positive = scalar(b, ScalarOp::Greater, &[x[0], zero]);
        let safe = scalar(b, ScalarOp::Select, &[positive, x[0], one]);
        let log = scalar(b, ScalarOp::Log, &[safe]);
        scalar(b, ScalarOp::Select, &[positive, log, zero])
    });
    let g = value_and_grad(&f, &[true]).expect("a number");
    let h = grad(&grad(&f, &[true]).expect("a number"), &[true]).expect("a number");
    for (x, value, slope, curvature) in [(0.0, 0.0, 0.0, 0.0), (-3.0, 0.0, 0.0, 0.0), (1.0, 0.0, 1.0, -1.0)] {
        let results = evaluate(&g, &[Array::scalar(x)], &[]);
        assert!(
            results[0].same(&Array::scalar(value)) && results[1].same(&Array::scalar(slope)),
            "at {x}: {results:?}"
        );
        assert!(evaluate(&h, &[Array::scalar(x)], &[])[0].same(&Array::scalar(curvature)), "second derivative at {x}");
    }
    // The NaN of a branch whose value has none to give is not multiplied in.
    let f = function(&[], &[fixed(&[2]), fixed(&[2])], |b, x| {
        let condition = Op::Constant(rotrace_ir::graph::Constant::from_scalars(
            DType::Bool,
            vec![2],
            [true, false].map(Scalar::bool),
        ));
        let condition = push(b, condition, &[]);
        scalar(b, ScalarOp::Select, &[condition, x[0], x[1]])
    });
    let reverse = vjp(&f, &[true, true]).expect("floats");
    let x = Array::f64(&[2], &[1.0, 2.0]);
    let ct = Array::f64(&[2], &[f64::NAN, f64::INFINITY]);
    let results = evaluate(&reverse, &[x.clone(), x, ct], &[]);
    assert!(results[1].same(&Array::f64(&[2], &[f64::NAN, 0.0])), "{results:?}");
    assert!(results[2].same(&Array::f64(&[2], &[0.0, f64::INFINITY])), "{results:?}");
}

/// Squares, so that the second order sees something, around one operation on `[n, 3]` or fixed shapes.
fn check_op(what: &str, shapes: &[Shape], n: u64, op: Op) {
    let f = function(&["n"], shapes, |b, x| {
        let squares: Vec<ValueId> = x.iter().map(|&x| scalar(b, ScalarOp::Multiply, &[x, x])).collect();
        push(b, op, &squares)
    });
    let mut random = Random(3);
    let x: Vec<Array> = shapes
        .iter()
        .map(|shape| {
            let sizes: Vec<u64> = shape.iter().map(|dim| dim.size(&[n]).expect("fits")).collect();
            random.array(&sizes, 0.5, 1.5)
        })
        .collect();
    check(&format!("{what}, n = {n}"), &f, &x, &[n], 1e-3);
}

#[test]
fn every_structural_operation_agrees_with_differences() {
    let n3 = || -> Shape { [named(), Dim::fixed(3)].into_iter().collect() };
    let longer = |more: i64| Dim { constant: more, ..named() };
    for n in [1, 2, 5] {
        let cases: Vec<(&str, Vec<Shape>, Op)> = vec![
            ("cast", vec![n3()], Op::Cast(F64)),
            (
                "reshape",
                vec![n3()],
                Op::Reshape { shape: [Dim::fixed(3), named(), Dim::fixed(1)].into_iter().collect() },
            ),
            (
                "broadcast",
                vec![fixed(&[1, 3])],
                Op::Broadcast {
                    shape: [named(), Dim::fixed(2), Dim::fixed(3)].into_iter().collect(),
                    axes: vec![0, 2],
                },
            ),
            (
                "transpose",
                vec![[named(), Dim::fixed(2), Dim::fixed(3)].into_iter().collect()],
                Op::Transpose { permutation: vec![2, 0, 1] },
            ),
            (
                "slice",
                vec![[named(), Dim::fixed(7)].into_iter().collect()],
                Op::Slice {
                    start: vec![1, 1],
                    limit: [named(), Dim::fixed(6)].into_iter().collect(),
                    step: vec![1, 3],
                },
            ),
            (
                "fixed slice of a named axis",
                vec![[longer(4), Dim::fixed(2)].into_iter().collect()],
                Op::Slice { start: vec![1, 0], limit: fixed(&[4, 1]), step: vec![2, 1] },
            ),
            ("pad", vec![n3(), fixed(&[])], Op::Pad { low: vec![1, 0], high: vec![2, 1], interior: vec![0, 2] }),
            ("concatenate", vec![fixed(&[2, 3]), fixed(&[1, 3]), fixed(&[3, 3])], Op::Concatenate { axis: 0 }),
            ("concatenate with a name", vec![fixed(&[2, 3]), n3(), fixed(&[4, 3])], Op::Concatenate { axis: 0 }),
            (
                "concatenate with a shorter name",
                vec![fixed(&[2]), [longer(-1)].into_iter().collect(), fixed(&[1]), fixed(&[3])],
                Op::Concatenate { axis: 0 },
            ),
            ("reverse", vec![n3()], Op::Reverse { axes: vec![1, 0] }),
            (
                "sum",
                vec![[named(), Dim::fixed(2), Dim::fixed(3)].into_iter().collect()],
                Op::Reduce { kind: Reduction::Sum, axes: vec![0, 2] },
            ),
            ("product", vec![n3()], Op::Reduce { kind: Reduction::Product, axes: vec![1] }),
            ("product over a name", vec![n3()], Op::Reduce { kind: Reduction::Product, axes: vec![0, 1] }),
            ("long product", vec![fixed(&[2, 9])], Op::Reduce { kind: Reduction::Product, axes: vec![0, 1] }),
            ("max", vec![n3()], Op::Reduce { kind: Reduction::Maximum, axes: vec![0] }),
            ("min", vec![n3()], Op::Reduce { kind: Reduction::Minimum, axes: vec![0, 1] }),
            (
                "matrix product",
                vec![
                    [named(), Dim::fixed(2), Dim::fixed(3)].into_iter().collect(),
                    [named(), Dim::fixed(3), Dim::fixed(4)].into_iter().collect(),
                ],
                Op::DotGeneral { batch: vec![(0, 0)], contract: vec![(2, 1)] },
            ),
            (
                "contraction",
                vec![
                    [Dim::fixed(2), named(), Dim::fixed(3), Dim::fixed(4)].into_iter().collect(),
                    [Dim::fixed(4), Dim::fixed(2), Dim::fixed(5), named()].into_iter().collect(),
                ],
                Op::DotGeneral { batch: vec![], contract: vec![(1, 3), (3, 0)] },
            ),
            ("take", vec![n3()], Op::Take { axis: 1, indices: Arc::from([2, 0, 0, 2].as_slice()) }),
            ("scatter_add", vec![n3()], Op::ScatterAdd { axis: 1, indices: Arc::from([3, 0, 3].as_slice()), size: 5 }),
        ];
        for (what, shapes, op) in cases {
            check_op(what, &shapes, n, op);
        }
    }
}

#[test]
fn products_survive_zeros() {
    let elements = [2.0, 3.0, 5.0, 7.0];
    for (dims, shape) in [(vec![], fixed(&[4])), (vec!["n"], [named()].into_iter().collect())] {
        let f =
            function(&dims, &[shape], |b, x| push(b, Op::Reduce { kind: Reduction::Product, axes: vec![0] }, &[x[0]]));
        let g = grad(&f, &[true]).expect("a number");
        // Row `i` of the hessian, forward over reverse.
        let h = jvp(&g, &[true]).expect("floats");
        for zeros in 0..=3 {
            let x: Vec<f64> = elements.iter().enumerate().map(|(i, &x)| if i < zeros { 0.0 } else { x }).collect();
            let without = |skip: &[usize]| -> f64 { (0..4).filter(|i| !skip.contains(i)).map(|i| x[i]).product() };
            let at = Array::f64(&[4], &x);
            let gradient = evaluate(&g, std::slice::from_ref(&at), &[4])[0].floats();
            for i in 0..4 {
                assert!((gradient[i] - without(&[i])).abs() < 1e-12, "{zeros} zeros: {gradient:?}");
                let mut direction = [0.0; 4];
                direction[i] = 1.0;
                let row = evaluate(&h, &[at.clone(), Array::f64(&[4], &direction)], &[4])[1].floats();
                for (j, &entry) in row.iter().enumerate() {
                    let expected = if i == j { 0.0 } else { without(&[i, j]) };
                    assert!((entry - expected).abs() < 1e-12, "{zeros} zeros, entry {i} {j}: {entry}, not {expected}");
                }
            }
        }
    }
}

#[test]
fn extrema_share_among_ties() {
    for (kind, x) in [(Reduction::Maximum, [1.0, 4.0, 4.0, 2.0, 4.0]), (Reduction::Minimum, [3.0, 1.0, 1.0, 2.0, 1.0])]
    {
        let f = function(&["n"], &[[named()].into_iter().collect()], |b, x| {
            push(b, Op::Reduce { kind, axes: vec![0] }, &[x[0]])
        });
        let gradient = evaluate(&grad(&f, &[true]).expect("a number"), &[Array::f64(&[5], &x)], &[5]);
        let third = 1.0 / 3.0;
        assert!(gradient[0].same(&Array::f64(&[5], &[0.0, third, third, 0.0, third])), "{gradient:?}");
    }
}

#[test]
fn the_norm_of_a_zero_vector_has_a_zero_gradient() {
    let f = function(&[], &[fixed(&[3])], |b, x| {
        let square = scalar(b, ScalarOp::Multiply, &[x[0], x[0]]);
        let sum = push(b, Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[square]);
        scalar(b, ScalarOp::Sqrt, &[sum])
    });
    let g = grad(&f, &[true]).expect("a number");
    let zero = Array::f64(&[3], &[0.0; 3]);
    assert!(evaluate(&g, std::slice::from_ref(&zero), &[])[0].same(&zero));
    let h = jvp(&g, &[true]).expect("floats");
    let direction = Array::f64(&[3], &[1.0, -2.0, 0.5]);
    assert!(evaluate(&h, &[zero, direction], &[]).iter().flat_map(Array::floats).all(f64::is_finite));
    let results = evaluate(&g, &[Array::f64(&[3], &[3.0, 0.0, 4.0])], &[]);
    assert_close("norm", &results, &[Array::f64(&[3], &[0.6, 0.0, 0.8])], 1e-15);
}

#[test]
fn what_does_not_depend_has_zeros_and_no_minus_zero_is_seen() {
    let mut b = GraphBuilder::new("f", vec!["n".into()]);
    let n2 = Type::new(F64, [named(), Dim::fixed(2)].into_iter().collect::<Shape>());
    let [x, y] = [0, 1].map(|_| b.parameter(n2.clone()).expect("a parameter"));
    let k = b.parameter(Type::scalar(DType::I64)).expect("a parameter");
    let part = Op::Slice { start: vec![0, 1], limit: [named(), Dim::fixed(2)].into_iter().collect(), step: vec![1, 1] };
    let part = push(&mut b, part, &[x]);
    let floor = scalar(&mut b, ScalarOp::Floor, &[y]);
    let f = b.finish(vec![part, k, floor]);

    let reverse = vjp(&f, &[true, true, false]).expect("floats selected");
    let x = Array::f64(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let k = Array { shape: vec![], data: vec![Scalar::i64(3)] };
    let arguments = [x.clone(), x.clone(), k.clone(), Array::f64(&[2, 1], &[5.0, 6.0]), x.clone()];
    let results = evaluate(&reverse, &arguments, &[2]);
    assert!(results[3].same(&Array::f64(&[2, 2], &[0.0, 5.0, 0.0, 6.0])), "{results:?}");
    assert!(results[4].same(&Array::f64(&[2, 2], &[0.0; 4])), "{results:?}");
    let forward = jvp(&f, &[false, true, false]).expect("floats selected");
    let results = evaluate(&forward, &[x.clone(), x.clone(), k, x], &[2]);
    assert_eq!(results.len(), 5, "a tangent for each float result only");
    assert!(results[3].same(&Array::f64(&[2, 1], &[0.0; 2])) && results[4].same(&Array::f64(&[2, 2], &[0.0; 4])));
}

#[test]
fn mistakes_are_named() {
    let mut b = GraphBuilder::new("f", vec!["n".into()]);
    let x = b.parameter(Type::new(F64, [named()].into_iter().collect::<Shape>())).expect("a parameter");
    b.parameter(Type::scalar(DType::I32)).expect("a parameter");
    let f = b.finish(vec![x]);
    assert_eq!(
        vjp(&f, &[true, true]).expect_err("an integer").to_string(),
        "cannot differentiate @f with respect to parameter 1: its type is i32[], not a float"
    );
    assert!(matches!(jvp(&f, &[true]), Err(DifferentiateError::Selection { parameters: 2, given: 1, .. })));
    assert_eq!(
        grad(&f, &[true, false]).expect_err("an array").to_string(),
        "a gradient needs a function with exactly one 0-d float result, but @f returns (f64[n])"
    );
}

#[test]
fn derivatives_of_every_operation_are_well_formed_in_both_precisions() {
    for row in &TABLE {
        for dtype in [DType::F32, DType::F64] {
            let mut dtypes = vec![dtype; row.arity];
            if row.op == ScalarOp::Select {
                dtypes[0] = DType::Bool;
            }
            if row.op.result_dtype(&dtypes).is_err() {
                continue;
            }
            let mut b = GraphBuilder::new("f", vec!["n".into()]);
            let shape: Shape = [named(), Dim::fixed(3)].into_iter().collect();
            let x: Vec<ValueId> = dtypes
                .iter()
                .map(|&dtype| b.parameter(Type::new(dtype, shape.clone())).expect("a parameter"))
                .collect();
            let result = scalar(&mut b, row.op, &x);
            let f = b.finish(vec![result]);
            let wrt: Vec<bool> = dtypes.iter().map(|dtype| dtype.is_float()).collect();
            for derived in [jvp(&f, &wrt), vjp(&f, &wrt)] {
                let derived = derived.expect("floats");
                let again = vjp(&derived, &derived.parameter_types().map(|ty| ty.dtype.is_float()).collect::<Vec<_>>());
                for function in [derived, again.expect("floats")] {
                    let options = Options { verify: true, keep: false };
                    let (_, report) = run(&function, &options).unwrap_or_else(|error| panic!("{}: {error}", row.name));
                    assert!(!report.passes.is_empty());
                }
            }
        }
    }
}
