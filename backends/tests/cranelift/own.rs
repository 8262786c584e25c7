//! What Cranelift alone does: texts, refusals, routines, and how long it takes.

use crate::control::{long, map};
use crate::long::with_rare_sides;
use rotrace_backends::CompileError;
use rotrace_backends::cranelift::{Options, compile};
use rotrace_ir::DType;
use rotrace_ir::scalar::ScalarOp;
use std::time::Instant;

#[test]
fn compile_time() {
    let kernel = long(50);
    let mut times: Vec<_> = (0..50)
        .map(|_| {
            let start = Instant::now();
            compile(&kernel, &Options::default()).expect("it compiles");
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("a kernel of 50 operations compiles in {:?} (median), {:?} (first or worst)", times[25], times[49]);
}

#[test]
fn operations_that_are_not_core_are_refused() {
    let kernel = map("sine", DType::F64, |b, x| b.scalar(ScalarOp::Sin, &[x]));
    let error = compile(&kernel, &Options::default()).expect_err("sin is not a core operation");
    assert!(matches!(error, CompileError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("`sin` on f64"), "{error}");
}

#[test]
fn text_is_kept_on_request() {
    let artifact = compile(&long(3), &Options { keep_text: true, ..Options::default() }).expect("it compiles");
    let clif = artifact.stage("clif").expect("it was asked for");
    assert!(clif.contains("f64x2"), "{clif}");
    assert!(!artifact.disassembly.is_empty());
    let silent = compile(&long(3), &Options::default()).expect("it compiles");
    assert!(silent.stages.is_empty() && silent.disassembly.is_empty());
    assert_eq!(silent.code, artifact.code);
}

#[test]
fn rare_sides_become_routines() {
    for dtype in [DType::F64, DType::F32, DType::I64, DType::I32] {
        let options = Options { keep_text: true, ..Options::default() };
        let artifact = compile(&with_rare_sides(dtype), &options).expect("a kernel of core operations");
        let clif = artifact.stage("clif").expect("it was asked for");
        assert!(!cfg!(target_arch = "x86_64") || clif.contains("call "), "{clif}");
    }
}
