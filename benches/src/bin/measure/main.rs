//! Rotrace's own figures, without another system beside it: what compiling costs, what a call costs beyond its
//! arithmetic, how near loops come to hand-written Rust and to the memory's bandwidth, and from where threads pay.
//!
//! `measure [compile|calls|eager|loops|rotations|checkpoints|products|threads]...` runs those parts, or all of them. Competitors take turns, and medians are
//! printed. One thread unless a row says otherwise.

mod bandwidth;
mod calls;
mod checkpoints;
mod compiling;
mod eager;
mod loops;
mod plain;
mod products;
mod rotations;
mod threads;

use rotrace::Error;
use rotrace_bench::Data;

/// A part, and what runs it.
type Part = (&'static str, fn() -> Result<(), Error>);

/// Compiling comes first: its cold figure is of the first compilation in the process.
const PARTS: [Part; 8] = [
    ("compile", compiling::measure),
    ("calls", calls::measure),
    ("eager", eager::measure),
    ("loops", loops::measure),
    ("rotations", rotations::measure),
    ("checkpoints", checkpoints::measure),
    ("products", products::measure),
    ("threads", threads::measure),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        return Err(format!(
            "there is no part `{unknown}`; there are compile, calls, eager, loops, rotations, checkpoints, products and threads"
        )
        .into());
    }
    for (part, measure) in PARTS {
        if asked.is_empty() || asked.iter().any(|name| name == part) {
            measure()?;
            println!();
        }
    }
    Ok(())
}

/// Prints the heading of a table.
fn heading(title: &str, columns: [&str; 3]) {
    println!("{title:<44} {:>12} {:>12} {:>8}", columns[0], columns[1], columns[2]);
}

/// Prints a row of a table: a time, what it is set against, and their ratio.
fn row(name: &str, seconds: f64, against: f64) {
    println!("{name:<44} {:>12} {:>12} {:>8.2}", time(seconds), time(against), seconds / against);
}

/// A time with its unit.
fn time(seconds: f64) -> String {
    let (scale, unit) = match seconds {
        _ if seconds < 1e-6 => (1e9, "ns"),
        _ if seconds < 1e-3 => (1e6, "us"),
        _ => (1e3, "ms"),
    };
    format!("{:.2} {unit}", seconds * scale)
}

/// Homogeneous matrices of unit quaternions and translations.
fn transforms(seed: u64, count: usize) -> Data {
    let (quats, translations) = (quaternions(seed, count), numbers(seed + 1, &[count, 3]));
    let rows = quats.values.as_chunks::<4>().0.iter().zip(translations.values.as_chunks::<3>().0);
    let rows = rows.flat_map(|(&quat, &[a, b, c])| {
        let [first, second, third] = matrix(quat);
        let with = |[x, y, z]: [f64; 3], last: f64| [x, y, z, last];
        [with(first, a), with(second, b), with(third, c), [0.0, 0.0, 0.0, 1.0]]
    });
    Data { shape: vec![count, 4, 4], values: rows.flatten().collect() }
}

/// Numbers in about -1 to 1, a different sequence for each seed.
fn numbers(seed: u64, shape: &[usize]) -> Data {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    Data { shape: shape.to_vec(), values: (0..shape.iter().product()).map(|_| next()).collect() }
}

/// Unit quaternions.
fn quaternions(seed: u64, count: usize) -> Data {
    let mut data = numbers(seed, &[count, 4]);
    for quat in data.values.as_chunks_mut::<4>().0 {
        let norm = quat.iter().map(|component| component * component).sum::<f64>().sqrt();
        quat.iter_mut().for_each(|component| *component /= norm);
    }
    data
}

/// The matrix of a unit quaternion.
fn matrix([x, y, z, w]: [f64; 4]) -> [[f64; 3]; 3] {
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
}
