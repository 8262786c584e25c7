//! Times of generated code: a rotation of rows, element-wise kernels, a long sum.
//!
//! `cargo run --release -p rotrace-backends --example measure` prints times; with the name of a kernel as argument, its
//! machine code.

#[path = "../tests/cranelift/load.rs"]
mod load;

use load::Loaded;
use rotrace_backends::Artifact;
use rotrace_backends::cranelift::{Options, compile};
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::graph::Reduction;
use rotrace_ir::kernel::{Access, Affine, Extent, IndexId, Kernel, KernelBuilder, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::smallvec;
use std::time::{Duration, Instant};

const GRID: IndexId = IndexId(0);

fn rows() -> Extent {
    Extent::Dim(Dim::named(DimId(0)))
}

fn builder(name: &str) -> KernelBuilder {
    KernelBuilder::new(name, vec!["n".into()], rows())
}

/// `v + 2 q x (q x v + w v)`, with the norm of `q` divided out.
fn rotate(dtype: DType) -> Kernel {
    let mut b = builder("rotate");
    let q = b.buffer(dtype, smallvec![rows(), Extent::fixed(4)], Access::Read);
    let v = b.buffer(dtype, smallvec![rows(), Extent::fixed(3)], Access::Read);
    let y = b.buffer(dtype, smallvec![rows(), Extent::fixed(3)], Access::Write);
    let at = |k| smallvec![Affine::index(GRID), Affine::constant(k)];
    let q: Vec<Var> = (0..4).map(|k| b.load(q, at(k))).collect();
    let v: Vec<Var> = (0..3).map(|k| b.load(v, at(k))).collect();
    let cross = |b: &mut KernelBuilder, x: &[Var], y: &[Var]| -> Vec<Var> {
        (0..3)
            .map(|k| {
                let (i, j) = ((k + 1) % 3, (k + 2) % 3);
                let back = b.scalar(ScalarOp::Multiply, &[x[j], y[i]]);
                let minus = b.scalar(ScalarOp::Negative, &[back]);
                b.scalar(ScalarOp::Fma, &[x[i], y[j], minus])
            })
            .collect()
    };
    let inner = cross(&mut b, &q[..3], &v);
    let inner: Vec<Var> = (0..3).map(|k| b.scalar(ScalarOp::Fma, &[q[3], v[k], inner[k]])).collect();
    let outer = cross(&mut b, &q[..3], &inner);
    let two = b.constant(Scalar::from_i64(dtype, 2));
    for k in 0..3 {
        let result = b.scalar(ScalarOp::Fma, &[two, outer[k], v[k]]);
        b.store(y, at(k as i64), result);
    }
    b.finish()
}

/// `x * y + x`.
fn multiply_add(dtype: DType) -> Kernel {
    let mut b = builder("multiply_add");
    let buffers = [Access::Read, Access::Read, Access::Write].map(|access| b.buffer(dtype, smallvec![rows()], access));
    let at = || smallvec![Affine::index(GRID)];
    let (x, y) = (b.load(buffers[0], at()), b.load(buffers[1], at()));
    let result = b.scalar(ScalarOp::Fma, &[x, y, x]);
    b.store(buffers[2], at(), result);
    b.finish()
}

/// A polynomial of degree 12.
fn polynomial(dtype: DType) -> Kernel {
    let mut b = builder("polynomial");
    let buffers = [Access::Read, Access::Write].map(|access| b.buffer(dtype, smallvec![rows()], access));
    let at = || smallvec![Affine::index(GRID)];
    let x = b.load(buffers[0], at());
    let mut sum = b.constant(Scalar::from_f64(dtype, 0.3));
    for k in 1..=12 {
        let coefficient = b.constant(Scalar::from_f64(dtype, 1.0 / f64::from(k)));
        sum = b.scalar(ScalarOp::Fma, &[sum, x, coefficient]);
    }
    b.store(buffers[1], at(), sum);
    b.finish()
}

/// A chain of fused operations that reach back over the last `live` values.
fn chain(length: usize, live: usize) -> Kernel {
    let mut b = builder("chain");
    let buffers = [Access::Read, Access::Write].map(|access| b.buffer(DType::F64, smallvec![rows()], access));
    let at = || smallvec![Affine::index(GRID)];
    let mut values = vec![b.load(buffers[0], at())];
    for step in 0..length {
        let (last, back) = (values[step], values[step.saturating_sub(live)]);
        let constant = b.constant(Scalar::f64(1.0 + step as f64 / 64.0));
        values.push(b.scalar(ScalarOp::Fma, &[last, constant, back]));
    }
    b.store(buffers[1], at(), values[length]);
    b.finish()
}

/// Code that uses vectors.
fn fast(kernel: &Kernel) -> Artifact {
    compile(kernel, &Options::default()).expect("it compiles")
}

/// The optimising backend's code, if it is there.
fn optimised() -> Option<fn(&Kernel) -> Artifact> {
    #[cfg(feature = "mlir")]
    return Some(|kernel| rotrace_backends::mlir::compile(kernel, &Default::default()).expect("it compiles"));
    #[cfg(not(feature = "mlir"))]
    None
}

/// The median time to compile, and how long the result runs.
fn time_compile(kernel: &Kernel, compile: fn(&Kernel) -> Artifact) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let start = Instant::now();
            compile(kernel);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[10], time(kernel, 1000, &compile(kernel)))
}

/// Reduces all elements as one block.
fn reduce(kind: Reduction, dtype: DType) -> Kernel {
    let mut b = KernelBuilder::new("reduce", vec!["n".into()], Extent::fixed(1));
    let x = b.buffer(dtype, smallvec![rows()], Access::Read);
    let y = b.buffer(dtype, smallvec![Extent::fixed(1)], Access::Write);
    let j = b.fresh_index();
    b.open_block();
    let element = b.load(x, smallvec![Affine::index(j)]);
    let body = b.close_block(&[element]);
    let sum = b.reduce_loop(j, rows(), &[kind], body)[0];
    b.store(y, smallvec![Affine::index(GRID)], sum);
    b.finish()
}

/// The shortest of many runs.
fn time(kernel: &Kernel, n: u64, artifact: &Artifact) -> Duration {
    let loaded = Loaded::new(artifact);
    let mut buffers: Vec<Vec<u64>> = kernel
        .buffers
        .iter()
        .map(|buffer| {
            let count: u64 = buffer.shape.iter().map(|extent| extent.size(&[n]).expect("a size")).product();
            let number = if buffer.dtype == DType::F64 { 0.5_f64.to_bits() } else { 0x3f00_0000_3f00_0000 };
            vec![number; (count as usize * buffer.dtype.size()).div_ceil(8)]
        })
        .collect();
    let grid = kernel.grid.size(&[n]).expect("a size") as i64;
    let runs = if n > 100_000 { 10 } else { 300 };
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            loaded.run(&mut buffers, &[n], (0, grid));
            start.elapsed()
        })
        .min()
        .expect("at least one run")
}

fn print(artifact: &Artifact) {
    artifact.stages.iter().for_each(|(name, text)| println!("{name}:\n{text}"));
    println!("{}", artifact.disassembly);
}

fn main() {
    let kernels = [
        ("rotate", rotate(DType::F64)),
        ("rotate_f32", rotate(DType::F32)),
        ("multiply_add", multiply_add(DType::F64)),
        ("polynomial", polynomial(DType::F64)),
        ("sum", reduce(Reduction::Sum, DType::F64)),
        ("sum_f32", reduce(Reduction::Sum, DType::F32)),
        ("max", reduce(Reduction::Maximum, DType::F64)),
    ];
    if let Some(wanted) = std::env::args().nth(1) {
        let kernel = &kernels.iter().find(|(name, _)| *name == wanted).expect("a kernel of this name").1;
        let artifact = compile(kernel, &Options { keep_text: true, ..Options::default() }).expect("it compiles");
        print(&artifact);
        #[cfg(feature = "mlir")]
        {
            let options = rotrace_backends::mlir::Options { keep_text: true, ..Default::default() };
            let artifact = rotrace_backends::mlir::compile(kernel, &options).expect("it compiles");
            print(&artifact);
        }
        return;
    }
    for length in [50, 200, 500, 1000, 2000, 4000] {
        for live in [4, 12, 40, 200] {
            for compile in [fast as fn(&Kernel) -> Artifact].into_iter().chain(optimised()) {
                let (compiling, running) = time_compile(&chain(length, live), compile);
                println!(
                    "chain of {length:4}, {live:3} live: compiled in {compiling:9.1?}, 1000 iterations in {running:9.1?}"
                );
            }
        }
    }
    for (name, kernel) in &kernels {
        for n in [1000, 10_000_000] {
            let [scalar, simd] = [false, true].map(|simd| {
                let artifact = compile(kernel, &Options { simd, ..Options::default() }).expect("it compiles");
                time(kernel, n, &artifact).as_secs_f64()
            });
            let third = optimised().map_or(f64::NAN, |compile| time(kernel, n, &compile(kernel)).as_secs_f64());
            let bytes: u64 = kernel
                .buffers
                .iter()
                .map(|buffer| {
                    let count: u64 = buffer.shape.iter().map(|extent| extent.size(&[n]).expect("a size")).product();
                    count * buffer.dtype.size() as u64
                })
                .sum();
            println!(
                "{name:14} n={n:9}: scalar {:7.3} ns, simd {:7.3} ns, optimised {:7.3} ns an iteration, {:6.1} GB/s",
                scalar * 1e9 / n as f64,
                simd * 1e9 / n as f64,
                third * 1e9 / n as f64,
                bytes as f64 / simd / 1e9
            );
        }
    }
}
