//! PTX: what it must not have, and that `ptxas` takes it.

use crate::control::map;
use crate::ptxas::Assembler;
use crate::support::{At, GRID, builder, index, named, read, write};
use rotrace_backends::CompileError;
use rotrace_backends::mlir::{Options, ptx};
use rotrace_ir::DType;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::scalar::ScalarOp;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The compute capabilities that kernels are compiled for in turn.
const CAPABILITIES: [u32; 6] = [70, 75, 80, 86, 90, 100];

/// Compiles a kernel, looks for what must not be there, and assembles it if there is an assembler.
pub(crate) fn check(kernel: &Kernel) {
    let mut hasher = DefaultHasher::new();
    (&kernel.name, kernel.values.len()).hash(&mut hasher);
    let capability = CAPABILITIES[hasher.finish() as usize % CAPABILITIES.len()];
    let compiled = ptx::compile(kernel, capability, &Options::default());
    let text = compiled.unwrap_or_else(|error| panic!("{error}\n{kernel}")).text;
    // A `mul` or `add` without `.rn` may be fused by the assembler.
    for unwanted in
        [".ftz", ".approx", "mul.f32", "mul.f64", "add.f32", "add.f64", "sub.f32", "sub.f64", ".extern", ".func"]
    {
        assert!(!text.contains(unwanted), "{unwanted} in\n{text}");
    }
    if let Some(assembler) = Assembler::find() {
        assembler.assemble(&text, capability).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

#[test]
fn arithmetic_is_rounded_once_and_never_fused_or_flushed() {
    let kernel = map("separate", DType::F32, |b, x| {
        let product = b.scalar(ScalarOp::Multiply, &[x, x]);
        let sum = b.scalar(ScalarOp::Add, &[product, x]);
        let quotient = b.scalar(ScalarOp::Divide, &[sum, x]);
        b.scalar(ScalarOp::Sqrt, &[quotient])
    });
    let text = ptx::compile(&kernel, 90, &Options::default()).expect("it compiles").text;
    for wanted in ["mul.rn.f32", "add.rn.f32", "div.rn.f32", "sqrt.rn.f32"] {
        assert!(text.contains(wanted), "no {wanted}:\n{text}");
    }
    assert!(!text.contains("fma"), "{text}");
    check(&kernel);
}

#[test]
fn four_floats_are_one_access() {
    let kernel = map("copy", DType::F32, |_, x| x);
    let text = ptx::compile(&kernel, 80, &Options::default()).expect("it compiles").text;
    assert!(text.contains("ld.global.nc.v4.b32") && text.contains("st.global.v4.b32"), "{text}");
}

#[test]
fn the_lowest_version_that_serves_is_asked_for() {
    let kernel = map("copy", DType::F64, |_, x| x);
    for (capability, target, version) in [(70, 70, "6.0"), (87, 86, "7.1"), (90, 90, "7.8"), (103, 100, "8.6")] {
        let text = ptx::compile(&kernel, capability, &Options::default()).expect("it compiles").text;
        assert!(text.contains(&format!(".target sm_{target}\n")), "{text}");
        assert!(text.contains(&format!(".version {version}\n")), "{text}");
    }
    let error = ptx::compile(&kernel, 61, &Options::default()).expect_err("too old");
    assert!(matches!(error, CompileError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("compute capability 61 is below 70"), "{error}");
}

/// `ptxas` converts a float whose lowest byte is stored, unless an integer is made of it.
#[test]
fn bytes_of_floats_are_not_conversions() {
    let mut b = builder("bytes");
    let (from, to) = (read(&mut b, DType::F32, &[named(0)]), write(&mut b, DType::U8, &[named(0)]));
    let at = || -> At { [index(GRID)].into_iter().collect() };
    let number = b.load(from, at());
    let sum = b.scalar(ScalarOp::Add, &[number, number]);
    let bits = b.bitcast(DType::I32, sum);
    let byte = b.cast(DType::U8, bits);
    b.store(to, at(), byte);
    let kernel = b.finish();
    let text = ptx::compile(&kernel, 90, &Options::default()).expect("it compiles").text;
    assert!(text.contains("mov.b32"), "{text}");
    check(&kernel);
}

/// LLVM's code generator takes shifts of PTX to look at all bits of an amount, and they look at 32.
#[test]
fn amounts_of_shifts_are_looked_at_whole() {
    let kernel = map("shift", DType::I64, |b, x| b.scalar(ScalarOp::ShiftLeft, &[x, x]));
    let text = ptx::compile(&kernel, 90, &Options::default()).expect("it compiles").text;
    assert!(text.contains("setp.gt.u64") && text.contains("selp.b64"), "{text}");
    check(&kernel);
}
