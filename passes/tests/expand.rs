//! The expanded definitions compute what the interpreter's definitions compute, in core operations only.

use rotrace_ir::elementary::evaluate;
use rotrace_ir::kernel::{Access, Affine, Block, Extent, IndexId, Inst, Kernel, KernelBuilder, LoopKind, Var, extents};
use rotrace_ir::scalar::{TABLE, evaluate_core};
use rotrace_ir::{DType, Dim, Scalar, ScalarOp};
use rotrace_passes::expand::{emit, expand};
use smallvec::smallvec;
use std::collections::BTreeMap;

/// Runs blocks of a kernel without loads: every `load` of buffer `k` is operand `k`.
struct Run<'k> {
    kernel: &'k Kernel,
    operands: &'k [Scalar],
    values: BTreeMap<Var, Scalar>,
    stored: Vec<Scalar>,
}

impl Run<'_> {
    fn get(&self, var: Var) -> Scalar {
        self.values[&var]
    }

    fn block(&mut self, block: &Block) -> Vec<Scalar> {
        for inst in &block.insts {
            self.inst(inst);
        }
        block.yields.iter().map(|&var| self.get(var)).collect()
    }

    fn inst(&mut self, inst: &Inst) {
        let (results, values): (Vec<Var>, Vec<Scalar>) = match inst {
            Inst::Constant { result, value } => (vec![*result], vec![*value]),
            Inst::Scalar { result, op, operands } => {
                let operands: Vec<Scalar> = operands.iter().map(|&var| self.get(var)).collect();
                (vec![*result], vec![evaluate_core(*op, &operands).unwrap_or_else(|| panic!("{op} is not core"))])
            }
            Inst::Cast { result, operand } => {
                (vec![*result], vec![self.get(*operand).cast(self.kernel.dtype(*result))])
            }
            Inst::Bitcast { result, operand } => {
                let (from, to) = (self.get(*operand), self.kernel.dtype(*result));
                assert_eq!(from.dtype.bits(), to.bits());
                (vec![*result], vec![Scalar::from_bits(to, from.bits)])
            }
            Inst::Load { result, buffer, .. } => (vec![*result], vec![self.operands[buffer.0 as usize]]),
            Inst::Store { value, .. } => {
                self.stored.push(self.get(*value));
                return;
            }
            Inst::Lookup { result, table, index } => {
                let table = &self.kernel.tables[table.0 as usize];
                let element =
                    usize::try_from(self.get(*index).as_i64()).ok().and_then(|index| table.elements.get(index));
                (vec![*result], vec![Scalar::from_bits(table.dtype, *element.unwrap_or(&table.elements[0]))])
            }
            Inst::If { results, condition, then, otherwise, .. } => {
                let side = if self.get(*condition).as_bool() { then } else { otherwise };
                (results.to_vec(), self.block(side))
            }
            Inst::Loop(nested) => {
                let LoopKind::Carry { initial, parameters } = &nested.kind else {
                    panic!("definitions reduce nothing")
                };
                let count = nested.extent.size(&[]).expect("a fixed number of steps");
                let mut state: Vec<Scalar> = initial.iter().map(|&var| self.get(var)).collect();
                for _ in 0..count {
                    self.values.extend(parameters.iter().copied().zip(state));
                    state = self.block(&nested.body);
                }
                (nested.results.to_vec(), state)
            }
            Inst::Index { .. } => panic!("definitions have no coordinates"),
        };
        self.values.extend(results.into_iter().zip(values));
    }
}

fn run(kernel: &Kernel, operands: &[Scalar]) -> Vec<Scalar> {
    let mut run = Run { kernel, operands, values: BTreeMap::new(), stored: Vec::new() };
    run.block(&kernel.body);
    run.stored
}

/// A kernel that stores some operations of its operands, which have the dtypes of `operands`.
fn kernel_of(ops: &[ScalarOp], operands: &[DType]) -> Kernel {
    let mut builder = KernelBuilder::new("test", vec![], Extent::fixed(1));
    let shape = extents(&smallvec![Dim::fixed(1)]);
    let at = || smallvec![Affine::index(IndexId(0))];
    let buffers: Vec<_> = operands.iter().map(|&dtype| builder.buffer(dtype, shape.clone(), Access::Read)).collect();
    let loads: Vec<Var> = buffers.into_iter().map(|buffer| builder.load(buffer, at())).collect();
    for &op in ops {
        let result = builder.scalar(op, &loads[..op.arity()]);
        let buffer = builder.buffer(builder.dtype(result), shape.clone(), Access::Write);
        builder.store(buffer, at(), result);
    }
    builder.finish()
}

fn operand_dtypes(op: ScalarOp, dtype: DType) -> Vec<DType> {
    let mut dtypes = vec![dtype; op.arity()];
    if op == ScalarOp::Select {
        dtypes[0] = DType::Bool;
    }
    dtypes
}

/// Numbers of a dtype: simple ones, extremes and random patterns.
fn numbers(dtype: DType, seed: &mut u64) -> Vec<Scalar> {
    let mut all: Vec<Scalar> =
        [0.0, -0.0, 1.0, -1.0, 2.0, 3.5, -0.3, 0.7, 1e-9, 1e9, 45.5, 711.0, -746.0, 1e300, 3e-320]
            .into_iter()
            .chain([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e22, -1e200])
            .map(|value| Scalar::from_f64(dtype, value))
            .collect();
    for _ in 0..12 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.push(Scalar::from_bits(dtype, *seed ^ (*seed >> 29)));
    }
    all
}

#[test]
fn expanded_kernels_compute_the_same_bits() {
    let mut seed = 1;
    for row in &TABLE {
        for dtype in DType::ALL.into_iter().filter(|&dtype| row.accepts.accepts(dtype)) {
            let dtypes = operand_dtypes(row.op, dtype);
            let kernel = expand(&kernel_of(&[row.op], &dtypes));
            let columns: Vec<Vec<Scalar>> = dtypes.iter().map(|&dtype| numbers(dtype, &mut seed)).collect();
            for (k, &x) in columns[0].iter().enumerate() {
                for (j, &y) in columns[columns.len().min(2) - 1].iter().enumerate() {
                    if columns.len() == 1 && j > 0 {
                        break;
                    }
                    let z = columns[columns.len() - 1][(k * 7 + j) % columns[0].len()];
                    let operands = [x, y, z];
                    let operands = &operands[..row.arity];
                    let (got, expected) = (run(&kernel, operands)[0], evaluate(row.op, operands));
                    assert!(got.same(expected), "{}{operands:?}: {got:?} instead of {expected:?}", row.name);
                }
            }
        }
    }
}

/// Instructions that compute, by whether they run for every operand or in one side of a branch.
fn count(block: &Block) -> (usize, usize) {
    let mut counts = (0, 0);
    for inst in &block.insts {
        match inst {
            Inst::Constant { .. } | Inst::Load { .. } | Inst::Store { .. } | Inst::Bitcast { .. } => {}
            Inst::Scalar { .. } | Inst::Cast { .. } | Inst::Lookup { .. } | Inst::Index { .. } => counts.0 += 1,
            Inst::If { then, otherwise, .. } => {
                let (then, otherwise) = (count(then), count(otherwise));
                counts.0 += then.0 + 1;
                counts.1 += then.1 + otherwise.0 + otherwise.1;
            }
            Inst::Loop(nested) => counts.0 += count(&nested.body).0 * nested.extent.size(&[]).unwrap_or(1) as usize,
        }
    }
    counts
}

#[test]
fn definitions_are_short() {
    for row in &TABLE {
        if !row.accepts.accepts(DType::F64) || row.op.is_core(DType::F64) {
            continue;
        }
        let [(hot, rare), single] = [DType::F64, DType::F32]
            .map(|dtype| count(&expand(&kernel_of(&[row.op], &operand_dtypes(row.op, dtype))).body));
        println!("{:>12} {hot:3} operations, {rare:3} more in rare branches; of singles {single:?}", row.name);
        assert!(hot <= 130, "{} takes {hot} operations", row.name);
        // Three of them convert.
        assert!(single.0 <= hot + 3, "{} of singles takes {} operations", row.name, single.0);
    }
}

#[test]
fn sine_and_cosine_share_their_reduction() {
    let alone = |op| count(&expand(&kernel_of(&[op], &[DType::F64])).body).0;
    let (both, _) = count(&expand(&kernel_of(&[ScalarOp::Sin, ScalarOp::Cos], &[DType::F64])).body);
    println!("{:>12} {both:3} operations", "sin and cos");
    assert!(both < alone(ScalarOp::Sin) + 12, "{both} operations for both");
}

#[test]
fn equal_operations_are_emitted_once_where_both_are_visible() {
    let mut builder = KernelBuilder::new("test", vec![], Extent::fixed(1));
    let x = builder.constant(Scalar::f64(0.5));
    builder.open_block();
    let inside = emit(&mut builder, ScalarOp::Sin, &[x]);
    let _ = builder.close_block(&[inside]);
    let outside = emit(&mut builder, ScalarOp::Sin, &[x]);
    assert_ne!(inside, outside, "a value of a closed block is not visible");
    assert_eq!(emit(&mut builder, ScalarOp::Sin, &[x]), outside);
}

#[test]
fn loops_and_branches_are_kept() {
    let mut builder = KernelBuilder::new("test", vec![], Extent::fixed(1));
    let (start, half) = (builder.constant(Scalar::f64(0.1)), builder.constant(Scalar::f64(0.5)));
    let (index, parameter) = (builder.fresh_index(), builder.fresh(DType::F64));
    builder.open_block();
    let large = builder.scalar(ScalarOp::Less, &[half, parameter]);
    builder.open_block();
    let then = builder.scalar(ScalarOp::Cos, &[parameter]);
    let then = builder.close_block(&[then]);
    builder.open_block();
    let otherwise = builder.scalar(ScalarOp::Exp, &[parameter]);
    let otherwise = builder.close_block(&[otherwise]);
    let next = builder.branch(large, then, otherwise);
    let body = builder.close_block(&next);
    let results = builder.carry_loop(index, Extent::fixed(3), &[start], &[parameter], body);
    let shape = extents(&smallvec![Dim::fixed(1)]);
    let buffer = builder.buffer(DType::F64, shape, Access::Write);
    builder.store(buffer, smallvec![Affine::index(IndexId(0))], results[0]);
    let got = run(&expand(&builder.finish()), &[])[0];
    let step = |op, x| evaluate(op, &[x]);
    let expected = step(ScalarOp::Exp, step(ScalarOp::Cos, step(ScalarOp::Exp, Scalar::f64(0.1))));
    assert_eq!(got, expected);
}
