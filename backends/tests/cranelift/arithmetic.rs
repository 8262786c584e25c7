//! Every core operation and conversion on every dtype.

use crate::support::{At, GRID, builder, check_sizes, index, named, read, write};
use rotrace_ir::DType;
use rotrace_ir::kernel::{Kernel, KernelBuilder, Var};
use rotrace_ir::scalar::{ScalarOp, TABLE};
use smallvec::smallvec;

fn at() -> At {
    smallvec![index(GRID)]
}

/// `out[i] = f(in0[i], in1[i], ...)`.
fn elementwise(name: &str, inputs: &[DType], f: impl FnOnce(&mut KernelBuilder, &[Var]) -> Var) -> Kernel {
    let mut b = builder(name);
    let buffers: Vec<_> = inputs.iter().map(|&dtype| read(&mut b, dtype, &[named(0)])).collect();
    let values: Vec<Var> = buffers.into_iter().map(|buffer| b.load(buffer, at())).collect();
    let result = f(&mut b, &values);
    let dtype = b.dtype(result);
    let out = write(&mut b, dtype, &[named(0)]);
    b.store(out, at(), result);
    b.finish()
}

#[test]
fn core_operations() {
    for row in &TABLE {
        for dtype in DType::ALL.into_iter().filter(|&dtype| row.op.is_core(dtype)) {
            let mut inputs = vec![dtype; row.arity];
            if row.op == ScalarOp::Select {
                inputs[0] = DType::Bool;
            }
            let kernel = elementwise(&format!("{}_{dtype}", row.name), &inputs, |b, values| b.scalar(row.op, values));
            check_sizes(&kernel, row.op as u64);
        }
    }
}

#[test]
fn operations_with_a_constant() {
    use rotrace_ir::Scalar;
    for dtype in DType::ALL.into_iter().filter(|dtype| dtype.is_integer()) {
        for amount in [0, 1, 5, 31, 32, 63, 64, -1] {
            for op in [ScalarOp::ShiftLeft, ScalarOp::ShiftRight, ScalarOp::FloorDivide, ScalarOp::Remainder] {
                let kernel = elementwise(&format!("{op}_{amount}_{dtype}"), &[dtype], |b, x| {
                    let amount = b.constant(Scalar::from_i64(dtype, amount));
                    b.scalar(op, &[x[0], amount])
                });
                check_sizes(&kernel, 5);
            }
        }
    }
}

#[test]
fn conversions() {
    for from in DType::ALL {
        for to in DType::ALL {
            let kernel = elementwise(&format!("{from}_to_{to}"), &[from], |b, x| b.cast(to, x[0]));
            check_sizes(&kernel, 77);
            if from.size() == to.size() && from != DType::Bool && to != DType::Bool {
                let kernel = elementwise(&format!("{from}_as_{to}"), &[from], |b, x| b.bitcast(to, x[0]));
                check_sizes(&kernel, 78);
            }
        }
    }
}

#[test]
fn masks_of_mixed_widths() {
    let kernel = elementwise("masks", &[DType::F64, DType::F32, DType::Bool], |b, x| {
        let zero = b.constant(rotrace_ir::Scalar::f64(0.0));
        let zero32 = b.constant(rotrace_ir::Scalar::f32(0.0));
        let wide = b.scalar(ScalarOp::Less, &[x[0], zero]);
        let narrow = b.scalar(ScalarOp::Greater, &[x[1], zero32]);
        let both = b.scalar(ScalarOp::And, &[wide, narrow]);
        let either = b.scalar(ScalarOp::Or, &[narrow, wide]);
        let odd = b.scalar(ScalarOp::Xor, &[both, x[2]]);
        let chosen = b.scalar(ScalarOp::Select, &[odd, wide, either]);
        let wide_choice = b.scalar(ScalarOp::Select, &[narrow, x[0], zero]);
        let narrow_choice = b.scalar(ScalarOp::Select, &[wide, x[1], zero32]);
        let promoted = b.cast(DType::F64, narrow_choice);
        let sum = b.scalar(ScalarOp::Add, &[promoted, wide_choice]);
        let flag = b.cast(DType::F64, chosen);
        b.scalar(ScalarOp::Multiply, &[sum, flag])
    });
    check_sizes(&kernel, 3);
}

#[test]
fn negations_in_fused_operations() {
    for dtype in [DType::F32, DType::F64] {
        let kernel = elementwise("negations", &[dtype; 3], |b, x| {
            let minus = b.scalar(ScalarOp::Negative, &[x[0]]);
            let minus_z = b.scalar(ScalarOp::Negative, &[x[2]]);
            let first = b.scalar(ScalarOp::Fma, &[minus, x[1], x[2]]);
            let second = b.scalar(ScalarOp::Fma, &[minus, x[1], minus_z]);
            let third = b.scalar(ScalarOp::Multiply, &[first, second]);
            b.scalar(ScalarOp::Subtract, &[third, minus])
        });
        check_sizes(&kernel, 9);
    }
}
