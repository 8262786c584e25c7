//! Loops of no iteration or one, which are none.

use super::splat;
use rotrace_ir::graph::{GraphBuilder, Op, Scan, ValueId, Values};
use rotrace_ir::{Scalar, Shape};

/// What such a loop gives, without a loop.
pub fn written_out(builder: &mut GraphBuilder, op: &Op, operands: &[ValueId]) -> Option<Values> {
    match op {
        Op::While(looped) if looped.bound == Some(0) => Some(operands[..looped.carried].into()),
        Op::Scan(scan) => match scan.length.as_fixed() {
            Some(0) => Some(unchanged(builder, scan, operands)),
            Some(1) => Some(once(builder, scan, operands)),
            _ => None,
        },
        _ => None,
    }
}

/// What a loop along `scan.length` stacks of slices of this shape.
fn stack(scan: &Scan, slice: &Shape) -> Shape {
    [scan.length].into_iter().chain(slice.iter().copied()).collect()
}

fn unchanged(builder: &mut GraphBuilder, scan: &Scan, operands: &[ValueId]) -> Values {
    let stacks = scan.body.result_types().skip(scan.carried);
    let empty = stacks.map(|ty| splat(builder, Scalar::from_i64(ty.dtype, 0), &stack(scan, &ty.shape)));
    let empty: Vec<ValueId> = empty.collect();
    operands[..scan.carried].iter().copied().chain(empty).collect()
}

fn once(builder: &mut GraphBuilder, scan: &Scan, operands: &[ValueId]) -> Values {
    let mut arguments = operands.to_vec();
    for argument in &mut arguments[scan.carried..scan.carried + scan.scanned] {
        let shape = builder.function().ty(*argument).shape[1..].into();
        *argument = reshaped(builder, *argument, shape);
    }
    let mut results: Values = builder.inline(&scan.body, &arguments).into();
    for result in &mut results[scan.carried..] {
        let shape = stack(scan, &builder.function().ty(*result).shape);
        *result = reshaped(builder, *result, shape);
    }
    results
}

fn reshaped(builder: &mut GraphBuilder, value: ValueId, shape: Shape) -> ValueId {
    builder.push(Op::Reshape { shape }, &[value]).expect("an axis of size 1 more or less")
}
