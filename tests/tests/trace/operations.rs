//! Values of the array API's operations.

use crate::types;
use rotrace::{Array, DType, Tensor, Tree, concat, constant, eye, full, ones, stack, trace, where_, zeros};

/// The result of a function of one array.
#[track_caller]
fn run<Out: Tree<Tensor, With<Array> = Array>>(x: impl Into<Array>, f: impl FnOnce(Tensor) -> Out + Clone) -> Array {
    let x = x.into();
    let compiled = trace(f).compile(rotrace::Signature::like(&x)).unwrap();
    compiled.call(&x).unwrap()
}

#[test]
fn operators_and_numbers_on_either_side() {
    assert_eq!(run(3.0, |x| (1 - x * 2.0 + 0.5) / (x - 1_u32)), Array::from(-2.25));
    assert_eq!(run([1.0_f32, 2.0], |x| 1.0 / x), Array::from([1.0_f32, 0.5]));
    assert_eq!(run([7_i32, -7], |x| x % 4), Array::from([3, 1]));
    assert_eq!(run([1.0, 2.0], |x| Array::from([10.0, 20.0]) - x), Array::from([9.0, 18.0]));
    assert_eq!(run([1.0, 2.0], |x| -x + &Array::from([[1.0], [2.0]])), Array::from([[0.0, -1.0], [1.0, 0.0]]));
    assert_eq!(run([1.0, 2.0], |x| x * [3.0, 4.0]), Array::from([3.0, 8.0]));
    assert_eq!(run([true, false], |x| !x | Array::from([true, false])), Array::from([true, true]));
    assert_eq!(run([true, false], |x| x.logical_xor(true)), Array::from([false, true]));
    assert_eq!(run([6_u8], |x| (x & Array::from(3_u8)).bitwise_left_shift(1)), Array::from([4_u8]));
}

#[test]
fn elementwise_functions() {
    assert_eq!(run([4.0, 9.0], Tensor::sqrt), Array::from([2.0, 3.0]));
    assert_eq!(run([-1.0, f64::NAN, 5.0], |x| x.clip(0, 2).isnan()), Array::from([false, true, false]));
    assert_eq!(run([-1.0, 5.0], |x| x.clip(0, 2)), Array::from([0.0, 2.0]));
    assert_eq!(run([-1.0, 5.0], |x| where_(x.less(0), 7.0, x)), Array::from([7.0, 5.0]));
    assert_eq!(run([0.5, 4.0], |x| x.reciprocal().square()), Array::from([4.0, 0.0625]));
    assert_eq!(run([2.5, -3.7], |x| x.astype(DType::I8)), Array::from([2_i8, -3]));
    assert_eq!(run([2.0, 3.0], |x| x.fma(x, 1)), Array::from([5.0, 10.0]));
    assert_eq!(run([0.0, 1.0], |x| x.atan2(0.0).greater_equal(1.5)), Array::from([false, true]));
}

#[test]
fn movement() {
    let grid = || Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(run(grid(), |x| x.reshape([3, 2])), Array::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    assert_eq!(run(grid(), |x| x.matrix_transpose().index(0, -1)), Array::from([3.0, 6.0]));
    assert_eq!(run(grid(), |x| x.permute_dims(()).component(0)), Array::from([1.0, 2.0, 3.0]));
    assert_eq!(run(grid(), |x| x.flip(-1).slice(1, ..-1)), Array::from([[3.0, 2.0], [6.0, 5.0]]));
    assert_eq!(run(grid(), |x| x.slice(1, -2..=-1)), Array::from([[2.0, 3.0], [5.0, 6.0]]));
    assert_eq!(run(grid(), |x| x.slice_step(1, .., 2)), Array::from([[1.0, 3.0], [4.0, 6.0]]));
    assert_eq!(run(grid(), |x| x.take(&[-1, 0, 0], 1).index(0, 0)), Array::from([3.0, 1.0, 1.0]));
    assert_eq!(run(grid(), |x| x.expand_dims(0).squeeze(0).squeeze(()).index(0, 1)), Array::from([4.0, 5.0, 6.0]));
    assert_eq!(run([1.0], |x| x.pad(0, 1, 2, 9)), Array::from([9.0, 1.0, 9.0, 9.0]));
    assert_eq!(run([1.0, 2.0], |x| concat([x, x], 0)), Array::from([1.0, 2.0, 1.0, 2.0]));
    assert_eq!(run([1.0, 2.0], |x| stack([x, constant(0.0)], -1)), Array::from([[1.0, 0.0], [2.0, 0.0]]));
    assert_eq!(run(1.0, |x| x.broadcast_to([2, 1])), Array::from([[1.0], [1.0]]));
}

#[test]
fn reductions() {
    let grid = || Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(run(grid(), |x| x.sum(())), Array::from(21.0));
    assert_eq!(run(grid(), |x| x.sum([0, -1])), Array::from(21.0));
    assert_eq!(run(grid(), |x| x.prod(0)), Array::from([4.0, 10.0, 18.0]));
    assert_eq!(run(grid(), |x| x.max_keepdims(-1)), Array::from([[3.0], [6.0]]));
    assert_eq!(run(grid(), |x| x.mean(1)), Array::from([2.0, 5.0]));
    assert_eq!(run([100_i8, 100], |x| x.sum(())), Array::from(200_i64));
    assert_eq!(run([0.0, 2.0], |x| stack([x.any(()), x.all(())], 0)), Array::from([true, false]));
    assert_eq!(run([3.0, 4.0], |x| x.vector_norm(())), Array::from(5.0));
    let mean = trace(|x: Tensor| x.mean(())).compile("f64[n, 2]").unwrap();
    assert_eq!(mean.call(&Array::from([[1.0, 2.0], [3.0, 6.0], [0.0, 0.0]])).unwrap(), Array::from(2.0));
    let empty = mean.call(&Array::zeros(&[0, 2]).unwrap()).unwrap();
    assert!(empty.as_slice::<f64>().unwrap()[0].is_nan());
}

#[test]
fn the_norm_has_a_derivative_at_zero() {
    let norm = trace(|x: Tensor| x.vector_norm(-1).sum(()));
    let gradient = norm.grad().compile("f64[n, 2]").unwrap();
    let result = gradient.call(&Array::from([[0.0, 0.0], [3.0, 4.0]])).unwrap();
    let result = result.to_vec::<f64>().unwrap();
    assert_eq!(result[..2], [0.0, 0.0]);
    // The derivative is a product of rounded factors.
    assert!((result[2] - 0.6).abs() < 2e-16 && (result[3] - 0.8).abs() < 2e-16, "{result:?}");
    let nan = run([f64::NAN, 0.0], |x| x.vector_norm(()).isnan());
    assert_eq!(nan, Array::from(true));
}

#[test]
fn products() {
    let matrix = || Array::from([[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(run(matrix(), |x| x.matmul(x)), Array::from([[7.0, 10.0], [15.0, 22.0]]));
    assert_eq!(run(matrix(), |x| x.matmul([1.0, -1.0])), Array::from([-1.0, -1.0]));
    assert_eq!(run([1.0, -1.0], |x| x.matmul(matrix())), Array::from([-2.0, -2.0]));
    assert_eq!(run([1.0, 2.0], |x| x.matmul([3.0, 4.0])), Array::from(11.0));
    assert_eq!(run(matrix(), |x| x.vecdot([1.0, 10.0])), Array::from([21.0, 43.0]));
    assert_eq!(run([1.0, 0.0, 0.0], |x| x.cross([0.0, 1.0, 0.0])), Array::from([0.0, 0.0, 1.0]));
    let batched = trace(|(a, b): (Tensor, Tensor)| a.matmul(b));
    assert_eq!(
        types(&batched.lower("f64[n, 1, 2, 3], f64[4, 3, 5]").unwrap()),
        "f64[n, 1, 2, 3], f64[4, 3, 5] -> f64[n, 4, 2, 5]"
    );
    assert_eq!(types(&batched.lower("f64[n, 2, 3], f64[3]").unwrap()), "f64[n, 2, 3], f64[3] -> f64[n, 2]");
    assert!(batched.lower("f64[n, 2, 3], f64[2, 3]").is_err());
    assert!(batched.lower("f64, f64[2]").is_err());
}

#[test]
fn creation() {
    assert_eq!(run([1.0_f32, 2.0], |x| x.zeros_like() + x.ones_like() * 2.0), Array::from([2.0_f32; 2]));
    assert_eq!(run([0.0; 3], |x| x.iota(DType::I32, 0)), Array::from([0, 1, 2]));
    assert_eq!(run([[0.0]; 2], |x| x + eye(DType::F64, 2, 2)), Array::from([[1.0, 0.0], [0.0, 1.0]]));
    assert_eq!(
        run([1.0, 2.0], |x| full(DType::F64, x.shape(), 4) + zeros(DType::F64, [2]) + ones(DType::F64, ())),
        Array::from([5.0; 2])
    );
}

#[test]
fn named_dimensions() {
    let f = trace(|x: Tensor| {
        let steps = x.slice(0, 1..) - x.slice(0, ..-1);
        concat([steps, x.slice(0, -1..)], 0)
    });
    // `-1..` of a named axis starts at a place that is not known.
    assert!(f.lower("f64[n, 3]").is_err());
    let differences = trace(|x: Tensor| x.slice(0, 1..) - x.slice(0, ..-1));
    assert_eq!(types(&differences.lower("f64[n, 3]").unwrap()), "f64[n, 3] -> f64[n-1, 3]");
    let split = trace(|x: Tensor| x.reshape_last(1, [3, 3]).matrix_transpose());
    assert_eq!(types(&split.lower("f64[n, m, 9]").unwrap()), "f64[n, m, 9] -> f64[n, m, 3, 3]");
    let counted = trace(|x: Tensor| x.iota(DType::F64, 0) * 2.0).compile("f64[n]").unwrap();
    assert_eq!(counted.call(&Array::zeros(&[3]).unwrap()).unwrap(), Array::from([0.0, 2.0, 4.0]));
    assert_eq!(counted.call(&Array::zeros(&[0]).unwrap()).unwrap().shape(), [0]);
}
