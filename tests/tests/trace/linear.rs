//! Small linear equations: solutions and derivatives against elimination, and matrices that have no inverse.

use crate::rotations::close;
use rotrace::linear::cholesky_solve;
use rotrace::{Array, Tensor, Traced, trace};

/// Numbers without order in `[-1, 1]`.
fn numbers(count: usize, seed: f64) -> Vec<f64> {
    (0..count).map(|index| ((index as f64 + seed) * 78.233).sin() * 43_758.545_3 % 1.0).collect()
}

/// `B B^T + d` for a `d` by `d` matrix `B`.
fn positive(size: usize, seed: f64) -> Vec<f64> {
    let b = numbers(size * size, seed);
    let entry = |row: usize, column: usize| {
        let product: f64 = (0..size).map(|inner| b[row * size + inner] * b[column * size + inner]).sum();
        product + if row == column { 0.1 } else { 0.0 }
    };
    (0..size * size).map(|place| entry(place / size, place % size)).collect()
}

/// Elimination with pivots.
fn eliminated(matrix: &[f64], right: &[f64]) -> Vec<f64> {
    let size = right.len();
    let mut rows: Vec<Vec<f64>> =
        (0..size).map(|row| [&matrix[row * size..][..size], &right[row..=row]].concat()).collect();
    for place in 0..size {
        let largest = (place..size).max_by(|&a, &b| rows[a][place].abs().total_cmp(&rows[b][place].abs())).unwrap();
        rows.swap(place, largest);
        let top: Vec<f64> = rows[place].iter().map(|number| number / rows[place][place]).collect();
        for (row, numbers) in rows.iter_mut().enumerate() {
            let factor = numbers[place];
            if row != place {
                numbers.iter_mut().zip(&top).for_each(|(number, above)| *number -= factor * above);
            }
        }
        rows[place] = top;
    }
    rows.iter().map(|row| row[size]).collect()
}

fn product(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks(vector.len()).map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
}

fn solve() -> Traced<'static, (Tensor, Tensor), Tensor> {
    trace(|(matrix, right)| cholesky_solve(matrix, right))
}

#[test]
fn solutions_of_all_sizes() {
    for size in 1..=16 {
        let (matrix, right) = (positive(size, 0.5), numbers(size, 7.0));
        let types = format!("f64[{size}, {size}], f64[{size}]");
        let compiled = solve().compile(&types).unwrap();
        let arguments = (Array::from_vec(&[size, size], matrix.clone()).unwrap(), Array::from(right.clone()));
        close(compiled.call(&arguments).unwrap().as_slice().unwrap(), &eliminated(&matrix, &right), 1e-12);
    }
}

#[test]
fn batches_broadcast_and_rows_are_single_ones() {
    let single = solve().compile("f32[3, 3], f32[3]").unwrap();
    let shared = solve().compile("f32[n, 1, 3, 3], f32[2, 3]").unwrap();
    let of = |numbers: Vec<f64>| numbers.into_iter().map(|number| number as f32).collect::<Vec<_>>();
    let (matrices, rights) = ([of(positive(3, 0.0)), of(positive(3, 50.0))], of(numbers(6, 3.0)));
    let all =
        (Array::from_vec(&[2, 1, 3, 3], matrices.concat()).unwrap(), Array::from_vec(&[2, 3], rights.clone()).unwrap());
    let all = shared.call(&all).unwrap();
    assert_eq!(all.shape(), [2, 2, 3]);
    for (index, got) in all.as_slice::<f32>().unwrap().chunks(3).enumerate() {
        let matrix = Array::from_vec(&[3, 3], matrices[index / 2].clone()).unwrap();
        let right = Array::from(rights[index % 2 * 3..][..3].to_vec());
        assert_eq!(single.call(&(matrix, right)).unwrap().as_slice::<f32>().unwrap(), got);
    }
    let none = (Array::zeros_of(rotrace::DType::F32, &[0, 1, 3, 3]).unwrap(), Array::from(vec![0.0_f32; 6]));
    assert_eq!(shared.call(&(none.0, none.1.reshape(&[2, 3]).unwrap())).unwrap().shape(), [0, 2, 3]);
}

#[test]
fn derivatives_of_two_orders() {
    // Of x = A^-1 b along (A', b'): x' = A^-1 (b' - A' x), x'' = -2 A^-1 A' x'.
    let size = 5;
    let (matrix, right) = (positive(size, 2.0), numbers(size, 1.0));
    let (turn, shift) = (positive(size, 9.0), numbers(size, 4.0));
    let first = solve().jvp();
    let second = trace(move |(at, along): ((Tensor, Tensor), (Tensor, Tensor))| {
        let slope = trace(move |at: (Tensor, Tensor)| first.call_traced((at, along)));
        slope.jvp().call_traced((at, along))
    });
    let square = |numbers: &[f64]| Array::from_slice(&[size, size], numbers).unwrap();
    let at = (square(&matrix), Array::from(right.clone()));
    let along = (square(&turn), Array::from(shift.clone()));
    let both = second.compile("f64[5, 5], f64[5], f64[5, 5], f64[5]").unwrap();
    let ((value, slope), (_, curvature)) = both.call(&(at.clone(), along)).unwrap();
    let x = eliminated(&matrix, &right);
    let rest: Vec<f64> = shift.iter().zip(product(&turn, &x)).map(|(b, ax)| b - ax).collect();
    let x1 = eliminated(&matrix, &rest);
    let x2 = eliminated(&matrix, &product(&turn, &x1).into_iter().map(|number| -2.0 * number).collect::<Vec<_>>());
    close(value.as_slice().unwrap(), &x, 1e-11);
    close(slope.as_slice().unwrap(), &x1, 1e-10);
    close(curvature.as_slice().unwrap(), &x2, 1e-9);
    // In reverse: of c . x the gradient with respect to b is A^-1 c.
    let reverse = solve().vjp().compile("f64[5, 5], f64[5], f64[5]").unwrap();
    let (_, (_, gradient)) = reverse.call(&(at, Array::from(shift.clone()))).unwrap();
    close(gradient.as_slice().unwrap(), &eliminated(&matrix, &shift), 1e-11);
}

#[test]
fn matrices_without_an_inverse() {
    let compiled = solve().vjp().compile("f64[n, 3, 3], f64[n, 3], f64[n, 3]").unwrap();
    let matrices = [
        // Zero; the last row the sum of the others; negative; indefinite; positive but for rounding errors.
        [0.0; 9],
        [2.0, 1.0, 3.0, 1.0, 2.0, 3.0, 3.0, 3.0, 6.0],
        [-1.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, -3.0],
        [1.0, 2.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        [1.0, 0.1, 0.3, 0.1, 0.01, 0.03, 0.3, 0.03, 0.09],
    ];
    let right = [3.0, 3.0, 6.0];
    let rights: Vec<f64> = matrices.iter().flat_map(|_| right).collect();
    let rows = || Array::from_vec(&[5, 3], rights.clone()).unwrap();
    let all = Array::from_vec(&[5, 3, 3], matrices.concat()).unwrap();
    let (value, (of_matrix, of_right)) = compiled.call(&((all, rows()), rows())).unwrap();
    let value = value.to_vec::<f64>().unwrap();
    close(&value[..9], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], 1e-15);
    close(&value[9..], &[3.0, 0.0, 6.0, 3.0, 0.0, 0.0], 1e-15);
    for gradient in [of_matrix, of_right] {
        assert!(gradient.as_slice::<f64>().unwrap().iter().all(|number| number.is_finite()), "{gradient:?}");
    }
    let single = solve().compile("f64[2, 2], f64[2]").unwrap();
    for matrix in [[f64::NAN, 0.0, 0.0, 1.0], [1.0, 0.0, f64::NAN, 1.0], [1.0, 0.0, 0.0, f64::NAN]] {
        let matrix = Array::from_slice(&[2, 2], &matrix).unwrap();
        let solution = single.call(&(matrix, Array::from([1.0, 1.0]))).unwrap();
        assert!(solution.as_slice::<f64>().unwrap().iter().any(|number| number.is_nan()), "{solution:?}");
    }
}

#[test]
fn mistakes_have_the_users_line() {
    let line = line!() + 1;
    let solve = trace(|(matrix, right): (Tensor, Tensor)| cholesky_solve(matrix, right));
    for types in ["f64[3, 3], f64[4]", "f64[3, 4], f64[4]", "f64[3], f64[3]", "f64[n, n], f64[n]", "i64[2, 2], i64[2]"]
    {
        let error = solve.lower(types).map(|_| ()).unwrap_err();
        assert_eq!(error.location().map(|place| place.line()), Some(line));
        assert!(error.to_string().contains("cholesky_solve takes floats of shape [..., d, d] and [..., d]"), "{error}");
    }
    let large = solve.lower("f64[17, 17], f64[17]").map(|_| ()).unwrap_err().to_string();
    assert!(large.contains("with d from 1 to 16, got f64[17, 17] and f64[17]"), "{large}");
}
