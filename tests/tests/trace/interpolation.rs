//! `Slerp` and `RotationSpline`: what they interpolate, derivatives where they are hard, batches, and mistakes.

use rotrace::spatial::{Rotation, RotationSpline, Slerp};
use rotrace::{Array, DType, Tensor, constant, trace};
use std::f64::consts::PI;

/// Times and rotation vectors of knots, and times in between.
type Curve = (Tensor, Tensor, Tensor);

/// Rotation vectors of the interpolated rotations, and angular rates.
const QUANTITIES: [fn(Curve) -> Tensor; 4] = [
    |(times, vectors, at)| Slerp::new(times, Rotation::from_rotvec(vectors)).at(at).as_rotvec(),
    |curve| spline(curve).at(curve.2).as_rotvec(),
    |curve| spline(curve).angular_rate_at(curve.2),
    |curve| spline(curve).angular_acceleration_at(curve.2),
];

const TYPES: &str = "f64[4], f64[4, 3], f64[5]";

fn spline((times, vectors, _): Curve) -> RotationSpline {
    RotationSpline::new(times, Rotation::from_rotvec(vectors))
}

/// Knots that are far apart, equal, nearly equal, at the identity, and half a turn apart but for a little.
fn knots() -> Vec<[[f64; 3]; 4]> {
    let far = [[0.2, -0.3, 0.1], [1.0, 0.5, -0.4], [-0.6, 1.2, 0.3], [0.1, -0.2, 1.9]];
    let near = [[0.3, 0.2, 0.1], [0.3, 0.2, 0.1 + 1e-9], [0.3, 0.2 - 1e-5, 0.1], [0.300_1, 0.2, 0.1]];
    let turns = [[0.0; 3], [0.0, 0.0, PI - 0.01], [0.3, 0.0, PI - 0.2], [PI - 0.1, 0.2, 0.0]];
    vec![far, [[0.3, 0.2, 0.1]; 4], near, [[0.0; 3]; 4], turns]
}

/// Between, close to and away from knots.
const AT: [f64; 5] = [0.1, 0.75, 1.600_001, 2.2, 2.999];
const TIMES: [f64; 4] = [0.0, 0.5, 1.6, 3.0];

fn close(got: &[f64], wanted: &[f64], tolerance: f64) {
    let near = |(&got, &wanted): (&f64, &f64)| (got - wanted).abs() <= tolerance * wanted.abs().max(1.0);
    assert!(got.len() == wanted.len() && got.iter().zip(wanted).all(near), "{got:?} is not {wanted:?}");
}

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().unwrap()
}

fn directions() -> Array {
    Array::from([[0.5, -0.3, 0.2], [0.1, 0.4, -0.6], [-0.2, 0.3, 0.7], [0.6, -0.1, 0.25]])
}

/// All elements of the arrays of a curve.
fn flat(curve: &(Array, Array, Array)) -> Vec<f64> {
    [&curve.0, &curve.1, &curve.2].into_iter().flat_map(numbers).collect()
}

#[test]
fn first_and_second_derivatives_are_those_of_the_differences() {
    let along = (Array::from([0.1, -0.2, 0.3, 0.15]), directions(), Array::from([0.3, -0.1, 0.2, 0.4, -0.2]));
    let weights =
        Array::from([[1.0, -0.5, 0.25], [0.3, 0.8, -1.0], [0.7, 0.2, 0.4], [-0.9, 0.6, 0.1], [0.2, 1.1, 0.5]]);
    for quantity in QUANTITIES {
        let weights = weights.clone();
        let slope = trace(move |curve: Curve| (quantity(curve) * weights).sum(())).value_and_grad();
        let compiled = slope.jvp().compile(format!("{TYPES}, {TYPES}").as_str()).unwrap();
        for vectors in knots() {
            let call = |step: f64| {
                let moved = |data: &[f64], along: &Array| -> Vec<f64> {
                    data.iter().zip(numbers(along)).map(|(x, d)| x + step * d).collect()
                };
                let rotations = Array::from_vec(&[4, 3], moved(vectors.as_flattened(), &along.1)).unwrap();
                let point = (Array::from(moved(&TIMES, &along.0)), rotations, Array::from(moved(&AT, &along.2)));
                let ((value, slope), (change, curvature)) = compiled.call(&(point, along.clone())).unwrap();
                (numbers(&value), flat(&slope), numbers(&change), flat(&curvature))
            };
            let step = 1e-6;
            let (ahead, (_, slope, change, curvature), behind) = (call(step), call(0.0), call(-step));
            let difference = |ahead: &[f64], behind: &[f64]| -> Vec<f64> {
                ahead.iter().zip(behind).map(|(a, b)| (a - b) / (2.0 * step)).collect()
            };
            let along_it: f64 = slope.iter().zip(flat(&along)).map(|(slope, along)| slope * along).sum();
            let scale = |data: &[f64]| data.iter().fold(1.0_f64, |largest, x| largest.max(x.abs()));
            close(&change, &[along_it], 1e-12 * scale(&slope));
            close(&change, &difference(&ahead.0, &behind.0), 2e-8 * scale(&slope));
            close(&curvature, &difference(&ahead.1, &behind.1), 2e-8 * scale(&curvature));
        }
    }
}

#[test]
fn a_slerp_between_equal_rotations_moves_with_them() {
    // At the identity, the rotation vector in between is to first order the weighted mean.
    let [slerp, ..] = QUANTITIES;
    let by_vectors = trace(move |vectors: Tensor| slerp((constant(TIMES), vectors, constant(AT)))).jvp();
    let by_vectors = by_vectors.compile("f64[4, 3], f64[4, 3]").unwrap();
    let (value, tangent) = by_vectors.call(&(Array::from([[0.0; 3]; 4]), directions())).unwrap();
    assert_eq!(numbers(&value), [0.0; 15]);
    let data = numbers(&directions());
    let mut wanted = Vec::new();
    for at in AT {
        let segment = (0..3).find(|&segment| at <= TIMES[segment + 1]).unwrap();
        let part = (at - TIMES[segment]) / (TIMES[segment + 1] - TIMES[segment]);
        let mean = |axis: usize| (1.0 - part) * data[3 * segment + axis] + part * data[3 * segment + 3 + axis];
        wanted.extend((0..3).map(mean));
    }
    close(&numbers(&tangent), &wanted, 1e-15);
}

#[test]
fn a_slerp_is_closed_and_belongs_to_the_left_at_a_knot() {
    let [slerp, ..] = QUANTITIES;
    let vectors = [[0.0; 3], [1.0, 0.0, 0.0], [1.5, 0.0, 0.0], [1.5, 0.0, 0.0]];
    let by_time = trace(move |at: Tensor| slerp((constant(TIMES), constant(vectors), at))).vjp();
    let by_time = by_time.compile("f64[6], f64[6, 3]").unwrap();
    let at = Array::from([0.0, 0.5, 3.0, -1e-9, 3.000_001, f64::NAN]);
    let (value, gradient) = by_time.call(&(at, Array::from([[1.0, 0.0, 0.0]; 6]))).unwrap();
    close(&numbers(&value)[..9], &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.5, 0.0, 0.0], 1e-15);
    assert!(numbers(&value)[9..].iter().all(|component| component.is_nan()), "{value:?}");
    // One radian in half a unit of time, at the first knot and the second; then no turn.
    close(&numbers(&gradient), &[2.0, 2.0, 0.0, 0.0, 0.0, 0.0], 1e-14);
}

#[test]
fn what_is_beyond_the_knots_leaves_other_derivatives_alone() {
    let [slerp, ..] = QUANTITIES;
    let gradient = trace(slerp).vjp().compile("f64[4], f64[4, 3], f64[2], f64[2, 3]").unwrap();
    let call = |other: f64, cotangent: f64| {
        let curve = (Array::from(TIMES), Array::from(knots()[0]), Array::from([0.7, other]));
        let (_, gradient) = gradient.call(&(curve, Array::from([[1.0, 2.0, 3.0], [cotangent; 3]]))).unwrap();
        flat(&gradient)
    };
    let wanted = call(0.7, 0.0);
    assert!(wanted.iter().all(|slope| slope.is_finite()));
    for other in [-1.0, 9.0, f64::NAN, f64::INFINITY] {
        assert_eq!(call(other, 1.0), wanted, "{other}");
    }
}

#[test]
fn knots_that_do_not_increase_give_nan() {
    for quantity in QUANTITIES {
        let compiled = trace(quantity).compile(TYPES).unwrap();
        for times in [[0.0, 0.5, 0.5, 1.0], [0.0, 2.0, 1.0, 3.0], [0.0, f64::NAN, 1.0, 3.0], [3.0, 2.0, 1.0, 0.0]] {
            let result = compiled.call(&(Array::from(times), Array::from(knots()[0]), Array::from(AT))).unwrap();
            assert!(numbers(&result).iter().all(|component| component.is_nan()), "{times:?} {result:?}");
        }
    }
}

#[test]
fn a_spline_goes_through_its_knots_at_the_rates_that_it_tells() {
    let moving = trace(|(times, vectors, at): Curve| {
        let spline = spline((times, vectors, at));
        let here = spline.at(at);
        // By the time, about the axes of the rotated frame.
        let turn = trace(move |time: Tensor| (here.inv() * spline.at(time)).as_rotvec());
        let (_, turning) = turn.jvp().call_traced((at, at.ones_like()));
        let rate = trace(move |time: Tensor| spline.angular_rate_at(time));
        let (rate, changing) = rate.jvp().call_traced((at, at.ones_like()));
        let missed = (here.inv() * Rotation::from_rotvec(vectors)).magnitude();
        (missed, rate, turning, changing, spline.angular_acceleration_at(at))
    });
    let moving = moving.compile("f64[4], f64[4, 3], f64[4]").unwrap();
    for vectors in knots() {
        let call = |at: [f64; 4]| {
            let (missed, rate, turning, changing, acceleration) =
                moving.call(&(Array::from(TIMES), Array::from(vectors), Array::from(at))).unwrap();
            [missed, rate, turning, changing, acceleration].map(|array| numbers(&array))
        };
        let [missed, rate, turning, ..] = call(TIMES);
        close(&missed, &[0.0; 4], 1e-14);
        close(&rate, &turning, 1e-13);
        // Extrapolated, near a knot, and in between.
        let [_, rate, turning, changing, acceleration] = call([-1.0, 0.500_000_1, 2.0, 4.5]);
        close(&rate, &turning, 1e-13);
        close(&acceleration, &changing, 1e-12);
    }
}

#[test]
fn the_acceleration_is_continuous_for_the_largest_steps() {
    // Half turns, in durations that differ by a factor of 10: SciPy's iteration stops 1e-4 short here.
    let quats = [[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.02], [0.0, 1.0, 0.0, 0.01], [0.0, 0.03, 1.0, 0.0]];
    let times = [0.0, 1.0, 1.1, 2.1];
    let accelerations = trace(move |quats: Tensor| {
        let spline = RotationSpline::new(times, Rotation::from_quat(quats));
        // A unit in the last place before a knot, and behind it.
        let at = [1.0, 1.1].map(|knot: f64| [knot.next_down(), knot.next_up()]);
        spline.angular_acceleration_at(at)
    });
    let call = accelerations.jvp().compile("f64[4, 4], f64[4, 4]").unwrap();
    let along = Array::from([[0.3, 0.1, -0.2, 0.0], [0.1, 0.5, 0.2, 0.3], [-0.4, 0.2, 0.3, 0.1], [0.2, 0.1, 0.3, 0.4]]);
    let (value, tangent) = call.call(&(Array::from(quats), along)).unwrap();
    for continuous in [numbers(&value), numbers(&tangent)] {
        for sides in continuous.chunks(6) {
            let scale = sides.iter().fold(1.0_f64, |largest, x| largest.max(x.abs()));
            close(&sides[..3], &sides[3..], 1e-11 * scale);
        }
    }
}

#[test]
fn one_handle_for_any_number_of_times_knots_and_curves() {
    for (place, quantity) in QUANTITIES.into_iter().enumerate() {
        let single = trace(quantity).compile("f64[4], f64[4, 3], f64[5]").unwrap();
        let named = trace(quantity).compile("f64[4], f64[4, 3], f64[n]").unwrap();
        let curves = trace(quantity).compile("f64[m, 4], f64[m, 4, 3], f64[m, n]").unwrap();
        let stacked = |data: &[f64]| [data, data].concat();
        let (times, at) = (stacked(&TIMES), stacked(&AT));
        let vectors: Vec<f64> = [knots()[0], knots()[4]].as_flattened().as_flattened().to_vec();
        let both = [
            Array::from_vec(&[2, 4], times).unwrap(),
            Array::from_vec(&[2, 4, 3], vectors).unwrap(),
            Array::from_vec(&[2, 5], at).unwrap(),
        ];
        let [times, vectors, at] = both;
        let together = curves.call(&(times, vectors, at)).unwrap();
        assert_eq!(together.shape(), [2, 5, 3]);
        for (index, vectors) in [knots()[0], knots()[4]].into_iter().enumerate() {
            let curve = (Array::from(TIMES), Array::from(vectors), Array::from(AT));
            let alone = single.call(&curve).unwrap();
            assert_eq!(alone, named.call(&curve).unwrap());
            assert_eq!(numbers(&alone), numbers(&together)[15 * index..][..15]);
            if place == 0 {
                let any = trace(quantity).compile("f64[k], f64[k, 3], f64[n]").unwrap();
                assert_eq!(alone, any.call(&curve).unwrap());
            }
        }
        let none = Array::zeros_of(DType::F64, &[0]).unwrap();
        let result = named.call(&(Array::from(TIMES), Array::from(knots()[0]), none)).unwrap();
        assert_eq!(result.shape(), [0, 3]);
        let grid = trace(quantity).lower("f64[4], f64[4, 3], f64[2, n, 7]").unwrap();
        assert_eq!(crate::types(&grid), "f64[4], f64[4, 3], f64[2, n, 7] -> f64[2, n, 7, 3]");
        let number = trace(move |(times, vectors): (Tensor, Tensor)| quantity((times, vectors, constant(0.25))));
        assert_eq!(crate::types(&number.lower("f64[4], f64[4, 3]").unwrap()), "f64[4], f64[4, 3] -> f64[3]");
    }
}

#[test]
fn derivatives_of_several_curves_are_those_of_each() {
    let [slerp, _, _, acceleration] = QUANTITIES;
    for quantity in [slerp, acceleration] {
        let alone = trace(quantity).vjp().compile("f64[4], f64[4, 3], f64[5], f64[5, 3]").unwrap();
        let types = "f64[m, 4], f64[m, 4, 3], f64[m, n], f64[m, n, 3]";
        let together = trace(quantity).vjp().compile(types).unwrap();
        let cotangent = [[1.0, -0.5, 0.25], [0.3, 0.8, -1.0], [0.7, 0.2, 0.4], [-0.9, 0.6, 0.1], [0.2, 1.1, 0.5]];
        let vectors = [knots()[0], knots()[2], knots()[4]];
        let curves = (Array::from([TIMES; 3]), Array::from(vectors), Array::from([AT; 3]));
        let (_, (times, rotations, at)) = together.call(&(curves, Array::from([cotangent; 3]))).unwrap();
        for (index, vectors) in vectors.into_iter().enumerate() {
            let curve = (Array::from(TIMES), Array::from(vectors), Array::from(AT));
            let (_, gradient) = alone.call(&(curve, Array::from(cotangent))).unwrap();
            close(&numbers(&times)[4 * index..][..4], &numbers(&gradient.0), 1e-12);
            close(&numbers(&rotations)[12 * index..][..12], &numbers(&gradient.1), 1e-12);
            close(&numbers(&at)[5 * index..][..5], &numbers(&gradient.2), 1e-12);
        }
    }
}

#[test]
fn many_knots_are_as_right_as_few() {
    // More than are unrolled. A slerp of equal turns about one axis is a turn at a constant rate, and so is a spline.
    let count = 40;
    let times: Vec<f64> = (0..count).map(|knot| 0.25 * f64::from(knot)).collect();
    let vectors: Vec<[f64; 3]> = times.iter().map(|time| [0.0, 0.25 * time, 0.0]).collect();
    let quantities = trace(|curve: Curve| QUANTITIES.map(|quantity| quantity(curve)));
    let compiled = quantities.compile("f64[40], f64[40, 3], f64[n]").unwrap();
    let at = [0.1, 3.3, 5.0, 9.75];
    let [slerp, spline, rate, acceleration] =
        compiled.call(&(Array::from(times), Array::from(vectors), Array::from(at))).unwrap();
    let wanted: Vec<f64> = at.iter().flat_map(|time| [0.0, 0.25 * time, 0.0]).collect();
    close(&numbers(&slerp), &wanted, 1e-14);
    close(&numbers(&spline), &wanted, 1e-14);
    close(&numbers(&rate), &[[0.0, 0.25, 0.0]; 4].concat(), 1e-14);
    close(&numbers(&acceleration), &[0.0; 12], 1e-13);
}

#[test]
fn wrong_knots_are_mistakes() {
    let message = |quantity: fn(Curve) -> Tensor, types: &str| {
        trace(quantity).lower(types).map(|_| ()).expect_err("a mistake").to_string()
    };
    for quantity in QUANTITIES {
        let tell = |types: &str| message(quantity, types);
        assert!(tell("f64[1], f64[3], f64[n]").contains("takes a sequence of rotations [..., k], got a single one"));
        assert!(tell("f64[1], f64[1, 3], f64[n]").contains("takes at least 2 rotations, got 1"));
        assert!(tell("f64[3], f64[2, 3], f64[n]").contains("one time for each rotation, f64[2], got f64[3]"));
        assert!(tell("f64[2], f64[5, 2, 3], f64[n]").contains("one time for each rotation, f64[5, 2], got f64[2]"));
        assert!(tell("f32[2], f64[2, 3], f64[n]").contains("one time for each rotation, f64[2], got f32[2]"));
        assert!(tell("f64[2], f64[2, 3], f32[n]").contains("different element types"));
    }
    let [_, spline, ..] = QUANTITIES;
    let text = message(spline, "f64[k], f64[k, 3], f64[n]");
    assert!(text.contains("RotationSpline::new takes a fixed number of rotations, got f64[k, 4]"), "{text}");
}
