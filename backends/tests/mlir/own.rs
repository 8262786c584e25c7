//! What the optimising backend alone does: texts, refusals, loops that LLVM knows by name.

use crate::control::{long, map};
use crate::support::check_sizes;
use rotrace_backends::mlir::{Options, STAGES, compile};
use rotrace_backends::{CompileError, Processor};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::text::parse_kernel;
use rotrace_ir::{DType, Scalar};

#[test]
fn copies_and_fills_call_nothing() {
    for dtype in [DType::F64, DType::U8, DType::Bool] {
        check_sizes(&map("copy", dtype, |_, x| x), 1);
        check_sizes(&map("fill", dtype, |b, _| b.constant(Scalar::from_i64(dtype, 0))), 2);
    }
}

#[test]
fn a_product_and_a_sum_are_not_fused() {
    let kernel = map("separate", DType::F64, |b, x| {
        let product = b.scalar(ScalarOp::Multiply, &[x, x]);
        b.scalar(ScalarOp::Add, &[product, x])
    });
    let artifact = compile(&kernel, &Options { keep_text: true, ..Default::default() }).expect("it compiles");
    assert!(!artifact.disassembly.contains("fmadd"), "{}", artifact.disassembly);
}

#[test]
fn operations_that_are_not_core_are_refused() {
    let kernel = map("sine", DType::F64, |b, x| b.scalar(ScalarOp::Sin, &[x]));
    let error = compile(&kernel, &Options::default()).expect_err("sin is not a core operation");
    assert!(matches!(error, CompileError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("sin"), "{error}");
}

#[test]
fn the_rehearsal_compiles() {
    let kernel = parse_kernel(include_str!("../../src/mlir/rehearsal.rtk")).expect("a kernel");
    compile(&kernel, &Options::default()).expect("it compiles");
}

/// Code is made for any processor, whether it can run here or not.
#[test]
fn vectors_are_as_wide_as_the_processors_that_code_is_for() {
    let kernel = map("double", DType::F64, |b, x| b.scalar(ScalarOp::Add, &[x, x]));
    for (processor, widest, beyond) in [(Processor::X86_64V3, "%ymm", "%zmm"), (Processor::X86_64V4, "%zmm", "{%k")] {
        let options = Options { keep_text: true, processor };
        let assembly = compile(&kernel, &options).expect("it compiles").disassembly;
        assert!(assembly.contains(widest) && !assembly.contains(beyond), "{assembly}");
    }
}

#[test]
fn text_is_kept_on_request() {
    let artifact = compile(&long(3), &Options { keep_text: true, ..Default::default() }).expect("it compiles");
    let [mlir, llvm] = STAGES.map(|stage| artifact.stage(stage).expect("it was asked for"));
    assert!(mlir.contains("scf.for") && mlir.contains("math.fma"), "{mlir}");
    assert!(llvm.contains("define") && llvm.contains("llvm.fma"), "{llvm}");
    assert!(artifact.disassembly.contains("fmadd"), "{}", artifact.disassembly);
    let silent = compile(&long(3), &Options::default()).expect("it compiles");
    assert!(silent.stages.is_empty() && silent.disassembly.is_empty());
    assert_eq!(silent.code, artifact.code);
}
