//! Jacobians and manifolds of any structure and shape, and mistakes.

use super::{DUAL, POINT, close, on, quats, rotation};
use crate::types;
use rotrace::spatial::Rotation;
use rotrace::{Array, Manifold, Side, Signature, Tensor, Traced, Tree, constant, stack, trace};

#[derive(Clone, Debug, Tree, Manifold)]
struct Camera<T> {
    rotation: Rotation<T>,
    position: T,
    lens: (T, [T; 2]),
}

fn projected(camera: Camera<Tensor>) -> Tensor {
    let place = camera.rotation.apply(POINT) + camera.position;
    let [skew, shift] = camera.lens.1;
    let image = place.slice(-1, ..2) / (place.slice(-1, 2..) + 9.0);
    image * camera.lens.0.expand_dims(-1) + stack([skew, shift], -1)
}

#[test]
fn jacobians_have_the_documented_types() {
    let f = trace(projected);
    let of = "f64[n, 4], f64[n, 3], f64[n], f64[n], f64[n]";
    let lowered = f.tangent().jacobian(1).lower(of).unwrap();
    assert_eq!(
        types(&lowered).split(" -> ").nth(1).unwrap(),
        "f64[n, 2, 3], f64[n, 2, 3], f64[n, 2], f64[n, 2], f64[n, 2]"
    );
    let lowered = f.jacobian(1).lower(of).unwrap();
    assert_eq!(
        types(&lowered).split(" -> ").nth(1).unwrap(),
        "f64[n, 2, 4], f64[n, 2, 3], f64[n, 2], f64[n, 2], f64[n, 2]"
    );
    let points = trace(|(rotation, points): (Rotation, Tensor)| rotation.apply(points));
    let whole = trace(move |(rotation, points): (Rotation, Tensor)| {
        let of_rotation = trace(move |rotation: Rotation| rotation.apply(points));
        of_rotation.tangent().jacobian(0).call_traced(rotation)
    });
    assert_eq!(types(&whole.lower("f32[4], f32[n, 3]").unwrap()), "f32[4], f32[n, 3] -> f32[n, 3, 3]");
    assert_eq!(
        types(&points.tangent().jacobian(0).lower("f64[4], f64[2, 3]").unwrap()),
        "f64[4], f64[2, 3] -> f64[2, 3, 3], f64[2, 3, 2, 3]"
    );
    let total = trace(|x: Tensor| x.square().sum(()));
    assert_eq!(types(&total.jacobian(0).lower("f64[n, 3]").unwrap()), "f64[n, 3] -> f64[n, 3]");
    assert_eq!(types(&total.jacobian(0).lower("f64[0]").unwrap()), "f64[0] -> f64[0]");
    let none = trace(|x: Tensor| x.slice(0, ..0));
    assert_eq!(types(&none.jacobian(0).lower("f64[3]").unwrap()), "f64[3] -> f64[0, 3]");
    let constant = trace(|(): ()| constant(1.0));
    assert_eq!(types(&constant.jacobian(0).lower("").unwrap()), " -> ");
}

#[test]
fn both_modes_give_the_same_jacobian() {
    // Two results: rows in reverse mode. Joined with three more: columns in forward mode.
    let narrow = trace(|camera: Camera<Tensor>| projected(camera));
    let wide = trace(|camera: Camera<Tensor>| {
        let image = projected(camera.clone());
        rotrace::concat([image, image * 2.0, image * 3.0, image * 4.0, image * 5.0, image * 6.0], -1)
    });
    let of = "f64[4], f64[3], f64, f64, f64";
    for side in [Side::Right, Side::Left] {
        let narrow = on(&narrow, side).jacobian(0).compile(of).unwrap();
        let wide = on(&wide, side).jacobian(0).compile(of).unwrap();
        for quat in quats() {
            let camera = camera(Array::from(quat), Array::from(DUAL), [1.5, 0.2, -0.1].map(Array::from));
            let (narrow, wide) = (narrow.call(&camera).unwrap(), wide.call(&camera).unwrap());
            let (mut narrows, mut wides) = (Vec::new(), Vec::new());
            narrow.visit(&mut |array: &Array| narrows.push(array.to_vec::<f64>().unwrap()));
            wide.visit(&mut |array: &Array| wides.push(array.to_vec::<f64>().unwrap()));
            for (narrow, wide) in narrows.iter().zip(&wides) {
                close(narrow, &wide[..narrow.len()], 1e-15);
            }
        }
    }
}

fn camera(quat: Array, position: Array, [a, b, c]: [Array; 3]) -> Camera<Array> {
    Camera { rotation: Rotation::from_parts(quat), position, lens: (a, [b, c]) }
}

#[test]
fn rows_of_a_batch_are_single_ones() {
    let f = trace(projected).tangent();
    let rows = f.jacobian(1).compile("f64[n, 4], f64[n, 3], f64[n], f64[n], f64[n]").unwrap();
    let single = f.jacobian(0).compile("f64[4], f64[3], f64, f64, f64").unwrap();
    let quats = quats();
    let count = quats.len();
    let positions: Vec<[f64; 3]> = (0..count).map(|row| [row as f64 * 0.1, 0.3, -0.2]).collect();
    let scales: Vec<f64> = (0..count).map(|row| 1.0 + row as f64).collect();
    let scale = || Array::from(scales.clone());
    let batch = camera(Array::from(quats.clone()), Array::from(positions.clone()), [scale(), scale(), scale()]);
    let batch = rows.call(&batch).unwrap();
    for row in 0..count {
        let lens = [scales[row]; 3].map(Array::from);
        let one = single.call(&camera(Array::from(quats[row]), Array::from(positions[row]), lens)).unwrap();
        assert_eq!(batch.0.as_slice::<f64>().unwrap()[6 * row..][..6], *one.0.as_slice::<f64>().unwrap());
        assert_eq!(batch.1.as_slice::<f64>().unwrap()[6 * row..][..6], *one.1.as_slice::<f64>().unwrap());
    }
    let none = || Array::zeros(&[0]).unwrap();
    let empty = camera(Array::zeros(&[0, 4]).unwrap(), Array::zeros(&[0, 3]).unwrap(), [none(), none(), none()]);
    assert_eq!(rows.call(&empty).unwrap().0.shape(), [0, 2, 3]);
}

#[test]
fn values_are_those_of_the_function_itself() {
    let loss = trace(|rotation: Rotation| rotation.as_rotvec().square().sum(()));
    let value = loss.compile("f64[n, 4]").unwrap();
    let both = loss.tangent().value_and_grad().compile("f64[n, 4]").unwrap();
    let rotations = Rotation::from_parts(Array::from(quats()));
    assert_eq!(both.call(&rotations).unwrap().0, value.call(&rotations).unwrap());
}

#[test]
fn the_way_to_a_tangent_costs_a_few_multiplications() {
    let lines = |text: String| text.lines().count();
    let rotate = trace(|rotation: Rotation| rotation.apply(POINT));
    let coordinates = rotate.vjp().compile("f64[n, 4], f64[n, 3]").unwrap();
    let tangent = rotate.tangent().vjp().compile("f64[n, 4], f64[n, 3]").unwrap();
    let (before, after) = (lines(coordinates.kernels()), lines(tangent.kernels()));
    assert!(after <= before + 24, "{before} lines became {after}:\n{}", tangent.kernels());
    assert_eq!(tangent.report().kernels, coordinates.report().kernels);
}

#[test]
fn single_precision_and_broadcasting() {
    let f = trace(|(rotation, step): (Rotation, Tensor)| {
        let moved = rotation.retract(step);
        (moved, rotation.local(moved), moved.local_on(Side::Left, rotation))
    });
    assert_eq!(
        types(&f.lower("f32[2, 1, 4], f32[n, 3]").unwrap()),
        "f32[2, 1, 4], f32[n, 3] -> f32[2, n, 4], f32[2, n, 3], f32[2, n, 3]"
    );
    let f = f.compile("f32[4], f32[3]").unwrap();
    let step = [0.25_f32, -0.5, 0.125];
    let (_, back, _) = f.call(&(Rotation::from_parts(Array::from([0.6_f32, 0.0, 0.0, 0.8])), step.into())).unwrap();
    for (got, wanted) in back.as_slice::<f32>().unwrap().iter().zip(step) {
        assert!((got - wanted).abs() <= 3e-7, "{got} {wanted}");
    }
}

#[test]
fn products_move_part_by_part() {
    type Parts = ((), [Tensor; 2], Vec<Rotation>);
    let f = trace(|(parts, other): (Parts, Parts)| {
        let step = parts.clone().local(other.clone());
        let left = parts.clone().local_on(Side::Left, other);
        (parts.clone().retract(step), parts.clone().retract_on(Side::Left, left), parts.zero_tangent())
    });
    let parts = |x: f64, quats: &[[f64; 4]]| {
        let rotations = quats.iter().map(|&quat| rotation(quat)).collect::<Vec<_>>();
        ((), [Array::from(x), Array::from([x, 2.0])], rotations)
    };
    let quats = [[0.6, 0.0, 0.0, 0.8], [0.0, 0.0, 0.28, 0.96]];
    let other = parts(5.0, &[[0.0, 1.0, 0.0, 0.0], [0.0, 0.6, 0.0, 0.8]]);
    let arguments = (parts(1.0, &quats), other.clone());
    let compiled = f.compile(Signature::like(&arguments)).unwrap();
    let (right, left, zero) = compiled.call(&arguments).unwrap();
    let flat = |parts: &((), [Array; 2], Vec<Rotation<Array>>)| {
        let mut all = Vec::new();
        parts.visit(&mut |array: &Array| all.extend(array.to_vec::<f64>().unwrap()));
        all
    };
    close(&flat(&right), &flat(&other), 1e-15);
    close(&flat(&left), &flat(&other), 1e-15);
    assert_eq!(zero.2[1], Array::from([0.0; 3]));
}

/// The message of lowering, which must fail at `line` of this file.
#[track_caller]
fn message<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str, line: u32) -> String {
    let error = function.lower(types).map(|_| ()).unwrap_err();
    let location = error.location().expect("a mistake of a traced function has a place");
    assert!(location.file().ends_with("structure.rs"), "{error}");
    assert_eq!(location.line(), line, "{error}");
    error.to_string()
}

#[test]
fn mistakes_have_the_users_line() {
    let apply = trace(|(rotation, x): (Rotation, Tensor)| rotation.apply(x));
    let line = line!() + 1;
    let rows = apply.tangent().jacobian(1);
    assert!(
        message(&rows, "f64[4], f64[n, 3]", line)
            .contains("leaf 0 of the arguments does not have the result's 1 leading")
    );
    let line = line!() + 1;
    let deep = apply.tangent().jacobian(2);
    assert!(message(&deep, "f64[4], f64[3]", line).contains("the result has fewer axes than the 2 of the batch"));
    // Sizes may be named on both sides, or large.
    let whole = apply.jacobian(0);
    assert!(types(&whole.lower("f64[n, 4], f64[n, 3]").unwrap()).ends_with("-> f64[n, 3, n, 4], f64[n, 3, n, 3]"));
    assert!(whole.lower("f64[3000, 4], f64[3000, 3]").is_ok());
    let line = line!() + 1;
    let gradient = apply.tangent().grad();
    assert!(
        message(&gradient, "f64[4], f64[3]", line).contains("a gradient needs a function with exactly one 0-d float")
    );
    let line = line!() + 1;
    let of_integer = trace(|(x, k): (Tensor, Tensor)| x * k.astype(rotrace::DType::F64)).tangent().vjp();
    assert!(message(&of_integer, "f64, i64, f64", line).contains("leaf 1 of the arguments is i64[], not a float"));
    let line = line!() + 1;
    let step = trace(|(rotation, step): (Rotation, Tensor)| rotation.retract(step));
    assert!(
        message(&step, "f64[4], f64[4]", line).contains("Rotation::retract takes floats of shape [..., 3], got f64[4]")
    );
    let line = line!() + 1;
    let unequal = trace(|x: Vec<Tensor>| x.clone().retract(vec![x[0]]));
    assert!(
        message(&unequal, "f64, f64", line).contains("a Vec of 2 values of a manifold goes with as many others, got 1")
    );
    // What is wrong in the function itself stays there.
    let line = line!() + 1;
    let wrong = trace(|rotation: Rotation| rotation.apply([1.0, 2.0]).sum(()));
    assert!(message(&wrong.tangent().grad(), "f64[4]", line).contains("got f64[2]"));
    assert!(message(&wrong.tangent().hvp(), "f64[4], f64[3]", line).contains("got f64[2]"));
    assert!(message(&wrong.tangent().jacobian(0), "f64[4]", line).contains("got f64[2]"));
}

#[test]
fn nodes_of_derivatives_have_lines_of_the_user() {
    let loss = trace(|rotation: Rotation| rotation.apply(POINT).square().sum(()) * 0.5);
    let apply = trace(|rotation: Rotation| rotation.apply(POINT));
    let files = [
        loss.tangent().left().value_and_grad().lower("f64[4]").unwrap().function().files.clone(),
        loss.tangent().hvp().lower("f64[4], f64[3]").unwrap().function().files.clone(),
        apply.tangent().jvp().lower("f64[4], f64[3]").unwrap().function().files.clone(),
        apply.tangent().jacobian(0).lower("f64[4]").unwrap().function().files.clone(),
        apply.jacobian(0).lower("f64[4]").unwrap().function().files.clone(),
    ];
    for files in files {
        assert!(files.iter().all(|file| file.ends_with("structure.rs")), "{files:?}");
    }
}
