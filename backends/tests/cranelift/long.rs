//! Bodies and rare sides that are long enough to be written another way: the last vector on copies, sides as routines.

use crate::support::{At, GRID, builder, check_all, check_sizes, fixed, index, named, number, read, write};
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Affine, Extent, Kernel, KernelBuilder, Table, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::{SmallVec, smallvec};

/// Beyond what is written twice.
const LONG: usize = 170;

/// So many operations, none of which can be left out or merged.
fn lengthen(b: &mut KernelBuilder, x: Var, y: Var, count: usize) -> Var {
    let ops = match b.dtype(x) {
        DType::F32 | DType::F64 => [ScalarOp::Subtract, ScalarOp::Multiply, ScalarOp::Add],
        _ => [ScalarOp::Xor, ScalarOp::Add, ScalarOp::Subtract],
    };
    let (mut last, mut before) = (x, y);
    for step in 0..count {
        (last, before) = (b.scalar(ops[step % 3], &[last, before]), last);
    }
    last
}

/// `n - 1 - i`.
fn reversed() -> Affine {
    let last = Affine { terms: SmallVec::new(), offset: Dim { name: Some(DimId(0)), constant: -1 } };
    index(GRID).times(-1).and_then(|back| back.plus(&last)).expect("one name")
}

fn row(element: i64) -> At {
    smallvec![index(GRID), number(element)]
}

#[test]
fn the_last_vector_runs_on_copies() {
    for dtype in [DType::F64, DType::F32, DType::I64, DType::U32] {
        for width in [2, 3, 4, 5, 9, 17] {
            let mut b = builder(&format!("long_{dtype}_{width}"));
            let x = read(&mut b, dtype, &[named(0), fixed(width)]);
            let flags = read(&mut b, DType::Bool, &[named(0)]);
            let backwards = read(&mut b, dtype, &[named(0)]);
            let uniform = read(&mut b, dtype, &[fixed(1)]);
            let y = write(&mut b, dtype, &[named(0), fixed(3)]);
            let z = write(&mut b, DType::Bool, &[named(0)]);
            let turned = write(&mut b, dtype, &[named(0)]);
            let first = b.load(x, row(1));
            let second = b.load(x, row(width as i64 - 1));
            let flag = b.load(flags, smallvec![index(GRID)]);
            let back = b.load(backwards, smallvec![reversed()]);
            let same = b.load(uniform, smallvec![number(0)]);
            let mixed = lengthen(&mut b, first, second, LONG);
            let chosen = b.scalar(ScalarOp::Select, &[flag, mixed, back]);
            let sum = b.scalar(ScalarOp::Add, &[chosen, same]);
            let less = b.scalar(ScalarOp::Less, &[first, sum]);
            [sum, first, mixed].iter().zip([2, 0, 1]).for_each(|(&value, at)| b.store(y, row(at), value));
            b.store(z, smallvec![index(GRID)], less);
            b.store(turned, smallvec![reversed()], sum);
            check_sizes(&b.finish(), width);
        }
    }
}

#[test]
fn elements_too_far_apart_are_not_copied() {
    let mut b = builder("apart");
    let x = read(&mut b, DType::F64, &[named(0), fixed(500)]);
    let y = write(&mut b, DType::F64, &[fixed(2), named(0)]);
    let (first, last) = (b.load(x, row(0)), b.load(x, row(499)));
    let value = lengthen(&mut b, first, last, LONG);
    b.store(y, smallvec![number(0), index(GRID)], value);
    b.store(y, smallvec![number(1), index(GRID)], last);
    check_sizes(&b.finish(), 3);
}

#[test]
fn reductions_of_long_bodies() {
    let lengths: Vec<Vec<u64>> = (0..=37).chain([4096, 5001]).map(|length| vec![length]).collect();
    for dtype in [DType::F64, DType::F32, DType::I64] {
        let mut b = KernelBuilder::new(format!("long_sums_{dtype}"), vec!["n".into()], fixed(1));
        let x = read(&mut b, dtype, &[named(0), fixed(3)]);
        let out = write(&mut b, dtype, &[named(0), fixed(3)]);
        let (sum, any) = (write(&mut b, dtype, &[fixed(1)]), write(&mut b, DType::Bool, &[fixed(1)]));
        let j = b.fresh_index();
        b.open_block();
        let v: Vec<Var> = (0..3).map(|k| b.load(x, smallvec![index(j), number(k)])).collect();
        let mixed = lengthen(&mut b, v[0], v[1], LONG);
        let less = b.scalar(ScalarOp::Less, &[mixed, v[2]]);
        for (at, value) in [v[2], mixed, v[0]].into_iter().enumerate() {
            b.store(out, smallvec![index(j), number(at as i64)], value);
        }
        let body = b.close_block(&[mixed, v[2], less]);
        let kinds = [Reduction::Sum, Reduction::Maximum, Reduction::Any];
        let results = b.reduce_loop(j, named(0), &kinds, body);
        let total = b.scalar(ScalarOp::Add, &[results[0], results[1]]);
        b.store(sum, smallvec![number(0)], total);
        b.store(any, smallvec![number(0)], results[2]);
        check_all(&b.finish(), &lengths, 11);
    }
}

/// `if x < 1 { (x, x + outer) } else { long }`, whose long side looks up a table and repeats a step.
fn rare(b: &mut KernelBuilder, x: Var, outer: Var) -> [Var; 2] {
    let dtype = b.dtype(x);
    let one = b.constant(Scalar::from_i64(dtype, 1));
    let condition = b.scalar(ScalarOp::Less, &[x, one]);
    b.open_block();
    let sum = b.scalar(ScalarOp::Add, &[x, outer]);
    let then = b.close_block(&[x, sum]);
    b.open_block();
    let elements: Vec<u64> = (3..9).map(|k| Scalar::from_i64(dtype, k).bits).collect();
    let table = b.table(Table { dtype, elements: elements.into() });
    let position = b.cast(DType::I64, x);
    let found = b.lookup(table, position);
    let mixed = lengthen(b, x, found, 30);
    let k = b.fresh_index();
    let parameter = b.fresh(dtype);
    b.open_block();
    let next = b.scalar(ScalarOp::Add, &[parameter, one]);
    let body = b.close_block(&[next]);
    let counted = b.carry_loop(k, Extent::fixed(5), &[outer], &[parameter], body)[0];
    let otherwise = b.close_block(&[mixed, counted]);
    let results = b.branch(condition, then, otherwise);
    [results[0], results[1]]
}

/// A kernel with two such branches.
pub(crate) fn with_rare_sides(dtype: DType) -> Kernel {
    let mut b = builder(&format!("rare_{dtype}"));
    let x = read(&mut b, dtype, &[named(0), fixed(2)]);
    let uniform = read(&mut b, dtype, &[fixed(1)]);
    let y = write(&mut b, dtype, &[named(0), fixed(2)]);
    let values = [0, 1].map(|k| b.load(x, row(k)));
    let same = b.load(uniform, smallvec![number(0)]);
    let first = rare(&mut b, values[0], same);
    let second = rare(&mut b, values[1], first[0]);
    let sum = b.scalar(ScalarOp::Add, &[first[1], second[0]]);
    b.store(y, row(0), sum);
    b.store(y, row(1), second[1]);
    b.finish()
}

#[test]
fn rare_sides_give_the_same_bits() {
    for dtype in [DType::F64, DType::F32, DType::I64, DType::I32] {
        check_sizes(&with_rare_sides(dtype), 5);
    }
}
