//! Functions to differentiate, and derivatives against directional differences and against each other.

use crate::support::{Array, Random, evaluate};
use rotrace_ir::graph::{Function, GraphBuilder, Op, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Dim, Shape, Type};
use rotrace_passes::differentiate::{jvp, vjp};

pub const F64: DType = DType::F64;

/// A function of float parameters of the given shapes; the closure returns the result.
pub fn function(
    dims: &[&str],
    shapes: &[Shape],
    body: impl FnOnce(&mut GraphBuilder, &[ValueId]) -> ValueId,
) -> Function {
    let mut builder = GraphBuilder::new("f", dims.iter().map(|&name| name.to_owned()).collect());
    let parameters: Vec<ValueId> =
        shapes.iter().map(|shape| builder.parameter(Type::new(F64, shape.clone())).expect("a parameter")).collect();
    let result = body(&mut builder, &parameters);
    builder.finish(vec![result])
}

/// A function from its text, which has to hold what the IR promises.
pub fn parse(text: &str) -> Function {
    let function = parse_function(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(verify(&function), []);
    function
}

/// Arguments around 1 for a function of floats.
pub fn arguments(function: &Function, dims: &[u64]) -> Vec<Array> {
    let mut random = Random(3);
    let sizes = |shape: &Shape| shape.iter().map(|dim| dim.size(dims).unwrap()).collect::<Vec<_>>();
    function.parameter_types().map(|ty| random.array(&sizes(&ty.shape), 0.5, 1.5)).collect()
}

pub fn named() -> Dim {
    Dim::named(rotrace_ir::DimId(0))
}

pub fn push(builder: &mut GraphBuilder, op: Op, operands: &[ValueId]) -> ValueId {
    builder.push(op, operands).unwrap_or_else(|violation| panic!("{violation}"))
}

pub fn scalar(builder: &mut GraphBuilder, op: ScalarOp, operands: &[ValueId]) -> ValueId {
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

pub fn assert_close(what: &str, actual: &[Array], expected: &[Array], tolerance: f64) {
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
pub fn check(what: &str, f: &Function, x: &[Array], dims: &[u64], step: f64) {
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
