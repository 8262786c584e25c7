//! Every structural operation, and reductions with zeros and ties.

use crate::check::{F64, check, function, named, push, scalar};
use crate::support::{Array, Random, evaluate, fixed};
use rotrace_ir::graph::{Op, Reduction, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Shape};
use rotrace_passes::differentiate::{grad, jvp};
use std::sync::Arc;

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
