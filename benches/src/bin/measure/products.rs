//! Products of square matrices: by a library, beside kernels whose sums are in the defined order.

use super::{heading, numbers, row, time};
use rotrace::{Error, Options};
use rotrace_bench::timing::{competitor, interleaved};
use rotrace_bench::workloads::products;
use rotrace_bench::{Bench, Number, Workload};

const SQUARES: [usize; 7] = [16, 32, 64, 128, 256, 512, 1024];

/// Layers of networks, whose sizes programs have as numbers: kernels unroll the short ones.
const LAYERS: [([&str; 2], usize); 4] = [
    (["[n, 16]", "[16, 17]"], 16),
    (["[n, 17]", "[17, 17]"], 17),
    (["[n, 32]", "[32, 32]"], 32),
    (["[n, 128]", "[128, 128]"], 128),
];

pub fn measure() -> Result<(), Error> {
    heading("products, one thread", ["library", "kernel", "ratio"]);
    for size in SQUARES {
        of::<f32>(&products::matmul(), [size; 3])?;
        of::<f64>(&products::matmul(), [size; 3])?;
    }
    for (shapes, size) in LAYERS {
        for rows in [1, 8, 1000] {
            of::<f32>(&products::of_shapes(shapes), [rows, size, size.max(17)])?;
        }
    }
    Ok(())
}

fn of<T: Number>(workload: &Workload<2, 1>, [rows, inner, columns]: [usize; 3]) -> Result<(), Error> {
    let (a, b) = (numbers(1, &[rows, inner]), numbers(2, &[inner, columns]));
    let options = |library_products| Options { threads: 1, library_products, ..Options::default() };
    let mut library = workload.prepare::<T>([&a, &b], &options(true))?;
    let mut kernel = workload.prepare::<T>([&a, &b], &options(false))?;
    library.call()?;
    kernel.call()?;
    let times = interleaved(
        15,
        &mut [
            competitor(|| library.call().expect("the same call succeeded before")),
            competitor(|| kernel.call().expect("the same call succeeded before")),
        ],
    );
    let each = times[0] / (rows * inner * columns) as f64;
    row(&format!("{} [{rows}, {inner}] [{inner}, {columns}], {} each", T::DTYPE, time(each)), times[0], times[1]);
    Ok(())
}
