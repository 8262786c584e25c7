//! Branches, carried loops, nests, sizes of bodies.

use crate::support::{At, GRID, builder, check_all, check_sizes, fixed, index, named, number, read, write};
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Extent, KernelBuilder, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::smallvec;

fn at() -> At {
    smallvec![index(GRID)]
}

/// Loads `x[i]`, transforms it, stores `y[i]`.
pub(crate) fn map(
    name: &str,
    dtype: DType,
    f: impl FnOnce(&mut KernelBuilder, Var) -> Var,
) -> rotrace_ir::kernel::Kernel {
    let mut b = builder(name);
    let x = read(&mut b, dtype, &[named(0)]);
    let value = b.load(x, at());
    let result = f(&mut b, value);
    let dtype = b.dtype(result);
    let y = write(&mut b, dtype, &[named(0)]);
    b.store(y, at(), result);
    b.finish()
}

fn less(b: &mut KernelBuilder, x: Var, limit: f64) -> Var {
    let limit = b.constant(Scalar::from_f64(b.dtype(x), limit));
    b.scalar(ScalarOp::Less, &[x, limit])
}

/// `if x < limit { (x * x, true) } else { (x + 1, x < 3) }`, folded into one value.
fn choose(b: &mut KernelBuilder, x: Var, limit: f64) -> Var {
    let condition = less(b, x, limit);
    b.open_block();
    let square = b.scalar(ScalarOp::Multiply, &[x, x]);
    let yes = b.constant(Scalar::bool(true));
    let then = b.close_block(&[square, yes]);
    b.open_block();
    let one = b.constant(Scalar::from_i64(b.dtype(x), 1));
    let sum = b.scalar(ScalarOp::Add, &[x, one]);
    let small = less(b, x, 3.0);
    let otherwise = b.close_block(&[sum, small]);
    let results = b.branch(condition, then, otherwise);
    let minus = b.scalar(ScalarOp::Negative, &[results[0]]);
    b.scalar(ScalarOp::Select, &[results[1], results[0], minus])
}

#[test]
fn branches() {
    for dtype in [DType::F64, DType::F32, DType::I64, DType::I32, DType::I16] {
        for limit in [-1e6, 0.5, 1e6] {
            check_sizes(&map("branch", dtype, |b, x| choose(b, x, limit)), 12);
        }
        let nested = map("nested_branch", dtype, |b, x| {
            let condition = less(b, x, 2.0);
            b.open_block();
            let inner = choose(b, x, -1.0);
            let then = b.close_block(&[inner]);
            b.open_block();
            let other = choose(b, x, 5.0);
            let otherwise = b.close_block(&[other]);
            b.branch(condition, then, otherwise)[0]
        });
        check_sizes(&nested, 13);
    }
}

/// Runs `x -> x * x - 3` as often as `extent` says, with a counter and a flag beside it.
fn carry(b: &mut KernelBuilder, x: Var, extent: Extent) -> Var {
    let dtype = b.dtype(x);
    let k = b.fresh_index();
    let zero = b.constant(Scalar::i64(0));
    let off = b.constant(Scalar::bool(false));
    let parameters = [b.fresh(dtype), b.fresh(DType::I64), b.fresh(DType::Bool)];
    b.open_block();
    let square = b.scalar(ScalarOp::Multiply, &[parameters[0], parameters[0]]);
    let three = b.constant(Scalar::from_i64(dtype, 3));
    let next = b.scalar(ScalarOp::Subtract, &[square, three]);
    let step = b.index(index(k));
    let count = b.scalar(ScalarOp::Add, &[parameters[1], step]);
    let low = less(b, next, 0.0);
    let flag = b.scalar(ScalarOp::Xor, &[parameters[2], low]);
    let body = b.close_block(&[next, count, flag]);
    let results = b.carry_loop(k, extent, &[x, zero, off], &parameters, body);
    let count = b.cast(dtype, results[1]);
    let flag = b.cast(dtype, results[2]);
    let sum = b.scalar(ScalarOp::Add, &[results[0], count]);
    b.scalar(ScalarOp::Add, &[sum, flag])
}

#[test]
fn carried_loops() {
    for dtype in [DType::F64, DType::F32, DType::I64, DType::U32, DType::I8] {
        for extent in [fixed(0), fixed(1), fixed(6), named(0)] {
            check_sizes(&map("carry", dtype, |b, x| carry(b, x, extent)), 21);
        }
        let both = map("carry_in_branch", dtype, |b, x| {
            let condition = less(b, x, 1.0);
            b.open_block();
            let inner = carry(b, x, fixed(3));
            let then = b.close_block(&[inner]);
            b.open_block();
            let otherwise = b.close_block(&[x]);
            b.branch(condition, then, otherwise)[0]
        });
        check_sizes(&both, 22);
    }
}

#[test]
fn nested_loops() {
    // y[i, j] = sum_k a[i, k] * b[k, j], z[i] = max_j y: loops in loops, and a store beside a reduction.
    for dtype in [DType::F64, DType::F32, DType::I32] {
        let mut b = KernelBuilder::new("product", vec!["n".into(), "m".into(), "p".into()], named(0));
        let left = read(&mut b, dtype, &[named(0), named(2)]);
        let right = read(&mut b, dtype, &[named(2), named(1)]);
        let y = write(&mut b, dtype, &[named(0), named(1)]);
        let z = write(&mut b, dtype, &[named(0)]);
        let (j, k) = (b.fresh_index(), b.fresh_index());
        b.open_block();
        b.open_block();
        let first = b.load(left, smallvec![index(GRID), index(k)]);
        let second = b.load(right, smallvec![index(k), index(j)]);
        let product = b.scalar(ScalarOp::Multiply, &[first, second]);
        let body = b.close_block(&[product]);
        let sum = b.reduce_loop(k, named(2), &[Reduction::Sum], body)[0];
        b.store(y, smallvec![index(GRID), index(j)], sum);
        let body = b.close_block(&[sum]);
        let largest = b.reduce_loop(j, named(1), &[Reduction::Maximum], body)[0];
        b.store(z, at(), largest);
        let sizes: Vec<Vec<u64>> = [(0, 1, 1), (2, 0, 3), (2, 3, 0), (3, 4, 5), (5, 17, 33), (1, 1, 70)]
            .map(|(n, m, p)| vec![n, m, p])
            .to_vec();
        check_all(&b.finish(), &sizes, 31);
    }
}

#[test]
fn invariants_load_nothing_in_an_empty_loop() {
    // The table is empty where the loop is: an unguarded load would read past it.
    let mut b = KernelBuilder::new("empty", vec!["n".into(), "m".into()], named(0));
    let table = read(&mut b, DType::F64, &[named(1)]);
    let x = read(&mut b, DType::F64, &[named(0)]);
    let y = write(&mut b, DType::F64, &[named(0)]);
    let j = b.fresh_index();
    b.open_block();
    let first = b.load(table, smallvec![number(0)]);
    let element = b.load(table, smallvec![index(j)]);
    let product = b.scalar(ScalarOp::Multiply, &[first, element]);
    let body = b.close_block(&[product]);
    let sum = b.reduce_loop(j, named(1), &[Reduction::Sum], body)[0];
    let value = b.load(x, at());
    let total = b.scalar(ScalarOp::Multiply, &[sum, value]);
    b.store(y, at(), total);
    check_all(&b.finish(), &[vec![3, 0], vec![3, 1], vec![0, 5], vec![5, 40]], 32);
}

/// A chain of `length` operations with many values alive.
pub(crate) fn long(length: usize) -> rotrace_ir::kernel::Kernel {
    map("long", DType::F64, |b, x| {
        let mut values = vec![x];
        for step in 0..length {
            let other = values[step * 7 / 11];
            let last = values[step];
            let constant = b.constant(Scalar::f64(1.0 + step as f64 / 64.0));
            values.push(b.scalar(ScalarOp::Fma, &[last, constant, other]));
        }
        values[length]
    })
}

#[test]
fn long_bodies() {
    check_sizes(&long(300), 41);
    // Beyond the size at which the fast register allocator takes over.
    check_sizes(&long(4000), 42);
}
