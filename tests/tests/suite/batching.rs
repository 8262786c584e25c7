//! Random programs, batched: every row is the program of that row, bit for bit.

use crate::batched_rows::compare;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rotrace_ir::graph::Function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{Dim, DimId};
use rotrace_passes::batch::batch;
use rotrace_runtime::{Executable, Options};
use rotrace_tests::engines;
use rotrace_tests::random::{Random, program};

const PROGRAMS: u64 = 6_000;

/// How many of them are compiled too.
const COMPILED_EVERY: u64 = 10;

/// A number of rows as the size of the new axis: a number, a new named dimension, or one that the program has already.
fn size(function: &mut Function, dims: &mut Vec<u64>, random: &mut Random) -> (Dim, u64) {
    let rows = random.choose(&[0, 1, 2, 5]);
    match random.below(3) {
        0 => (Dim::fixed(rows), rows),
        1 if !dims.is_empty() => {
            let place = random.below(dims.len());
            (Dim::named(DimId(place as u32)), dims[place])
        }
        _ => {
            function.dims.push("rows".to_owned());
            dims.push(rows);
            (Dim::named(DimId(dims.len() as u32 - 1)), rows)
        }
    }
}

fn check(seed: u64) -> Result<(), String> {
    let mut function = program(seed);
    let mut random = Random::new(!seed);
    let mut dims: Vec<u64> = function.dims.iter().map(|_| random.choose(&[0, 1, 3, 7])).collect();
    let (size, rows) = size(&mut function, &mut dims, &mut random);
    let mut axes: Vec<bool> = function.parameters.iter().map(|_| random.below(3) > 0).collect();
    let first = random.below(axes.len());
    axes[first] = true;
    let wanted: Vec<bool> = function.results.iter().map(|_| random.below(4) == 0).collect();
    let batched = batch(&function, &axes, &wanted, size).map_err(|error| error.to_string())?;
    if let Some(problem) = verify(&batched.function).first() {
        return Err(format!("{problem}\n{function}\n{}", batched.function));
    }
    let arguments: Vec<_> = batched.function.parameter_types().map(|ty| random.array(ty, &dims)).collect();
    let context = |error: String| format!("{axes:?}, dims {dims:?}: {error}\n{function}\n{}", batched.function);
    compare(&function, &batched, &axes, rows, &arguments).map_err(context)?;
    if seed % COMPILED_EVERY == 3 {
        let options = Options { verify: true, ..Options::default() };
        let executable =
            Executable::compile(&batched.function, &options).map_err(|error| context(error.to_string()))?;
        engines::compare(&batched.function, &arguments, &executable).map_err(context)?;
    }
    Ok(())
}

#[test]
fn rows_of_batched_programs_are_the_programs_of_the_rows() {
    let failures: Vec<String> = (0..PROGRAMS)
        .into_par_iter()
        .filter_map(|seed| check(seed).err().map(|error| format!("seed {seed}: {error}")))
        .collect();
    assert!(failures.is_empty(), "{} of {PROGRAMS} programs differ; the first: {}", failures.len(), failures[0]);
}
