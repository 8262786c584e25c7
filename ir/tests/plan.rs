//! Plans: printed, verified (one negative test for each constraint of `docs/kernel-ir.md`, named after it) and run.

use rotrace_ir::dim::{Dim, DimId, Type};
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::kernel::InterpretError;
use rotrace_ir::interpret::plan::run_plan;
use rotrace_ir::kernel::Extent;
use rotrace_ir::plan::{KernelStep, Plan, PlanBuffer, PlanBufferId, Step, Storage};
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::plan::verify_plan;
use rotrace_ir::{DType, Scalar};
use smallvec::{SmallVec, smallvec};

const N: Dim = Dim::named(DimId(0));

fn buffer(shape: &[Extent], storage: Storage) -> PlanBuffer {
    PlanBuffer { dtype: DType::F64, shape: shape.into(), storage }
}

fn step(arguments: &[u32], kernel: &str) -> Step {
    let kernel = parse_kernel(kernel).unwrap_or_else(|error| panic!("{error}"));
    Step::Kernel(KernelStep { kernel, arguments: arguments.iter().map(|&buffer| PlanBufferId(buffer)).collect() })
}

/// The kernel step at a place.
fn kernel(plan: &mut Plan, position: usize) -> &mut KernelStep {
    let Step::Kernel(step) = &mut plan.steps[position] else { panic!("step {position} is no kernel") };
    step
}

/// The weighted sum over all elements of a matrix: seen as one long row, reduced by blocks, then over the blocks.
fn plan() -> Plan {
    let weights = Constant::from_scalars(DType::F64, vec![2], [0.5, 2.0].map(Scalar::f64));
    let partial = "kernel @partial(dims n; read %0: f64[n, 2], read %1: f64[1, 2], write %2: f64[blocks(n)]) {
      grid i0 in blocks(n) {
        v8: f64 = reduce i1 in block(n, i0) [sum] {
          v0: f64 = load %0[4096*i0 + i1, 0]
          v1: f64 = load %0[4096*i0 + i1, 1]
          v2: f64 = load %1[0, 0]
          v3: f64 = load %1[0, 1]
          v4: f64 = multiply v0, v2
          v5: f64 = fma v1, v3, v4
          yield v5
        }
        store %2[i0] v8
      }
    }";
    let total = "kernel @total(dims n; read %0: f64[blocks(n)], write %1: f64[]) {
      grid i0 in 1 {
        v1: f64 = reduce i1 in blocks(n) [sum] { v0: f64 = load %0[i1] yield v0 }
        store %1[] v1
      }
    }";
    Plan {
        name: "weighted".to_owned(),
        dims: vec!["n".to_owned()],
        inputs: vec![Type::new(DType::F64, SmallVec::from_slice(&[N, Dim::fixed(2)]))],
        outputs: vec![Type::scalar(DType::F64)],
        buffers: vec![
            buffer(&[Extent::Dim(N), Extent::fixed(2)], Storage::Input(0)),
            buffer(&[Extent::fixed(2)], Storage::Constant(weights)),
            buffer(&[Extent::Blocks(N)], Storage::Temporary),
            buffer(&[], Storage::Output(0)),
        ],
        steps: vec![step(&[0, 1, 2], partial), step(&[2, 3], total)],
    }
}

fn violates(plan: &Plan, constraint: &str, message: &str) {
    let found = verify_plan(plan);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(!found.is_empty() && found.iter().all(|diagnostic| diagnostic.constraint == constraint), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains(message)), "{message}: {texts:?}");
}

fn matrix(rows: u64) -> Constant {
    let elements = (0..rows * 2).map(|value| Scalar::f64(value as f64));
    Constant::from_scalars(DType::F64, vec![rows, 2], elements)
}

#[test]
fn a_plan_runs_for_any_size() {
    for rows in [0, 1, 3, 4096, 4097, 10_000] {
        let expected: f64 = (0..rows).map(|row| 0.5 * (2 * row) as f64 + 2.0 * (2 * row + 1) as f64).sum();
        let results = run_plan(&plan(), &[matrix(rows)]).unwrap_or_else(|error| panic!("{rows}: {error}"));
        // All sums here are exact, but over no elements a reduce loop gives its identity.
        let expected = if rows == 0 { -0.0 } else { expected };
        assert_eq!(results, [Constant::scalar(Scalar::f64(expected))], "{rows}");
    }
}

#[test]
fn arguments_that_do_not_fit_are_errors() {
    let row = Constant::from_scalars(DType::F64, vec![2], [1.0, 2.0].map(Scalar::f64));
    let wide = Constant::from_scalars(DType::F64, vec![1, 3], [1.0, 2.0, 3.0].map(Scalar::f64));
    let single = Constant::from_scalars(DType::F32, vec![1, 2], [1.0, 2.0].map(Scalar::f32));
    let short = Constant { shape: vec![5, 2], ..matrix(4) };
    for arguments in [vec![], vec![row], vec![wide], vec![single], vec![short], vec![matrix(1), matrix(1)]] {
        let error = run_plan(&plan(), &arguments).expect_err("an error");
        assert!(matches!(error, InterpretError::Arguments(_)), "{error}");
    }
    let error = run_plan(&plan(), &[Constant { shape: vec![4], ..matrix(2) }]).expect_err("an error");
    assert_eq!(error.to_string(), "argument 0 is f64[4], which does not fit f64[n, 2]");
}

#[test]
fn one_name_has_one_size() {
    let mut plan = plan();
    plan.inputs.push(Type::new(DType::F64, SmallVec::from_slice(&[N.plus(-1).expect("no overflow")])));
    plan.buffers.push(buffer(&[Extent::Dim(N.plus(-1).expect("no overflow"))], Storage::Input(1)));
    let vector = |size: u64| Constant::from_scalars(DType::F64, vec![size], vec![Scalar::f64(0.0); size as usize]);
    assert!(run_plan(&plan, &[matrix(3), vector(2)]).is_ok());
    let error = run_plan(&plan, &[matrix(3), vector(3)]).expect_err("an error");
    assert_eq!(error.to_string(), "argument 1 is f64[3], which does not fit f64[n-1], n = 3");
}

#[test]
fn a_plan_prints_its_buffers_and_steps() {
    let text = plan().to_string();
    let head = "plan @weighted(dims n; f64[n, 2]) -> (f64[]) {
  b0: f64[n, 2] = input 0
  b1: f64[2] = constant [0.5, 2.0]
  b2: f64[blocks(n)] = temporary
  b3: f64[] = output 0
  step 0 @partial(b0, b1, b2):
    kernel @partial(dims n; read %0: f64[n, 2], read %1: f64[1, 2], write %2: f64[blocks(n)]) {
";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("\n  step 1 @total(b2, b3):\n    kernel @total("), "{text}");
}

#[test]
fn p1_sizes() {
    let mut plan = plan();
    plan.buffers.push(buffer(&[Extent::Dim(Dim::named(DimId(3)))], Storage::Temporary));
    violates(&plan, "P1", "buffer b4: there is no dimension number 3");
}

#[test]
fn p2_storage() {
    let mut spoilt = plan();
    spoilt.buffers[0].storage = Storage::Input(1);
    violates(&spoilt, "P2", "buffer b0: there is no such argument or result");
    let mut spoilt = plan();
    spoilt.inputs[0].dtype = DType::F32;
    violates(&spoilt, "P2", "buffer b0 differs in type from its storage, f32[n, 2]");
    let mut spoilt = plan();
    let Storage::Constant(constant) = &mut spoilt.buffers[1].storage else { panic!("a constant") };
    constant.data = [0; 15].into();
    violates(&spoilt, "P2", "buffer b1: the data does not fill its shape");
}

#[test]
fn p3_signature() {
    let mut spoilt = plan();
    spoilt.dims.push("m".to_owned());
    (0..2).for_each(|position| kernel(&mut spoilt, position).kernel.dims.push("m".to_owned()));
    violates(&spoilt, "P3", "no argument's size tells `m`");
    let mut spoilt = plan();
    spoilt.outputs.push(Type::scalar(DType::F64));
    violates(&spoilt, "P3", "result 1 has 0 buffers");
}

#[test]
fn p4_dims_of_kernels() {
    let mut plan = plan();
    kernel(&mut plan, 1).kernel.dims = vec!["m".to_owned()];
    violates(&plan, "P4", "step 1 @total: the kernel's named dimensions are not the plan's");
}

#[test]
fn p5_arguments() {
    let mut spoilt = plan();
    kernel(&mut spoilt, 1).arguments.push(PlanBufferId(0));
    spoilt.steps.push(plan().steps[1].clone());
    violates(&spoilt, "P5", "3 arguments for 2 buffers");
    kernel(&mut spoilt, 1).arguments = vec![PlanBufferId(9), PlanBufferId(3)];
    violates(&spoilt, "P5", "there is no buffer b9");
}

#[test]
fn p6_views() {
    let mut spoilt = plan();
    kernel(&mut spoilt, 0).kernel.buffers[0].shape[0] = Extent::Dim(N.plus(1).expect("no overflow"));
    violates(&spoilt, "P6", "b0 does not have the dtype and as many elements as %0");
    let mut same = plan();
    kernel(&mut same, 0).kernel.buffers[1].shape = smallvec![Extent::fixed(2), Extent::Blocks(Dim::fixed(7))];
    assert_eq!(verify_plan(&same), [], "two elements, seen as two times one block");
}

#[test]
fn p7_written_before_read() {
    let mut plan = plan();
    plan.steps.swap(0, 1);
    violates(&plan, "P7", "step 0 @total: b2 is read before it is written");
}

#[test]
fn p8_written_memory() {
    let mut spoilt = plan();
    let load = "kernel @copy(dims n; read %0: f64[n, 2], write %1: f64[n, 2]) {
      grid i0 in n {
        v0: f64 = load %0[i0, 0]
        v1: f64 = load %0[i0, 1]
        store %1[i0, 0] v0
        store %1[i0, 1] v1
      }
    }";
    spoilt.buffers.push(buffer(&[Extent::Dim(N), Extent::fixed(2)], Storage::Temporary));
    spoilt.steps.push(step(&[0, 4], load));
    assert_eq!(verify_plan(&spoilt), []);
    spoilt.steps.push(step(&[4, 0], load));
    violates(&spoilt, "P8", "b0 is an argument or a constant and cannot be written");
    kernel(&mut spoilt, 3).arguments = vec![PlanBufferId(4), PlanBufferId(4)];
    violates(&spoilt, "P8", "b4 is written and passed more than once");
}

#[test]
fn p9_results_are_written() {
    let mut plan = plan();
    plan.steps.pop();
    violates(&plan, "P9", "no step writes b3, a result");
}

#[test]
fn p15_scratch() {
    let squares = "kernel @squares(dims n; read %0: f64[n, 2], write %1: f64[], scratch %2: f64[n]) {
      grid i0 in 1 {
        carry i1 in n () {
          v0: f64 = load %0[i1, 1]
          v1: f64 = multiply v0, v0
          store %2[i1] v1
        }
        v3: f64 = reduce i2 in n [sum] { v2: f64 = load %2[i2] yield v2 }
        store %1[] v3
      }
    }";
    let mut good = plan();
    good.buffers.push(buffer(&[Extent::Dim(N)], Storage::Temporary));
    good.steps = vec![step(&[0, 3, 4], squares)];
    assert_eq!(verify_plan(&good), []);
    let results = run_plan(&good, &[matrix(3)]).expect("the plan runs");
    assert_eq!(results, [Constant::scalar(Scalar::f64(1.0 + 9.0 + 25.0))]);

    let mut spoilt = good.clone();
    spoilt.buffers[4].storage = Storage::Output(0);
    spoilt.buffers[3].storage = Storage::Temporary;
    spoilt.buffers[4].shape = smallvec![Extent::fixed(1)];
    spoilt.outputs[0] = Type::new(DType::F64, SmallVec::from_slice(&[Dim::fixed(1)]));
    kernel(&mut spoilt, 0).kernel.buffers[2].shape = smallvec![Extent::fixed(1)];
    spoilt.steps.push(step(
        &[0, 4],
        "kernel @one(dims n; read %0: f64[n, 2], write %1: f64[1]) {
      grid i0 in 1 { v0: f64 = constant 1.0 store %1[i0] v0 }
    }",
    ));
    violates(&spoilt, "P15", "b4 is not a temporary and cannot be scratch");

    let mut spoilt = good.clone();
    let scratch = kernel(&mut spoilt, 0).kernel.buffers[2].clone();
    kernel(&mut spoilt, 0).kernel.buffers.push(scratch);
    kernel(&mut spoilt, 0).arguments.push(PlanBufferId(4));
    violates(&spoilt, "P15", "b4 is scratch and passed more than once");

    let mut spoilt = good;
    let read = "kernel @read(dims n; read %0: f64[n], write %1: f64[]) {
      grid i0 in 1 { v1: f64 = reduce i1 in n [sum] { v0: f64 = load %0[i1] yield v0 } store %1[] v1 }
    }";
    spoilt.steps.push(step(&[4, 3], read));
    violates(&spoilt, "P7", "b4 is read before it is written");
}

#[test]
fn a_kernel_that_does_not_verify_is_reported_with_its_step() {
    let mut plan = plan();
    kernel(&mut plan, 1).kernel.index_count = 1;
    violates(&plan, "K8", "step 1 @total: index number 1 is not below");
}
