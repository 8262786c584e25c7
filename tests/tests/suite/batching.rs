//! Random programs and those of the corpus, batched: every row is the program of that row, bit for bit.

use crate::batched_rows::compare;
use crate::corpus::folder;
use crate::corpus_files::{File, load};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret;
use rotrace_ir::text::parse_function;
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

/// The arrays one behind the other along a new leading axis.
fn stacked(arrays: &[&Constant]) -> Constant {
    let shape = [arrays.len() as u64].into_iter().chain(arrays[0].shape.iter().copied()).collect();
    Constant {
        dtype: arrays[0].dtype,
        shape,
        data: arrays.iter().flat_map(|array| array.data.iter().copied()).collect(),
    }
}

/// A function on arguments of equal shapes as rows, of all parameters and of each by itself, in two engines.
fn check_rows(function: &Function, rows: &[&[Constant]]) -> Result<usize, String> {
    let count = function.parameters.len();
    let all = vec![true; count];
    let alone = (0..count).map(|only| (0..count).map(|place| place == only).collect::<Vec<_>>());
    let mut checked = 0;
    for axes in [all].into_iter().chain(alone).filter(|axes| axes.contains(&true)) {
        let none = vec![false; function.results.len()];
        let size = Dim::fixed(rows.len() as u64);
        let batched = batch(function, &axes, &none, size).map_err(|error| error.to_string())?;
        if let Some(problem) = verify(&batched.function).first() {
            return Err(format!("{problem}\n{}", batched.function));
        }
        let arguments: Vec<Constant> = (0..count)
            .map(|place| {
                let column: Vec<&Constant> = rows.iter().map(|row| &row[place]).collect();
                if axes[place] { stacked(&column) } else { column[0].clone() }
            })
            .collect();
        // Arguments of several cases together may be none of a case.
        let is_whole = |row: &&[Constant]| {
            let mixed = (0..count).map(|place| if axes[place] { &row[place] } else { &rows[0][place] });
            interpret(function, &mixed.cloned().collect::<Vec<_>>()).is_ok()
        };
        if !rows.iter().all(is_whole) {
            continue;
        }
        let context = |error: String| format!("{axes:?}: {error}\n{function}\n{}", batched.function);
        compare(function, &batched, &axes, rows.len() as u64, &arguments).map_err(context)?;
        let options = Options { verify: true, ..Options::default() };
        let executable =
            Executable::compile(&batched.function, &options).map_err(|error| context(error.to_string()))?;
        engines::compare(&batched.function, &arguments, &executable).map_err(context)?;
        checked += 1;
    }
    Ok(checked)
}

#[test]
fn cases_of_the_corpus_are_rows() {
    let folders = ["graph", "regions"].map(|name| folder().with_file_name(name));
    let files: Vec<File> = folders.iter().flat_map(|folder| load(folder)).collect();
    let check = |file: &File| -> Result<usize, String> {
        let function = parse_function(&file.text).map_err(|error| error.to_string())?;
        let cases: Vec<&[Constant]> =
            file.cases.iter().filter(|case| case.error.is_none()).map(|case| &case.inputs[..]).collect();
        let shapes = |case: &[Constant]| case.iter().map(|input| input.shape.clone()).collect::<Vec<_>>();
        let mut checked = 0;
        for (place, first) in cases.iter().enumerate() {
            let alike = |case: &&&[Constant]| shapes(case) == shapes(first);
            if cases[..place].iter().any(|case| alike(&case)) {
                continue;
            }
            // At least two rows, and not all of them alike where there are several cases.
            let mut rows: Vec<&[Constant]> = cases.iter().filter(alike).copied().collect();
            rows.push(rows[0]);
            checked += check_rows(&function, &rows)?;
        }
        Ok(checked)
    };
    let checked: Vec<usize> =
        files.par_iter().map(|file| check(file).unwrap_or_else(|error| panic!("{}: {error}", file.name))).collect();
    assert!(checked.iter().sum::<usize>() > 2 * files.len(), "{checked:?}");
}
