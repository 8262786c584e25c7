//! Operations on arrays: values, what they refuse, how often they compile, and checked calls.

use rotrace::eager::{self, jit};
use rotrace::spatial::{self, Order, Rotation};
use rotrace::{Array, DType, Error, Tensor, trace};
use std::f64::consts::PI;

#[test]
fn operations_are_those_of_compiled_functions() {
    let (x, v) = ([[0.3, -2.0, 1.0], [0.0; 3]], [1.0, 2.0, 3.0]);
    let rotation = eager::Rotation::from_rotvec(x).unwrap();
    let compiled = trace(|(x, v): (Tensor, Tensor)| {
        let rotation = Rotation::from_rotvec(x);
        let vectors = (rotation.apply(v), rotation.apply_inverse(v), rotation.as_rotvec());
        (vectors, rotation.as_matrix(), rotation.as_quat(true), rotation.magnitude(), rotation.inv())
    });
    let (vectors, matrix, quat, magnitude, inverse) =
        compiled.compile("f64[n, 3], f64[3]").unwrap().call(&(x.into(), v.into())).unwrap();
    assert_eq!(rotation.apply(v).unwrap(), vectors.0);
    assert_eq!(rotation.apply_inverse(v).unwrap(), vectors.1);
    assert_eq!(rotation.as_rotvec().unwrap(), vectors.2);
    assert_eq!(rotation.as_matrix().unwrap(), matrix);
    assert_eq!(rotation.as_quat(true).unwrap(), quat);
    assert_eq!(rotation.magnitude().unwrap(), magnitude);
    assert_eq!(rotation.inv().unwrap(), inverse);
    assert_eq!(eager::Rotation::from_matrix_assume_valid(&matrix).unwrap().as_matrix().unwrap().shape(), [2, 3, 3]);
    assert_eq!(eager::Rotation::from_unit_quat(&quat).unwrap().into_parts(), quat);
    let degrees = eager::Rotation::from_rotvec_degrees([90.0, 0.0, 0.0]).unwrap();
    let turned = degrees.as_rotvec_degrees().unwrap();
    assert!((turned.as_slice::<f64>().unwrap()[0] - 90.0).abs() < 1e-13);
    assert!((degrees.magnitude().unwrap().as_slice::<f64>().unwrap()[0] - PI / 2.0).abs() < 1e-15);
}

#[test]
fn leading_axes_broadcast_and_may_be_empty() {
    let rotations = eager::Rotation::from_rotvec(Array::zeros(&[2, 1, 3]).unwrap()).unwrap();
    assert_eq!(rotations.apply(Array::zeros(&[5, 3]).unwrap()).unwrap().shape(), [2, 5, 3]);
    let none = eager::Rotation::from_quat(Array::zeros(&[0, 4]).unwrap()).unwrap();
    assert_eq!((&none * &eager::Rotation::identity(DType::F64, &[1]).unwrap()).unwrap().into_parts().shape(), [0, 4]);
    assert_eq!(none.magnitude().unwrap().shape(), [0]);
    let single = eager::Rotation::from_rotvec([0.0_f32, 0.0, 1.0]).unwrap();
    assert_eq!(single.apply(Array::from([[1.0_f32, 0.0, 0.0]; 3])).unwrap().dtype(), DType::F32);
    assert_eq!(single.magnitude().unwrap(), Array::from(1.0_f32));
    let identity = eager::Rotation::identity(DType::F32, &[2, 3]).unwrap();
    assert_eq!(identity.magnitude().unwrap(), Array::zeros_of(DType::F32, &[2, 3]).unwrap());
    assert!(eager::Rotation::identity(DType::I32, &[]).is_err());
}

#[test]
fn products_can_be_chained() {
    let [a, b] = [[0.3, -2.0, 1.0], [1.0, 0.0, 0.5]].map(|x| eager::Rotation::from_rotvec(x).unwrap());
    let chained = ((&a * &b).unwrap() * b.inv().unwrap()).unwrap();
    let back = (&chained * &a.inv().unwrap()).unwrap();
    assert!(back.magnitude().unwrap().as_slice::<f64>().unwrap()[0] < 1e-15);
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, at: &[usize], message: &str) {
    match result.unwrap_err() {
        Error::Value { message: found, row, location } => {
            assert_eq!((found.as_str(), row.as_slice()), (message, at));
            assert!(location.file().ends_with("eager.rs"), "{location}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn data_without_a_result_is_an_error_that_names_the_element() {
    let zero = "Rotation::from_quat: a quaternion of length zero";
    refused(eager::Rotation::from_quat([0.0; 4]), &[], zero);
    refused(eager::Rotation::from_quat([[0.0_f32; 4]; 2]), &[0], &format!("{zero} at [0]"));
    let mut nested = [[[0.0, 0.0, 0.0, 1.0]; 3]; 2];
    nested[1][2][3] = 0.0;
    refused(eager::Rotation::from_quat(nested), &[1, 2], &format!("{zero} at [1, 2]"));
    // What is not a number already stays so and does not hide the next row's fault.
    nested[0][0][3] = f64::NAN;
    nested[0][1][3] = f64::INFINITY;
    refused(eager::Rotation::from_quat(nested), &[1, 2], &format!("{zero} at [1, 2]"));
    nested[1][2][0] = 1.0;
    let rotations = eager::Rotation::from_quat(nested).unwrap().into_parts();
    assert!(rotations.as_slice::<f64>().unwrap()[..4].iter().all(|component| component.is_nan()));
    let left =
        [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]];
    let problem = "a matrix whose determinant is not positive (a left-handed or null coordinate frame)";
    refused(eager::Rotation::from_matrix(left), &[1], &format!("Rotation::from_matrix: {problem} at [1]"));
}

#[test]
fn angles_of_arrays() {
    let angles = [[0.1, 0.2, 0.3], [-0.3, 1.0, 2.0]];
    let rotation = eager::Rotation::from_euler("ZYX", angles).unwrap();
    let other = eager::Rotation::from_euler("zyx", angles).unwrap();
    assert_ne!(rotation, other);
    let near = |got: Array| {
        let pairs = got.as_slice::<f64>().unwrap().iter().zip(angles.as_flattened());
        assert!(pairs.into_iter().all(|(got, wanted)| (got - wanted).abs() < 4e-15), "{got}");
    };
    near(rotation.as_euler("ZYX").unwrap());
    near(other.as_euler("zyx").unwrap());
    assert_eq!(rotation.is_gimbal_locked("ZYX").unwrap(), Array::from([false, false]));
    let axes = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
    near(eager::Rotation::from_davenport(axes, Order::Intrinsic, angles).unwrap().as_euler("ZYX").unwrap());
    near(other.as_davenport(axes, Order::Extrinsic).unwrap());
    let skew = [axes, [[0.0, 0.0, 1.0], [0.0, 1.0, 0.1], [1.0, 0.0, 0.0]]];
    let problem = "axes that are zero, or not at right angles to their neighbours at [1]";
    refused(
        eager::Rotation::from_davenport(skew, Order::Intrinsic, [0.1, 0.2, 0.3]),
        &[1],
        &format!("Rotation::from_davenport: {problem}"),
    );
    refused(rotation.as_davenport(skew, Order::Intrinsic), &[1], &format!("Rotation::as_davenport: {problem}"));
    assert!(rotation.as_euler("ZZX").unwrap_err().to_string().contains("ZZX"));
}

#[test]
fn mistakes_have_the_sizes_and_the_line_of_the_call() {
    let rotations = eager::Rotation::from_rotvec([[0.0; 3]; 2]).unwrap();
    let line = line!() + 1;
    let error = rotations.apply([[0.0; 3]; 5]).unwrap_err();
    let location = error.location().unwrap();
    assert!(location.file().ends_with("eager.rs") && location.line() == line, "{location}");
    let text = error.to_string();
    assert!(text.contains('2') && text.contains('5'), "{text}");
    assert!(eager::Rotation::from_quat([1.0, 2.0]).unwrap_err().to_string().contains("f64[2]"));
    assert!(eager::Rotation::from_quat(1.0).unwrap_err().to_string().contains("f64[]"));
    assert!(rotations.apply([1.0_f32, 0.0, 0.0]).is_err());
    // A mistake is not remembered.
    assert!(rotations.apply([[0.0; 3]; 2]).is_ok());
}

#[test]
fn a_new_batch_size_finds_the_program_of_the_last() {
    let turn = jit(|(x, v): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(v), &[1, 1]);
    let zeros = |shape: &[usize]| Array::zeros(shape).unwrap();
    for size in [1, 0, 2, 1000, 7] {
        assert_eq!(turn.call(&(zeros(&[size, 3]), zeros(&[size, 3]))).unwrap().shape(), [size, 3]);
    }
    assert_eq!(turn.programs(), 1);
    for size in [2, 0, 1000] {
        turn.call(&(zeros(&[1, 3]), zeros(&[size, 3]))).unwrap();
    }
    assert_eq!(turn.programs(), 2);
    turn.call(&(zeros(&[3]), zeros(&[4, 3]))).unwrap();
    assert_eq!(turn.programs(), 3);
    assert!(turn.call(&(zeros(&[2, 3]), zeros(&[4, 3]))).is_err());
    assert_eq!(turn.programs(), 3);
}

#[test]
fn a_function_that_asks_for_a_size_gets_a_program_for_each() {
    fn rows(x: Tensor) -> Tensor {
        x.reshape([3, 2])
    }
    static SHARED: eager::Jit<fn(Tensor) -> Tensor, Tensor, Tensor> = jit(rows, &[0]);
    for _ in 0..2 {
        assert_eq!(SHARED.call(&Array::from([0.0; 6])).unwrap().shape(), [3, 2]);
    }
    assert_eq!(SHARED.programs(), 1);
    let error = SHARED.call(&Array::from([0.0; 5])).unwrap_err();
    assert!(error.to_string().contains('5'), "{error}");
}

#[test]
fn threads_share_programs() {
    let turn = jit(|x: Tensor| Rotation::from_rotvec(x).as_matrix(), &[1]);
    std::thread::scope(|scope| {
        for size in 0..4 {
            let turn = &turn;
            scope.spawn(move || turn.call(&Array::zeros(&[size, 3]).unwrap()).unwrap());
        }
    });
    assert_eq!(turn.programs(), 1);
}

#[test]
fn rigid_transforms_of_arrays() {
    let turn = eager::Rotation::from_rotvec([0.0, 0.3, 0.6]).unwrap();
    let transform = eager::RigidTransform::from_components([[1.0, 2.0, 3.0]; 2], &turn).unwrap();
    let (translation, rotation) = transform.as_components().unwrap();
    assert_eq!((translation.shape(), rotation.shape()), (&[2, 3][..], &[2][..]));
    let close = |transform: Result<spatial::RigidTransform<Array>, Error>, wanted: &spatial::RigidTransform<Array>| {
        let [got, wanted] = [transform.unwrap(), wanted.clone()].map(spatial::RigidTransform::into_parts);
        let pairs = got.as_slice::<f64>().unwrap().iter().zip(wanted.as_slice::<f64>().unwrap());
        assert!(
            got.shape() == wanted.shape() && pairs.into_iter().all(|(a, b)| (a - b).abs() < 4e-15),
            "{got} {wanted}"
        );
    };
    let square = (&transform * &transform).unwrap();
    close(transform.pow(2.0), &square);
    assert!(transform.pow(Array::from([2.0, 2.0])).is_err());
    close(square.pow(0.5), &transform);
    assert_eq!(transform.pow(1).unwrap(), transform);
    assert_eq!(transform.pow(-1).unwrap(), transform.inv().unwrap());
    let identity = eager::RigidTransform::identity(DType::F64, &[2]).unwrap();
    assert_eq!(transform.pow(0.0).unwrap(), identity);
    close((&transform * &turn).and_then(|both| both * turn.inv()?), &transform);
    close((&turn * &transform).and_then(|both| turn.inv()? * both), &transform);
    assert!(transform.pow(true).is_err());
    assert_eq!(transform.index(0, 1).unwrap().shape(), [0; 0]);
    let joined = eager::RigidTransform::concatenate(&[transform, identity.index(0, 0).unwrap()]).unwrap();
    assert_eq!(joined.shape(), [3]);
    let mut matrices = joined.as_matrix().unwrap();
    matrices.as_mut_slice::<f64>().unwrap()[16 + 12] = 1e-300;
    let problem = "a matrix whose last row is not exactly 0 0 0 1, or whose rotation's determinant is not positive";
    refused(
        eager::RigidTransform::from_matrix(matrices),
        &[1],
        &format!("RigidTransform::from_matrix: {problem} at [1]"),
    );
}

#[test]
fn curves_of_arrays() {
    let rotations = eager::Rotation::from_rotvec([[0.0; 3], [0.0, 0.0, 1.0], [0.0, 0.0, 3.0]]).unwrap();
    let slerp = eager::Slerp::new([0.0, 1.0, 2.0], &rotations).unwrap();
    let angles = slerp.at([0.5, 1.5]).unwrap().magnitude().unwrap();
    for (got, wanted) in angles.as_slice::<f64>().unwrap().iter().zip([0.5, 2.0]) {
        assert!((got - wanted).abs() < 1e-15);
    }
    // As many times as knots, and one time.
    assert_eq!(slerp.at([0.5, 1.5, 2.0]).unwrap().shape(), [3]);
    assert_eq!(slerp.at([0.5]).unwrap().shape(), [1]);
    assert_eq!(slerp.at(0.5).unwrap().shape(), [0; 0]);
    let problem = "Slerp::at: a time outside the knots' range, or knots whose times do not increase strictly";
    refused(slerp.at([0.5, 2.5]), &[1], &format!("{problem} at [1]"));
    refused(eager::Slerp::new([0.0, 1.0, 1.0], &rotations).unwrap().at(0.5), &[], problem);
    let spline = eager::RotationSpline::new([0.0, 1.0, 2.0], &rotations).unwrap();
    let rates = spline.angular_rate_at([0.0, 2.0]).unwrap();
    assert!((rates.as_slice::<f64>().unwrap()[2] - 1.0).abs() < 1e-14, "{rates}");
    assert_eq!(spline.angular_acceleration_at(0.5).unwrap().shape(), [3]);
    assert!(spline.at(5.0).is_ok());
    assert!(eager::Slerp::new([0.0, 1.0], &rotations).is_err());
}

#[test]
fn an_operation_inside_a_trace_gives_a_constant() {
    let f = trace(|v: Tensor| {
        let rotation = eager::Rotation::from_rotvec([0.0, 0.0, PI]).unwrap();
        v + rotation.apply([1.0, 0.0, 0.0]).unwrap()
    });
    let sum = f.compile("f64[3]").unwrap().call(&Array::from([1.0, 0.0, 0.0])).unwrap();
    assert!(sum.as_slice::<f64>().unwrap().iter().all(|component| component.abs() < 1e-15));
}

#[test]
fn a_checked_call_names_the_row_that_became_nan() {
    let line = line!() + 1;
    let f = trace(|(x, y): (Tensor, Tensor)| (x + 1.0, x.sqrt() / y)).compile("f64[n, 2], f64[2]").unwrap();
    let y = Array::from([1.0, 2.0]);
    let check = |x: Array, y: &Array| f.call_checked(&(x, y.clone()));
    assert!(check([[1.0, 2.0], [f64::INFINITY, 0.0]].into(), &y).is_ok());
    let error = check([[1.0, f64::NAN], [1.0, 2.0], [0.0, -1.0]].into(), &y).unwrap_err();
    assert!(matches!(error, Error::NotANumber { result: 1, row: Some(2), .. }), "{error:?}");
    let wanted = format!("result 1 is NaN in row 2, where no argument is: it began with sqrt at {}:{line}:58", file!());
    assert_eq!(error.to_string(), wanted);
    // What is NaN in an argument without rows explains every row.
    assert!(check([[1.0, -1.0]].into(), &Array::from([f64::NAN, 1.0])).is_ok());
    let line = line!() + 1;
    let whole = trace(|x: Tensor| x.sqrt().sum(())).compile("f64[n]").unwrap();
    let error = whole.call_checked(&Array::from([1.0, -1.0])).unwrap_err();
    let wanted = format!("result 0 is NaN, where no argument is: it began with sqrt at {}:{line}:37", file!());
    assert_eq!(error.to_string(), wanted);
    assert!(whole.call_checked(&Array::from([f64::NAN, -1.0])).is_ok());
}

#[test]
fn interpolation_refuses_bad_knots_and_nothing_else() {
    // Two curves at two times each, of which the first has a NaN among its knots: no mistake of the times.
    let quats = vec![f64::NAN, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.1, 0.0, 1.0];
    let rotations = Rotation::from_parts(Array::from_vec(&[2, 2, 4], quats).unwrap());
    let slerp = eager::Slerp::new([[0.0, 1.0], [0.0, 1.0]], &rotations).unwrap();
    let between = slerp.at([[0.1, 0.2], [0.3, 0.4]]).unwrap().into_parts();
    assert_eq!(between.shape(), [2, 2, 4]);
    let same = eager::Rotation::from_rotvec([[0.0; 3], [0.1, 0.0, 0.0], [0.2, 0.0, 0.0]]).unwrap();
    let error = eager::RotationSpline::new([0.0, 1.0, 1.0], &same).unwrap_err().to_string();
    assert!(error.contains("RotationSpline::new: knots whose times do not increase strictly"), "{error}");
}

#[test]
fn what_is_put_in_has_the_shape_of_an_element() {
    let two = eager::Rotation::from_rotvec([[0.0; 3], [0.1, 0.0, 0.0]]).unwrap();
    let error = two.set(&[0], 0, &Rotation::from_parts(Array::from([0.0; 8]))).unwrap_err().to_string();
    assert!(error.contains("cannot put elements of shape [8] among those of [4]"), "{error}");
}

#[test]
fn a_function_that_needs_a_size_is_traced_once_for_each() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    // A reshape that mixes a name with a number is refused.
    let flat = jit(
        |x: Tensor| {
            RUNS.fetch_add(1, Ordering::Relaxed);
            let count = x.shape().first().and_then(|dim| dim.as_fixed()).unwrap_or(1) as usize;
            x.reshape([3 * count])
        },
        &[1],
    );
    let call = |rows: usize| flat.call(&Array::zeros(&[rows, 3]).unwrap()).unwrap();
    assert_eq!(call(2).shape(), [6]);
    let runs = RUNS.load(Ordering::Relaxed);
    assert_eq!((call(2).shape(), RUNS.load(Ordering::Relaxed)), (&[6][..], runs));
    assert_eq!((call(4).shape(), flat.programs()), (&[12][..], 2));
}
