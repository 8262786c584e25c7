//! Tests of the reader, and of the whole refinement from another start than the command's.

use crate::bundler::{self, ReadError, parse};
use crate::model::Model;
use crate::problem::{Problem, Rotations};
use crate::solver::{Failure, Progress, refine};
use rotrace::Options;
use std::path::Path;

/// Two cameras, and one point that both see.
const SMALL: &str = "\
# Bundle file v0.3
2 1
500 0.1 -0.2
1 0 0
0 1 0
0 0 1
0 0 0
510 0 0
0 -1 0
1 0 0
0 0 1
1 2 3
0.5 0.25 -4
255 0 10
2 0 17 1.5 -2.5 1 18 3 4
";

#[test]
fn a_small_file_is_read() {
    let bundle = parse(SMALL).expect("a well-formed file");
    assert_eq!((bundle.cameras[0].focal, bundle.cameras[0].distortion), (500.0, [0.1, -0.2]));
    assert_eq!(bundle.cameras[1].rotation, [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(bundle.cameras[1].translation, [1.0, 2.0, 3.0]);
    assert_eq!(bundle.points, [[0.5, 0.25, -4.0]]);
    let views: Vec<_> = bundle.views.iter().map(|view| (view.camera, view.point, view.pixel)).collect();
    assert_eq!(views, [(0, 0, [1.5, -2.5]), (1, 0, [3.0, 4.0])]);
}

/// Asserts that `SMALL` with the first `from` replaced is refused at `line` with a message that has `expected` in it.
#[track_caller]
fn refused(from: &str, to: &str, line: usize, expected: &str) {
    let text = SMALL.replacen(from, to, 1);
    assert_ne!(text, SMALL, "`{from}` is not in the file");
    let (at, message) = parse(&text).expect_err("a malformed file");
    assert!(at == line && message.contains(expected), "{at}: {message}");
}

#[test]
fn malformed_files_are_refused_with_their_line() {
    refused("v0.3", "v0.4", 1, "expected the header");
    refused("2 1\n", "2 -1\n", 2, "expected a whole number for the number of points, got `-1`");
    refused("2 1\n", "99999999999 1\n", 15, "the rotation of camera 2 is not a rotation matrix");
    refused("2 1\n", "2 0\n", 13, "expected the end of the file, got `0.5`");
    refused("500", "5oo", 3, "expected a number for focal length and distortion of camera 0, got `5oo`");
    refused("500", "0", 3, "is not positive");
    refused("-0.2", "nan", 3, "not finite");
    refused("0 1 0\n", "0 2 0\n", 6, "the rotation of camera 0 is not a rotation matrix");
    refused("0 0 1\n", "0 0 -1\n", 6, "the rotation of camera 0 is not a rotation matrix");
    refused("1 2 3\n", "1 2\n", 15, "expected the end of the file, got `17`");
    refused("1 18 3 4", "2 18 3 4", 15, "point 0 is seen by camera 2, but there are 2 cameras");
    refused("1 18 3 4", "1 18 3 inf", 15, "not finite");
    refused("1 18 3 4\n", "1 18 3", 15, "the file ends before the pixel of a view of point 0");
    refused("2 0 17 1.5 -2.5 1 18 3 4", "0", 15, "no views");
}

#[test]
fn every_cut_of_a_file_is_refused() {
    let last = SMALL.trim_end().len() - 1;
    for end in 0..last {
        assert!(parse(&SMALL[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = bundler::read(Path::new("no-such-file.out")).expect_err("no file");
    assert!(matches!(error, ReadError::File { .. }) && error.to_string().contains("no-such-file.out"), "{error}");
}

fn refined(seed: u64, point_noise: f64) -> (Result<(), Failure>, Vec<f64>) {
    let options = Options::default();
    let rotations = Rotations::compile(&options).expect("rotations");
    let stored = bundler::read(Path::new(crate::DATA)).expect("the data of the examples");
    let stored = Problem::new(stored, &rotations).expect("a problem");
    let mut problem = stored.moved(&stored.noise(seed, 0.02, point_noise), &rotations).expect("noise");
    let mut model = Model::compile(&problem, &options).expect("a model");
    let mut errors = Vec::new();
    let mut record = |progress: &Progress| {
        errors.push(progress.error);
        Ok(())
    };
    let outcome = refine(&mut problem, &mut model, &rotations, &mut record);
    (outcome, errors)
}

/// The figure is from SciPy's `least_squares` on the same problem: `examples/data/README.md`.
#[test]
fn the_reconstruction_is_refined_to_the_independent_figure() {
    let (outcome, errors) = refined(42, 0.05);
    outcome.expect("convergence");
    let (first, last) = (errors[0], errors[errors.len() - 1]);
    assert!(first > 10.0 && (last - 0.42032).abs() < 1e-5 && errors.len() < 40, "{errors:?}");
}

#[test]
fn a_start_that_is_not_finite_is_a_failure() {
    let (outcome, _) = refined(1, f64::MAX);
    assert!(matches!(outcome, Err(Failure::NotFinite)), "{outcome:?}");
}
