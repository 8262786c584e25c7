//! Reductions in their defined order.

use crate::support::{GRID, check_all, fixed, index, named, number, read, write};
use rotrace_ir::DType;
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Affine, Extent, IndexId, Kernel, KernelBuilder};
use rotrace_ir::reduce::BLOCK;
use rotrace_ir::scalar::ScalarOp;
use smallvec::{SmallVec, smallvec};

fn lengths() -> Vec<Vec<u64>> {
    (0..=70).chain([4096, 5000]).map(|length| vec![length]).collect()
}

/// `y[0] = reduce(x)`.
fn whole(kind: Reduction, dtype: DType) -> Kernel {
    let mut b = KernelBuilder::new(format!("{kind:?}_{dtype}"), vec!["n".into()], fixed(1));
    let x = read(&mut b, dtype, &[named(0)]);
    let y = write(&mut b, dtype, &[fixed(1)]);
    let j = b.fresh_index();
    b.open_block();
    let element = b.load(x, smallvec![index(j)]);
    let body = b.close_block(&[element]);
    let result = b.reduce_loop(j, named(0), &[kind], body)[0];
    b.store(y, smallvec![index(GRID)], result);
    b.finish()
}

#[test]
fn every_kind() {
    for kind in Reduction::ALL {
        for dtype in DType::ALL.into_iter().filter(|&dtype| kind.accepts(dtype)) {
            check_all(&whole(kind, dtype), &lengths(), 100 + kind as u64);
        }
    }
}

#[test]
fn fixed_lengths() {
    for kind in [Reduction::Sum, Reduction::Maximum, Reduction::Minimum, Reduction::Product] {
        for dtype in [DType::F64, DType::F32, DType::I32] {
            for length in [0, 1, 2, 3, 5, 8, 15, 16, 17, 32, 40] {
                let mut b = KernelBuilder::new("fixed", vec!["n".into()], named(0));
                let x = read(&mut b, dtype, &[named(0), fixed(length)]);
                let y = write(&mut b, dtype, &[named(0)]);
                let j = b.fresh_index();
                b.open_block();
                let element = b.load(x, smallvec![index(GRID), index(j)]);
                let body = b.close_block(&[element]);
                let result = b.reduce_loop(j, fixed(length), &[kind], body)[0];
                b.store(y, smallvec![index(GRID)], result);
                check_all(&b.finish(), &[vec![0], vec![1], vec![6]], 7);
            }
        }
    }
}

#[test]
fn several_accumulators_over_rows() {
    // Sum of squares, largest element, whether any is negative, count: of rows [m, 3], with a long body.
    for dtype in [DType::F64, DType::F32] {
        for long in [0, 40] {
            let mut b = KernelBuilder::new(format!("several_{dtype}_{long}"), vec!["n".into(), "m".into()], named(0));
            let x = read(&mut b, dtype, &[named(0), named(1), fixed(3)]);
            let sums = write(&mut b, dtype, &[named(0)]);
            let most = write(&mut b, dtype, &[named(0)]);
            let signs = write(&mut b, DType::Bool, &[named(0)]);
            let counts = write(&mut b, DType::I64, &[named(0)]);
            let j = b.fresh_index();
            b.open_block();
            let v: Vec<_> = (0..3).map(|k| b.load(x, smallvec![index(GRID), index(j), number(k)])).collect();
            let mut sum = b.scalar(ScalarOp::Multiply, &[v[0], v[0]]);
            for k in 1..3 + long {
                sum = b.scalar(ScalarOp::Fma, &[v[k % 3], v[(k + 1) % 3], sum]);
            }
            let negative = b.scalar(ScalarOp::Less, &[v[0], v[2]]);
            let position = b.index(index(j));
            let body = b.close_block(&[sum, v[1], negative, position]);
            let kinds = [Reduction::Sum, Reduction::Minimum, Reduction::Any, Reduction::Sum];
            let results = b.reduce_loop(j, named(1), &kinds, body);
            for (buffer, &result) in [sums, most, signs, counts].into_iter().zip(&results) {
                b.store(buffer, smallvec![index(GRID)], result);
            }
            let sizes: Vec<Vec<u64>> = (0..=35).map(|m| vec![3, m]).chain([vec![0, 4], vec![1, 700]]).collect();
            check_all(&b.finish(), &sizes, 55);
        }
    }
}

/// `BLOCK * block + j`.
fn in_block(block: IndexId, j: IndexId) -> Affine {
    index(block).times(BLOCK as i64).and_then(|start| start.plus(&index(j))).expect("no names")
}

#[test]
fn blocks_of_a_long_axis() {
    // Partial results of blocks by one kernel whose grid counts blocks, and all at once by two nested loops.
    let dim = Dim::named(DimId(0));
    for dtype in [DType::F64, DType::F32, DType::I64] {
        let mut b = KernelBuilder::new("partials", vec!["n".into()], Extent::Blocks(dim));
        let x = read(&mut b, dtype, &[named(0)]);
        let y = write(&mut b, dtype, &[Extent::Blocks(dim)]);
        let j = b.fresh_index();
        b.open_block();
        let element = b.load(x, smallvec![in_block(GRID, j)]);
        let body = b.close_block(&[element]);
        let sum = b.reduce_loop(j, Extent::Block { dim, index: GRID }, &[Reduction::Sum], body)[0];
        b.store(y, smallvec![index(GRID)], sum);
        check_all(&b.finish(), &[vec![0], vec![1], vec![4096], vec![4097], vec![20_000]], 66);

        let mut b = KernelBuilder::new("axis", vec!["n".into()], fixed(1));
        let x = read(&mut b, dtype, &[named(0)]);
        let y = write(&mut b, dtype, &[fixed(1)]);
        let (block, j) = (b.fresh_index(), b.fresh_index());
        b.open_block();
        b.open_block();
        let element = b.load(x, smallvec![in_block(block, j)]);
        let body = b.close_block(&[element]);
        let partial = b.reduce_loop(j, Extent::Block { dim, index: block }, &[Reduction::Sum], body)[0];
        let body = b.close_block(&[partial]);
        let sum = b.reduce_loop(block, Extent::Blocks(dim), &[Reduction::Sum], body)[0];
        b.store(y, SmallVec::from_vec(vec![number(0)]), sum);
        check_all(&b.finish(), &[vec![0], vec![1], vec![4096], vec![5000], vec![80_000]], 67);
    }
}
