//! PTX of what the suite compiles: NVIDIA's assembler takes every kernel of the corpus and of the random programs, for all architectures
//! by turns. Golden programs, in their own tests, do the same.

use crate::corpus::folder;
use crate::corpus_files::load;
use crate::{engines, random_regions};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rotrace_ir::graph::Function;
use rotrace_ir::text::parse_function;
use rotrace_passes::differentiate::vjp;
use rotrace_tests::assembled::{Assembler, Figures, assemble, capability_in_turn};
use rotrace_tests::random::{program, program_with_regions};

/// Of so many files and programs, one is assembled in every run of the tests.
const FILE_EVERY: usize = 6;
const PROGRAM_EVERY: u64 = 400;
const LOOPS_EVERY: u64 = 50;

/// A function that is made when its turn comes, none where there is no derivative.
type Made<'a> = (String, Box<dyn Fn() -> Option<Function> + Send + 'a>);

fn corpus(every: usize) -> Vec<Made<'static>> {
    let files = ["graph", "regions"].iter().flat_map(|name| load(&folder().with_file_name(name)));
    let made = files.step_by(every).map(|file| {
        let parse = move || parse_function(&file.text).map(Some).unwrap_or_else(|error| panic!("{error}"));
        (file.name, Box::new(parse) as Box<dyn Fn() -> Option<Function> + Send>)
    });
    made.collect()
}

fn random(every: u64) -> Vec<Made<'static>> {
    let of = |seed| -> Made<'static> { (format!("seed {seed}"), Box::new(move || Some(program(seed)))) };
    (0..engines::PROGRAMS).step_by(every as usize).map(of).collect()
}

/// Programs with loops, and their gradients.
fn loops(every: u64) -> Vec<Made<'static>> {
    let of = |seed| -> [Made<'static>; 2] {
        let gradient = move || {
            let function = program_with_regions(seed);
            let wrt: Vec<bool> = function.parameter_types().map(|ty| ty.dtype.is_float()).collect();
            // A policy may ask for a length that is known.
            vjp(&function, &wrt).ok()
        };
        [
            (format!("seed {seed} with loops"), Box::new(move || Some(program_with_regions(seed)))),
            (format!("gradient of seed {seed} with loops"), Box::new(gradient)),
        ]
    };
    (0..random_regions::PROGRAMS).step_by(every as usize).flat_map(of).collect()
}

fn check((number, (name, make)): (usize, Made<'_>), assembler: &Assembler) -> Option<Result<Figures, String>> {
    let (function, capability) = (make()?, capability_in_turn(number as u64));
    let kernels = assemble(assembler, &function, capability);
    let explained = |error| format!("{name}, {capability}: {error}\n{function}");
    Some(kernels.map(|kernels| Figures::of(&kernels)).map_err(explained))
}

fn check_all(what: &str, all: Vec<Made<'_>>) {
    let Some(assembler) = Assembler::find() else { return };
    let count = all.len();
    let outcomes: Vec<Result<Figures, String>> =
        all.into_par_iter().enumerate().filter_map(|made| check(made, assembler)).collect();
    let figures = outcomes.iter().flatten().copied().fold(Figures::default(), Figures::and);
    let failures: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    println!("{what}: {figures}; {} failures", failures.len());
    assert!(failures.is_empty(), "{} of {count}; the first: {}", failures.len(), failures[0]);
    assert!(figures.programs * 2 >= count && figures.kernels >= figures.programs / 2, "{figures} of {count}");
}

#[test]
fn the_assembler_takes_a_sample() {
    check_all("corpus", corpus(FILE_EVERY));
    check_all("random programs", random(PROGRAM_EVERY));
    check_all("loops", loops(LOOPS_EVERY));
}

#[test]
#[ignore = "takes minutes"]
fn the_assembler_takes_the_corpus_and_all_loops() {
    check_all("corpus", corpus(1));
    check_all("loops", loops(1));
}

#[test]
#[ignore = "takes an hour"]
fn the_assembler_takes_all_random_programs() {
    check_all("random programs", random(1));
}
