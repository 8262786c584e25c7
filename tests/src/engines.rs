//! Every engine and configuration, run side by side with the graph interpreter.

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret;
use rotrace_runtime::{Device, Engine, Executable, Options, View, ViewMut};
use smallvec::SmallVec;
use std::sync::OnceLock;
use std::time::Duration;

/// Options under which every step is run by so many threads, and every result has the bits that are defined.
fn always(threads: usize) -> Options {
    let exact = Options { library_products: false, verify: true, ..Options::default() };
    Options { threads, parallel_from: Duration::ZERO, ..exact }
}

/// Configurations that must agree bit for bit, by name: those that compile in a millisecond, and a GPU's, if there is one.
#[must_use]
pub fn configurations() -> Vec<(&'static str, Options)> {
    let mut all = vec![
        ("cranelift scalar", Options { simd: false, ..always(1) }),
        ("cranelift simd", always(1)),
        ("cranelift simd, 2 threads", always(2)),
    ];
    all.extend(gpu().map(|device| (GPU, Options { device, ..always(1) })));
    all
}

/// The name of a GPU's configuration.
pub const GPU: &str = "cuda";

/// The first GPU, if there is one. It is there with the feature `cuda` alone.
#[must_use]
pub fn gpu() -> Option<Device> {
    static FOUND: OnceLock<Option<Device>> = OnceLock::new();
    FOUND.get_or_init(|| Device::cuda(0).ok()).clone()
}

/// The kernel interpreter, which is slower than the others together.
#[must_use]
pub fn kernel_interpreter() -> (&'static str, Options) {
    ("kernel interpreter", Options { engine: Engine::Interpreter, verify: true, ..Options::default() })
}

/// The configurations of the optimising compiler, which takes a hundred times as long; none without the feature `mlir`.
#[must_use]
pub fn optimised() -> Vec<(&'static str, Options)> {
    let options = |threads| Options { engine: Engine::Optimised, ..always(threads) };
    let all = [("optimised", options(1)), ("optimised, 2 threads", options(2))];
    if cfg!(feature = "mlir") { all.into() } else { Vec::new() }
}

/// All configurations, for programs of which there are not many.
#[must_use]
pub fn every_configuration() -> Vec<(&'static str, Options)> {
    let mut all = configurations();
    all.extend(optimised());
    all.push(kernel_interpreter());
    all
}

/// Runs an executable on concrete data.
///
/// # Errors
/// What the executable says.
pub fn run(executable: &Executable, arguments: &[Constant]) -> Result<Vec<Constant>, String> {
    let shapes: Vec<Vec<usize>> = arguments.iter().map(sizes).collect();
    // Arguments are copied to memory that is aligned for any element.
    let inputs: Vec<Vec<u64>> = arguments.iter().map(|argument| aligned(&argument.data)).collect();
    let views: Vec<View<'_>> = arguments
        .iter()
        .zip(&shapes)
        .zip(&inputs)
        .map(|((argument, shape), words)| View {
            dtype: argument.dtype,
            shape,
            bytes: &bytemuck::cast_slice(words)[..argument.data.len()],
        })
        .collect();
    let shapes: Vec<SmallVec<[usize; 4]>> = executable.output_shapes(&views).map_err(|error| error.to_string())?;
    let lengths: Vec<usize> = shapes
        .iter()
        .zip(executable.outputs())
        .map(|(shape, ty)| shape.iter().product::<usize>() * ty.dtype.size())
        .collect();
    // A pattern that no result has by chance shows elements that were never written.
    let mut outputs: Vec<Vec<u64>> =
        lengths.iter().map(|length| vec![0xA5A5_A5A5_A5A5_A5A5; length.div_ceil(8) + 1]).collect();
    let mut results: Vec<ViewMut<'_>> = outputs
        .iter_mut()
        .zip(&lengths)
        .zip(shapes.iter().zip(executable.outputs()))
        .map(|((words, &length), (shape, ty))| ViewMut {
            dtype: ty.dtype,
            shape,
            bytes: &mut bytemuck::cast_slice_mut(words)[..length],
        })
        .collect();
    executable.call(&views, &mut results).map_err(|error| error.to_string())?;
    let constants = results.iter().zip(&shapes).map(|(view, shape)| Constant {
        dtype: view.dtype,
        shape: shape.iter().map(|&size| size as u64).collect(),
        data: (&*view.bytes).into(),
    });
    let constants: Vec<Constant> = constants.collect();
    for ((words, &length), index) in outputs.iter().zip(&lengths).zip(0..) {
        let bytes: &[u8] = bytemuck::cast_slice(words);
        if bytes[length..].iter().any(|&byte| byte != 0xA5) {
            return Err(format!("result {index} was written past its end"));
        }
    }
    Ok(constants)
}

fn sizes(constant: &Constant) -> Vec<usize> {
    constant.shape.iter().map(|&size| size as usize).collect()
}

fn aligned(bytes: &[u8]) -> Vec<u64> {
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    words
}

/// Compares a configuration with the graph interpreter on one set of arguments.
///
/// # Errors
/// The first element that differs, or an engine's own error.
pub fn compare(function: &Function, arguments: &[Constant], executable: &Executable) -> Result<(), String> {
    let expected = interpret(function, arguments).map_err(|error| format!("interpreter: {error}"))?;
    let got = run(executable, arguments)?;
    for (index, (expected, got)) in expected.iter().zip(&got).enumerate() {
        if expected.shape != got.shape {
            return Err(format!("result {index}: shape {:?}, not {:?}", got.shape, expected.shape));
        }
        for (position, (wanted, found)) in expected.elements().zip(got.elements()).enumerate() {
            if !wanted.same(found) {
                return Err(format!(
                    "result {index}, element {position}: {found:?} ({:#x}), not {wanted:?} ({:#x})",
                    found.bits, wanted.bits
                ));
            }
        }
    }
    Ok(())
}
