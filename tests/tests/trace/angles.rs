//! Euler angles, Davenport angles and modified Rodrigues parameters: every sequence, gimbal lock, derivatives.

use crate::rotations::{close, derivatives, run};
use rotrace::spatial::{Order, Rotation};
use rotrace::{Array, DType, Tensor, trace};
use std::f64::consts::{FRAC_PI_2, PI};

/// All sequences of three axes.
fn sequences() -> Vec<String> {
    let mut all = Vec::new();
    for axes in ["xyz", "XYZ"] {
        let letters: Vec<char> = axes.chars().collect();
        for first in 0..3 {
            for second in (0..3).filter(|&second| second != first) {
                let third = (0..3).filter(|&third| third != second);
                all.extend(
                    third.map(|third| [first, second, third].map(|place: usize| letters[place]).iter().collect()),
                );
            }
        }
    }
    all
}

/// The middle angle half-way between those at gimbal lock.
fn center(sequence: &str) -> f64 {
    let axes = sequence.as_bytes();
    if axes[0] == axes[2] { FRAC_PI_2 } else { 0.0 }
}

fn matrix_of(sequence: &str) -> impl FnOnce(Tensor) -> Tensor + Clone + '_ {
    move |angles| Rotation::from_euler(sequence, angles).as_matrix()
}

fn there_and_back(sequence: &str) -> impl FnOnce(Tensor) -> Tensor + Clone + '_ {
    move |angles| Rotation::from_euler(sequence, angles).as_euler(sequence)
}

/// Rows of three numbers.
fn rows(array: &Array) -> Vec<[f64; 3]> {
    array.as_slice::<f64>().unwrap().chunks(3).map(|row| row.try_into().unwrap()).collect()
}

/// `f`, which works row by row, and its first and second derivatives at points along directions: compiled once.
fn jets(f: impl FnOnce(Tensor) -> Tensor + Clone, at: &[([f64; 3], [f64; 3])]) -> Vec<[[f64; 3]; 3]> {
    let first = trace(f).jvp();
    let both = trace(move |(x, d): (Tensor, Tensor)| {
        let slope = trace(move |x: Tensor| first.call_traced((x, d)));
        let ((value, slope), (_, curvature)) = slope.jvp().call_traced((x, d));
        (value, slope, curvature)
    });
    let array = |rows: Vec<[f64; 3]>| Array::from_vec(&[at.len(), 3], rows.concat()).unwrap();
    let (points, directions) = at.iter().copied().unzip();
    let compiled = both.compile("f64[n, 3], f64[n, 3]").unwrap();
    let (value, slope, curvature) = compiled.call(&(array(points), array(directions))).unwrap();
    let columns = [value, slope, curvature].map(|array| rows(&array));
    (0..at.len()).map(|row| [0, 1, 2].map(|column: usize| columns[column][row])).collect()
}

#[test]
fn angles_come_back_with_unit_jacobian_and_no_curvature() {
    assert_eq!(sequences().len(), 24);
    let places = [(0.0, 0.0, 0.0), (0.3, -3.0, 2.9), (-1.4, 1.0, 0.1), (1.57, -0.5, -2.0)];
    let direction = [0.5, -0.25, 1.0];
    for sequence in sequences() {
        let at = places.map(|(offset, first, third)| ([first, center(&sequence) + offset, third], direction));
        for ((offset, ..), (at, jet)) in places.iter().zip(at.iter().zip(jets(there_and_back(&sequence), &at))) {
            let [value, slope, curvature] = jet;
            // An outer angle is as much less precise as the middle one is nearer to the lock.
            let distance = FRAC_PI_2 - f64::abs(*offset);
            close(&value, &at.0, 2e-15 / distance);
            close(&slope, &direction, 4e-15 / distance.powi(2));
            close(&curvature, &[0.0; 3], 4e-15 / distance.powi(3));
        }
    }
}

#[test]
fn small_middle_angles_are_precise_relatively() {
    let got = run([0.0, 1e-30, 0.0], there_and_back("xyz"));
    assert_eq!(got, [0.0, 1e-30, 0.0]);
    let angles = [1e-10, -2e-10, 3e-10];
    for (got, wanted) in run(angles, there_and_back("ZXY")).iter().zip(angles) {
        assert!((got - wanted).abs() <= 4e-16 * wanted.abs(), "{got:e} {wanted:e}");
    }
}

#[test]
fn gimbal_lock() {
    let mut places = Vec::new();
    for lock in [FRAC_PI_2, -FRAC_PI_2] {
        // At the lock, within rounding of it, and within what counts as it.
        for nearly in [0.0, 1e-15, -3e-9] {
            places.extend([(0.0, 0.0), (0.5, 0.75), (-2.0, 2.5)].map(|(first, third)| [first, lock + nearly, third]));
        }
    }
    for sequence in sequences() {
        let points: Vec<[f64; 3]> = places.iter().map(|&[a, b, c]| [a, center(&sequence) + b, c]).collect();
        check_values_at_lock(&sequence, &points);
        check_derivatives_at_lock(&sequence, &points);
    }
}

/// The third angle is 0, the rotation is the same, and away from the lock there is none.
fn check_values_at_lock(sequence: &str, points: &[[f64; 3]]) {
    let f = |x: Tensor| {
        let rotation = Rotation::from_euler(sequence, x);
        let angles = rotation.as_euler(sequence);
        let away = Rotation::from_euler(sequence, x - Array::from([0.0, 1e-3, 0.0]));
        let [locked, away] = [rotation, away].map(|rotation| rotation.is_gimbal_locked(sequence));
        (angles, rotation.as_matrix(), Rotation::from_euler(sequence, angles).as_matrix(), locked, away)
    };
    let points = Array::from_vec(&[points.len(), 3], points.concat()).unwrap();
    let (angles, matrix, again, locked, away) = trace(f).compile("f64[n, 3]").unwrap().call(&points).unwrap();
    assert!(rows(&angles).iter().all(|row| row[2] == 0.0), "{angles:?}");
    close(again.as_slice().unwrap(), matrix.as_slice().unwrap(), 1e-8);
    assert!(locked.as_slice::<bool>().unwrap().iter().all(|&locked| locked), "{locked:?}");
    assert!(!away.as_slice::<bool>().unwrap().iter().any(|&locked| locked), "{away:?}");
}

/// The first angle takes all of what the outer ones turn together, and the third none.
fn check_derivatives_at_lock(sequence: &str, points: &[[f64; 3]]) {
    let directions = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let at: Vec<_> = directions.iter().flat_map(|&direction| points.iter().map(move |&x| (x, direction))).collect();
    for ((_, direction), [_, slope, curvature]) in at.iter().zip(jets(there_and_back(sequence), &at)) {
        let first = if direction[2] == 0.0 { slope[0] } else { slope[0].abs() };
        close(&[first, slope[2]], &[direction[0] + direction[2], 0.0], 1e-7);
        // At its bound, the middle angle has a kink.
        assert!(slope[1].abs() <= direction[1] + 1e-7, "{slope:?}");
        assert!(curvature.iter().all(|value| value.is_finite()), "{curvature:?}");
    }
}

#[test]
fn derivatives_at_lock_are_finite_in_reverse_mode_to_second_order() {
    let quats = [[0.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]];
    for sequence in sequences() {
        let weights = Array::from([1.0, -2.0, 0.5]);
        let loss = |q: Tensor| {
            let angles = Rotation::from_quat(q).as_euler(&sequence) * &weights;
            (angles * angles).sum(())
        };
        let gradient = trace(loss).grad();
        let slope = trace(|(q, d): (Tensor, Tensor)| (gradient.call_traced(q) * d).sum(()));
        let both = slope.value_and_grad().compile("f64[4], f64[4]").unwrap();
        let root = 0.5_f64.sqrt();
        for quat in quats.into_iter().chain([[root, 0.0, 0.0, root], [0.0, -root, 0.0, root], [0.0, 0.0, root, root]]) {
            let (value, (by_quat, _)) = both.call(&(Array::from(quat), Array::from([0.4, -0.3, 0.2, 0.1]))).unwrap();
            let numbers = [value.to_vec::<f64>().unwrap(), by_quat.to_vec().unwrap()].concat();
            assert!(
                numbers.iter().all(|value| value.is_finite() && value.abs() < 1e3),
                "{sequence} {quat:?} {numbers:?}"
            );
        }
    }
}

#[test]
fn fewer_axes_degrees_and_conventions() {
    // Extrinsic turns are the intrinsic ones in reverse order.
    let fixed = run([0.3, -0.4, 2.0], matrix_of("xyz"));
    close(&run([2.0, -0.4, 0.3], matrix_of("ZYX")), &fixed, 1e-15);
    close(&run([0.3, -0.4], matrix_of("zx")), &run([0.3, -0.4, 0.0], matrix_of("zxy")), 1e-15);
    close(&run([0.3], matrix_of("Y")), &run([0.0, 0.3, 0.0], |x| Rotation::from_rotvec(x).as_matrix()), 1e-15);
    assert_eq!(run(0.3, matrix_of("y")), run([0.3], matrix_of("y")));
    let degrees = |x| Rotation::from_euler_degrees("zyz", x).as_euler_degrees("zyz");
    close(&run([90.0, 45.0, -120.0], degrees), &[90.0, 45.0, -120.0], 1e-15);
}

/// Axes that are orthonormal, oblique, of other lengths, and those of symmetric sequences.
fn axes() -> Vec<[[f64; 3]; 3]> {
    let oblique = [[0.6, 0.0, 0.8], [0.0, 2.0, 0.0], [-0.28, 0.0, 0.96]];
    vec![
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.0, 0.0, 1.0], [0.0, -3.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]],
        oblique,
        [oblique[2], oblique[1], oblique[0]],
    ]
}

fn davenport(axes: [[f64; 3]; 3], order: Order) -> impl FnOnce(Tensor) -> Rotation + Clone {
    move |angles| Rotation::from_davenport(axes, order, angles)
}

#[test]
fn davenport_angles_reproduce_the_rotation_also_at_gimbal_lock() {
    for axes in axes() {
        for order in [Order::Extrinsic, Order::Intrinsic] {
            let turn = davenport(axes, order);
            let back = move |rotation: Rotation| rotation.as_davenport(axes, order);
            let vectors = [[0.3, -0.4, 2.0], [1.0, 2.0, -0.5], [0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 3.0, 0.0]];
            let at = vectors.map(|vector| (vector, [0.5, -1.0, 0.25]));
            for (vector, jet) in vectors.into_iter().zip(jets(|x| back(Rotation::from_rotvec(x)), &at)) {
                let [angles, ..] = jet;
                assert!(angles.iter().all(|angle| angle.abs() <= PI), "{angles:?}");
                let matrix = run(angles, |x| turn.clone()(x).as_matrix());
                close(&matrix, &run(vector, |x| Rotation::from_rotvec(x).as_matrix()), 4e-15);
                assert!(jet.as_flattened().iter().all(|value| value.is_finite()), "{jet:?}");
            }
            let locked = |x| Rotation::from_rotvec(x).is_gimbal_locked_about(axes, order).astype(DType::F64);
            let parallel = (0..3).all(|place| axes[0][place].abs() == axes[2][place].abs());
            assert_eq!(run([0.0; 3], locked), [f64::from(parallel)]);
        }
    }
}

#[test]
fn davenport_angles_about_coordinate_axes_are_euler_angles() {
    let [x, y, z] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let cases = [([x, y, z], "xyz"), ([z, y, z], "zyz"), ([z, y, x], "zyx"), ([y, x, y], "yxy")];
    for (axes, sequence) in cases {
        for (order, sequence) in [(Order::Extrinsic, sequence.to_owned()), (Order::Intrinsic, sequence.to_uppercase())]
        {
            let angles = [0.5, 0.75, -2.0];
            let quat = run(angles, |x| Rotation::from_euler(&sequence, x).as_quat(false));
            close(&run(angles, |x| davenport(axes, order)(x).as_quat(false)), &quat, 1e-15);
            close(&run(angles, |x| Rotation::from_euler(&sequence, x).as_davenport(axes, order)), &angles, 4e-15);
        }
    }
}

#[test]
fn axes_that_are_not_at_right_angles_give_nan_alone() {
    let right = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let acute = [[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let obtuse = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -0.5, 1.0]];
    let zero = [[0.0; 3], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let data = [right, acute, obtuse, zero].as_flattened().as_flattened().to_vec();
    let axes = Array::from_vec(&[4, 3, 3], data).unwrap();
    let there = run([0.1, 0.2, 0.3], |x| Rotation::from_davenport(&axes, Order::Extrinsic, x).as_quat(false));
    let back = run([0.1, 0.2, 0.3], |x| Rotation::from_rotvec(x).as_davenport(&axes, Order::Intrinsic));
    for (values, size) in [(there, 4), (back, 3)] {
        assert!(values[..size].iter().all(|value| value.is_finite()), "{values:?}");
        assert!(values[size..].iter().all(|value| value.is_nan()), "{values:?}");
    }
}

#[test]
fn davenport_angles_are_differentiated_by_their_axes() {
    // Axes that stay at right angles as the rotation does, for which the derivative is a difference of values.
    let f = |x: Tensor| {
        let frame = Rotation::from_rotvec(x);
        let axes = frame.apply([[0.6, 0.0, 0.8], [0.0, 2.0, 0.0], [-0.28, 0.0, 0.96]]);
        Rotation::from_davenport(axes, Order::Intrinsic, x * 0.5).as_davenport(axes * 2.0, Order::Extrinsic)
    };
    let (x, direction, step) = ([0.4, -0.8, 1.2], [0.5, 1.0, -0.3], 1e-4);
    let [value, slope, curvature] = derivatives(f, x, direction);
    let at = |step: f64| run([0, 1, 2].map(|place| x[place] + step * direction[place]), f);
    let (ahead, behind) = (at(step), at(-step));
    for place in 0..3 {
        let first = (ahead[place] - behind[place]) / (2.0 * step);
        let second = (ahead[place] - 2.0 * value[place] + behind[place]) / (step * step);
        close(&[slope[place]], &[first], 1e-7);
        close(&[curvature[place]], &[second], 1e-6);
    }
}

#[test]
fn modified_rodrigues_parameters() {
    for vector in [[0.0; 3], [1e-200, 0.0, 0.0], [0.3, -0.4, 0.5], [0.0, -3.0, 0.0], [2.0, 1.0, 2.0]] {
        let there = |x| Rotation::from_rotvec(x).as_mrp();
        let angle = run(vector, |x| Rotation::from_rotvec(x).magnitude())[0];
        let mrp = run(vector, there);
        let length = mrp.iter().map(|component| component * component).sum::<f64>().sqrt();
        close(&[length], &[(angle / 4.0).tan()], 1e-15);
        let [value, slope, curvature] =
            derivatives(|x| Rotation::from_mrp(x).as_mrp(), [mrp[0], mrp[1], mrp[2]], [1.0, -0.5, 2.0]);
        close(&value, &mrp, 1e-15);
        close(&slope, &[1.0, -0.5, 2.0], 4e-15);
        close(&curvature, &[0.0; 3], 4e-14);
    }
    // At the identity a quarter of the rotation vector; at a half turn with the quaternion's sign.
    let [_, slope, _] = derivatives(|x| Rotation::from_rotvec(x).as_mrp(), [0.0; 3], [1.0, 2.0, 4.0]);
    assert_eq!(slope, [0.25, 0.5, 1.0]);
    assert_eq!(run([-1.0, 0.0, 0.0, -0.0], |q| Rotation::from_quat(q).as_mrp()), [-1.0, 0.0, 0.0]);
    assert_eq!(run([0.0, 0.0, 3.0], |x| Rotation::from_mrp(x).as_quat(false)), [0.0, 0.0, 0.6, -0.8]);
}

#[test]
fn batches_have_any_size_and_broadcast() {
    let axes = Array::from_vec(&[2, 1, 3, 3], axes()[3..].as_flattened().as_flattened().to_vec()).unwrap();
    let f = trace(|(x, a): (Tensor, Tensor)| {
        let rotation = Rotation::from_davenport(a, Order::Extrinsic, x);
        (rotation.as_davenport(a, Order::Extrinsic), Rotation::from_euler("ZXZ", x).as_euler("xyz"), rotation.as_mrp())
    });
    let compiled = f.compile("f64[n, 3], f64[2, 1, 3, 3]").unwrap();
    for size in [0, 1, 5] {
        let angles = Array::from_vec(&[size, 3], [0.1, -0.2, 0.3].repeat(size)).unwrap();
        let (davenport, euler, mrp) = compiled.call(&(angles, axes.clone())).unwrap();
        assert_eq!(
            (davenport.shape(), euler.shape(), mrp.shape()),
            (&[2, size, 3][..], &[size, 3][..], &[2, size, 3][..])
        );
        for row in davenport.as_slice::<f64>().unwrap().chunks(3) {
            close(row, &[0.1, -0.2, 0.3], 4e-15);
        }
        let single = run([0.1, -0.2, 0.3], |x| Rotation::from_euler("ZXZ", x).as_euler("xyz"));
        assert!(euler.as_slice::<f64>().unwrap().chunks(3).all(|row| row == single));
    }
}

#[test]
fn gimbal_lock_in_single_precision() {
    for (sequence, middle) in [("xyz", FRAC_PI_2), ("ZYX", -FRAC_PI_2), ("zxz", 0.0), ("YXY", PI)] {
        let f = trace(|x: Tensor| {
            let rotation = Rotation::from_euler(sequence, x);
            (rotation.as_euler(sequence), rotation.is_gimbal_locked(sequence))
        });
        let compiled = f.compile("f32[3]").unwrap();
        let gradient = trace(there_and_back(sequence)).vjp().compile("f32[3], f32[3]").unwrap();
        for (first, third) in [(0.1, 0.2), (2.0, -1.7), (-3.0, 0.9)] {
            let angles = Array::from([first as f32, middle as f32, third as f32]);
            let (got, locked) = compiled.call(&angles).unwrap();
            assert_eq!((got.as_slice::<f32>().unwrap()[2], locked), (0.0, Array::from(true)));
            let (_, gradient) = gradient.call(&(angles, Array::from([1.0_f32, 1.0, 1.0]))).unwrap();
            let gradient = gradient.as_slice::<f32>().unwrap();
            assert!((gradient[0] - 1.0).abs() < 1e-5 && (gradient[2].abs() - 1.0).abs() < 1e-5, "{gradient:?}");
        }
    }
}

/// The message of lowering a function of one tensor.
fn message(f: impl FnOnce(Tensor) -> Tensor + Clone, types: &str) -> String {
    trace(f).lower(types).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn mistakes() {
    let from = |sequence: &'static str| move |x: Tensor| Rotation::from_euler(sequence, x).as_quat(false);
    assert!(
        message(from("xyz"), "f64[2]").ends_with("Rotation::from_euler takes floats of shape [..., 3], got f64[2]")
    );
    assert!(message(from("x"), "i64[]").ends_with("Rotation::from_euler takes floats of shape [...], got i64[]"));
    assert!(message(from(""), "f64[0]").ends_with("takes a sequence of 1 to 3 axes such as \"xyz\", got \"\""));
    assert!(message(from("xyY"), "f64[3]").contains("takes a sequence of x, y and z (extrinsic)"));
    assert!(message(from("äyz"), "f64[3]").contains("got \"äyz\""));
    assert!(message(from("xyy"), "f64[3]").contains("takes a sequence of axes that differ from their neighbours"));
    let back = |q: Tensor| Rotation::from_quat(q).as_euler("xy");
    assert!(message(back, "f64[4]").ends_with("Rotation::as_euler takes a sequence of 3 axes, got \"xy\""));
    let locked = |q: Tensor| Rotation::from_quat(q).is_gimbal_locked("zz");
    assert!(message(locked, "f64[4]").contains("Rotation::is_gimbal_locked takes a sequence of 3 axes"));
    let about = |axes: Tensor| Rotation::from_davenport(axes, Order::Intrinsic, axes.index(-1, 0)).as_quat(false);
    assert!(message(about, "f64[4, 3]").ends_with("axes [3] or [..., k, 3] with k = 1, 2 or 3, got f64[4, 3]"));
    assert!(message(about, "f64[3, 2]").contains("takes floats of shape [..., 3, 3], got f64[3, 2]"));
    assert!(message(|m| Rotation::from_mrp(m).as_mrp(), "f64[n, 4]").contains("Rotation::from_mrp takes floats"));
}
