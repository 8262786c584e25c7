//! Rotations: values, conventions, and derivatives where they are hard.

use rotrace::spatial::Rotation;
use rotrace::{Array, DType, Tensor, Tree, trace};
use std::f64::consts::PI;

/// The elements of the result of a function of one array of doubles.
#[track_caller]
pub fn run<Out>(x: impl Into<Array>, f: impl FnOnce(Tensor) -> Out + Clone) -> Vec<f64>
where
    Out: Tree<Tensor, With<Array> = Array>,
{
    let x = x.into();
    let compiled = trace(f).compile(rotrace::Signature::like(&x)).unwrap();
    compiled.call(&x).unwrap().to_vec().unwrap()
}

#[track_caller]
pub fn close(got: &[f64], wanted: &[f64], tolerance: f64) {
    let near = |(&got, &wanted): (&f64, &f64)| (got - wanted).abs() <= tolerance * wanted.abs().max(1.0);
    assert!(got.len() == wanted.len() && got.iter().zip(wanted).all(near), "{got:?} is not {wanted:?}");
}

/// Rotation vectors from the identity through tiny angles, both branches of the series and their seam, to turns.
pub(super) fn vectors() -> Vec<[f64; 3]> {
    let axis = [2.0 / 7.0, -3.0 / 7.0, 6.0 / 7.0];
    let angles = [0.0, 1e-200, 1e-30, 1e-8, 1e-3, 0.2, 0.48, 0.5, 0.999_999, 1.0, 1.000_001, 2.0, 3.0, PI - 1e-9];
    angles.iter().map(|angle| axis.map(|component| component * angle)).collect()
}

#[test]
fn rotation_vectors_come_back() {
    for vector in vectors() {
        let got = run(vector, |x| Rotation::from_rotvec(x).as_rotvec());
        for (got, wanted) in got.iter().zip(vector) {
            // Relative to the component even at 1e-200; near a half turn the angle has the quaternion's precision.
            assert!((got - wanted).abs() <= 4e-15 * wanted.abs(), "{got:e} {wanted:e}");
        }
    }
    close(&run([0.0, 0.0, 1.5 * PI], |x| Rotation::from_rotvec(x).as_rotvec()), &[0.0, 0.0, -0.5 * PI], 1e-15);
    close(&run([90.0, 0.0, 0.0], |x| Rotation::from_rotvec_degrees(x).as_rotvec_degrees()), &[90.0, 0.0, 0.0], 1e-15);
    // At a half turn the canonical quaternion decides.
    let half = |quat: [f64; 4]| run(quat, |x| Rotation::from_quat(x).as_rotvec());
    close(&half([-1.0, 0.0, 0.0, 0.0]), &[PI, 0.0, 0.0], 1e-15);
    close(&half([0.0, -1.0, 1.0, -0.0]), &[0.0, PI / 2.0_f64.sqrt(), -PI / 2.0_f64.sqrt()], 1e-15);
}

#[test]
fn the_jacobian_at_the_identity_is_half_and_twice_the_unit_matrix() {
    let to_quat = trace(|x| Rotation::from_rotvec(x).as_quat(false)).jvp().compile("f64[3], f64[3]").unwrap();
    let to_rotvec = trace(|q| Rotation::from_quat(q).as_rotvec()).jvp().compile("f64[4], f64[4]").unwrap();
    for axis in 0..3 {
        let mut direction = [0.0; 4];
        direction[axis] = 1.0;
        let three: [f64; 3] = [direction[0], direction[1], direction[2]];
        let (_, tangent) = to_quat.call(&(Array::from([0.0; 3]), Array::from(three))).unwrap();
        assert_eq!(tangent, Array::from(direction.map(|component| component / 2.0)));
        let identity = Array::from([0.0, 0.0, 0.0, 1.0]);
        let (_, tangent) = to_rotvec.call(&(identity, Array::from(direction))).unwrap();
        assert_eq!(tangent, Array::from(three.map(|component| component * 2.0)));
    }
}

/// `f` and its first and second derivative along a direction, in Taylor mode: a nested jvp.
pub fn derivatives<const N: usize>(
    f: impl FnOnce(Tensor) -> Tensor + Clone,
    x: [f64; N],
    along: [f64; N],
) -> [Vec<f64>; 3] {
    let first = trace(f).jvp();
    let both = trace(move |(x, d): (Tensor, Tensor)| {
        let slope = trace(move |x: Tensor| first.call_traced((x, d)));
        let ((value, slope), (_, curvature)) = slope.jvp().call_traced((x, d));
        (value, slope, curvature)
    });
    let compiled = both.compile(format!("f64[{N}], f64[{N}]").as_str()).unwrap();
    let (value, slope, curvature) = compiled.call(&(Array::from(x), Array::from(along))).unwrap();
    [value, slope, curvature].map(|array| array.to_vec().unwrap())
}

#[test]
fn second_derivatives_of_the_exponential_along_its_axis() {
    // Along its own axis u, a rotation vector a u turns a vector p at right angles to u in a circle.
    let p = [3.0 / 7.0, 6.0 / 7.0, 2.0 / 7.0];
    let axis = [2.0 / 7.0, -3.0 / 7.0, 6.0 / 7.0];
    let side: [f64; 3] = std::array::from_fn(|i| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        axis[j] * p[k] - axis[k] * p[j]
    });
    for vector in vectors() {
        let angle: f64 = vector.iter().zip(axis).map(|(a, b)| a * b).sum();
        let [value, slope, curvature] = derivatives(|x| Rotation::from_rotvec(x).apply(p), vector, axis);
        let mix = |cosine: f64, sine: f64| -> [f64; 3] { std::array::from_fn(|i| cosine * p[i] + sine * side[i]) };
        close(&value, &mix(angle.cos(), angle.sin()), 1e-15);
        close(&slope, &mix(-angle.sin(), angle.cos()), 4e-15);
        close(&curvature, &mix(-angle.cos(), -angle.sin()), 1e-13);
    }
}

#[test]
fn second_derivatives_of_the_round_trip() {
    for vector in vectors() {
        let along = [0.3, -0.4, 0.5];
        let [_, slope, curvature] = derivatives(|x| Rotation::from_rotvec(x).as_rotvec(), vector, along);
        close(&slope, &along, 2e-14);
        close(&curvature, &[0.0; 3], 2e-12);
    }
}

#[test]
fn from_matrix_is_the_projection() {
    for vector in vectors() {
        let quat = run(vector, |x| Rotation::from_rotvec(x).as_quat(true));
        // The nearest rotation to a rotation times a positive symmetric matrix is that rotation.
        let stretch = Array::from([[2.0, 0.3, -0.2], [0.3, 1.5, 0.1], [-0.2, 0.1, 0.7]]);
        let stretched = |x| Rotation::from_matrix(Rotation::from_rotvec(x).as_matrix().matmul(stretch)).as_quat(true);
        close(&run(vector, stretched), &quat, 1e-14);
        let round = |x| Rotation::from_matrix(Rotation::from_rotvec(x).as_matrix()).as_quat(true);
        close(&run(vector, round), &quat, 4e-15);
        let valid = |x| Rotation::from_matrix_assume_valid(Rotation::from_rotvec(x).as_matrix()).as_quat(true);
        close(&run(vector, valid), &quat, 4e-15);
    }
    // Markley's choice: the component of the largest magnitude is positive.
    let half = run([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]], |x| Rotation::from_matrix(x).as_quat(false));
    assert_eq!(half, [0.0, 0.0, 1.0, 0.0]);
    for improper in [[[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [[0.0; 3]; 3]] {
        assert!(run(improper, |x| Rotation::from_matrix(x).as_quat(false)).iter().all(|component| component.is_nan()));
    }
}

#[test]
fn the_derivative_of_the_projection_at_a_rotation_is_its_skew_part() {
    // dM -> R skew(R^T dM), here at rotations about each kind of axis, half turns included.
    let project = trace(|m| Rotation::from_matrix(m).as_matrix());
    let project = project.jvp().compile("f64[3, 3], f64[3, 3]").unwrap();
    let direction = [[0.5, -1.0, 2.0], [0.25, 3.0, -0.5], [1.5, 0.75, -2.0]];
    let mut rotations: Vec<[f64; 3]> = vectors();
    rotations.extend([[PI, 0.0, 0.0], [0.0, PI, 0.0], [0.0, 0.0, PI]]);
    for vector in rotations {
        let flat = run(vector, |x| Rotation::from_rotvec(x).as_matrix());
        let r: [[f64; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| flat[3 * i + j]));
        let product = |i: usize, j: usize| (0..3).map(|k| r[k][i] * direction[k][j]).sum::<f64>();
        let skew = |i: usize, j: usize| (product(i, j) - product(j, i)) / 2.0;
        let wanted: Vec<f64> = (0..9).map(|place| (0..3).map(|k| r[place / 3][k] * skew(k, place % 3)).sum()).collect();
        let (_, tangent) = project.call(&(Array::from(r), Array::from(direction))).unwrap();
        close(tangent.as_slice().unwrap(), &wanted, 2e-14);
    }
}

#[test]
fn composition_inverse_and_angle() {
    let f = trace(|(a, b, v): (Tensor, Tensor, Tensor)| {
        let (p, q) = (Rotation::from_rotvec(a), Rotation::from_rotvec(b));
        (
            (p * q).apply(v),
            p.apply(q.apply(v)),
            (p.inv() * p).as_rotvec(),
            p.apply_inverse(p.apply(v)),
            p.as_matrix().matmul(v),
        )
    });
    let arguments = (Array::from([0.3, -2.0, 1.0]), Array::from([1.5, 0.2, 0.1]), Array::from([1.0, 2.0, 3.0]));
    let compiled = f.compile("f64[3], f64[3], f64[3]").unwrap();
    let (both, twice, none, back, by_matrix) = compiled.call(&arguments).unwrap();
    // A few units in the last place of the vector's length, 3.7.
    close(both.as_slice().unwrap(), twice.as_slice().unwrap(), 4e-15);
    close(none.as_slice().unwrap(), &[0.0; 3], 1e-15);
    close(back.as_slice().unwrap(), &[1.0, 2.0, 3.0], 4e-15);
    let apply = run([0.3, -2.0, 1.0], |a| Rotation::from_rotvec(a).apply([1.0, 2.0, 3.0]));
    close(by_matrix.as_slice().unwrap(), &apply, 4e-15);
    for angle in [0.0, 1e-100, 0.5, PI - 1e-9] {
        close(&run([0.0, angle, 0.0], |x| Rotation::from_rotvec(x).magnitude()), &[angle], 1e-15);
    }
    let gradient = trace(|x| Rotation::from_rotvec(x).magnitude()).grad().compile("f64[3]").unwrap();
    assert_eq!(gradient.call(&Array::from([0.0; 3])).unwrap(), Array::from([0.0; 3]));
    assert_eq!(run([0.0, 0.0, 0.0, -2.0], |x| Rotation::from_quat(x).as_quat(false)), [0.0, 0.0, 0.0, -1.0]);
    assert_eq!(run([0.0, 0.0, 0.0, -2.0], |x| Rotation::from_quat(x).as_quat(true)), [0.0, 0.0, 0.0, 1.0]);
    assert!(run([0.0; 4], |x| Rotation::from_quat(x).as_quat(false)).iter().all(|component| component.is_nan()));
    let identity = run([0.0; 3], |v| Rotation::identity(DType::F64, [2]).apply(v + 1.0));
    assert_eq!(identity, [1.0; 6]);
}

#[test]
fn rotations_broadcast_and_can_be_single_precision() {
    let f = trace(|(q, v): (Rotation, Tensor)| q.apply(v)).compile("f32[2, 1, 4], f32[n, 3]").unwrap();
    let quats = Array::from([[[0.0_f32, 0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0, 0.0]]]);
    let result = f.call(&(Rotation::from_parts(quats), Array::from([[1.0_f32, 2.0, 3.0]; 5]))).unwrap();
    assert_eq!((result.shape(), result.dtype()), (&[2, 5, 3][..], DType::F32));
    assert_eq!(result.as_slice::<f32>().unwrap()[27..], [1.0, -2.0, -3.0]);
    let x = Array::from([0.3_f32, 1e-30, 0.9]);
    let back = trace(|x| Rotation::from_rotvec(x).as_rotvec()).compile("f32[3]").unwrap().call(&x).unwrap();
    for (got, wanted) in back.as_slice::<f32>().unwrap().iter().zip(x.as_slice::<f32>().unwrap()) {
        assert!((got - wanted).abs() <= 4e-7 * wanted.abs(), "{got:e} {wanted:e}");
    }
}
