//! Every scalar operation, at ordinary points and in both precisions.

use crate::check::{F64, check, function, named, scalar};
use crate::support::{Array, Random, fixed};
use rotrace_ir::graph::{GraphBuilder, ValueId};
use rotrace_ir::scalar::{Sample, ScalarOp, TABLE};
use rotrace_ir::{DType, Dim, Shape, Type};
use rotrace_passes::differentiate::{jvp, vjp};
use rotrace_passes::pipeline::{Options, run};

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
