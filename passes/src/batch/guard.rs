//! Derivatives of what runs for some rows only.
//!
//! A branch runs for all rows, also for those that take another. What it gives for those is dropped, and so their
//! cotangents are 0 at its end; but 0 times an infinite slope is NaN. They are therefore made 0 again at its beginning,
//! ahead of any sum over rows: by a rule on what goes in, which has no other effect and vanishes when compiled.

use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{GraphBuilder, Op, Rule, RuleKind, ValueId};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{Dim, Scalar, Shape};
use std::sync::Arc;

/// The value, whose cotangents count for `rows` only.
pub fn guarded(builder: &mut GraphBuilder, value: ValueId, rows: ValueId) -> Result<ValueId, Violation> {
    let ty = builder.function().ty(value).clone();
    let mask = builder.function().ty(rows).clone();
    let mut rule = GraphBuilder::new("rows", builder.function().dims.clone());
    let [_, mask, cotangent] = [rule.parameter(ty.clone())?, rule.parameter(mask)?, rule.parameter(ty.clone())?];
    let zero = rule.push(Op::constant(Scalar::from_i64(ty.dtype, 0)), &[])?;
    let zeros = rule.push(Op::Broadcast { shape: ty.shape, axes: Vec::new() }, &[zero])?;
    let kept = select_rows(&mut rule, mask, cotangent, zeros)?;
    let rule = Rule { kind: RuleKind::Vjp, wrt: vec![true, false], function: rule.finish(vec![kept]) };
    builder.push(Op::Custom(Arc::new(rule)), &[value, value, rows])
}

/// Rows of `own` where the condition holds, else of `other`.
pub fn select_rows(
    builder: &mut GraphBuilder,
    condition: ValueId,
    own: ValueId,
    other: ValueId,
) -> Result<ValueId, Violation> {
    let shape = builder.function().ty(own).shape.clone();
    let condition = if shape.len() == 1 {
        condition
    } else {
        builder.push(Op::Broadcast { shape, axes: vec![0] }, &[condition])?
    };
    builder.push(Op::Scalar(ScalarOp::Select), &[condition, own, other])
}

/// A value without the axis, repeated along it in front.
pub fn repeated(builder: &mut GraphBuilder, value: ValueId, size: Dim) -> Result<ValueId, Violation> {
    let shape: Shape = [size].into_iter().chain(builder.function().ty(value).shape.iter().copied()).collect();
    let axes = (1..shape.len()).collect();
    builder.push(Op::Broadcast { shape, axes }, &[value])
}
