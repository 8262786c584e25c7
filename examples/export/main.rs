//! Exports a compiled function to C, and calls it from a C program: `cargo run --release --example export [FOLDER]`.
//!
//! It writes `rotate.o` and `rotate.h`, says how to link them, and does so with `examples/c/main.c` if there is a C compiler.

use rotrace::{Array, Tensor, spatial::Rotation, trace};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::args().nth(1).map_or_else(|| root.join("target/export"), PathBuf::from);
    let rotate = trace(|(x, p): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(p)).compile("f64[n, 3], f64[3]")?;
    let object = rotate.executable().object("rotate")?;
    object.write(&folder)?;
    println!("wrote {}: {} bytes of object, and a header", folder.display(), object.object.len());

    let source = root.join("examples/c/main.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let program = folder.join("main");
    let mut command = Command::new(&compiler);
    command.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-I"]).arg(&folder).arg(&source);
    command.arg(folder.join("rotate.o")).arg("-o").arg(&program);
    println!("to link it with a program of yours: {command:?}");
    match command.status() {
        Err(error) => println!("not done here: {compiler}: {error}"),
        Ok(status) if !status.success() => return Err(format!("{compiler}: {status}").into()),
        Ok(_) => compare(&program, &rotate)?,
    }
    Ok(())
}

/// Runs the C program, and compares what it prints with what the handle gives.
fn compare(program: &Path, rotate: &rotrace::Compiled<(Tensor, Tensor), Tensor>) -> Result<(), Box<dyn Error>> {
    let output = Command::new(program).output()?;
    let text = String::from_utf8(output.stdout)?;
    print!("from C:\n{text}");
    let printed = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let vectors = Array::from([[0.0, 0.0, std::f64::consts::FRAC_PI_2], [0.0; 3], [1e-9, 0.0, 0.0]]);
    let expected = rotate.call(&(vectors, Array::from([1.0, 2.0, 3.0])))?.to_vec::<f64>()?;
    let same =
        printed.len() == expected.len() && printed.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
    if !output.status.success() || !same {
        return Err(format!("{}, and the handle gives {expected:?}", output.status).into());
    }
    println!("the same bits as the handle's");
    Ok(())
}
