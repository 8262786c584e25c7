//! Every pattern of access, with guarded buffer ends.

use crate::support::{At, GRID, affine, builder, check_all, check_sizes, fixed, index, named, number, read, write};
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::kernel::{Affine, Extent, KernelBuilder, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::{SmallVec, smallvec};

const DTYPES: [DType; 5] = [DType::F64, DType::F32, DType::I64, DType::U32, DType::Bool];

fn row(element: i64) -> At {
    smallvec![index(GRID), number(element)]
}

/// An operation that any dtype has.
fn mix(b: &mut KernelBuilder, x: Var, y: Var) -> Var {
    let op = match b.dtype(x) {
        DType::Bool => ScalarOp::Xor,
        DType::F32 | DType::F64 => ScalarOp::Subtract,
        _ => ScalarOp::Add,
    };
    b.scalar(op, &[x, y])
}

/// Loads the elements `loaded` of rows of `width` and stores sums of neighbours as the elements `stored` of rows of
/// `out_width`; the rest is stored by a second pass of plain copies so that every element is stored once.
fn rows(dtype: DType, width: u64, loaded: &[i64], out_width: u64) {
    let mut b = builder(&format!("rows_{dtype}_{width}_{}_{out_width}", loaded.len()));
    let x = read(&mut b, dtype, &[named(0), fixed(width)]);
    let y = write(&mut b, dtype, &[named(0), fixed(out_width)]);
    let values: Vec<Var> = loaded.iter().map(|&element| b.load(x, row(element))).collect();
    // Last to first: the order of stores is not the order in memory.
    for element in (0..out_width as usize).rev() {
        let value = mix(&mut b, values[element % values.len()], values[(element + 1) % values.len()]);
        b.store(y, row(element as i64), value);
    }
    check_sizes(&b.finish(), width);
}

#[test]
fn whole_rows() {
    for dtype in DTYPES {
        for width in [1, 2, 3, 4, 5, 6, 7, 9, 12, 16, 17] {
            let all: Vec<i64> = (0..width as i64).collect();
            rows(dtype, width, &all, width);
        }
        rows(dtype, 4, &[0, 1, 2, 3], 3);
        rows(dtype, 3, &[0, 1, 2], 4);
        rows(dtype, 9, &[0, 1, 2, 3, 4, 5, 6, 7, 8], 16);
    }
}

#[test]
fn partial_rows() {
    for dtype in DTYPES {
        for (width, loaded) in [
            (3, &[0, 1][..]),
            (3, &[1, 2]),
            (3, &[0, 2]),
            (3, &[1]),
            (4, &[1, 2, 3]),
            (4, &[0, 3]),
            (7, &[3, 4, 5, 6]),
            (7, &[6]),
            (9, &[0, 4, 8]),
            (9, &[1, 2, 3, 5, 6, 7]),
            (16, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ] {
            rows(dtype, width, loaded, 2);
        }
    }
}

#[test]
fn rows_of_matrices() {
    for dtype in DTYPES {
        let mut b = builder("transpose");
        let x = read(&mut b, dtype, &[named(0), fixed(3), fixed(3)]);
        let y = write(&mut b, dtype, &[named(0), fixed(3), fixed(3)]);
        for (i, j) in (0..9).map(|element| (element / 3, element % 3)) {
            let value = b.load(x, smallvec![index(GRID), number(i), number(j)]);
            b.store(y, smallvec![index(GRID), number(j), number(i)], value);
        }
        check_sizes(&b.finish(), 1);
    }
}

#[test]
fn broadcast_shifted_and_reversed() {
    for dtype in DTYPES {
        let mut b = builder("neighbours");
        let longer = Extent::Dim(Dim { name: Some(DimId(0)), constant: 2 });
        let x = read(&mut b, dtype, &[longer]);
        let table = read(&mut b, dtype, &[fixed(4)]);
        let y = write(&mut b, dtype, &[named(0)]);
        let z = write(&mut b, dtype, &[named(0)]);
        let values: Vec<Var> = (0..3).map(|shift| b.load(x, smallvec![affine(GRID, 1, shift)])).collect();
        let backwards: Affine = index(GRID)
            .times(-1)
            .and_then(|minus| minus.plus(&Affine { terms: SmallVec::new(), offset: Dim::named(DimId(0)) }))
            .expect("one name");
        let last = b.load(x, smallvec![backwards.clone()]);
        let uniform = b.load(table, smallvec![number(2)]);
        let first = mix(&mut b, values[0], values[1]);
        let second = mix(&mut b, values[2], last);
        let third = mix(&mut b, first, second);
        let all = mix(&mut b, third, uniform);
        b.store(y, smallvec![index(GRID)], all);
        let down = backwards.plus(&number(-1)).expect("one name");
        b.store(z, smallvec![down], first);
        check_sizes(&b.finish(), 2);
    }
}

#[test]
fn rows_beside_what_lies_side_by_side() {
    for dtype in DTYPES {
        for width in [2, 4, 8] {
            let mut b = builder(&format!("beside_{dtype}_{width}"));
            let rows = read(&mut b, dtype, &[named(0), fixed(width)]);
            let x = read(&mut b, dtype, &[named(0)]);
            let [y, z] = [(); 2].map(|()| write(&mut b, dtype, &[named(0)]));
            let copied = write(&mut b, dtype, &[named(0), fixed(width)]);
            let backwards = index(GRID)
                .times(-1)
                .and_then(|minus| minus.plus(&Affine { terms: SmallVec::new(), offset: Dim::named(DimId(0)) }))
                .and_then(|end| end.plus(&number(-1)))
                .expect("one name");
            let elements: Vec<Var> = (0..width as i64).map(|element| b.load(rows, row(element))).collect();
            let [ahead, back] = [index(GRID), backwards.clone()].map(|at| b.load(x, smallvec![at]));
            let first = mix(&mut b, elements[0], ahead);
            b.store(y, smallvec![index(GRID)], first);
            let last = mix(&mut b, back, elements[width as usize - 1]);
            b.store(z, smallvec![backwards], last);
            for (number, element) in elements.into_iter().enumerate() {
                let value = mix(&mut b, element, ahead);
                b.store(copied, row(number as i64), value);
            }
            check_sizes(&b.finish(), width);
        }
    }
}

#[test]
fn strides_of_named_dimensions() {
    for dtype in [DType::F64, DType::F32, DType::Bool] {
        // out[i, j, k] over a grid of columns: every step along the grid is a whole number of rows apart.
        let mut b = KernelBuilder::new("columns", vec!["n".into(), "m".into()], named(0));
        let x = read(&mut b, dtype, &[fixed(2), named(0), named(1), fixed(2)]);
        let t = read(&mut b, dtype, &[named(1), named(0)]);
        let y = write(&mut b, dtype, &[named(0), named(1), fixed(2)]);
        let z = write(&mut b, dtype, &[named(1), named(0)]);
        let j = b.fresh_index();
        b.open_block();
        for k in 0..2 {
            let value = b.load(x, smallvec![number(1), index(GRID), index(j), number(k)]);
            let other = b.load(t, smallvec![index(j), index(GRID)]);
            let sum = mix(&mut b, value, other);
            b.store(y, smallvec![index(GRID), index(j), number(k)], sum);
            if k == 0 {
                b.store(z, smallvec![index(j), index(GRID)], sum);
            }
        }
        let body = b.close_block(&[]);
        b.reduce_loop(j, named(1), &[], body);
        let sizes: Vec<Vec<u64>> = [(0, 3), (3, 0), (1, 1), (5, 7), (9, 2), (4, 33)].map(|(n, m)| vec![n, m]).to_vec();
        check_all(&b.finish(), &sizes, 8);
    }
}

#[test]
fn grid_over_a_dynamic_stride() {
    for dtype in DTYPES {
        let mut b = KernelBuilder::new("column", vec!["n".into(), "m".into()], named(0));
        let x = read(&mut b, dtype, &[named(0), named(1)]);
        let y = write(&mut b, dtype, &[named(0)]);
        let value = b.load(x, smallvec![index(GRID), number(1)]);
        let same = mix(&mut b, value, value);
        b.store(y, smallvec![index(GRID)], same);
        let sizes: Vec<Vec<u64>> = [(0, 3), (1, 2), (5, 7), (33, 2)].map(|(n, m)| vec![n, m]).to_vec();
        check_all(&b.finish(), &sizes, 8);
    }
}

#[test]
fn every_second_and_third_element() {
    for dtype in DTYPES {
        for step in [2, 3, 20] {
            let mut b = builder(&format!("step_{step}"));
            // n elements are read from just enough of them: the last row is not whole.
            let x = read(&mut b, dtype, &[fixed(step * 40)]);
            let y = write(&mut b, dtype, &[fixed(40)]);
            let value = b.load(x, smallvec![affine(GRID, step as i64, 1)]);
            let other = b.load(x, smallvec![affine(GRID, step as i64, 0)]);
            let sum = mix(&mut b, value, other);
            b.store(y, smallvec![index(GRID)], sum);
            check_all(&b.finish(), &[vec![0], vec![1], vec![39], vec![40]], 4);
        }
    }
}

#[test]
fn indices_lookups_and_mixed_widths() {
    let mut b = builder("mixed");
    let table =
        b.table(rotrace_ir::kernel::Table { dtype: DType::F32, elements: (0..7_u64).map(|k| k << 23).collect() });
    let flags = b.table(rotrace_ir::kernel::Table { dtype: DType::Bool, elements: [1, 0, 1].into() });
    let x = read(&mut b, DType::F32, &[named(0), fixed(3)]);
    let w = read(&mut b, DType::F64, &[named(0), fixed(4)]);
    let y = write(&mut b, DType::F64, &[named(0), fixed(3)]);
    let z = write(&mut b, DType::F32, &[named(0), fixed(4)]);
    let t = write(&mut b, DType::Bool, &[named(0)]);
    let s = write(&mut b, DType::I64, &[named(0)]);
    let position = b.index(affine(GRID, -2, 5));
    let looked = b.lookup(table, position);
    let flag = b.lookup(flags, position);
    b.store(s, smallvec![index(GRID)], position);
    for k in 0..3 {
        let narrow = b.load(x, row(k));
        let wide = b.load(w, row(k + 1));
        let promoted = b.cast(DType::F64, narrow);
        let sum = b.scalar(ScalarOp::Add, &[wide, promoted]);
        b.store(y, row(k), sum);
        let product = b.scalar(ScalarOp::Multiply, &[narrow, looked]);
        b.store(z, row(k), product);
        if k == 2 {
            let zero = b.constant(Scalar::f64(0.0));
            let positive = b.scalar(ScalarOp::Less, &[zero, sum]);
            let both = b.scalar(ScalarOp::Or, &[positive, flag]);
            b.store(t, smallvec![index(GRID)], both);
            let demoted = b.cast(DType::F32, sum);
            b.store(z, row(3), demoted);
        }
    }
    check_sizes(&b.finish(), 6);
}

#[test]
fn narrow_integers() {
    for dtype in [DType::I8, DType::U8, DType::I16, DType::U16] {
        rows(dtype, 3, &[0, 1, 2], 3);
    }
}
