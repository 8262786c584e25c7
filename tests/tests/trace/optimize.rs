//! Optimisers against plain loops, on problems with known minima, in batches, and where numbers are not finite.

mod first_order;
mod lbfgs;
mod least_squares;
mod mapped;
mod mistakes;
mod poses;

use rotrace::Array;

/// Numbers without order in `[-1, 1]`.
fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|index| ((index + 1000 * seed) as f64 * 78.233).sin() * 43_758.545_3 % 1.0).collect()
}

/// The only element.
#[track_caller]
fn single(array: &Array) -> f64 {
    match array.as_slice::<f64>().unwrap() {
        [number] => *number,
        many => panic!("{} elements", many.len()),
    }
}

/// All of a `bool` array.
#[track_caller]
fn flags(array: &Array) -> Vec<bool> {
    array.to_vec().unwrap()
}
